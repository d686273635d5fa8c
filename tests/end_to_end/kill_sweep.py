"""Kills a sweep at random times and starts it again until it is done: the data sets must be those of a sweep that
nobody disturbed, and nothing but the results file may be left.

usage: kill_sweep.py TYTO KILLS
"""

import argparse
import pathlib
import random
import subprocess
import tempfile
import time

import tyto_runs
from datasets_hash import datasets_hash

EXPERIMENT = """tyto: 1
title: A sweep to be killed
seed: 1
stimulus: {type: itd, duration: 100 ms, fibres_per_ear: 100, start_phase: per_trial}
objective: {target: ipd, classes: 12}
model: {use: %s, with: {hidden: 8, tau: 2 ms}}
learning: {rule: surrogate_gradient, epochs: 1, batch_size: 64, trials: {train: 2048, test: 512}}
sweep: {model.tau: [1 ms, 2 ms, 5 ms], seed: {count: 3}}
analyses: [confusion, weights]
"""


def words(executable, experiment, out):
    return [str(executable), "run", str(experiment), "--out", str(out), "--threads", "2", "--quiet", "--force"]


def undisturbed(executable, experiment, out):
    """The hash of the data sets, and how long the sweep took."""
    begin = time.monotonic()
    subprocess.run(words(executable, experiment, out), check=True, timeout=300)
    return datasets_hash(out), time.monotonic() - begin


def killed_sweep(command, draw, duration_s):
    """Starts and kills until the sweep has ended by itself. Returns the number of kills."""
    kills = 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            # Shorter than a sweep, so that it takes several starts; long enough for a run or so to end now and then.
            _, errors = process.communicate(timeout=draw.uniform(0, 0.6 * duration_s))
        except subprocess.TimeoutExpired:
            process.kill()
            _, errors = process.communicate()
        if process.returncode == 0:
            return kills
        if process.returncode > 0:
            raise SystemExit(f"the sweep ended with {process.returncode}: {errors}")
        kills += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=1, help="of the times at which the sweep is killed")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        experiment = folder / "sweep.yaml"
        experiment.write_text(EXPERIMENT % (tyto_runs.REPOSITORY / "models" / "itd_lif.yaml"), encoding="utf-8")
        expected, duration_s = undisturbed(arguments.executable, experiment, folder / "whole.h5")
        out = folder / "killed.h5"
        kills = sweeps = 0
        while kills < arguments.kills:
            kills += killed_sweep(words(arguments.executable, experiment, out), draw, duration_s)
            sweeps += 1
            if datasets_hash(out) != expected:
                raise SystemExit(f"sweep {sweeps}, after {kills} kills in all, has other data sets")
            left = sorted(path.name for path in folder.iterdir())
            if left != ["killed.h5", "sweep.yaml", "whole.h5"]:
                raise SystemExit(f"left behind: {', '.join(left)}")
            out.unlink()
            if sweeps > 10 * arguments.kills + 10:
                raise SystemExit(f"only {kills} kills in {sweeps} sweeps of {duration_s:.2f} s")
    print(f"{sweeps} sweeps of {duration_s:.2f} s, killed {kills} times: the data sets are those of one undisturbed")


if __name__ == "__main__":
    main()
