"""SHA-256 over the data sets of a results file, /provenance left out: equal for equal results.

    datasets_hash.py EXECUTABLE [EXPERIMENT]     runs with 1, 2 and 3 threads, twice each, and compares
    datasets_hash.py --files FILE...             prints the hash of each file
"""

import argparse
import hashlib
import pathlib
import tempfile

import h5py

import tyto_runs


def datasets(file):
    """All data sets of an open file but those of /provenance, by path."""
    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset) and not name.startswith("provenance/"):
            found["/" + name] = item

    file.visititems(visit)
    return dict(sorted(found.items()))


def dataset_bytes(dataset):
    if h5py.check_string_dtype(dataset.dtype) is None:
        return dataset[()].tobytes()
    texts = [dataset[()]] if dataset.shape == () else dataset[()].ravel()
    return b"".join(len(text).to_bytes(8, "little") + text for text in texts)


def dataset_hashes(path):
    """SHA-256 of the type, shape and bytes of each data set. Reading checks every chunk's checksum."""
    hashes = {}
    with h5py.File(path, "r") as file:
        for name, dataset in datasets(file).items():
            digest = hashlib.sha256(f"{dataset.dtype.str} {dataset.shape} ".encode())
            digest.update(dataset_bytes(dataset))
            hashes[name] = digest.hexdigest()
    return hashes


def datasets_hash(path):
    digest = hashlib.sha256()
    for name, value in dataset_hashes(path).items():
        digest.update(f"{name} {value}\n".encode())
    return digest.hexdigest()


def compare_runs(executable, experiment, settings):
    """Differences between runs that should be equal, and a check that another seed is seen as another result."""
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        def hashes(seed, threads):
            out = pathlib.Path(folder) / "out.h5"
            tyto_runs.run(executable, experiment, out, settings=settings, seed=seed, threads=threads)
            return dataset_hashes(out)

        first = hashes(1, 1)
        if not first:
            faults.append("the results hold no data sets")
        for threads in (1, 2, 3, 2, 3):
            other = hashes(1, threads)
            for name in sorted(first.keys() | other.keys()):
                if first.get(name) != other.get(name):
                    faults.append(f"{name} differs between 1 thread and {threads}")
        weights = [name for name in first if name.startswith("/weights/") and name.endswith("/w")]
        other = hashes(2, 1)
        if not weights or all(first[name] == other[name] for name in weights):
            faults.append("another seed gives the same weights, so that this comparison shows nothing")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", nargs="?", type=pathlib.Path, help="the tyto program")
    parser.add_argument("experiment", nargs="?", type=pathlib.Path, default=tyto_runs.DEFAULT_EXPERIMENT)
    parser.add_argument("--set", dest="settings", action="append", metavar="A.B=C",
                        help="setting of the runs, instead of the small ones that are the default")
    parser.add_argument("--files", nargs="+", type=pathlib.Path, metavar="FILE", help="only hash these")
    arguments = parser.parse_args()
    for path in arguments.files or []:
        print(datasets_hash(path), path)
    if arguments.files:
        return
    if arguments.executable is None:
        parser.error("name the tyto program, or --files")
    faults = compare_runs(arguments.executable, arguments.experiment, arguments.settings or tyto_runs.SMALL)
    if faults:
        raise SystemExit("\n".join(faults))
    print("seven runs compared: equal for 1, 2 and 3 threads and from run to run, different for another seed")


if __name__ == "__main__":
    main()
