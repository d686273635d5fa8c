"""Connections that learn by rules of their own: weights follow from the spikes that were recorded, in a stream and in trials;
old names of arrays are read; what cannot be right is refused.

    local_rules.py EXECUTABLE
"""

import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

import tyto_runs

STREAM = """
tyto: 1
seed: 3
precision: float64
stimulus: {{type: expression, value: [70 + 20*sin(50*t), 60 + 30*cos(31*t), 80]}}
simulation: {{duration: 2 s, dt: 1 ms}}
model:
  layers:
    pre: {{type: lif, size: 6, tau: 20 ms, refractory: 3 ms, input_scale: one_minus_decay, input: {{type: dense, scale: 0.1}}}}
    post: {{type: lif, size: 4, tau: 20 ms, refractory: 3 ms, input_scale: one_minus_decay, input: [
      {{type: dense, from: stimulus, scale: 0.1}},
      {{type: dense, from: pre, delay: {delay}, scale: 0.2, learn: {{rule: stdp, lowest: -0.5, highest: 0.5, {learn}}}}}]}}
probes: {{pre: {{of: pre, what: spikes}}, post: {{of: post, what: spikes}}}}
analyses: [{{signed_weights: {{layer: post}}}}]
silence: [step_dependent]
"""
TRIALS = """
tyto: 1
seed: 3
precision: float64
stimulus: {{type: itd, fibres_per_ear: 10, duration: 60 ms, dt: 1 ms}}
objective: {{classes: 4}}
model:
  layers:
    hidden: {{type: lif, size: 8, tau: 5 ms, input: {{type: dense, {learn}}}}}
    output: {{type: lif, size: 4, tau: 5 ms, input: {{type: dense, scale: 2}}}}
learning: {{rule: local, epochs: {epochs}, batch_size: 16, trials: {{train: 64, test: 32}}}}
analyses: [{{signed_weights: {{layer: hidden}}}}]
"""


def stdp(spikes, shapes, weights, delay_steps, steps, learns):
    """Pairs of all spikes, by traces; a spike of the source counts `delay_steps` later."""
    weights = weights.copy()
    traces = [np.zeros(n) for n in shapes]
    fired = [[set(np.flatnonzero(row)) for row in raster] for raster in spikes]
    for t in range(steps):
        for trace in traces:
            trace *= np.exp(-1 / 20)
        source = fired[0][t - delay_steps] if t >= delay_steps else set()
        if learns(t):
            for j in fired[1][t]:
                weights[:, j] = np.clip(weights[:, j] + 0.01 * traces[0], -0.5, 0.5)
            for i in source:
                weights[i] = np.clip(weights[i] - 0.0105 * traces[1], -0.5, 0.5)
        for trace, some in zip(traces, (source, fired[1][t])):
            for neuron in some:
                trace[neuron] += 1
    return weights


def raster(file, probe, neurons, steps):
    made = np.zeros((steps, neurons), bool)
    group = file[f"probes/{probe}"]
    at = np.rint(group["time"][()] * 1000).astype(int) - 1
    made[at, group["value"][()].astype(int)] = True
    return made


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(text, *words, code=0):
            (folder / "e.yaml").write_text(text, encoding="utf-8")
            done = subprocess.run([executable, "run", "e.yaml", "--out", "e.h5", "--force", *words], cwd=folder,
                                  capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == code, done
            return done.stderr if code else h5py.File(folder / "e.h5")

        # The weights at the end are those that numpy finds from the spikes.
        for delay in (1, 4):
            for learn, learns in (("", lambda t: True), ("from: 500 ms, until: 900 ms", lambda t: 500 <= t < 900)):
                text = STREAM.format(delay=f"{delay} ms", learn=learn)
                with run(text, "--set", "simulation.duration=10 ms", "--set", "model.layers.post.input.1.learn=null") as file:
                    before = file["weights/post/pre/w"][()]
                with run(text) as file:
                    after = file["weights/post/pre/w"][()]
                    spikes = [raster(file, "pre", 6, 2000), raster(file, "post", 4, 2000)]
                    assert file["analysis/signed_weights/array"].asstr()[()].tolist() == ["post/stimulus/w", "post/pre/w"]
                expected = stdp(spikes, (6, 4), before, delay, 2000, learns)
                assert min(raster.sum() for raster in spikes) > 100, "the neurons hardly fire"
                np.testing.assert_allclose(after, expected, rtol=0, atol=1e-12)
                assert np.abs(after - before).max() > 1e-3, "nothing was learned"

        # In trials what is not to learn stays, all else follows rewards; threads make no difference.
        learn = "learn: {rule: reward_stdp, lowest: -2, highest: 2, tau_c: 50 ms, learning_rate: 20}"
        found = {}
        for threads in ("1", "2"):
            with run(TRIALS.format(learn=learn, epochs=2), "--threads", threads) as file:
                found[threads] = (file["weights/hidden/stimulus/w"][()], file["weights/output/hidden/w"][()])
                assert file["analysis/signed_weights/excitatory"].shape == (1,)
        assert all(np.array_equal(one, two) for one, two in zip(found["1"], found["2"]))
        with run(TRIALS.format(learn=learn, epochs=1), "--set", "learning={rule: none, trials: {test: 32}}",
                 "--set", "model.layers.hidden.input.learn=null") as file:
            assert np.array_equal(file["weights/output/hidden/w"][()], found["1"][1])
            assert np.abs(file["weights/hidden/stimulus/w"][()] - found["1"][0]).max() > 1e-4

        # Weights that begin beyond a rule's bounds would be moved by the bounds and not by the rule.
        said = run(TRIALS.format(learn="learn: {rule: stdp}", epochs=1), code=1)
        assert "beyond what the rule 'stdp' allows, 0 to 1" in said and "hidden/stimulus/w [0, " in said, said

        # Files with the names of before, when connections did not stand in paths.
        with h5py.File(folder / "old.h5", "w") as old:
            old["weights/hidden/w"], old["weights/output/w"] = found["1"]
        text = TRIALS.format(learn="scale: 1", epochs=1).replace("rule: local", "rule: none")
        with run(text, "--set", "learning={rule: none, trials: {test: 32}}", "--set", "weights={from: old.h5}") as file:
            assert np.array_equal(file["weights/hidden/stimulus/w"][()], found["1"][0])
            assert np.array_equal(file["weights/output/hidden/w"][()], found["1"][1])
    print("weights follow from spikes, rewards and time; old names are read; what begins beyond bounds is refused")


main()
