"""Trials out of people's own files: each layout is binned as NumPy bins it, categories keep their names, trials go where
they are said to go, streams show the same, and what cannot be used is refused with a sentence.

    own_trials.py EXECUTABLE
"""

import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import tyto_runs

EXAMPLES = tyto_runs.REPOSITORY / "docs" / "examples"
MODEL = """
objective: {readout: mean}
model:
  layers:
    output: {type: leaky_integrator, tau: 20 ms, input: {type: dense}}
learning: {rule: surrogate_gradient, epochs: 1}
"""
STEPS, CHANNELS, TRIALS = 30, 11, 24


class Spikes:
    """Times and units of some trials, and the labels of these."""

    def __init__(self, seed=4, times=np.float64):
        random = np.random.default_rng(seed)
        self.trial = np.sort(random.integers(0, TRIALS, 900))
        self.times = random.uniform(0, STEPS * 1e-3, 900).astype(times)
        self.units = random.integers(0, CHANNELS, 900)
        # The first and the last moment, and the last channel.
        self.trial = np.concatenate([[0, 0], self.trial, [TRIALS - 1]])
        self.times = np.concatenate([[0, 0.0291], self.times, [0.0291]]).astype(times)
        self.units = np.concatenate([[0, CHANNELS - 1], self.units, [CHANNELS - 1]])
        self.label = random.integers(0, 3, TRIALS)
        self.speaker = random.integers(4, 8, TRIALS)

    def counts(self, dt=1e-3, begin=0.0, steps=STEPS):
        made = np.zeros((TRIALS, steps, CHANNELS), int)
        for trial, time, unit in zip(self.trial, self.times.astype(float), self.units):
            step = int(np.floor((time - begin) / dt + 1e-6))
            if 0 <= step < steps:
                made[trial, step, unit] += 1
        return made

    def lists(self, what):
        made = np.empty(TRIALS, object)
        for trial in range(TRIALS):
            made[trial] = what[self.trial == trial]
        return made


class Workshop:
    def __init__(self, executable, folder):
        self.executable, self.folder = executable, folder

    def write(self, stimulus, rest=MODEL):
        (self.folder / "own.yaml").write_text(f"tyto: 1\nseed: 5\nstimulus: {{type: recorded, {stimulus}}}\n{rest}")
        return self.folder / "own.yaml"

    def trials(self, stimulus):
        """What the trials of each split show, and their targets."""
        subprocess.run([self.executable, "trials", self.write(stimulus), "--out", self.folder / "shown.h5", "--force"],
                       check=True, stdout=subprocess.DEVNULL)
        made = {}
        with h5py.File(self.folder / "shown.h5") as file:
            for split in ("train", "validation", "test"):
                if split not in file:
                    continue
                group = file[split]
                shown = group["values"][:] if "values" in group else np.unpackbits(
                    group["spikes"][:].view("u1"), axis=2, count=int(group["channels"][()]), bitorder="little")
                others = ("values", "spikes", "channels", "trial", "time", "byte", "channel")
                made[split] = shown, {name: group[name][:] for name in group if name not in others}
        return made

    def refused(self, stimulus, sentence, rest=MODEL):
        path = self.write(stimulus, rest)
        done = subprocess.run([self.executable, "validate", path], capture_output=True, text=True, check=False)
        if done.returncode != 2 or sentence not in done.stderr or done.stderr.count("\n") > 2:
            raise SystemExit(f"{stimulus}\nended with {done.returncode}, not with '{sentence}':\n{done.stderr}")


def texts(values):
    return [value.decode() if isinstance(value, bytes) else value for value in values]


