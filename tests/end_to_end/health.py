"""Networks that do nothing, or the wrong thing, say so when their run ends.

    health.py EXECUTABLE
"""

import pathlib
import subprocess
import tempfile

import h5py

import tyto_runs

TRIALS = """
tyto: 1
stimulus: {{type: itd, frequency: 50 Hz}}
objective: {{target: ipd, classes: 12, readout: {readout}}}
model:
  layers:
    hidden: {{type: lif, size: 8, tau: 2 ms, threshold: {threshold}, input: dense}}
    output: {{type: {output}, tau: 2 ms, input: dense}}
learning: {{rule: surrogate_gradient, optimizer: {{type: {optimizer}}},
  epochs: 5, batch_size: 64, trials: {{train: 4096, test: 512}}}}
"""
DEFAULT = {"readout": "mean", "threshold": 1, "output": "leaky_integrator",
           "optimizer": "adam, learning_rate: 0.01"}
TOO_FAST = """
tyto: 1
stimulus: {type: itd, frequency: 50 Hz}
objective: {target: ipd, classes: 12}
model: {layers: {output: {type: leaky_integrator, tau: 2 ms, input: dense}}}
learning: {rule: surrogate_gradient, optimizer: {type: sgd, learning_rate: 1},
  epochs: 3, batch_size: 64, trials: {train: 1024, test: 256}}
"""
DRIVEN = """
tyto: 1
stimulus: {type: expression, value: "100"}
simulation: {duration: 1 s}
model: {layers: {n: {type: lif, size: 4, input_scale: one_minus_decay, input: {type: direct, from: stimulus, transform: [1, 2, 3, 4]}}}}
probes: {s: {of: n, what: spikes}}
"""
LEARNING = """
tyto: 1
seed: 1
stimulus: {{type: white_noise, period: 10 s, high: 2 Hz, rms: {rms}}}
simulation: {{duration: 10 s}}
model:
  layers:
    pre: {{type: ensemble, size: 100, input: {{type: direct, from: stimulus}}}}
    post:
      type: ensemble
      size: 100
      input: {{type: decoded, from: pre, function: "0", synapse: 5 ms,
               learn: {{rule: pes, error: error, learning_rate: 0.001}}}}
    error:
      type: node
      size: 1
      input:
        - {{type: decoded, from: {minuend}, synapse: 5 ms}}
        - {{type: decoded, from: {subtrahend}, transform: -1, synapse: 5 ms}}
probes: {{post: {{from: post, type: decoded, synapse: 50 ms, every: 10 ms}}}}
"""


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def findings(text):
            """Kinds that have a sentence, and what was printed; the numbers of silent and saturated neurons."""
            (folder / "e.yaml").write_text(text, encoding="utf-8")
            done = subprocess.run([executable, "run", "e.yaml", "--out", "e.h5", "--force"], cwd=folder,
                                  capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, done
            with h5py.File(folder / "e.h5") as file:
                health = file["health"]
                said = dict(zip(health["finding"].asstr(), health["message"].asstr()))
                counts = {layer: (int(silent), int(saturated)) for layer, silent, saturated in
                          zip(health["layer"].asstr(), health["silent"], health["saturated"])
                          } if "layer" in health else {}
                found = {kind for kind, message in said.items() if message}
                assert health.attrs["findings"] == len(found), said
                for kind in found - {"step_dependent"}:
                    assert all(part in done.stderr for part in said[kind].split("; ")), (said, done)
                if "metrics" in file:
                    chance = float(file["metrics/test/chance_accuracy"][()])
                    assert 1 / 12 < chance < 0.2 and f"(chance {100 * chance:.1f} %)" in done.stdout, done
            return found, counts

        def trials(**changes):
            return findings(TRIALS.format(**{**DEFAULT, **changes}))

        found, counts = trials()
        assert not found and counts["hidden"][1] == 0, (found, counts)
        found, counts = trials(threshold=1000)
        assert counts["hidden"] == (8, 0), counts
        assert {"silent_neurons", "chance", "one_answer", "ties", "unchanged_arrays"} <= found, found
        found, counts = findings(DRIVEN)
        assert counts["n"] == (0, 4) and found == {"saturated_neurons"}, (found, counts)
        found, counts = trials(output="lif, threshold: 1000", readout="spike_count")
        assert {"ties", "chance"} <= found and counts["output"][0] == 12, (found, counts)
        found, _ = findings(TOO_FAST)
        assert "loss_rose" in found, found

        found, _ = findings(LEARNING.format(rms=0.5, minuend="post", subtrahend="pre"))
        assert "error_grew" not in found and "beyond_radius" not in found, found
        found, _ = findings(LEARNING.format(rms=0.5, minuend="pre", subtrahend="post"))
        assert "error_grew" in found, found
        found, _ = findings(LEARNING.format(rms=2, minuend="post", subtrahend="pre"))
        assert "beyond_radius" in found, found
    print("silent and saturated neurons, chance, ties, losses and errors that grow, values beyond the radius are said")


main()
