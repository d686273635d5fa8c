"""Runs, simulations and sweeps whose files may not grow as they need to: exit code 1 with a sentence, never a signal; the
results that were there before stay whole, and no temporary file is left.

    no_space.py EXECUTABLE [COUNT]

A limit on the size of files stands in for a full disk, which only root could make: the same call fails, at any byte.
"""

import argparse
import pathlib
import random
import resource
import subprocess
import tempfile

from datasets_hash import datasets_hash
import tyto_runs

EXPERIMENTS = tyto_runs.REPOSITORY / "experiments"
TRAINING = ["learning.epochs=1", "learning.trials={train: 64, test: 64}"]
KINDS = {
    "run": ("itd_basic.yaml", TRAINING),
    "simulation": ("nef_communication.yaml", ["simulation.duration=3 s"]),
    "sweep": ("itd_basic.yaml", [*TRAINING, "sweep={seed: {count: 2}}"]),
}


def limited(words, most_bytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(words, preexec_fn=limit, capture_output=True, text=True, timeout=120, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    parser.add_argument("count", type=int, nargs="?", default=100)
    arguments = parser.parse_args()
    draw = random.Random(1)
    failed = 0
    for kind, (experiment, settings) in KINDS.items():
        with tempfile.TemporaryDirectory() as name:
            out = pathlib.Path(name) / "out.h5"
            words = tyto_runs.command(arguments.executable, EXPERIMENTS / experiment, out, settings=settings, threads=1)
            subprocess.run(words, check=True, timeout=120)
            size, before = out.stat().st_size, datasets_hash(out)
            for _ in range(arguments.count // len(KINDS) + 1):
                most = draw.randrange(0, size)
                done = limited(words, most)
                what = f"{kind}, files of up to {most} of {size} bytes: {done}"
                if done.returncode == 0:
                    assert kind != "run", what
                    continue
                assert done.returncode == 1 and "error: " in done.stderr, what
                assert kind == "sweep" or done.stderr.splitlines()[-1].startswith(f"error: cannot write results to '{out}': "), what
                if kind != "sweep" or "all 2 runs failed" in done.stderr:
                    assert datasets_hash(out) == before, what
                left = [path.name for path in pathlib.Path(name).rglob("*.tmp")]
                assert not left, f"{what}: {left} left"
                failed += 1
            subprocess.run(words, check=True, timeout=120)
            assert datasets_hash(out) == before, f"{kind}: other results after failures"
    assert failed > 0.7 * arguments.count, f"only {failed} runs failed: the limits test nothing"
    print(f"{failed} runs without space ended with a sentence, and nothing was lost")


main()
