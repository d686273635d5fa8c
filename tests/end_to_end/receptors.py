"""Receptors and sources of spikes: what is recorded follows from the recorded spikes, step by step as written in the
reference; what cannot be right is refused.

    receptors.py EXECUTABLE
"""

import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

import tyto_runs

NETWORK = """
tyto: 1
seed: 5
precision: float64
simulation: {{duration: 300 ms, dt: 0.5 ms}}
model:
  layers:
    outside: {{type: poisson, size: 30, rate: 40 Hz}}
    many: {{type: poisson, size: 8, rate: 3 kHz, counts: true, start: 20 ms}}
    neurons:
      {neuron}
      size: 8
      nmda: true
      input:
        - {{type: sparse, from: outside, receptor: excitatory, probability: 0.5, weight: {weight}, synapse: {{type: exponential, tau: 5 ms, scale: peak}}}}
        - {{type: sparse, name: slow, from: outside, receptor: nmda, probability: 0.5, weight: 0.05, delay: 2 ms, synapse: {{type: exponential, tau: 60 ms, scale: peak}}}}
        - {{type: dense, from: neurons, receptor: inhibitory, scale: 0}}
        - {{type: direct, from: many, transform: 2}}
probes:
  outside: {{of: outside, what: output}}
  many: {{of: many}}
  spikes: {{of: neurons, what: output}}
  v: {{of: neurons, what: v}}
  current: {{of: neurons, what: current}}
  excitatory: {{of: neurons, what: excitatory}}
  nmda: {{of: neurons, what: nmda}}
silence: [step_dependent]
"""
TRAINED = """
tyto: 1
stimulus: {type: itd, fibres_per_ear: 20, duration: 100 ms, dt: 1 ms}
objective: {classes: 4}
model:
  layers:
    hidden: {type: conductance_lif, size: 8, input: {type: sparse, from: stimulus, receptor: excitatory, weight: 0.01, probability: 1}}
    output: {type: leaky_integrator, tau: 5 ms, input: dense}
stages:
  - {name: a, learning: {rule: surrogate_gradient, optimizer: {type: adam, learning_rate: 0.01}, epochs: 5, batch_size: 32, trials: {train: 256, test: 64}}}
  - {name: b, weights: {from: a}, learning: {rule: none, trials: {test: 64}}}
"""
BIASED = """
tyto: 1
precision: float64
stimulus: {type: itd, fibres_per_ear: 4, duration: 25 ms, dt: 1 ms}
objective: {classes: 3}
model:
  layers:
    hidden: {type: conductance_lif, size: 5, input: [{type: dense, receptor: excitatory, bias: true, initial_weights: constant, scale: 0.4LAW}]}
    output: {type: leaky_integrator, tau: 5 ms, input: dense}
learning: {rule: surrogate_gradient, optimizer: {type: sgd, learning_rate: 20}, epochs: 6, trials: {train: 16, test: 4}, batch_size: 16}
"""
DT_MS = 0.5


def filtered(file, name, spikes, tau_ms, steps_late):
    """What arrives by synapses of one time constant whose answer has the peak 1."""
    weights, pairs = file[f"weights/neurons/{name}/w"][:], file[f"weights/neurons/{name}/pairs"][:]
    g, all_of_it = np.zeros(8), []
    for t in range(len(spikes)):
        all_of_it.append(g.copy())
        g *= np.exp(-DT_MS / tau_ms)
        if t + 1 >= steps_late:
            for (source, target), w in zip(pairs, weights):
                g[target] += w * spikes[t + 1 - steps_late, source]
    return np.array(all_of_it)


