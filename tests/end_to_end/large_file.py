"""A data set of 1 GB is trained on within 300 MB of memory, the program that reads HDF5 files included.

    large_file.py EXECUTABLE
"""

import multiprocessing
import pathlib
import resource
import subprocess
import tempfile
import time

import h5py
import numpy as np

import tyto_runs

TRIALS, STEPS, CHANNELS = 10_000, 100, 1000
EXPERIMENT = """
tyto: 1
stimulus: {type: recorded, file: large.h5, targets: [label], split: {test: 0.05}}
objective: {readout: mean}
model:
  layers:
    hidden: {type: lif, size: 20, tau: 5 ms, input: {type: dense}}
    output: {type: leaky_integrator, tau: 20 ms, input: {type: dense}}
learning: {rule: surrogate_gradient, epochs: 1, optimizer: {type: adam, learning_rate: 0.01}}
"""


def write(path):
    random = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        label = random.integers(0, 2, TRIALS)
        file["label"] = label
        x = file.create_dataset("x", (TRIALS, STEPS, CHANNELS), "u1")
        for first in range(0, TRIALS, 100):
            rate = np.where(label[first : first + 100, None] == 1, np.arange(CHANNELS) < 500, np.arange(CHANNELS) >= 500) * 0.02 + 0.01
            x[first : first + 100] = random.random((100, STEPS, CHANNELS), dtype="f4") < rate[:, None, :]


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "large.yaml").write_text(EXPERIMENT)
        # In a process of its own: a program that is started counts what its parent holds as its own at first.
        writer = multiprocessing.get_context("spawn").Process(target=write, args=(folder / "large.h5",))
        writer.start()
        writer.join()
        size = (folder / "large.h5").stat().st_size
        assert size >= 1e9, size
        begin = time.monotonic()
        subprocess.run(tyto_runs.command(executable, folder / "large.yaml", folder / "large_run.h5", settings=[]), check=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # the writer's is less
        with h5py.File(folder / "large_run.h5") as file:
            accuracy = file["metrics/test/accuracy"][()]
        print(f"{size / 1e6:.0f} MB, {time.monotonic() - begin:.0f} s, {peak / 1e6:.0f} MB of memory, accuracy {accuracy}")
        assert peak <= 300e6 and accuracy > 0.95


if __name__ == "__main__":
    main()
