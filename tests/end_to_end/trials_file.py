"""The file of `tyto trials`: what the network is shown, the same for any number of threads, and a network whose weights
are taken from a run and applied to these trials in NumPy answers as the program says it did.

usage: trials_file.py TYTO
"""

import argparse
import pathlib
import subprocess
import tempfile

import numpy as np
import xarray as xr

import tyto_runs

COUNTS = ["learning.trials.train=2000", "learning.trials.validation=30", "learning.trials.test=160", "learning.epochs=4",
          "learning.batch_size=16"]


def write_trials(executable, out, threads):
    words = [str(executable), "trials", str(tyto_runs.DEFAULT_EXPERIMENT), "--out", str(out), "--force", "--threads", str(threads)]
    for setting in COUNTS:
        words += ["--set", setting]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def spikes_of(group):
    return np.unpackbits(group.spikes.values.view(np.uint8), axis=2, count=int(group.channels), bitorder="little")


def answers(spikes, w_in, w_out):
    """Class of every trial: the published network of lif and leaky integrator, tau 2 ms."""
    decay = np.float32(np.exp(-0.5))
    current = spikes.astype(np.float32) @ w_in
    v = np.zeros_like(current[:, 0])
    s = np.zeros_like(v)
    u = np.zeros((len(spikes), w_out.shape[1]), np.float32)
    total = u.copy()
    for step in range(spikes.shape[1]):
        total += u
        u = decay * u + s @ w_out
        v, s = (decay * v + current[:, step]) * (1 - s), (v > 1).astype(np.float32)
    return total.argmax(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    executable = parser.parse_args().executable
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for threads in (1, 2):
            write_trials(executable, folder / f"trials{threads}.h5", threads)
        for split, count in (("train", 2000), ("validation", 30), ("test", 160)):
            group, again = (xr.open_dataset(folder / f"trials{threads}.h5", group=split) for threads in (1, 2))
            xr.testing.assert_identical(group, again)
            assert group.spikes.shape == (count, 100, 25), group.spikes.shape
            assert group.ipd.attrs["units"] == "deg" and np.abs(group.ipd).max() <= 90
            # 600 Hz times the mean of ((1 + sin)/2)^2, which is 3/8.
            np.testing.assert_allclose(spikes_of(group).mean() / 1e-3, 225, rtol=0.05)
        tyto_runs.run(executable, tyto_runs.DEFAULT_EXPERIMENT, folder / "run.h5", settings=COUNTS)
        weights = {layer: xr.open_dataset(folder / "run.h5", group=f"weights/{layer}/{source}").w.values
                   for layer, source in (("hidden", "stimulus"), ("output", "hidden"))}
        test = xr.open_dataset(folder / "trials1.h5", group="test")
        right = (test.ipd.values + 90) / 180 * 12
        accuracy = np.mean(answers(spikes_of(test), weights["hidden"], weights["output"]) == right.astype(int))
        said = float(xr.open_dataset(folder / "run.h5", group="metrics/test").accuracy)
        # Sums in another order may turn a trial whose two best scores are equal.
        assert said > 0.3 and abs(accuracy - said) < 1.5 / 160, (accuracy, said)
        print(f"accuracy {said:.4f} by the program, {accuracy:.4f} by NumPy on the trials of the file")


main()