def check_layouts(shop):
    spikes = Spikes()
    counts = spikes.counts()
    shown = (counts > 0).astype(int)
    folder = shop.folder
    np.savez_compressed(folder / "events.npz", times=spikes.times, units=spikes.units.astype("u2"), trials=spikes.trial,
                        label=spikes.label)
    np.savez(folder / "dense.npz", x=shown.astype(bool), counts=counts.astype("u1"), label=spikes.label)
    values = np.random.default_rng(2).normal(size=(TRIALS, 3 * STEPS, CHANNELS)).astype("f4")
    np.savez(folder / "values.npz", x=values, label=spikes.label)
    with h5py.File(folder / "lists.h5", "w") as file:
        for name, what, kind in (("times", spikes.times, "f8"), ("units", spikes.units, "i8")):
            file.create_dataset(name, data=spikes.lists(what), dtype=h5py.vlen_dtype(np.dtype(kind)))
        file["label"] = spikes.label
        file.create_dataset("x", data=shown.astype("i1"), chunks=(5, 7, 11), compression="gzip")
        file["truth"] = shown.astype(bool)
    everything = {
        "events": ("file: events.npz, layout: events, targets: [label], split: {test: 0.5}", shown),
        "counts": ("file: events.npz, layout: events, show: counts, targets: [label], split: {test: 0.5}", counts),
        "later": ("file: events.npz, layout: events, from: 3 ms, duration: 12 ms, dt: 2 ms, show: counts, targets: [label], "
                  "split: {test: 0.5}", spikes.counts(2e-3, 3e-3, 6)),
        "merged": ("file: events.npz, layout: events, merge: 4, show: counts, targets: [label], split: {test: 0.5}",
                   np.add.reduceat(counts, range(0, CHANNELS, 4), axis=2)),
        "dense": ("file: dense.npz, targets: [label], split: {test: 0.5}", shown),
        "dense counts": ("file: dense.npz, arrays: {data: counts}, show: counts, targets: [label], split: {test: 0.5}",
                         counts),
        "hdf5": ("file: lists.h5, targets: [label], split: {test: 0.5}", shown),
        "truth": ("file: lists.h5, arrays: {data: truth}, targets: [label], split: {test: 0.5}", shown),
        "lists": ("file: lists.h5, layout: lists, targets: [label], split: {test: 0.5}", shown),
        "values": ("file: values.npz, show: values, dt: 3 ms, period: 1 ms, targets: [label], split: {test: 0.5}",
                   values.reshape(TRIALS, STEPS, 3, CHANNELS).mean(axis=2)),
    }
    for name, (stimulus, expected) in everything.items():
        made = shop.trials(stimulus)
        got = np.concatenate([made["train"][0], made["test"][0]])
        labels = texts(np.concatenate([made["train"][1]["label"], made["test"][1]["label"]]))
        # All trials are in one of the halves, which are drawn, and so is their order.
        order = [next(t for t in range(TRIALS) if np.allclose(expected[t], trial, atol=1e-6)) for trial in got]
        assert sorted(order) == list(range(TRIALS)), (name, order)
        assert order[:12] != sorted(order[:12]) and order[12:] != sorted(order[12:]), order
        assert labels == [str(spikes.label[t]) for t in order], name
    print(f"{len(everything)} layouts and ways to bin")


def check_heidelberg(shop):
    spikes = Spikes(times=np.float16)
    spikes.units *= 60  # up to 600 of 700 channels
    with h5py.File(shop.folder / "digits.h5", "w") as file:
        file.create_dataset("spikes/times", data=spikes.lists(spikes.times), dtype=h5py.vlen_dtype(np.dtype("f2")))
        file.create_dataset("spikes/units", data=spikes.lists(spikes.units), dtype=h5py.vlen_dtype(np.dtype("i8")))
        file["labels"] = spikes.label
        file["extra/speaker"] = spikes.speaker
        file["extra/keys"] = np.array([b"null", b"eins", b"zwei"])
    made = shop.trials("file: digits.h5, layout: heidelberg, split: {by: extra/speaker, validation_values: ['5'], "
                       "test_values: [6, 7]}")
    for split, speakers in (("train", [4]), ("validation", [5]), ("test", [6, 7])):
        chosen = np.isin(spikes.speaker, speakers)
        shown, targets = made[split]
        expected = np.zeros((TRIALS, STEPS, 700), int)
        for trial, time, unit in zip(spikes.trial, spikes.times.astype(float), spikes.units):
            expected[trial, int(time * 1000 + 1e-6), unit] = 1
        np.testing.assert_array_equal(shown, expected[chosen])
        assert texts(targets["labels"]) == [("null", "eins", "zwei")[k] for k in spikes.label[chosen]]
    print("the digits' layout, by speakers")


