"""What results say of where they come from, and what each seed draws.

    provenance.py EXECUTABLE
"""

import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

import tyto_runs

TRIALS = """
tyto: 1
seed: {seed}
stimulus: {{type: itd, frequency: 50 Hz, fibres_per_ear: 5}}
objective: {{target: ipd, classes: 4}}
model: {{layers: {{hidden: {{type: lif, size: 3, tau: 0.5 ms, input: dense}}, drop: {{type: dropout, p: 0.5}},
  output: {{type: leaky_integrator, input: dense}}}}}}
learning: {{rule: {rule}, {learning}trials: {{{train}test: 64}}}}
{more}
"""
WITHOUT_LEARNING = {"rule": "none", "learning": "", "train": "", "more": ""}
WITH_LEARNING = {"rule": "surrogate_gradient", "learning": "epochs: 1, batch_size: 16, ", "train": "train: 64, ",
                 "more": ""}


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def call(text, *words, command="run"):
            (folder / "e.yaml").write_text(text, encoding="utf-8")
            out = ["--out", "e.h5", "--force"] if command != "validate" else []
            done = subprocess.run([executable, command, "e.yaml", *out, *words], cwd=folder, capture_output=True,
                                  text=True, timeout=300, check=False)
            assert done.returncode == 0, done
            return h5py.File(folder / "e.h5")

        def weights(seed, learned=False):
            with call(TRIALS.format(seed=seed, **(WITH_LEARNING if learned else WITHOUT_LEARNING))) as file:
                return {"hidden": file["weights/hidden/stimulus/w"][()], "output": file["weights/output/drop/w"][()],
                        "loss": float(file["metrics/test/loss"][()])}

        def trials(seed):
            with call(TRIALS.format(seed=seed, **WITHOUT_LEARNING), command="trials") as file:
                return file["test/spikes"][()]

        # Each seed changes what it is for, and nothing else.
        base = "{trials: 1, weights: 2, order: 3}"
        other_trials, other_weights, other_order = (
            base.replace("trials: 1", "trials: 9"), base.replace("weights: 2", "weights: 9"),
            base.replace("order: 3", "order: 9"))
        assert np.array_equal(trials(base), trials(other_weights)) and np.array_equal(trials(base), trials(other_order))
        assert not np.array_equal(trials(base), trials(other_trials))
        for changed, same in ((other_trials, True), (other_order, True), (other_weights, False)):
            assert np.array_equal(weights(base)["hidden"], weights(changed)["hidden"]) == same, changed
        assert weights(base)["loss"] == weights(other_order)["loss"], "nothing is drawn in an evaluation"
        learned = weights(base, learned=True)
        assert not np.array_equal(learned["hidden"], weights(other_order, learned=True)["hidden"])
        equal = weights("{trials: 5, weights: 5, order: 5}", learned=True)
        assert all(np.array_equal(value, weights("5", learned=True)[key]) for key, value in equal.items())

        # One purpose alone is set and swept, whether the experiment names them or not, and counts from its own seed.
        for seed, first in (("7", 7), ("{trials: 7, weights: 8, order: 9}", 8)):
            swept = {**WITHOUT_LEARNING, "more": "sweep: {seed.weights: {count: 2}}"}
            with call(TRIALS.format(seed=seed, **swept)) as file:
                assert list(file["seed_weights"][()]) == [first, first + 1], list(file)
                values = file["weights/hidden/stimulus/w"][()]
                assert not np.array_equal(values[0], values[1])
                assert "summary/metrics/test" in file, "the axis counts as one of seeds"
            text = TRIALS.format(seed=seed, **WITHOUT_LEARNING)
            with call(text, "--set", "seed.weights=3") as file:
                assert (file.attrs["seed"], file.attrs["seed_weights"]) == (7, 3), dict(file.attrs)

        # A seed from outside reaches every stage, or is refused; one purpose of a stage leaves the others as they are.
        stages = TRIALS.format(seed=7, **WITHOUT_LEARNING) + "stages: [{name: one}, {name: two%s}]\n"
        with call(stages % "", "--set", "stages.0.seed.weights=9") as file:
            one, two = file["stages/one"].attrs, file["stages/two"].attrs
            assert (one["seed"], one["seed_weights"], one["seed_order"]) == (7, 9, 7), dict(one)
            assert two["seed"] == 7 and "seed_weights" not in two, dict(two)
        with call(stages % "", "--seed", "5") as file:
            assert all(file[f"stages/{stage}"].attrs["seed"] == 5 for stage in ("one", "two"))
        (folder / "e.yaml").write_text(stages % ", seed: 3", encoding="utf-8")
        for words, sweep in ((["--seed", "5"], ""), ([], "sweep: {seed: {count: 2}}\n")):
            (folder / "e.yaml").write_text(stages % ", seed: 3" + sweep, encoding="utf-8")
            done = subprocess.run([executable, "validate", "e.yaml", *words], cwd=folder, capture_output=True, text=True,
                                  timeout=60, check=False)
            assert done.returncode == 2 and "does not reach this stage" in done.stderr, done
        swept = {**WITHOUT_LEARNING, "more": "sweep: {seed.weights: {count: 2}, seed: {count: 2}}"}
        (folder / "e.yaml").write_text(TRIALS.format(seed=1, **swept), encoding="utf-8")
        done = subprocess.run([executable, "validate", "e.yaml"], cwd=folder, capture_output=True, text=True, timeout=60,
                              check=False)
        assert done.returncode == 2 and "one of which is swept as well" in done.stderr, done

        # Names of whoever ran it are left out on demand; warnings name no folder.
        text = TRIALS.format(seed=1, **WITHOUT_LEARNING)
        with call(text) as file:
            named = dict(file["provenance"].attrs)
            assert {"host", "command_line", "tyto_revision"} <= set(named), named
        with call(text, "--no-host") as file:
            provenance = dict(file["provenance"].attrs)
            assert not {"host", "command_line"} & set(provenance), provenance
            assert provenance["experiment_file"] == "e.yaml" and provenance["tyto_revision"] == named["tyto_revision"]
            kinds = list(file["health/finding"].asstr())
            warning = file["health/message"].asstr()[kinds.index("short_time")]
            assert warning.startswith("tau: 0.5 ms is shorter than the time step"), warning
    print("seeds draw what they are for; provenance names what it should, and nothing that it should not")


main()
