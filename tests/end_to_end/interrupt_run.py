"""Ctrl-C during a run: exit code 130, no results file, no temporary file, and an old results file stays as it was.

usage: interrupt_run.py TYTO
"""

import argparse
import hashlib
import pathlib
import signal
import subprocess
import tempfile
import time

import tyto_runs


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def interrupted_run(words, signal_number, wait_s):
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(wait_s)
    process.send_signal(signal_number)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        out = folder / "out.h5"
        endless = tyto_runs.SMALL + ["learning.epochs=100000"]
        words = tyto_runs.command(arguments.executable, tyto_runs.DEFAULT_EXPERIMENT, out, settings=endless)
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            code, errors = interrupted_run(words, signal_number, 2.0)
            assert code == 130, (code, errors)
            assert "interrupted" in errors, errors
            assert list(folder.iterdir()) == [], list(folder.iterdir())
        tyto_runs.run(arguments.executable, tyto_runs.DEFAULT_EXPERIMENT, out)
        before = digest(out)
        code, errors = interrupted_run(words, signal.SIGINT, 2.0)
        assert code == 130, (code, errors)
        assert digest(out) == before, "the old results file was touched"
        assert list(folder.iterdir()) == [out], list(folder.iterdir())
    print("interrupted runs exit with 130 and leave nothing behind")


main()
