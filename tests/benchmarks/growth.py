"""How the cost of training grows, and how much of what one core can do is reached.

usage: growth.py BUILD [--rounds N]

Needs Python with h5py. Trains the basic network (experiments/itd_basic.yaml: 200-8-12, 100 steps, batches of 128) with
one thing changed at a time, and prints the time of an epoch for each trial and step, beside the unchanged one. All
settings take turns in every round; printed are medians. Then it counts the additions and multiplications of networks S
and L that no method can leave out, and says which part of the additions in registers that machine_benchmark measures
they are. All runs keep to one core, except for those with two threads.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import h5py

HERE = pathlib.Path(__file__).resolve().parent
EXPERIMENTS = HERE.parents[1] / "experiments"
BASIC = EXPERIMENTS / "itd_basic.yaml"
TRIALS, STEPS, EPOCHS, DT_S = 4096, 100, 3, 1e-3


def layers(count):
    """Settings of a model with some hidden layers of eight neurons."""
    hidden = "{type: lif, size: 8, tau: 2 ms, timing: next_step, input: dense}"
    names = ["hidden", *(f"hidden_{k}" for k in range(2, count + 1))]
    text = ", ".join(f"{name}: {hidden}" for name in names)
    return [f"model={{layers: {{{text}, output: {{type: leaky_integrator, tau: 2 ms, timing: next_step, input: dense}}}}}}"]


# What is changed, to what, the settings, how many times as many trials and steps that are.
CASES = [
    ("nothing", "", [], 1),
    *[("trials", 4096 * k, [f"learning.trials.train={4096 * k}"], k) for k in (2, 4, 8)],
    *[("steps", 100 * k, [f"stimulus.duration={100 * k} ms"], k) for k in (2, 4, 8)],
    *[("inputs", 200 * k, [f"stimulus.fibres_per_ear={100 * k}"], 1) for k in (2, 4)],
    *[("hidden neurons", size, [f"model.with.hidden={size}"], 1) for size in (16, 32, 64, 128, 256)],
    *[("hidden layers", count, layers(count), 1) for count in (2, 3, 4)],
    *[("batch", size, [f"learning.batch_size={size}"], 1) for size in (16, 64, 512)],
    ("threads", 2, [], 1),
]


def epoch_s(program, experiment, settings, threads=1):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        words = [program, "run", str(experiment), "--quiet", "--threads", str(threads), "--out", out, "--force"]
        for setting in settings:
            words += ["--set", setting]
        subprocess.run(words, check=True)
        with h5py.File(out) as file:
            return statistics.median(file["provenance/epoch_s"][:].tolist())


def growth(program, rounds):
    times = {index: [] for index in range(len(CASES))}
    cores = os.sched_getaffinity(0)
    for _ in range(rounds):
        for index, (what, value, settings, _) in enumerate(CASES):
            threads = value if what == "threads" else 1
            if threads > len(cores):
                continue
            os.sched_setaffinity(0, sorted(cores)[:threads])
            common = [f"learning.trials={{train: {TRIALS}, test: 128}}", f"learning.epochs={EPOCHS}", "analyses=[]"]
            times[index].append(epoch_s(program, BASIC, common + settings, threads))
    os.sched_setaffinity(0, sorted(cores)[:1])
    first = statistics.median(times[0]) / TRIALS / STEPS
    print("| changed | to | ns for each trial and step | times the unchanged one |\n|---|---|---|---|")
    for index, (what, value, _, factor) in enumerate(CASES):
        if times[index]:
            each = statistics.median(times[index]) / TRIALS / STEPS / factor
            print(f"| {what} | {value} | {1e9 * each:.0f} | {each / first:.2f} |")


def additions(sizes, spikes):
    """What one step of one trial needs: for each spike an addition for each neuron behind it, forward and for the
    gradient of its weights, and a fused multiplication and addition for each weight between populations, for the
    gradient of hidden spikes. The neurons themselves are left out."""
    return (sum(2 * count * size for count, size in zip(spikes, sizes)) +
            sum(before * after for before, after in zip(sizes, sizes[1:])))


def machine(build):
    """What machine_benchmark measures, by name."""
    words = [str(build / "tests" / "machine_benchmark"), "--benchmark_format=json"]
    answer = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return {entry["name"]: entry for entry in answer["benchmarks"]}


def density(program, experiment, folder):
    """Channels that fire in a step."""
    path = os.path.join(folder, "trials.h5")
    subprocess.run([program, "trials", str(experiment), "--set", "learning.trials={train: 256, test: 1}", "--out", path, "--force"],
                   check=True, stdout=subprocess.DEVNULL)
    with h5py.File(path) as file:
        numbers = file["train/spikes"][()].view("u1")
        return sum(int(byte).bit_count() for byte in numbers.ravel()) / (numbers.shape[0] * numbers.shape[1])


def hidden_spikes(file):
    """Spikes of each hidden population in a step, after the training."""
    group = file["analysis/firing_rates"]
    return [float(group[name][()].sum()) * DT_S for name in group if name.endswith("_rate_mean")]


def roofline(build, rounds):
    program = build / "bin" / "tyto"
    sizes = {"S": (BASIC, 16384, [8, 12]), "L": (HERE / "digits_size.yaml", 2048, [256, 256, 20])}
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (experiment, trials, layer_sizes) in sizes.items():
            out = os.path.join(folder, "out.h5")
            words = [program, "run", str(experiment), "--quiet", "--threads", "1", "--set", "learning.epochs=3", "--set",
                     "analyses=[firing_rates]", "--out", out, "--force"]
            input_spikes = density(program, experiment, folder)
            parts = []
            for _ in range(rounds):
                limits = machine(build)
                peak = limits["additions"]["additions_per_s"]
                subprocess.run(words, check=True)
                with h5py.File(out) as file:
                    own_s = statistics.median(file["provenance/epoch_s"][:].tolist())
                    needed = additions(layer_sizes, [input_spikes, *hidden_spikes(file)])
                rate = needed * trials * STEPS / own_s
                parts.append((rate / peak, rate, peak, needed))
            part, rate, peak, needed = sorted(parts)[len(parts) // 2]
            lines.append(f"| {name} | {needed:.0f} | {rate / 1e9:.1f} G | {peak / 1e9:.0f} G | {100 * part:.0f} % |")
    print("\n| size | additions for a trial and step | a second | in registers a second | part |\n|---|---|---|---|---|",
          *lines, sep="\n")
    print("\nreading:", ", ".join(f"{int(name.split(':')[1])} KiB {entry['bytes_per_second'] / 1e9:.0f} GB/s"
                                for name, entry in limits.items() if name.startswith("reading")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    growth(arguments.build / "bin" / "tyto", arguments.rounds)
    roofline(arguments.build, arguments.rounds)


main()
