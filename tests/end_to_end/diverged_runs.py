"""Runs whose numbers become infinite or none: exit code 1, the place in the message, and what was sound in the file.

    diverged_runs.py EXECUTABLE
"""

import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

import tyto_runs

EXPLODING = """
tyto: 1
stimulus: {type: itd, frequency: 50 Hz, duration: 1 s, dt: 1 ms, fibres_per_ear: 20}
objective: {target: ipd, classes: 12}
model:
  layers:
    h1: {type: lif, size: 30, timing: next_step, reset: subtract, input: {type: dense, scale: 3}}
    h2: {type: lif, size: 30, timing: next_step, reset: subtract, input: {type: dense, scale: 3}}
    output: {type: leaky_integrator, input: dense}
learning: {rule: surrogate_gradient, surrogate: {type: sigmoid, slope: 25}, optimizer: {type: sgd, learning_rate: 1e38},
  epochs: 2, batch_size: 64, trials: {train: 128, test: 64}}
"""
NO_NUMBER = """
tyto: 1
stimulus: {type: expression, value: sqrt(1.5-t)}
simulation: {duration: 3 s, dt: 1 ms}
model: {layers: {a: {type: lif, size: 1, input: {type: direct, from: stimulus}}}}
probes: {v: {of: a, what: v}}
"""
WRONG_WEIGHTS = """
tyto: 1
stimulus: {type: itd, frequency: 50 Hz, duration: 100 ms, dt: 1 ms, fibres_per_ear: 5}
objective: {target: ipd, classes: 4}
weights: {from: weights.h5}
model: {layers: {output: {type: leaky_integrator, input: dense}}}
learning: {rule: none, trials: {test: 16}}
"""


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(text, *says, words=()):
            (folder / "e.yaml").write_text(text, encoding="utf-8")
            done = subprocess.run([executable, "run", "e.yaml", "--out", "e.h5", "--force", *words], cwd=folder,
                                  capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 1 and all(part in done.stderr for part in says), (says, done)
            return h5py.File(folder / "e.h5")

        with run(EXPLODING, "inf after epoch 1, batch 1", "'e.h5' has what was sound") as file:
            assert file.attrs["status"] == "diverged" and "after epoch 1" in file.attrs["diverged"]
            assert all(np.isfinite(file[f"weights/{way}/w"][()]).all()
                       for way in ("h1/stimulus", "h2/h1", "output/h2"))
            assert file["training/loss"].shape == (0,) and "metrics" not in file
        # Gradients that explode with usual settings, too, and what cures them.
        usual = EXPLODING.replace("{type: sgd, learning_rate: 1e38}", "sgd").replace("timing: next_step, ", "")
        usual = usual.replace("train: 128, test: 64", "train: 256, test: 128")
        with run(usual, "gradients or weights explode"):
            pass
        for bound in ("norm: 1", "value: 0.01"):
            (folder / "cured.yaml").write_text(usual.replace("epochs: 2,", f"clip: {{{bound}}}, epochs: 2,"))
            tyto_runs.run(executable, folder / "cured.yaml", folder / "cured.h5", settings=[])
            with h5py.File(folder / "cured.h5") as file:
                assert file.attrs["status"] == "complete" and np.isfinite(file["training/loss"][:]).all(), bound
        with run(NO_NUMBER, "the formula 'sqrt(1.5-t)' is nan at t = 1.501") as file:
            assert file.attrs["status"] == "diverged"
            times = file["probes/v/time"][()]
            assert times.size == 1000 and np.isfinite(file["probes/v/value"][()]).all(), times
        with h5py.File(folder / "weights.h5", "w") as weights:
            weights["weights/output/w"] = np.full((10, 4), np.nan)
        (folder / "e.yaml").write_text(WRONG_WEIGHTS, encoding="utf-8")
        for command in (["validate", "e.yaml"], ["run", "e.yaml", "--out", "w.h5"]):
            done = subprocess.run([executable, *command], cwd=folder, capture_output=True, text=True, timeout=300,
                                  check=False)
            assert done.returncode == 2 and "output/w of weights.h5 has values that are infinite" in done.stderr, done
        (folder / "e.yaml").write_text(EXPLODING + "sweep: {learning.optimizer.learning_rate: [0.01, 1e38]}\n")
        done = subprocess.run([executable, "run", "e.yaml", "--out", "sweep.h5"], cwd=folder, capture_output=True,
                              text=True, timeout=300, check=False)
        assert done.returncode == 1 and "1 of 2 runs failed" in done.stderr, done
        with h5py.File(folder / "sweep.h5") as file:
            assert file.attrs["status"] == "incomplete"
            assert np.isfinite(file["metrics/test/loss"][0]) and np.isnan(file["metrics/test/loss"][1])
            assert "inf" in file["failures/message"].asstr()[0]
    print("diverged runs say where, exit with 1 and keep what was sound; sweeps count them as failed")


main()
