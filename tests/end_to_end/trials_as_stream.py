"""A stimulus that makes trials, in a simulation: its trials come one after the other with silence between them, and a
network does in the first what it does in a trial, to the last bit, and in the others what it does after a rest.

    trials_as_stream.py EXECUTABLE
"""

import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

import tyto_runs

SHARED = """
tyto: 1
seed: 3
precision: {precision}
stimulus: {{type: itd, fibres_per_ear: 20, duration: 60 ms, dt: 1 ms}}
model:
  layers:
    hidden: {{type: lif, size: 6, tau: 2 ms, input: [{{type: dense, scale: 4}}, {{type: dense, from: hidden, delay: 3 ms, scale: 0.5}}]}}
    output: {{type: leaky_integrator, tau: 5 ms, size: 4, input: {{type: dense, synapse: {{type: exponential, tau: 4 ms, scale: peak}}}}}}
probes:
  shown: {{from: stimulus, type: direct{trials}}}
  v: {{of: hidden, what: v{trials}}}
  spikes: {{of: hidden, what: output{trials}}}
  output: {{of: output, what: v{trials}}}
"""
TRIALS = """
objective: {classes: 4}
learning: {rule: none, trials: {test: 5}}
"""
PAUSE_STEPS = 140
STREAM = f"""
simulation: {{duration: 0.8 s, dt: 1 ms, pause: {PAUSE_STEPS} ms, split: test}}
silence: [step_dependent]
"""


def refused(executable, path, text, sentence):
    path.write_text(text)
    done = subprocess.run([executable, "validate", path], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and sentence in done.stderr, done.stderr


def check(executable, folder, precision):
    files = {}
    for name, trials, own in (("trials", ", trials: 5", TRIALS), ("stream", "", STREAM)):
        (folder / f"{name}.yaml").write_text(SHARED.format(precision=precision, trials=trials) + own)
        files[name] = folder / f"{name}.h5"
        tyto_runs.run(executable, folder / f"{name}.yaml", files[name], settings=[])
    with h5py.File(files["trials"]) as trials, h5py.File(files["stream"]) as stream:
        begins = np.rint(stream["trials/begin"][:] * 1e3).astype(int)
        np.testing.assert_array_equal(begins, np.arange(4) * (60 + PAUSE_STEPS))
        assert stream["trials/ipd"].attrs["units"] in (b"deg", "deg") and stream["trials/duration"][()] == 0.06
        subprocess.run([executable, "trials", folder / "trials.yaml", "--out", folder / "shown.h5", "--force"], check=True,
                       stdout=subprocess.DEVNULL)
        with h5py.File(folder / "shown.h5") as shown:
            np.testing.assert_array_equal(stream["trials/ipd"][:], shown["test/ipd"][:4])
        for name in ("shown", "v", "spikes", "output"):
            of_trials, of_stream = trials[f"probes/{name}/value"][:], stream[f"probes/{name}/value"][:]
            np.testing.assert_array_equal(of_stream[:60], of_trials[0], name)
            for k, begin in enumerate(begins):
                np.testing.assert_allclose(of_stream[begin:begin + 60], of_trials[k], atol=1e-6, err_msg=name)
        shown = stream["probes/shown/value"][:]
        assert shown[:60].sum() > 100 and shown[60:60 + PAUSE_STEPS].sum() == 0
        assert trials["probes/spikes/value"][:].sum() > 50


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for precision in ("float64", "float32"):
            check(executable, folder, precision)
        text = SHARED.format(precision="float64", trials="") + STREAM
        refused(executable, folder / "bad.yaml", text.replace("duration: 0.8 s, dt: 1 ms", "duration: 0.8 s, dt: 2 ms"),
                "its trials have steps of 1 ms, and the simulation has steps of 2 ms")
        values = text.replace("type: itd, fibres_per_ear: 20, duration: 60 ms, dt: 1 ms", "type: expression, value: sin(t)")
        refused(executable, folder / "bad.yaml", values, "pause: is for a stimulus that makes trials; leave it out")
    print("trials that come one after the other are shown and answered as they are by themselves")


main()
