"""Probes in trials: what is recorded follows, step by step, from what the network was shown and from its weights; it is
there in the same form for xarray; recording changes no other number.

    probes_in_trials.py EXECUTABLE
"""

import pathlib
import tempfile

import h5py
import numpy as np
import xarray

import datasets_hash
import tyto_runs

EXPERIMENT = """
tyto: 1
seed: 3
precision: float64
stimulus: {type: itd, fibres_per_ear: 20, duration: 60 ms, dt: 1 ms}
objective: {classes: 4}
model:
  layers:
    hidden: {type: lif, size: 6, tau: 2 ms, input: {type: dense, scale: 4}}
    late: {type: delay, max: 4 ms, initial: fixed, initial_delay: 3 ms}
    output: {type: leaky_integrator, tau: 5 ms, input: dense}
learning: {rule: surrogate_gradient, optimizer: {type: adam, learning_rate: 0.01}, epochs: 2, batch_size: 16, trials: {train: 64, test: 9}}
"""
PROBES = """
probes:
  v: {of: hidden, what: v, trials: 9}
  input: {of: hidden, what: input, trials: 9}
  spikes: {of: hidden, what: output, trials: 9}
  events: {of: hidden, what: spikes, trials: 4}
  now_and_then: {of: output, what: v, every: 10 ms, trials: 3}
  late: {from: late, type: direct}
  shown: {from: stimulus, type: direct, trials: 9}
  smooth: {from: hidden, type: direct, synapse: {type: exponential, tau: 4 ms, scale: peak}, trials: 2}
  mixed: {from: hidden, type: sparse, weight: 1, probability: 1, delay: 2 ms}
"""
STAGES = """
tyto: 1
model: {layers: {hidden: {type: lif, size: 4, input: {type: dense, synapse: 5 ms}}, output: {type: leaky_integrator, size: 3, tau: 5 ms, input: {type: dense, synapse: 5 ms}}}}
probes: {v: {of: hidden, what: v}}
silence: [step_dependent]
stages:
  - {name: values, stimulus: {type: expression, value: [sin(20*t), cos(20*t)]}, simulation: {duration: 50 ms, dt: 1 ms}}
  - {name: trials, stimulus: {type: itd, fibres_per_ear: 5, duration: 20 ms, dt: 1 ms}, simulation: {duration: 50 ms, dt: 1 ms, pause: 5 ms}}
  - {name: learn, stimulus: {type: itd, fibres_per_ear: 5, duration: 20 ms, dt: 1 ms}, objective: {classes: 3}, learning: {rule: surrogate_gradient, epochs: 1, trials: {train: 8, test: 4}}}
"""
DT_MS = 1.0


def check_values(path):
    with h5py.File(path) as file:
        probe = {name: file[f"probes/{name}/value"][:] for name in file["probes"]}
        weights = file["weights/hidden/stimulus/w"][:]
        assert {name: values.shape for name, values in probe.items() if name != "events"} == {
            "v": (9, 60, 6), "input": (9, 60, 6), "spikes": (9, 60, 6), "now_and_then": (3, 6, 4), "late": (1, 56, 6),
            "shown": (9, 60, 40), "smooth": (2, 60, 6), "mixed": (1, 60, 6)}, {k: v.shape for k, v in probe.items()}
        spikes = probe["spikes"]
        assert spikes.sum() > 100 and set(np.unique(spikes)) == {0, 1}
        np.testing.assert_allclose(probe["input"], probe["shown"] @ weights, atol=1e-12)
        decay = np.exp(-DT_MS / 2)
        v = np.zeros((9, 6))
        for t in range(60):
            v = decay * v + probe["input"][:, t]
            assert ((v > 1) == spikes[:, t]).all(), t
            v *= 1 - spikes[:, t]
            np.testing.assert_allclose(probe["v"][:, t], v, atol=1e-12)
        # Each spike by itself.
        events = file["probes/events"]
        trial, step, neuron = (events[name][:] for name in ("trial", "time", "value"))
        found = np.zeros_like(spikes[:4])
        found[trial, np.rint(step * 1e3 / DT_MS).astype(int) - 1, neuron.astype(int)] = 1
        np.testing.assert_array_equal(found, spikes[:4])
        # What is behind a transform that leaves out the first steps has the times of the trial all the same.
        np.testing.assert_allclose(file["probes/late/late_time"][:], np.arange(5, 61) * 1e-3, atol=1e-12)
        np.testing.assert_array_equal(probe["late"][0], spikes[0, 1:-3])
        np.testing.assert_allclose(file["probes/now_and_then/time_every_10"][:], np.arange(1, 7) * 1e-2, atol=1e-12)
        smooth = np.zeros((2, 6))
        for t in range(60):
            np.testing.assert_allclose(probe["smooth"][:, t], smooth, atol=1e-12)
            smooth = np.exp(-DT_MS / 4) * smooth + spikes[:2, t]
        np.testing.assert_array_equal(probe["mixed"][0, 2:], np.repeat(spikes[0, :-2].sum(1)[:, None], 6, 1))


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "plain.yaml").write_text(EXPERIMENT)
        (folder / "probed.yaml").write_text(EXPERIMENT + PROBES)
        for name in ("plain", "probed"):
            tyto_runs.run(executable, folder / f"{name}.yaml", folder / f"{name}.h5", settings=[])
        check_values(folder / "probed.h5")
        plain, probed = (datasets_hash.dataset_hashes(folder / f"{name}.h5") for name in ("plain", "probed"))
        changed = [path for path, value in plain.items() if probed.get(path) != value]
        assert not changed, f"probes change {changed}"
        further = {path.split("/")[1] if path.startswith("/") else path.split("/")[0] for path in set(probed) - set(plain)}
        assert further <= {"probes", "weights"}, further
        with xarray.open_dataset(folder / "probed.h5", group="probes/v") as data:
            assert data["value"].dims == ("v_trial", "time", "hidden_neuron"), data["value"].dims
            assert data["time"].attrs["units"] == "s" and np.isclose(data["time"][0], 1e-3)
        # What a probe has of its own is not asked of a file, and stages of both kinds have stimuli of both kinds.
        tyto_runs.run(executable, folder / "probed.yaml", folder / "again.h5",
                      settings=["learning={rule: none, trials: {test: 9}}", f"weights={{from: {folder / 'plain.h5'}}}"])
        with h5py.File(folder / "plain.h5") as plain, h5py.File(folder / "again.h5") as again:
            assert plain["metrics/test/loss"][()] == again["metrics/test/loss"][()]
        (folder / "stages.yaml").write_text(STAGES)
        tyto_runs.run(executable, folder / "stages.yaml", folder / "stages.h5", settings=[])
        with h5py.File(folder / "stages.h5") as file:
            assert "probes" in file["stages/values"] and "probes" in file["stages/trials"], "probes are of simulations"
            assert "trials" in file["stages/trials"] and "probes" not in file["stages/learn"]
        tyto_runs.run(executable, folder / "probed.yaml", folder / "narrow.h5", settings=["precision=float32"])
        with h5py.File(folder / "narrow.h5") as file:
            assert file["probes/v/value"].dtype == np.float32
    print("what is recorded in trials is what happened in them")


main()
