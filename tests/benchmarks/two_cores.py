"""What a second core brings to a sweep, and how long one long training takes on two.

usage: two_cores.py BUILD [--rounds N] [--trainings N] [--epochs N]

Runs a sweep over seeds of the basic network (experiments/itd_basic.yaml, two epochs each) with one thread on one core
and with two threads on two, in turn, and prints the ratios of their wall times; then one training of many epochs on two
cores. Wall times are those of the whole program, from its start to its results file.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

BASIC = pathlib.Path(__file__).resolve().parents[2] / "experiments" / "itd_basic.yaml"


def wall_s(program, cores, settings):
    with tempfile.TemporaryDirectory() as folder:
        words = ["taskset", "-c", ",".join(map(str, cores)), program, "run", str(BASIC), "--quiet",
                 "--threads", str(len(cores)), "--out", os.path.join(folder, "out.h5")]
        for setting in settings:
            words += ["--set", setting]
        begin = time.perf_counter()
        subprocess.run(words, check=True)
        return time.perf_counter() - begin


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
    sweep = ["learning.epochs=2", f"sweep={{seed: {{count: {options.trainings}}}}}"]
    ratios = []
    for number in range(options.rounds):
        # Either core stands for the one, and either comes first.
        alone = [cores[number % 2]]
        order = [alone, cores] if number % 2 == 0 else [cores, alone]
        times = {len(used): wall_s(program, used, sweep) for used in order}
        ratios.append(times[1] / times[2])
        print(f"round {number + 1}: {options.trainings} trainings in {times[1]:.1f} s on one core, {times[2]:.1f} s on "
              f"two, ratio {ratios[-1]:.2f}", flush=True)
    print(f"sweep: ratio {statistics.median(ratios):.2f} (smallest {min(ratios):.2f}, largest {max(ratios):.2f})")
    long_s = [wall_s(program, cores, [f"learning.epochs={options.epochs}"]) for _ in range(options.rounds)]
    print(f"{options.epochs} epochs on two cores: {statistics.median(long_s):.1f} s "
          f"(smallest {min(long_s):.1f}, largest {max(long_s):.1f})")


if __name__ == "__main__":
    main()