def check_sonata(shop):
    node_ids, times_ms = np.array([0, 3, 1, 3]), np.array([0.0, 1.0, 1.5, 9.9])
    for path, units in (("spikes/v1/node_ids", "spikes/v1/timestamps"), ("spikes/gids", "spikes/timestamps")):
        with h5py.File(shop.folder / "spikes.h5", "w") as file:
            file[path], file[units] = node_ids, times_ms
        population = "arrays: {population: v1}, " if "v1" in path else ""
        shop.write(f"file: spikes.h5, layout: sonata, {population}channels: 5", """
simulation: {duration: 20 ms, dt: 1 ms}
model: {layers: {seen: {type: node, size: 5, input: {type: direct}}}}
probes: {seen: {of: seen, what: output}}
""")
        tyto_runs.run(shop.executable, shop.folder / "own.yaml", shop.folder / "own.h5", settings=[])
        with h5py.File(shop.folder / "own.h5") as file:
            seen = file["probes/seen/value"][:]
        expected = np.zeros((20, 5))
        for begin in (0, 10):
            for unit, time in zip(node_ids, times_ms):
                expected[begin + int(time), unit] = 1
        np.testing.assert_allclose(seen, expected)
    print("SONATA, old and new")


def check_packed(shop):
    spikes = Spikes()
    np.savez(shop.folder / "events.npz", times=spikes.times, units=spikes.units, trials=spikes.trial, label=spikes.label,
             where=np.linspace(0, 1, TRIALS))
    first = shop.trials("file: events.npz, layout: events, targets: [label, where], split: {test: 0.25, validation: 0.25}")
    (shop.folder / "shown.h5").rename(shop.folder / "packed.h5")
    again = shop.trials("file: packed.h5, layout: packed, targets: [label, where]")
    for split, (shown, targets) in first.items():
        np.testing.assert_array_equal(again[split][0], shown)
        assert texts(again[split][1]["label"]) == texts(targets["label"])
        np.testing.assert_array_equal(again[split][1]["where"], targets["where"])
    # Categories keep their order, steps their length, and bits behind the last channel are no spikes.
    np.savez(shop.folder / "events.npz", times=spikes.times, units=spikes.units, trials=spikes.trial,
             label=np.arange(TRIALS) % 12)
    first = shop.trials("file: events.npz, layout: events, targets: [label], split: {test: 0.25}, dt: 0.5 ms")
    (shop.folder / "shown.h5").rename(shop.folder / "packed.h5")
    with h5py.File(shop.folder / "packed.h5") as file:
        assert texts(file["test/label_names"][:]) == [str(k) for k in range(12)]
    again = shop.trials("file: packed.h5, layout: packed, targets: [label]")
    with h5py.File(shop.folder / "shown.h5") as file:
        assert texts(file["test/label_names"][:]) == [str(k) for k in range(12)]
    np.testing.assert_array_equal(again["test"][0], first["test"][0])
    with h5py.File(shop.folder / "packed.h5", "r+") as file:
        file["test/spikes"][:] = -1
    again = shop.trials("file: packed.h5, layout: packed, targets: [label], show: counts")
    assert again["test"][0].shape[2] == CHANNELS and (again["test"][0] == 1).all()
    print("what 'tyto trials' writes")


def check_sets(shop):
    spikes = Spikes()
    label, uses = spikes.label, np.array(["train", "test", "validation"])[np.arange(TRIALS) % 3]
    random = np.random.default_rng(3)
    x = random.random((TRIALS, 5, 4)) < 0.5
    np.savez(shop.folder / "all.npz", x=x, label=label, uses=uses, test=[3, 1], validation=[0])
    np.savez(shop.folder / "more.npz", x=x[:6], label=label[:6])
    by = shop.trials("file: all.npz, targets: [label], split: {by: uses}")
    for split in ("train", "validation", "test"):
        np.testing.assert_array_equal(by[split][0], x[uses == split])
    index = shop.trials("file: all.npz, targets: [label], split: {test_index: test, validation_index: validation}")
    np.testing.assert_array_equal(index["test"][0], x[[1, 3]])
    np.testing.assert_array_equal(index["validation"][0], x[[0]])
    np.testing.assert_array_equal(index["train"][0], np.delete(x, [0, 1, 3], axis=0))
    files = shop.trials("file: all.npz, test_file: more.npz, targets: [label]")
    np.testing.assert_array_equal(files["train"][0], x)
    np.testing.assert_array_equal(files["test"][0], x[:6])
    print("sets by words, by index and by files")


