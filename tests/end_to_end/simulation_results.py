"""Results of simulations as their users read them: probes along time, weights handed from stage to stage, recordings
played back, memory that does not grow with time, and the same bits from run to run.

usage: simulation_results.py TYTO
"""

import argparse
import os
import pathlib
import subprocess
import tempfile

import h5py
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


PLAYED = """
tyto: 1
title: A recording played back
precision: float64
stimulus: {type: dataset, file: recording.h5, dataset: /probes/recorded/value, playback: {period: 10 ms}}
simulation: {duration: 3 s, dt: 5 ms}
model:
  layers:
    node: {type: node, size: 2, input: {type: direct, from: stimulus}}
probes:
  node: {of: node}
"""


def run(executable, experiment, out, *words):
    """Runs an experiment; returns the largest memory of the process in MiB."""
    process = subprocess.Popen([executable, "run", str(experiment), "--quiet", "--force", "--out", str(out), *words])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (experiment, process.returncode)
    return usage.ru_maxrss / 1024


def check_stages(executable, folder):
    out = folder / "transfer.h5"
    run(executable, EXPERIMENTS / "nef_weight_transfer.yaml", out, "--set", "stages.0.simulation.duration=4 s",
        "--set", "stages.1.simulation.duration=3 s")
    groups = {(stage, layer): xr.open_dataset(out, group=f"stages/{stage}/weights/{layer}")
              for stage in ("learn", "double") for layer in ("pre", "post", "post/pre", "probe_post/post")}
    for layer in ("pre", "post"):
        for name in ("encoders", "gain", "bias"):
            np.testing.assert_array_equal(groups["learn", layer][name], groups["double", layer][name])
    learned, doubled = (groups[stage, "post/pre"].decoders.values for stage in ("learn", "double"))
    assert np.abs(learned).max() > 0, "nothing was learned"
    np.testing.assert_array_equal(doubled, 2 * learned)
    # What probes read is solved for anew, at other points, and neither taken nor doubled.
    before, after = (np.linalg.norm(groups[stage, "probe_post/post"].decoders) for stage in ("learn", "double"))
    assert 0.8 < after / before < 1.25, (before, after)
    probe = xr.open_dataset(out, group="stages/double/probes/post")
    assert probe.value.dims == ("time_every_10", "post_channel"), probe.value.dims
    np.testing.assert_allclose(probe.time_every_10, np.arange(1, 301) * 0.01, rtol=1e-12)
    assert probe.time_every_10.attrs["units"] == "s"
    assert xr.open_dataset(out).attrs["status"] == "complete"


def check_repetition(executable, folder):
    values = []
    for index in range(2):
        out = folder / f"again{index}.h5"
        run(executable, EXPERIMENTS / "nef_oscillator.yaml", out, "--set", "simulation.duration=2 s")
        values.append(xr.open_dataset(out, group="probes/oscillator").value.values)
    assert np.abs(values[0]).max() > 0.1
    np.testing.assert_array_equal(*values)


def check_playback(executable, folder):
    """What a probe recorded comes again at the same times, between its samples and after the last one as asked for."""
    recording = folder / "recording.yaml"
    recording.write_text("""
tyto: 1
precision: float64
stimulus: {type: expression, value: [sin(9*t), t]}
simulation: {duration: 2 s, dt: 1 ms}
model:
  layers:
    node: {type: node, size: 2, input: {type: direct, from: stimulus}}
probes:
  recorded: {of: node, every: 10 ms}
""")
    run(executable, recording, folder / "recording.h5")
    recorded = xr.open_dataset(folder / "recording.h5", group="probes/recorded").value.values
    assert recorded.shape == (200, 2)
    experiment = folder / "played.yaml"
    experiment.write_text(PLAYED)
    numbers = np.arange(1, 601)  # of steps of 5 ms
    sample = (numbers + 1) // 2 - 1  # that ends with the step or after it
    before = np.maximum(sample - 1, 0)
    half = (recorded[np.minimum(before, 199)] + recorded[np.minimum(sample, 199)]) / 2
    linear = np.where((numbers % 2 == 0)[:, None], recorded[np.minimum(sample, 199)], half)
    held = recorded[np.minimum(sample, 199)]
    for words, expected in (
            ((), held),
            (("--set", "stimulus.playback.between=linear"), linear),
            (("--set", "stimulus.playback.after=repeat"), recorded[sample % 200]),
            (("--set", "stimulus.playback.after=zero"), np.where((sample < 200)[:, None], held, 0))):
        run(executable, experiment, folder / "played.h5", *words)
        played = xr.open_dataset(folder / "played.h5", group="probes/node").value.values
        np.testing.assert_allclose(played, expected, rtol=0, atol=1e-12, err_msg=str(words))
    # A sweep does not take a run for done whose recording has changed.
    sweep = ("--set", "sweep={seed: {count: 2}}", "--keep-parts")
    run(executable, experiment, folder / "sweep.h5", *sweep)
    run(executable, recording, folder / "recording.h5", "--set", "stimulus.value=[7, t]")
    run(executable, experiment, folder / "sweep.h5", *sweep)
    played = xr.open_dataset(folder / "sweep.h5", group="probes/node").value.values
    np.testing.assert_array_equal(played[..., 0], np.full((2, 600), 7.0))


