"""Runs small sweeps: same data sets for any number of threads, the values of single runs, coordinates in xarray,
statistics over seeds, zipped axes, padding, a run that fails, parts of other experiments, Ctrl-C.

usage: sweep_results.py TYTO
"""

import argparse
import pathlib
import signal
import subprocess
import tempfile
import time

import h5py
import numpy as np
import xarray

import read_results
import tyto_runs
from datasets_hash import datasets, datasets_hash

EXPERIMENT = """tyto: 1
title: A small sweep
seed: 5
stimulus: {type: itd, duration: 40 ms, fibres_per_ear: 20, start_phase: per_trial}
objective: {target: ipd, classes: 4}
model: {use: %s, with: {hidden: 6, tau: 2 ms}}
learning:
  rule: surrogate_gradient
  optimizer: {type: adam, learning_rate: 0.01}
  epochs: %d
  batch_size: 32
  trials: {train: 128, test: 96}
analyses: [confusion, tuning_curves]
"""
GRID = "sweep: {model.tau: [1 ms, 2 ms, 5 ms], seed: {count: 3}}\n"
T_OF_3_SEEDS = 0.95 / np.sqrt(2 * 0.975 * 0.025)  # Student's t, 0.975; a closed form with 2 degrees of freedom


class Workshop:
    """A folder with an experiment, and the program."""

    def __init__(self, executable, folder):
        self.executable, self.folder = executable, folder
        self.experiment = folder / "sweep.yaml"

    def write(self, sweep, epochs=2):
        model = tyto_runs.REPOSITORY / "models" / "itd_lif.yaml"
        self.experiment.write_text(EXPERIMENT % (model, epochs) + sweep, encoding="utf-8")

    def words(self, out, *options):
        return [str(self.executable), "run", str(self.experiment), "--out", str(self.folder / out), "--force", *options]

    def run(self, out, *options, code=0):
        done = subprocess.run(self.words(out, *options), capture_output=True, text=True, timeout=300)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    def parts(self, name):
        return self.folder / f"{name}.parts"

    def hash(self, out):
        return datasets_hash(self.folder / out)


def check_threads(shop):
    shop.write(GRID)
    hashes = set()
    for threads in (1, 2, 3):
        shop.run("grid.h5", "--threads", str(threads))
        hashes.add(shop.hash("grid.h5"))
        assert not shop.parts("grid").exists(), "the parts are still there after success"
    assert len(hashes) == 1, "the data sets depend on the number of threads"


def check_values(shop):
    """Every run of the grid against the same run on its own."""
    compared = 0
    with h5py.File(shop.folder / "grid.h5", "r") as grid:
        for i, tau in enumerate(("1 ms", "2 ms", "5 ms")):
            for k, seed in enumerate((5, 6, 7)):
                shop.run("one.h5", "--set", "sweep=null", "--set", f"model.tau={tau}", "--seed", str(seed))
                with h5py.File(shop.folder / "one.h5", "r") as one:
                    for name, dataset in datasets(one).items():
                        if dataset.is_scale:
                            continue
                        of_text = dataset.dtype.kind == "O"
                        assert np.array_equal(grid[name][i, k], dataset[()], equal_nan=not of_text), (name, tau, seed)
                        assert grid[name].dtype == dataset.dtype, name
                        compared += 1
    return compared


def check_xarray(shop):
    path = shop.folder / "grid.h5"
    faults = read_results.Faults()
    groups = ["/"]
    with h5py.File(path, "r") as file:
        def visit(name, item):
            if isinstance(item, h5py.Group):
                groups.append("/" + name)
                return
            for check in (read_results.check_description, read_results.check_storage, read_results.check_axes):
                check("/" + name, item, faults)

        file.visititems(visit)
        assert file.attrs["status"] == "complete" and file.attrs["sweep"] == "tau seed", dict(file.attrs)
    read_results.check_xarray(path, groups, faults)
    assert not faults, "\n".join(faults)
    with xarray.open_dataset(path, group="/metrics/test") as seen:
        accuracy = seen.accuracy.load()
    assert accuracy.dims == ("tau", "seed") and accuracy.tau.units == "ms", accuracy
    assert accuracy.tau.values.tolist() == [1, 2, 5] and accuracy.seed.values.tolist() == [5, 6, 7], accuracy
    with xarray.open_dataset(path, group="/summary/metrics/test") as seen:
        assert seen.accuracy_mean.dims == ("tau",), seen
        sem = accuracy.std("seed", ddof=1) / np.sqrt(3)
        for ending, expected in (("mean", accuracy.mean("seed")), ("sem", sem),
                                 ("low", accuracy.mean("seed") - T_OF_3_SEEDS * sem),
                                 ("high", accuracy.mean("seed") + T_OF_3_SEEDS * sem)):
            found = seen[f"accuracy_{ending}"]
            assert np.allclose(found.values, expected.values, rtol=1e-12, atol=1e-14), (ending, found, expected)
        assert seen.accuracy_n.values.tolist() == [3, 3, 3]


