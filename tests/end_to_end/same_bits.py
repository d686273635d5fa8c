"""The runs whose data sets have the same bits on every processor and every system, as docs/architecture.md promises.

    same_bits.py EXECUTABLE > hashes.json        runs them and prints the SHA-256 of every data set
    same_bits.py --compare A.json B.json         compares two such files
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import h5py

import datasets_hash
import tyto_runs

TRAINING = ["learning.epochs=2", "learning.batch_size=16", "learning.trials.train=32", "learning.trials.test=16"]
# Spikes through dense weights; values and spikes of trained delays; analyses; simulations with solved weights, with
# many sparse synapses, with conductances, with learning and with noise.
RUNS = {
    "itd_basic": ("itd_basic.yaml", TRAINING),
    "itd_delays interpolated": ("itd_delays.yaml", [*TRAINING, "model.with.method=interpolated", "model.with.hidden=5"]),
    "itd_delays seed": ("itd_delays.yaml", [*TRAINING, "model.with.method=seed", "model.with.hidden=5"]),
    "itd_delays_dcls": ("itd_delays_dcls.yaml", [*TRAINING, "model.hidden=5"]),
    # Without fits of curves, whose last digits depend on the version of the compiler that vectorises Eigen.
    "itd_solution_analysis": ("itd_solution_analysis.yaml", [
        *TRAINING, "analyses=[tuning_curves, cue_decomposition, {ideal_observer: {grid: 30}}, ablation]"]),
    "nef_square_dale": ("nef_square_dale.yaml", ["simulation.duration=200 ms", "model.layers.pre.size=30",
                                                 "model.layers.post.size=20", "analyses=[]"]),
    "nef_communication": ("nef_communication.yaml", ["simulation.duration=200 ms"]),
    "nef_square_pes": ("nef_square_pes.yaml", ["simulation.duration=2 s", "analyses=[]"]),
    "cuba_network": ("cuba_network.yaml", ["simulation.duration=20 ms", "model.layers.excitatory.size=800",
                                           "model.layers.inhibitory.size=200"]),
    "coba_network": ("coba_network.yaml", ["simulation.duration=20 ms", "model.layers.outside.size=400",
                                           "model.layers.outside.rate=1 kHz", "model.layers.excitatory.size=800",
                                           "model.layers.inhibitory.size=200"]),
}
PRECISIONS = ("float32", "float64")


def cases():
    """Name, experiment and settings of each run, in both precisions."""
    for name, (experiment, settings) in RUNS.items():
        for precision in PRECISIONS:
            yield f"{name} {precision}", experiment, [*settings, f"precision={precision}"]


def run(executable, experiment, settings, out, words=()):
    """Hashes of a run's data sets and the instructions that it used; `words` stand before the command."""
    command = [*words, *tyto_runs.command(executable, tyto_runs.REPOSITORY / "experiments" / experiment, out,
                                          settings=settings, threads=1)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    hashes = datasets_hash.dataset_hashes(out)
    with h5py.File(out, "r") as file:
        used = file["provenance"].attrs["instruction_set"]
    out.unlink()
    if len(hashes) < 10:
        raise SystemExit(f"{experiment}: only {len(hashes)} data sets to compare")
    return hashes, used


def differences(a, b):
    """Data sets that differ between two tables of hashes by run, which have to hold the same."""
    return sorted(f"{name}: {item}" for name in a.keys() | b.keys()
                  for item in a.get(name, {}).keys() | b.get(name, {}).keys()
                  if a.get(name, {}).get(item) != b.get(name, {}).get(item))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", nargs="?", type=pathlib.Path, help="the tyto program")
    parser.add_argument("--compare", nargs=2, type=pathlib.Path, metavar="JSON")
    arguments = parser.parse_args()
    if arguments.compare:
        a, b = (json.loads(path.read_text()) for path in arguments.compare)
        found = differences(a, b)
        if found or not a:
            raise SystemExit("\n".join(["these data sets differ:", *found]))
        print(f"{len(a)} runs, {sum(map(len, a.values()))} data sets: equal bit for bit")
        return
    if arguments.executable is None:
        parser.error("name the tyto program, or --compare")
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        json.dump({name: run(arguments.executable, experiment, settings, out)[0]
                   for name, experiment, settings in cases()}, sys.stdout, indent=0)


if __name__ == "__main__":
    main()
