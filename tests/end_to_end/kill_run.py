"""Kills runs at random times: the results file must then be absent, the previous one, or a complete new one.

Half of the kills are spread evenly over the run's duration, half around its end, where the file is written. At the end, no temporary file may be left after a run that completes.
"""

import argparse
import collections
import pathlib
import random
import subprocess
import tempfile
import time

import h5py

import tyto_runs
from datasets_hash import datasets_hash


def completed_seed(path):
    """The seed of a complete results file; raises if it is anything else. Every data set is read."""
    datasets_hash(path)
    with h5py.File(path, "r") as file:
        if file.attrs["status"] != "complete":
            raise ValueError(f"status is {file.attrs['status']!r}")
        if "weights" not in file or "provenance" not in file:
            raise ValueError("a group is missing")
        return int(file.attrs["seed"])


def run_and_kill(words, delay_s):
    """Starts a run, kills it after a delay; True if it was still running then."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(delay_s)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() < 0


def outcome(out, previous, seed):
    """What a kill left behind, in a word; raises SystemExit for anything that must not be."""
    if not out.exists():
        if previous is not None:
            raise SystemExit(f"seed {seed}: the previous results file has gone")
        return "absent"
    if previous is not None and datasets_hash(out) == previous:
        return "previous"
    try:
        found = completed_seed(out)
    except (OSError, KeyError, ValueError) as error:
        raise SystemExit(f"seed {seed}: the results file is damaged: {error}") from error
    if found != seed:
        raise SystemExit(f"seed {seed}: the results file is that of seed {found}")
    return "new"


def kill_many(executable, experiment, settings, kills, seed):
    """Runs with seeds 1, 2, ... until so many have been killed; the others had ended just before their time."""
    draw = random.Random(seed)
    seen = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        options = {"settings": settings, "threads": 1}

        def complete():
            begin = time.monotonic()
            tyto_runs.run(executable, experiment, out, seed=0, **options)
            return time.monotonic() - begin

        duration_s = min(complete() for _ in range(5))
        while seen["killed"] < kills:
            seen["runs"] += 1
            if seen["runs"] > 4 * kills + 10:
                raise SystemExit(f"only {seen['killed']} of {seen['runs']} runs were still running when killed")
            if draw.random() < 0.3:
                out.unlink(missing_ok=True)
            elif not out.exists():
                complete()
            previous = datasets_hash(out) if out.exists() else None
            fraction = draw.uniform(0.0, 1.0) if seen["runs"] % 2 else draw.uniform(0.9, 1.1)
            words = tyto_runs.command(executable, experiment, out, seed=seen["runs"], **options)
            seen["killed"] += run_and_kill(words, fraction * duration_s)
            seen[outcome(out, previous, seen["runs"])] += 1
        complete()
        left = sorted(path.name for path in pathlib.Path(folder).iterdir() if path != out)
        if left:
            raise SystemExit(f"temporary files are left after a complete run: {', '.join(left)}")
    return duration_s, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tyto_runs.add_run_arguments(parser)
    parser.add_argument("count", type=int, help="number of kills")
    parser.add_argument("--experiment", type=pathlib.Path, default=tyto_runs.DEFAULT_EXPERIMENT)
    parser.add_argument("--seed", type=int, default=1, help="of the times at which runs are killed")
    arguments = parser.parse_args()
    settings = arguments.settings or tyto_runs.SMALL
    duration_s, seen = kill_many(arguments.executable, arguments.experiment, settings, arguments.count, arguments.seed)
    print(f"{seen['runs']} runs of {duration_s:.2f} s, {seen['killed']} killed: "
          f"{seen['absent']} absent, {seen['previous']} previous, {seen['new']} complete new; no temporary file left")


if __name__ == "__main__":
    main()