def check_noise(shop):
    x = np.ones((40, 50, 30), bool)
    np.savez(shop.folder / "full.npz", x=x, label=np.arange(40) % 2)
    made = shop.trials("file: full.npz, targets: [label], split: {test: 0.5}, keep: 0.3, noise_for: training")
    assert made["test"][0].all()
    assert abs(made["train"][0].mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / made["train"][0].size)
    single = np.zeros((400, 200, 1), bool)
    single[:, 100] = True
    np.savez(shop.folder / "single.npz", x=single, label=np.arange(400) % 2)
    made = shop.trials("file: single.npz, targets: [label], split: {test: 0.5}, jitter: 5 ms")
    steps = np.argmax(np.concatenate([made["train"][0], made["test"][0]])[:, :, 0], axis=1)
    # Of counts, each spike by itself.
    np.savez(shop.folder / "ten.npz", x=np.full((40, 50, 3), 10), label=np.arange(40) % 2)
    ten = shop.trials("file: ten.npz, targets: [label], split: {test: 0.5}, show: counts, keep: 0.3")["test"][0]
    assert abs(ten.mean() - 3) < 0.1 and abs(ten.var() - 2.1) < 0.2, (ten.mean(), ten.var())
    # Times on a grid fall into its steps also where they are rounded to 32 bits; the last trials may have no spikes.
    np.savez(shop.folder / "grid.npz", times=(np.arange(1000) * 1e-3).astype("f4"), units=np.zeros(1000, int),
             trials=np.zeros(1000, int), label=[0, 1, 0, 1])
    grid = shop.trials("file: grid.npz, layout: events, targets: [label], show: counts, split: {test: 0.5}")
    both = np.concatenate([grid["train"][0], grid["test"][0]])
    assert both.shape == (4, 1000, 1) and sorted(both.sum(axis=(1, 2))) == [0, 0, 0, 1000] and both.max() == 1
    assert abs(steps.mean() - 99.5) < 5 * 5 / 20 and abs(steps.std() - 5) < 1, (steps.mean(), steps.std())
    print("thinning and jitter")


