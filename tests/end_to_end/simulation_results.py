"""Results of simulations as their users read them: probes along time, weights handed from stage to stage, memory that
does not grow with time, and the same bits from run to run.

usage: simulation_results.py TYTO
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import xarray as xr

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
EXPERIMENTS = REPOSITORY / "experiments"

LONG = """
tyto: 1
title: A long stream
stimulus: {type: expression, value: sin(2*pi*t)}
simulation: {duration: 100 s, dt: 1 ms}
model:
  layers:
    large: {type: ensemble, size: 2000, input: {type: direct, from: stimulus}}
probes:
  value: {from: large, type: decoded, synapse: 10 ms}
  spikes: {of: large, what: output, every: 100 ms}
"""


def run(executable, experiment, out, *words):
    """Runs an experiment; returns the largest memory of the process in MiB."""
    process = subprocess.Popen([executable, "run", str(experiment), "--quiet", "--out", str(out), *words])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (experiment, process.returncode)
    return usage.ru_maxrss / 1024


def check_stages(executable, folder):
    out = folder / "transfer.h5"
    run(executable, EXPERIMENTS / "nef_weight_transfer.yaml", out, "--set", "stages.0.simulation.duration=4 s",
        "--set", "stages.1.simulation.duration=3 s")
    groups = {(stage, layer): xr.open_dataset(out, group=f"stages/{stage}/weights/{layer}")
              for stage in ("learn", "double") for layer in ("pre", "post", "probe_post")}
    for layer in ("pre", "post"):
        for name in ("encoders", "gain", "bias"):
            np.testing.assert_array_equal(groups["learn", layer][name], groups["double", layer][name])
    learned, doubled = (groups[stage, "post"].decoders.values for stage in ("learn", "double"))
    assert np.abs(learned).max() > 0, "nothing was learned"
    np.testing.assert_array_equal(doubled, 2 * learned)
    # What probes read is solved for anew, at other points, and neither taken nor doubled.
    before, after = (np.linalg.norm(groups[stage, "probe_post"].decoders) for stage in ("learn", "double"))
    assert 0.8 < after / before < 1.25, (before, after)
    probe = xr.open_dataset(out, group="stages/double/probes/post")
    assert probe.value.dims == ("time", "channel"), probe.value.dims
    np.testing.assert_allclose(probe.time, np.arange(1, 301) * 0.01, rtol=1e-12)
    assert probe.time.attrs["units"] == "s"
    assert xr.open_dataset(out).attrs["status"] == "complete"


def check_repetition(executable, folder):
    values = []
    for index in range(2):
        out = folder / f"again{index}.h5"
        run(executable, EXPERIMENTS / "nef_oscillator.yaml", out, "--set", "simulation.duration=2 s")
        values.append(xr.open_dataset(out, group="probes/oscillator").value.values)
    assert np.abs(values[0]).max() > 0.1
    np.testing.assert_array_equal(*values)


def check_memory(executable, folder):
    experiment = folder / "long.yaml"
    experiment.write_text(LONG)
    short_mib = run(executable, experiment, folder / "short.h5", "--set", "simulation.duration=10 s")
    long_mib = run(executable, experiment, folder / "long.h5")
    value = xr.open_dataset(folder / "long.h5", group="probes/value").value
    assert value.shape == (100_000, 1), value.shape
    t = value.time.values
    error = np.sqrt(np.mean((value.values[1000:, 0] - np.sin(2 * np.pi * (t[1000:] - 0.011))) ** 2))
    assert error < 0.1, error
    print(f"memory: {short_mib:.1f} MiB for 10,000 steps, {long_mib:.1f} MiB for 100,000")
    assert long_mib < short_mib + 4, (short_mib, long_mib)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable")
    executable = parser.parse_args().executable
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_stages(executable, folder)
        check_repetition(executable, folder)
        if os.environ.get("TYTO_SANITIZED") != "1":
            check_memory(executable, folder)
    print("simulations give what they should")


main()
