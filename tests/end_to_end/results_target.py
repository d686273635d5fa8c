"""What --out may name: a new file, or with --force a results file of Tyto that the run does not read.

    results_target.py EXECUTABLE
"""

import os
import pathlib
import subprocess
import tempfile

import h5py

import tyto_runs

SETTINGS = ["--set", "learning.epochs=1", "--set", "learning.trials={train: 64, test: 64}", "--set", "analyses=[]"]


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(*words, code=0, says=""):
            done = subprocess.run([executable, "run", tyto_runs.DEFAULT_EXPERIMENT, *SETTINGS, *words], cwd=folder,
                                  capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == code and says in done.stderr, (words, done)

        for expected in ("itd_basic.h5", "itd_basic-2.h5", "itd_basic-3.h5"):
            run()
            assert (folder / expected).exists(), expected
        run("--out", "itd_basic.h5", code=2, says="'itd_basic.h5' is there already; name another file, or replace it with --force")
        run("--out", "itd_basic.h5", "--force")
        run("--force")
        assert not (folder / "itd_basic-4.h5").exists()
        run("--out", "itd_basic.h5", "--force", "--set", f"weights={{from: {folder}/itd_basic.h5}}", code=2, says="is read by this run")
        (folder / "notes.txt").write_text("precious")
        run("--out", "notes.txt", "--force", code=2, says="no results file of Tyto")
        with h5py.File(folder / "own.h5", "w") as own:
            own["precious"] = [1, 2, 3]
        run("--out", "own.h5", "--force", code=2, says="no results file of Tyto")
        os.mkfifo(folder / "pipe.h5")
        run("--out", "pipe.h5", "--force", code=2, says="not a regular file")
        run("--out", ".", code=2, says="is a folder")
        run("--out", "nowhere/a.h5", code=2, says="there is no folder")
        assert (folder / "notes.txt").read_text() == "precious"
        with h5py.File(folder / "own.h5") as own:
            assert list(own["precious"]) == [1, 2, 3]
    print("existing files are replaced only with --force, and others than results never")


main()