def check_conductances(executable, folder):
    text = NETWORK.format(neuron="type: conductance_lif", weight=0.3)
    (folder / "network.yaml").write_text(text)
    tyto_runs.run(executable, folder / "network.yaml", folder / "network.h5", settings=[])
    with h5py.File(folder / "network.h5") as file:
        probe = {name: file[f"probes/{name}/value"][:] for name in
                 ("outside", "many", "spikes", "v", "current", "excitatory", "nmda")}
        assert probe["spikes"].sum() > 20 and probe["outside"].sum() > 100
        assert (probe["many"][:39] == 0).all() and abs(probe["many"][40:].mean() - 1.5) < 0.1
        np.testing.assert_allclose(probe["current"], 2 * probe["many"], rtol=1e-14)
        np.testing.assert_allclose(probe["excitatory"], filtered(file, "outside", probe["outside"], 5, 1), atol=1e-12)
        np.testing.assert_allclose(probe["nmda"], filtered(file, "slow", probe["outside"], 60, 4), atol=1e-12)
    v, wait = np.full(8, -60.0), np.zeros(8)
    for t in range(len(probe["v"])):
        e = probe["excitatory"][t] + probe["nmda"][t] / (1 + np.exp(-0.062 * v) / 3.57)
        aim = (-60 + probe["current"][t]) / (1 + e)
        u = aim + (v - aim) * np.exp(-(1 + e) * DT_MS / 20)
        fired = (u > -50) & (wait == 0)
        v = np.where(wait > 0, v, np.where(fired, -60, u))
        wait = np.where(wait > 0, wait - 1, np.where(fired, 4, 0))
        np.testing.assert_array_equal(probe["spikes"][t], fired)
        np.testing.assert_allclose(probe["v"][t], v, atol=1e-9)


def check_refusals(executable, folder):
    (folder / "below.yaml").write_text(NETWORK.format(neuron="type: adex", weight=-0.3))
    done = subprocess.run([executable, "run", folder / "below.yaml", "--out", folder / "below.h5"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and not (folder / "below.h5").exists()
    assert "neurons/outside/w [0] is -0.3 at the beginning, but what arrives at the receptor 'excitatory'" in done.stderr, (
        done.stderr)


def check_learning(executable, folder):
    """What learns stays where conductances can be."""
    text = NETWORK.format(neuron="type: conductance_lif", weight=0.3).replace(
        "receptor: excitatory, probability: 0.5, weight: 0.3,",
        "receptor: excitatory, probability: 0.5, weight: 0.3, learn: {rule: stdp, a_plus: 0, a_minus: 0.3, lowest: -5, "
        "highest: 5},")
    (folder / "learning.yaml").write_text(text)
    tyto_runs.run(executable, folder / "learning.yaml", folder / "learning.h5", settings=[])
    with h5py.File(folder / "learning.h5") as file:
        w = file["weights/neurons/outside/w"][:]
        assert w.min() == 0 and (w == 0).sum() > 5 and (file["probes/excitatory/value"][:] >= 0).all(), w
    (folder / "trained.yaml").write_text(TRAINED)
    tyto_runs.run(executable, folder / "trained.yaml", folder / "trained.h5", settings=[])
    with h5py.File(folder / "trained.h5") as file:
        w = file["stages/a/weights/hidden/stimulus/w"][:]
        assert w.min() == 0 and w.max() > 0.02, w
        assert (file["stages/b/weights/hidden/stimulus/w"][:] == w).all()


def check_biases(executable, folder):
    """Learning moves biases onto a conductance, and keeps them at 0 or above, with a law on the weights and without."""
    for law in ("", ", dale: {method: projected, inhibitory_fraction: 0}"):
        (folder / "biased.yaml").write_text(BIASED.replace("LAW", law))
        tyto_runs.run(executable, folder / "biased.yaml", folder / "biased.h5", settings=[])
        with h5py.File(folder / "biased.h5") as file:
            bias = file["weights/hidden/stimulus/b"][:]
            assert bias.min() >= 0 and bias.max() > 0, (law, bias)


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        check_conductances(executable, pathlib.Path(name))
        check_learning(executable, pathlib.Path(name))
        check_biases(executable, pathlib.Path(name))
        check_refusals(executable, pathlib.Path(name))
    print("receptors get what was sent to them")


main()
