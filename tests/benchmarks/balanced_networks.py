"""Two balanced networks in NEST and in Brian2's C++ standalone mode beside Tyto: what they do, and how fast.

usage: balanced_networks.py BUILD [--networks coba brunel] [--peers nest brian2] [--seeds N] [--threads N]

BUILD is a release build folder (bin/tyto). Needs Python with nest-simulator, brian2, setuptools and h5py, and a C++
compiler. coba is experiments/coba_network.yaml (4,000 neurons, conductances), brunel experiments/brunel_network.yaml
(12,500 neurons, 15.6 million synapses). Each seed draws another network; the programs take turns. All simulate 1 s in
steps of 0.1 ms on the same number of threads and record every spike. Prints for each program the mean over seeds, with
95 % intervals of the mean, of three quantities from 0.2 s on: the mean rate, the coefficient of variation of intervals
(mean over neurons with 6 spikes or more) and the synchrony (variance over mean of the spikes of all excitatory neurons
in 3 ms); then the time of the 10,000 steps, without what comes before them, and its ratio to Tyto's. NEST integrates
the conductance neurons with an adaptive method of its own. Run it under `taskset -c 0` for one thread.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
EXPERIMENTS = HERE.parents[2] / "experiments"
BEGIN_S, END_S, BIN_S, FEWEST_SPIKES = 0.2, 1.0, 0.003, 6
EXCITATORY = {"coba": 3200, "brunel": 10000}
INHIBITORY = {"coba": 800, "brunel": 2500}


def quantities(times_s, neurons, network):
    """Of all spikes; inhibitory neurons are numbered after the excitatory ones."""
    import numpy
    chosen = times_s > BEGIN_S
    times_s, neurons = times_s[chosen], neurons[chosen]
    order = numpy.lexsort((times_s, neurons))
    of_neuron = numpy.split(times_s[order], numpy.searchsorted(neurons[order], numpy.arange(1, neurons.max() + 1)))
    variations = [numpy.diff(own).std() / numpy.diff(own).mean() for own in of_neuron if len(own) >= FEWEST_SPIKES]
    excitatory = times_s[neurons < EXCITATORY[network]]
    counts = numpy.histogram(excitatory, numpy.arange(BEGIN_S, END_S + BIN_S / 2, BIN_S))[0]
    return {"rate": len(times_s) / (EXCITATORY[network] + INHIBITORY[network]) / (END_S - BEGIN_S),
            "variation": float(numpy.mean(variations)), "synchrony": float(counts.var() / counts.mean())}


def run_tyto(network, build, seed, threads):
    import h5py
    import numpy
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        subprocess.run([build / "bin" / "tyto", "run", EXPERIMENTS / f"{network}_network.yaml", "--threads", str(threads),
                        "--quiet", "--out", out, "--set", f"seed={seed}"], check=True)
        with h5py.File(out) as file:
            parts = [(file[f"probes/{layer}/time"][:], file[f"probes/{layer}/value"][:].astype(int) + offset)
                     for layer, offset in (("excitatory", 0), ("inhibitory", EXCITATORY[network]))]
            found = quantities(*(numpy.concatenate(both) for both in zip(*parts)), network)
            return found | {"steps_s": float(file["provenance/simulation_s"][()])}


def run_nest(network, seed, threads):
    import time

    import nest
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.set(resolution=0.1, local_num_threads=threads, rng_seed=seed)
    count = EXCITATORY[network] + INHIBITORY[network]
    if network == "coba":
        neurons = nest.Create("iaf_cond_exp", count, {
            "E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "V_m": -60.0, "t_ref": 5.0, "C_m": 200.0, "g_L": 10.0,
            "E_ex": 0.0, "E_in": -80.0, "tau_syn_ex": 5.0, "tau_syn_in": 10.0})
        outside = nest.Create("poisson_generator", 1, {"rate": 100.0, "stop": 50.0})
        sources = nest.Create("parrot_neuron", count)
        nest.Connect(outside, sources, syn_spec={"delay": 0.1})
        nest.Connect(sources, neurons, {"rule": "pairwise_bernoulli", "p": 0.005}, {"weight": 6.0, "delay": 0.1})
        probability, weights, delay = 0.02, (6.0, -67.0), 0.1
    else:
        neurons = nest.Create("iaf_psc_delta", count, {
            "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0, "V_m": 0.0, "t_ref": 2.0, "tau_m": 20.0, "C_m": 1.0})
        outside = nest.Create("poisson_generator", 1, {"rate": 20000.0})
        nest.Connect(outside, neurons, syn_spec={"weight": 0.1, "delay": 1.5})
        probability, weights, delay = 0.1, (0.1, -0.5), 1.5
    for part, size, weight in ((neurons[:EXCITATORY[network]], EXCITATORY[network], weights[0]),
                               (neurons[EXCITATORY[network]:], INHIBITORY[network], weights[1])):
        nest.Connect(part, neurons, {"rule": "fixed_total_number", "N": round(probability * size * count)},
                     {"weight": weight, "delay": delay})
    recorder = nest.Create("spike_recorder")
    nest.Connect(neurons, recorder, syn_spec={"delay": 0.1})
    nest.Prepare()
    begin = time.perf_counter()
    nest.Run(1000.0)
    steps_s = time.perf_counter() - begin
    events = recorder.get("events")
    return quantities(events["times"] / 1000, events["senders"] - neurons[0].get("global_id"), network) | {
        "steps_s": steps_s}


def run_brian(network, seed, threads):
    import brian2 as brian
    import numpy
    mV, ms, Hz = brian.mV, brian.ms, brian.Hz
    count = EXCITATORY[network] + INHIBITORY[network]
    with tempfile.TemporaryDirectory() as folder:
        brian.set_device("cpp_standalone", directory=folder, build_on_run=False)
        brian.prefs.devices.cpp_standalone.openmp_threads = 0 if threads == 1 else threads
        brian.seed(seed)
        brian.defaultclock.dt = 0.1 * ms
        parts = []
        if network == "coba":
            neurons = brian.NeuronGroup(
                count,
                """dv/dt = (ge * (0*mV - v) + gi * (-80*mV - v) + (-60*mV - v)) / (20*ms) : volt (unless refractory)
                   dge/dt = -ge / (5*ms) : 1
                   dgi/dt = -gi / (10*ms) : 1""",
                threshold="v > -50*mV", reset="v = -60*mV", refractory=5 * ms, method="exponential_euler")
            neurons.v = -60 * mV
            outside = brian.PoissonGroup(count, "100*Hz * int(t < 50*ms)")
            kicks = brian.Synapses(outside, neurons, on_pre="ge += 0.6")
            kicks.connect(p=0.005)
            parts += [outside, kicks]
            probability, effects, delay = 0.02, ("ge += 0.6", "gi += 6.7"), 0 * ms
        else:
            neurons = brian.NeuronGroup(count, "dv/dt = -v / (20*ms) : volt (unless refractory)", threshold="v > 20*mV",
                                        reset="v = 10*mV", refractory=2 * ms, method="exact")
            parts.append(brian.PoissonInput(neurons, "v", 1000, 20 * Hz, weight=0.1 * mV))
            # As in the other programs, what arrives in the refractory time is lost.
            probability, delay = 0.1, 1.5 * ms
            effects = ("v += 0.1*mV * int(not_refractory)", "v -= 0.5*mV * int(not_refractory)")
        for part, effect in ((neurons[:EXCITATORY[network]], effects[0]), (neurons[EXCITATORY[network]:], effects[1])):
            synapses = brian.Synapses(part, neurons, on_pre=effect, delay=delay)
            synapses.connect(p=probability)
            parts.append(synapses)
        spikes = brian.SpikeMonitor(neurons)
        brian.Network(neurons, spikes, *parts).run(END_S * brian.second)
        brian.device.build(directory=folder, compile=True, run=False)
        brian.device.run(folder, with_output=False, run_args=[])
        return quantities(numpy.array(spikes.t / brian.second), numpy.array(spikes.i), network) | {
            "steps_s": brian.device._last_run_time}


PEERS = {"nest": run_nest, "brian2": run_brian}


def in_a_process_of_its_own(*words):
    done = subprocess.run([sys.executable, HERE, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def interval(values):
    """The mean and the half-width of its 95 % interval (Student's t)."""
    t = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
    mean = statistics.mean(values)
    return mean, t.get(len(values), 2.0) * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def main():
    if sys.argv[1] == "--one":
        peer, network, seed, threads = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
        print(json.dumps(PEERS[peer](network, seed, threads)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--networks", nargs="+", default=list(EXCITATORY), choices=list(EXCITATORY))
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    for network in arguments.networks:
        found = {program: [] for program in ("tyto", *arguments.peers)}
        for seed in range(1, arguments.seeds + 1):
            found["tyto"].append(run_tyto(network, arguments.build.resolve(), seed, arguments.threads))
            for peer in arguments.peers:
                found[peer].append(in_a_process_of_its_own("--one", peer, network, seed, arguments.threads))
        for program, runs in found.items():
            words = []
            for name, unit in (("rate", " Hz"), ("variation", ""), ("synchrony", "")):
                mean, half = interval([run[name] for run in runs])
                words.append(f"{name} {mean:.3g} +- {half:.2g}{unit}")
            ratios = sorted(run["steps_s"] / own["steps_s"] for run, own in zip(runs, found["tyto"]))
            words.append(f"steps {statistics.median(run['steps_s'] for run in runs):.2f} s, "
                         f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
            print(f"{network}, {program}: " + ", ".join(words), flush=True)


main()
