"""Prints the table "Basic networks" of docs/reproduction.md from results files of sweeps over seeds.

    basic_networks.py FOLDER

FOLDER holds some of itd_basic.h5, itd_basic_paper.h5 and itd_membrane.h5, made by the commands that stand under the table;
those that are there get their rows. Each entry is the mean over seeds with the 95 % interval of a bootstrap over them
(percentiles of 10,000 resampled means), which stays within what the numbers can be.
"""

import argparse
import pathlib

import h5py
import numpy as np

# What was published, from the sound-localisation study and from the same networks in PyTorch.
PUBLISHED = {
    "itd_basic": "80.4 % (PyTorch, 4 seeds: 78.5 to 82.5), class 2.6 to 3.2 deg, loss 0.71 to 0.75",
    "itd_basic_paper": "82.6 %, class 2.6 deg, true 4.5 deg",
    "itd_membrane": "47.0 % (44 to 50), loss 1.520 to 1.535",
}
# Column, data set below the root, factor, digits.
COLUMNS = [
    ("test accuracy, %", "metrics/test/accuracy", 100, 1),
    ("error to class centre, deg", "metrics/test/class_error_deg", 1, 2),
    ("error to true angle, deg", "metrics/test/error_deg", 1, 2),
    ("test loss", "metrics/test/loss", 1, 3),
    ("training loss, last epoch", "training/loss", 1, 3),
]


def of_seeds(file, path):
    """One number for each seed; of a time course its last."""
    values = file[path][()]
    return values[:, -1] if values.ndim == 2 else values


def interval(values):
    draw = np.random.default_rng(1)
    means = draw.choice(values, (10_000, len(values))).mean(axis=1)
    return np.percentile(means, [2.5, 97.5])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    print("| experiment | published | " + " | ".join(name for name, *_ in COLUMNS) + " | seeds |")
    print("|" + "---|" * (len(COLUMNS) + 3))
    for experiment, published in PUBLISHED.items():
        if not (folder / f"{experiment}.h5").exists():
            continue
        with h5py.File(folder / f"{experiment}.h5") as file:
            if file.attrs["status"] != "complete":
                raise SystemExit(f"{experiment}: not all runs are done")
            cells = []
            for _, path, factor, digits in COLUMNS:
                values = factor * of_seeds(file, path)
                low, high = interval(values)
                cells.append(f"{values.mean():.{digits}f} ({low:.{digits}f} to {high:.{digits}f})")
        print(f"| `{experiment}` | {published} | " + " | ".join(cells) + f" | {len(values)} |")


if __name__ == "__main__":
    main()