def check_refusals(shop):
    spikes = Spikes()
    order = {"times": spikes.times, "units": spikes.units, "trials": spikes.trial, "label": spikes.label}

    def save(name="bad.npz", **changes):
        np.savez(shop.folder / name, **{**order, **changes})

    events = "file: bad.npz, layout: events, targets: [label], split: {test: 0.5}"
    cases = [
        ({"trials": spikes.trial[::-1]}, events, "does not ascend"),
        ({"times": -spikes.times}, events, "times are finite and begin at 0"),
        ({"times": np.full(len(spikes.times), np.nan)}, events, "times are finite"),
        ({"units": spikes.units + 0.5}, events, "has no number of a unit at 0"),
        ({"units": spikes.units[1:]}, events, "numbers, and 'units' has"),
        ({"label": spikes.label[1:]}, events, "needs one value for each of the 24 trials, and it has 23"),
        ({"label": spikes.label * 0}, events, "has one category only"),
        ({"label": spikes.label + 0.5}, events, "cross_entropy compares classes"),
        ({}, events.replace("[label]", "[lable]"), "there is no array 'lable' in"),
        ({}, events.replace("[label]", "[label], names: [a, b]"), "has the value 2, and there are names for 0 to 1"),
        ({"label": spikes.label + 2**53}, events, "has numbers beyond 2^53"),
        ({}, events.replace("[label]", "[label], names: [a, a, c]"), "are named 'a'"),
        ({}, events.replace("[label]", "[label], names_from: label"), "texts are asked of an array of numbers"),
        ({}, events.replace("[label]", "[label], names: [a, b, c], targets_are: numbers"), "the targets are numbers"),
        ({"label": spikes.label[:, None]}, events, "needs one axis, of the trials, and it has 2"),
        ({}, events + ", test_file: ./bad.npz", "one file has been given for two sets"),
        ({"x": np.zeros((0, 4, 3))}, events.replace("layout: events, ", ""), "and nothing in it"),
        ({}, events + ", period: 1 ms", "is for samples, and this layout has times of spikes"),
        ({}, events + ", arrays: {data: x}", "names an array that this layout has not"),
        ({"label": spikes.label.astype(str)}, events + ", names: [a, b, c]", "which is none of its names"),
        ({}, events + ", channels: 5", "and there are 5 channels"),
        ({}, events + ", from: 1 s", "nothing is left of the trials"),
        ({}, events + ", show: values", "values are what 'layout: dense' has"),
        ({}, events.replace("{test: 0.5}", "{test: 0.7, validation: 0.7}"), "are more than all"),
        ({}, events.replace("{test: 0.5}", "{test: 0.5, by: label}"), "and not several of them"),
        ({}, events.replace("{test: 0.5}", "{by: label}"), "and neither train nor validation nor test"),
        ({}, events.replace("{test: 0.5}", "{by: label, test_values: [7]}"), "no trial has 7 as its 'label'"),
        ({}, events.replace(", split: {test: 0.5}", ""), "the stimulus has no test trials"),
        ({}, events.replace("layout: events, ", ""), "there is no array 'x' in"),
        ({"x": spikes.counts()[0]}, events.replace("layout: events, ", ""), "made of [trial][time][channel], and it has 2 axes"),
        ({"x": np.asfortranarray(spikes.counts())}, events.replace("layout: events, ", ""), "np.ascontiguousarray"),
        ({"x": spikes.counts().astype(">i4")}, events.replace("layout: events, ", ""), "has its bytes in the other order"),
        ({"x": spikes.counts().astype("c8")}, events.replace("layout: events, ", ""), "values of the type '<c8'"),
        ({"label": np.array([{}] * TRIALS)}, events, "objects of Python"),
    ]
    for changes, stimulus, sentence in cases:
        save(**changes)
        shop.refused(stimulus, sentence)
    save()
    shop.refused(events, "'classes' says 5", MODEL.replace("{readout: mean}", "{classes: 5}"))
    shop.refused(events, "of which no value can be estimated", MODEL.replace("{readout: mean}", "{loss: mse}"))
    shop.refused(events, "train: the stimulus has 12 train trials",
                 MODEL.replace("epochs: 1", "epochs: 1, trials: {train: 13}"))
    shop.refused(events, "estimates needs a target with a value, and 'label' is a category", MODEL + "analyses: [estimates]")
    shop.refused(events + ", show: counts", "rate_model needs", MODEL + "analyses: [rate_model]")
    # Damaged archives, and files of other kinds.
    whole = (shop.folder / "bad.npz").read_bytes()
    for name, content in (("cut.npz", whole[: len(whole) // 2]), ("text.npz", b"hello"), ("empty.npz", b"")):
        (shop.folder / name).write_bytes(content)
        shop.refused(events.replace("bad.npz", name), name)
    random = np.random.default_rng(1)
    for _ in range(100):
        damaged = bytearray(whole)
        for place in random.integers(0, len(damaged), 20):
            damaged[place] = random.integers(0, 256)
        (shop.folder / "damaged.npz").write_bytes(damaged)
        done = subprocess.run([shop.executable, "validate", shop.write(events.replace("bad.npz", "damaged.npz"))],
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode in (0, 2), (done.returncode, done.stderr)
    # What only the trials themselves show.
    save(x=np.full((TRIALS, 3, 2), 0.5))
    shop.write(events.replace("layout: events, ", ""))
    done = subprocess.run([shop.executable, "run", shop.folder / "own.yaml", "--out", shop.folder / "no.h5"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1 and "which is no spike; write 'show: values'" in done.stderr, done.stderr
    check_damaged_headers(shop, random)
    print(f"{len(cases) + 8} refusals, 100 damaged archives, 300 damaged arrays")


def check_damaged_headers(shop, random):
    """Arrays that lie bare in a file, so that no sum of an archive protects what is wrong at their beginning."""
    np.save(shop.folder / "bare.npy", np.zeros((TRIALS, 3, 2), bool))
    sound = (shop.folder / "bare.npy").read_bytes()
    stimulus = "file: damaged.npy, split: {test: 0.5}"
    texts_of_words = [b"'<U4611686018427387905'", b"'<U4611686018427387904'", b"'<U-1'", b"'<U'", b"'|S99999999'", b"'<f99'",
                      b"'O'", b"''"]
    headers = [sound.replace(b"'|b1'", word) for word in texts_of_words]
    headers += [sound.replace(b"(24, 3, 2)", shape) for shape in
                (b"(99999999999999999999, 3, 2)", b"(4294967296, 4294967296, 2)", b"(-1, 3, 2)", b"(24, 3", b"(24, 4, 2)")]
    for _ in range(300 - len(headers)):
        damaged = bytearray(sound)
        for place in random.integers(0, 128, random.integers(1, 4)):
            damaged[place] = random.integers(0, 256)
        headers.append(bytes(damaged))
    for header in headers:
        (shop.folder / "damaged.npy").write_bytes(header)
        done = subprocess.run([shop.executable, "validate", shop.write(stimulus)], capture_output=True, check=False, timeout=60)
        assert done.returncode == 2, (done.returncode, header[:128], done.stderr)  # it has no targets in any case
    shop.refused("file: bare.npy, layout: events, split: {test: 0.5}", "a .npy file has but one array")


def check_names_of_weights(shop):
    """Weights are not taken for other categories than those that they were trained for."""
    x, label = np.eye(6, dtype=bool)[np.arange(60) % 6][:, None, :].repeat(5, axis=1), np.array(["a", "b", "c"])[np.arange(60) % 3]
    for name, labels in (("abc", label), ("abd", np.where(label == "c", "d", label))):
        np.savez(shop.folder / f"{name}.npz", x=x, label=labels)
    shop.write("file: abc.npz, targets: [label], split: {test: 0.5}")
    tyto_runs.run(shop.executable, shop.folder / "own.yaml", shop.folder / "abc.h5", settings=[])
    subprocess.run([shop.executable, "evaluate", shop.folder / "abc.h5", "--out", shop.folder / "e.h5", "--quiet"], check=True)
    done = subprocess.run([shop.executable, "evaluate", shop.folder / "abc.h5", "--set", "stimulus.file=abd.npz"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "for the categories a, b, c, and here they are a, b, d" in done.stderr, done.stderr
    print("weights know their categories")


def check_examples(shop):
    """The examples of the guide, as they stand there."""
    for name in ("own_trials", "handwritten_digits"):
        subprocess.run([sys.executable, EXAMPLES / f"{name}.py"], check=True, cwd=shop.folder)
    tyto_runs.run(shop.executable, _copied(shop, EXAMPLES / "own_trials.yaml"), shop.folder / "own_trials.h5", settings=[])
    with h5py.File(shop.folder / "own_trials.h5") as file:
        assert file["metrics/test/accuracy"][()] == 1 and "error" not in file["metrics/test"]
        assert texts(file["analysis/confusion/true_class"][:]) == ["left", "middle", "right"]
    digits = _copied(shop, tyto_runs.REPOSITORY / "experiments" / "handwritten_digits.yaml")
    tyto_runs.run(shop.executable, digits, shop.folder / "digits_run.h5", settings=["learning.epochs=10"])
    with h5py.File(shop.folder / "digits_run.h5") as file:
        assert file["metrics/test/accuracy"][()] > 0.9
        assert len(file["analysis/confusion/true_class"]) == 10
    print("the guide's examples")


def _copied(shop, path):
    (shop.folder / path.name).write_text(path.read_text())
    return shop.folder / path.name


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        shop = Workshop(executable, pathlib.Path(name))
        for check in (check_layouts, check_heidelberg, check_sonata, check_packed, check_sets, check_noise,
                      check_refusals, check_names_of_weights, check_examples):
            check(shop)


main()
