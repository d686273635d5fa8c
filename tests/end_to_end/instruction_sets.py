"""The same experiments on this processor and on emulated ones with fewer instructions: the results must have the same
bits.

    instruction_sets.py EXECUTABLE

What solvers say about themselves (/solutions) is left out: with plain loops the last bit of one error there is another
one, for a reason that has not been found. Skipped where qemu-x86_64 (Debian: qemu-user) is missing or the processor is
another one.
"""

import argparse
import pathlib
import platform
import shutil
import subprocess
import tempfile

import h5py

import datasets_hash
import tyto_runs

EXPERIMENTS = tyto_runs.REPOSITORY / "experiments"
TRAINING = ["learning.epochs=2", "learning.batch_size=16", "learning.trials.train=32", "learning.trials.test=16"]
# Spikes through dense weights; values and spikes of trained delays; a simulation with solved weights.
CASES = [
    ("itd_basic.yaml", TRAINING),
    ("itd_delays.yaml", [*TRAINING, "model.with.method=interpolated", "model.with.hidden=5"]),
    ("itd_delays.yaml", [*TRAINING, "model.with.method=seed", "model.with.hidden=5"]),
    ("itd_delays.yaml", [*TRAINING, "model.with.method=dcls", "model.with.hidden=5"]),
    ("nef_square_dale.yaml", ["simulation.duration=200 ms", "analyses=[]", "model.layers.pre.size=30",
                              "model.layers.post.size=20"]),
]
# Highway's SSE4 asks for carry-less multiplication, too. What is left without it are plain loops, under either name.
EMULATED = {"Haswell": {"AVX2"}, "Westmere": {"SSE4"}, "Nehalem": {"SCALAR", "EMU128"}}


def result(words, executable, experiment, out, settings):
    """Hashes of a run's data sets and the instructions that it used."""
    command = [*words, *tyto_runs.command(executable, experiment, out, settings=settings, threads=1)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    hashes = {name: value for name, value in datasets_hash.dataset_hashes(out).items()
              if not name.startswith("/solutions/")}
    with h5py.File(out, "r") as file:
        return hashes, file["provenance"].attrs["instruction_set"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path, help="the tyto program")
    executable = parser.parse_args().executable
    if platform.machine() != "x86_64" or shutil.which("qemu-x86_64") is None:
        print("skipped: this needs an x86-64 processor and qemu-x86_64 (Debian's package qemu-user)")
        raise SystemExit(77)
    faults = []
    used = set()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        for name, settings in CASES:
            here, own_set = result([], executable, EXPERIMENTS / name, out, settings)
            used.add(own_set)
            if len(here) < 10:
                faults.append(f"{name}: only {len(here)} data sets to compare")
            for processor, expected in EMULATED.items():
                there, its_set = result(["qemu-x86_64", "-cpu", processor], executable, EXPERIMENTS / name, out, settings)
                used.add(its_set)
                if its_set not in expected:
                    faults.append(f"{processor}: the run says that it used {its_set}, not {' or '.join(expected)}")
                faults += [f"{name}, {' '.join(settings)}: {item} differs between {own_set} and {its_set}"
                           for item in here.keys() | there.keys() if here.get(item) != there.get(item)]
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"{len(CASES)} runs have the same bits with {', '.join(sorted(used))}")


if __name__ == "__main__":
    main()
