"""Times two builds of Tyto in turn, on one core: what a change costs, or saves. For each size the ratio of the second build's
time to the first's, of the least times and of the medians of all rounds, as the results files tell them.

    taskset -c 0 python3 two_builds.py TYTO TYTO [--rounds 7] [--sizes S M L N XL]

Needs h5py. Both programs read the experiments of this tree, so that a key that one of them lacks cannot be compared.
"""

import argparse
import pathlib
import statistics
import subprocess
import tempfile

import h5py

HERE = pathlib.Path(__file__).resolve().parent
EXPERIMENTS = HERE.parents[1] / "experiments"
SIZES = {
    "S": (EXPERIMENTS / "itd_basic.yaml", ["learning.epochs=3", "analyses=[]"], "epoch_s"),
    "M": (EXPERIMENTS / "itd_delays.yaml", ["learning.epochs=2", "analyses=[]"], "epoch_s"),
    "L": (HERE / "digits_size.yaml", ["learning.epochs=2", "analyses=[]"], "epoch_s"),
    "N": (EXPERIMENTS / "nef_square_dale.yaml", ["analyses=[]", "probes=null"], "simulation_s"),
    "XL": (EXPERIMENTS / "cuba_network.yaml", [], "simulation_s"),
}


def time_s(tyto, size, folder):
    """The shortest epoch, or the whole simulation."""
    experiment, settings, what = SIZES[size]
    out = folder / "out.h5"
    words = [str(tyto), "run", str(experiment), "--out", str(out), "--quiet", "--force", "--threads", "1"]
    for setting in settings:
        words += ["--set", setting]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with h5py.File(out) as file:
        return float(file[f"provenance/{what}"][()].min())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs=2, type=pathlib.Path, metavar="TYTO")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for size in arguments.sizes:
            times = ([], [])
            for number in range(arguments.rounds):
                # Who goes first changes, so that a machine that slows down favours neither.
                for build in ((0, 1), (1, 0))[number % 2]:
                    times[build].append(time_s(arguments.builds[build], size, folder))
            least = [min(own) for own in times]
            middle = [statistics.median(own) for own in times]
            print(f"{size}: {least[0]:.4g} -> {least[1]:.4g} s, ratio {least[1] / least[0]:.3f} of the least, "
                  f"{middle[1] / middle[0]:.3f} of the medians of {arguments.rounds}", flush=True)


main()
