"""With standard input, output or error closed, in all combinations, a run writes the same results as with all open: no
file may take a closed stream's number and receive what is printed.

    closed_streams.py EXECUTABLE
"""

import itertools
import pathlib
import subprocess
import tempfile

from datasets_hash import datasets_hash
import tyto_runs


def main():
    executable = tyto_runs.executable_argument(__doc__)
    hashes = set()
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        words = [word for word in tyto_runs.command(executable, tyto_runs.DEFAULT_EXPERIMENT, out) if word != "--quiet"]
        for closed in itertools.chain.from_iterable(itertools.combinations(("0<&-", "1>&-", "2>&-"), n) for n in range(4)):
            done = subprocess.run(["sh", "-c", f'exec "$@" {" ".join(closed)}', "sh", *words], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
            assert done.returncode == 0, (closed, done)
            hashes.add(datasets_hash(out))
    assert len(hashes) == 1, "results depend on which streams are open"
    full = subprocess.run(f'"{executable}" list > /dev/full', shell=True, capture_output=True, text=True, check=False)
    assert full.returncode == 1 and "could not be written" in full.stderr, full
    print("8 combinations of closed streams give the same results; what cannot be printed is an error")


main()