def check_response_curves(executable, folder):
    """Where the input moves slowly, neurons fire at the rates of their tuning curves."""
    out = folder / "communication.h5"
    run(executable, EXPERIMENTS / "nef_communication.yaml", out, "--set", "stimulus={type: expression, value: sin(t/10)}",
        "--set", "simulation.duration=60 s")
    curves = xr.open_dataset(out, group="analysis/response_curves")
    assert curves.rate.dims == ("along_encoder", "pre_neuron"), curves.rate.dims
    assert int(curves.samples.sum()) == 60_000 * 100, int(curves.samples.sum())
    assert float(curves.rms_difference) < 1, float(curves.rms_difference)
    assert float(curves.rate.max()) > 200
    silent = curves.tuning == 0
    assert int(silent.sum()) > 100 and float(curves.rate.where(silent).max()) < 1


def check_balanced_network(executable, folder):
    """The rate of the network that Brian2 gives, for any seed, and spikes that are read one by one."""
    for seed in (1, 2):
        out = folder / "cuba.h5"
        run(executable, EXPERIMENTS / "cuba_network.yaml", out, "--set", f"seed={seed}")
        neurons = {"excitatory": 8000, "inhibitory": 2000}
        spikes = {layer: xr.open_dataset(out, group=f"probes/{layer}") for layer in neurons}
        for layer, count in neurons.items():
            rate_hz = spikes[layer].sizes[f"{layer}_spike"] / count
            assert 3.2 < rate_hz < 4.3, (layer, rate_hz)
            assert (np.diff(spikes[layer].time) >= 0).all()
            index, first = np.unique(spikes[layer].value, return_index=True)
            assert 0 <= index[0] and index[-1] < count
            # No neuron fires twice within its refractory time.
            order = np.lexsort((spikes[layer].time, spikes[layer].value))
            same = np.diff(spikes[layer].value.values[order]) == 0
            assert np.diff(spikes[layer].time.values[order])[same].min() > 5e-3
        excitatory, inhibitory = (xr.open_dataset(out, group=f"weights/inhibitory/{source}")
                                  for source in ("excitatory", "inhibitory"))
        assert excitatory.pairs.shape == (8000 * 2000 // 50, 2), excitatory.pairs.shape
        assert inhibitory.w.dtype == np.float32 and float(inhibitory.w.max()) < 0
        assert excitatory.pairs.dtype == np.int64
        assert (np.diff(excitatory.pairs.values @ [2000, 1]) > 0).all()
    # Synapses and first states of a file make up the network, whatever the seed.
    again = folder / "again.h5"
    run(executable, EXPERIMENTS / "cuba_network.yaml", again, "--set", "seed=3",
        "--set", f"weights={{from: {out}, ensembles: true}}", "--set", "simulation.duration=100 ms")
    for layer in neurons:
        taken = xr.open_dataset(again, group=f"probes/{layer}")
        early = spikes[layer].isel({f"{layer}_spike": slice(taken.sizes[f"{layer}_spike"])})
        assert taken.sizes[f"{layer}_spike"] > 100 and taken.value.equals(early.value), layer
    # What nothing has changed need not be written: the file then says where it came from, and no other run can take it.
    lean = folder / "lean.h5"
    settings = ["--set", "seed=2", "--set", "simulation.duration=100 ms"]
    run(executable, EXPERIMENTS / "cuba_network.yaml", lean, *settings, "--set", "simulation.write_drawn=false")
    with h5py.File(lean) as file:
        group = file["weights/inhibitory/excitatory"]
        assert not list(group), list(group)
        assert group.attrs["pairs_drawn_from"] == "weights/inhibitory/excitatory/pairs", dict(group.attrs)
        for layer in neurons:
            few = xr.open_dataset(lean, group=f"probes/{layer}")
            assert few.value.equals(spikes[layer].value.isel({f"{layer}_spike": slice(few.sizes[f"{layer}_spike"])})), layer
    refused = subprocess.run([executable, "validate", EXPERIMENTS / "cuba_network.yaml", "--set",
                              f"weights={{from: {lean}, only: inhibitory/excitatory}}"], capture_output=True, text=True)
    assert refused.returncode == 2 and "has no array /weights/inhibitory/excitatory/w" in refused.stderr, refused.stderr


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
        check_playback(executable, folder)
        check_response_curves(executable, folder)
        check_balanced_network(executable, folder)
        if os.environ.get("TYTO_SANITIZED") != "1":
            check_memory(executable, folder)
    print("simulations give what they should")


main()
