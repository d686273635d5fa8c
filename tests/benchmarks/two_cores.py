"""What a second core brings to a sweep and to a training, and how long a long training takes on two.

usage: two_cores.py BUILD [--rounds N] [--trainings N] [--epochs N]

Runs the basic network (experiments/itd_basic.yaml) with one thread on one core and with two threads on two, in turn, and
prints the ratios: of the wall times of a sweep over seeds, two epochs each, and of the median epochs of trainings of five
epochs. Then it takes the time of one training of many epochs on two cores. Wall times are those of the whole program,
from its start to its results file. With --trainings 0 there is no sweep, with --epochs 0 no long training. Needs h5py.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import h5py

BASIC = pathlib.Path(__file__).resolve().parents[2] / "experiments" / "itd_basic.yaml"


def run(program, cores, settings):
    """Wall time of the program, and the median of its epochs if it is one training."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        words = ["taskset", "-c", ",".join(map(str, cores)), program, "run", str(BASIC), "--quiet",
                 "--threads", str(len(cores)), "--out", out, "--force"]
        for setting in settings:
            words += ["--set", setting]
        begin = time.perf_counter()
        subprocess.run(words, check=True)
        wall_s = time.perf_counter() - begin
        with h5py.File(out) as file:
            epochs = file.get("provenance/epoch_s")
            return wall_s, statistics.median(epochs[:].tolist()) if epochs is not None else None


def compare(program, cores, rounds, settings, what, figure):
    """Prints the ratios of a figure of run() on one core to that on two."""
    ratios = []
    for number in range(rounds):
        # Either core stands for the one, and either comes first.
        alone = [cores[number % 2]]
        order = [alone, cores] if number % 2 == 0 else [cores, alone]
        times = {len(used): figure(run(program, used, settings)) for used in order}
        ratios.append(times[1] / times[2])
        print(f"round {number + 1}: {what} {times[1]:.3g} s on one core, {times[2]:.3g} s on two, "
              f"ratio {ratios[-1]:.2f}", flush=True)
    print(f"{what}: ratio {statistics.median(ratios):.2f} (smallest {min(ratios):.2f}, largest {max(ratios):.2f})")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--trainings", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=100)
    options = parser.parse_args()
    program = str(options.build.resolve() / "bin" / "tyto")
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise SystemExit("two_cores.py: two cores are needed")
    if options.trainings > 0:
        sweep = ["learning.epochs=2", f"sweep={{seed: {{count: {options.trainings}}}}}"]
        compare(program, cores, options.rounds, sweep, f"{options.trainings} trainings", lambda times: times[0])
    compare(program, cores, options.rounds, ["learning.epochs=5"], "an epoch", lambda times: times[1])
    if options.epochs > 0:
        long_s = [run(program, cores, [f"learning.epochs={options.epochs}"])[0] for _ in range(options.rounds)]
        print(f"{options.epochs} epochs on two cores: {statistics.median(long_s):.1f} s "
              f"(smallest {min(long_s):.1f}, largest {max(long_s):.1f})")


if __name__ == "__main__":
    main()