def check_zip(shop):
    shop.write("sweep:\n  zip: {model.tau: [1 ms, 5 ms], model.hidden: [4, 6]}\n")
    shop.run("zip.h5")
    with xarray.open_dataset(shop.folder / "zip.h5", group="/metrics/test") as seen:
        assert seen.accuracy.dims == ("zip",) and set(seen.coords) == {"zip", "tau", "hidden"}, seen
        assert seen.tau.values.tolist() == [1, 5] and seen.hidden.values.tolist() == [4, 6], seen
        both = seen.accuracy.values
    for i, (tau, hidden) in enumerate((("1 ms", 4), ("5 ms", 6))):
        shop.run("one.h5", "--set", "sweep=null", "--set", f"model.tau={tau}", "--set", f"model.hidden={hidden}")
        with h5py.File(shop.folder / "one.h5", "r") as one, h5py.File(shop.folder / "zip.h5", "r") as zipped:
            assert one["metrics/test/accuracy"][()] == both[i]
            weights = zipped["weights/hidden/stimulus/w"][i]
            assert np.array_equal(weights[:, :hidden], one["weights/hidden/stimulus/w"][()]), "weights differ"
            assert np.all(np.isnan(weights[:, hidden:])), "what is not there is not NaN"
            assert zipped["weights/hidden/stimulus"].attrs["padded"] == "w"


def check_stages(shop):
    """Figures of stages are summed up, and the last one's are shown."""
    shop.write("sweep: {seed: {count: 3}}\n", epochs=1)
    text = shop.experiment.read_text(encoding="utf-8")
    text += "stages:\n  - {name: first}\n  - {name: second, weights: {from: first}}\n"
    shop.experiment.write_text(text, encoding="utf-8")
    done = shop.run("stages.h5")
    for stage in ("first", "second"):
        with xarray.open_dataset(shop.folder / "stages.h5", group=f"/stages/{stage}/metrics/test") as seen:
            accuracy = float(seen.accuracy.mean())
        with xarray.open_dataset(shop.folder / "stages.h5", group=f"/summary/stages/{stage}/metrics/test") as seen:
            assert np.isclose(float(seen.accuracy_mean), accuracy) and int(seen.accuracy_n) == 3, seen
    assert f"{100 * accuracy:.1f} % +-" in done.stdout, done.stdout


def check_failure(shop):
    shop.write("sweep: {learning.optimizer.learning_rate: [0.01, 1e300], seed: [1, 2]}\n")
    done = shop.run("failing.h5", code=1)
    assert "learning_rate = 1e300, seed = 2 failed: hidden/stimulus/w " in done.stderr, done.stderr
    assert "2 of 4 runs failed" in done.stderr, done.stderr
    with h5py.File(shop.folder / "failing.h5", "r") as file:
        assert file.attrs["status"] == "incomplete"
        accuracy = file["metrics/test/accuracy"][()]
        assert np.all(np.isfinite(accuracy[0])) and np.all(np.isnan(accuracy[1])), accuracy
        assert file["failures/run"][()].tolist() == [2, 3]
        assert "hidden/stimulus/w " in file["failures/message"].asstr()[0]
        assert file["sweep/run_status"].asstr()[()].tolist() == [["done", "done"], ["failed", "failed"]]
    assert len(list(shop.parts("failing").glob("*.h5"))) == 2, "the parts that are done were not kept"
    again = shop.run("failing.h5", code=1)
    assert "4 runs, 2 of them done before" in again.stderr, again.stderr


def check_stale_parts(shop):
    shop.write(GRID)
    shop.run("stale.h5", "--keep-parts")
    assert len(list(shop.parts("stale").glob("*.h5"))) == 9
    before = shop.hash("stale.h5")
    assert "9 runs, 9 of them done before" in shop.run("stale.h5", "--keep-parts").stderr
    assert shop.hash("stale.h5") == before
    # One seed more needs three runs, and another number of epochs all of them.
    more = shop.run("stale.h5", "--keep-parts", "--set", "sweep.seed.count=4")
    assert "12 runs, 9 of them done before" in more.stderr, more.stderr
    shop.write(GRID, epochs=3)
    changed = shop.run("stale.h5")
    assert "9 runs\n" in changed.stderr and "before" not in changed.stderr, changed.stderr
    shop.run("fresh.h5")
    assert shop.hash("stale.h5") == shop.hash("fresh.h5") != before
    assert not shop.parts("stale").exists(), "parts of an earlier version are left behind"


def check_interruption(shop):
    # Runs of seconds, so that the signal comes while some are done and some are not.
    shop.write("sweep: {seed: {count: 12}}\n", epochs=60)
    shop.run("whole.h5")
    process = subprocess.Popen(shop.words("cut.h5"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while len(list(shop.parts("cut").glob("*.h5"))) < 2 and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, (process.returncode, errors)
    assert "of 12 runs are kept" in errors and "interrupted" in errors, errors
    assert not (shop.folder / "cut.h5").exists()
    assert "done before" in shop.run("cut.h5").stderr
    assert shop.hash("cut.h5") == shop.hash("whole.h5")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(arguments.executable, pathlib.Path(folder))
        check_threads(shop)
        compared = check_values(shop)
        assert compared >= 9 * 10, compared
        check_xarray(shop)
        check_zip(shop)
        check_stages(shop)
        check_failure(shop)
        check_stale_parts(shop)
        check_interruption(shop)
    print(f"sweeps: {compared} data sets equal those of single runs; threads, zip, failure, stale parts, Ctrl-C")


if __name__ == "__main__":
    main()
