"""The balanced network of experiments/cuba_network.yaml in Brian2's C++ standalone mode beside Tyto.

usage: cuba_brian2.py BUILD [--rounds N]

BUILD is a release build folder (bin/tyto). Needs Python with brian2, numpy below 2, h5py and a C++ compiler. The
programs take turns; run it under `taskset -c 0`. Brian2 compiles its program once, before the first round. Both simulate
1 s of 10,000 neurons with 2 million synapses in steps of 0.1 ms on one thread and record every spike. Prints each round
with the mean rates of both, so that equal work can be seen, then medians and ratios: of the 10,000 steps alone, and of
the whole run, which draws the synapses and (Tyto) writes the results file, without them, as Brian does.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
EXPERIMENT = HERE.parents[2] / "experiments" / "cuba_network.yaml"
NEURONS, EXCITATORY, DURATION_S = 10_000, 8_000, 1.0


def compile_with_brian(brian, folder):
    """Puts the program into `folder`."""
    mV, ms = brian.mV, brian.ms
    brian.set_device("cpp_standalone", directory=folder, build_on_run=False)
    brian.prefs.devices.cpp_standalone.openmp_threads = 0
    brian.seed(1)
    brian.defaultclock.dt = 0.1 * ms
    neurons = brian.NeuronGroup(
        NEURONS,
        """dv/dt = (excitation + inhibition - v) / (20*ms) : volt (unless refractory)
           dexcitation/dt = -excitation / (5*ms) : volt
           dinhibition/dt = -inhibition / (10*ms) : volt""",
        threshold="v > -1*mV", reset="v = -11*mV", refractory=5 * ms, method="exact")
    neurons.v = "(-11 + 10*rand())*mV"
    excites = brian.Synapses(neurons[:EXCITATORY], neurons, on_pre="excitation += 0.648*mV")
    inhibits = brian.Synapses(neurons[EXCITATORY:], neurons, on_pre="inhibition += -3.6*mV")
    excites.connect(p=0.02)
    inhibits.connect(p=0.02)
    spikes = brian.SpikeMonitor(neurons)
    network = brian.Network(neurons, excites, inhibits, spikes)
    network.run(DURATION_S * brian.second)
    brian.device.build(directory=folder, compile=True, run=False)
    return spikes


def run_brian(brian, folder, spikes):
    begin = time.perf_counter()
    brian.device.run(folder, with_output=False, run_args=[])
    whole_s = time.perf_counter() - begin
    return brian.device._last_run_time, whole_s, spikes.num_spikes


def run_tyto(build, h5py, seed):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        begin = time.perf_counter()
        subprocess.run([build / "bin" / "tyto", "run", EXPERIMENT, "--threads", "1", "--quiet", "--force", "--out", out, "--set",
                        f"seed={seed}", "--set", "simulation.write_drawn=false"], check=True)
        whole_s = time.perf_counter() - begin
        with h5py.File(out) as file:
            count = sum(file[f"probes/{layer}/time"].shape[0] for layer in ("excitatory", "inhibitory"))
            return float(file["provenance/simulation_s"][()]), whole_s, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    import brian2
    import h5py

    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        spikes = compile_with_brian(brian2, folder)
        for index in range(arguments.rounds):
            theirs = run_brian(brian2, folder, spikes)
            ours = run_tyto(arguments.build, h5py, index + 1)
            rounds.append((theirs, ours))
            rates = [count / NEURONS / DURATION_S for count in (theirs[2], ours[2])]
            print(f"round {index + 1}: steps {theirs[0]:.3f} s in Brian {brian2.__version__}, {ours[0]:.3f} s in Tyto; "
                  f"whole {theirs[1]:.2f} s, {ours[1]:.2f} s; {rates[0]:.2f} Hz, {rates[1]:.2f} Hz", flush=True)
    for place, name in enumerate(("steps", "whole run")):
        ratios = sorted(theirs[place] / ours[place] for theirs, ours in rounds)
        print(f"{name}: ratio {statistics.median(ratios):.2f} (smallest {ratios[0]:.2f}, largest {ratios[-1]:.2f})")


main()
