"""Runs an experiment that may be impossible, and says how that ended: with numbers that are numbers, with a refusal,
with a failure that is named, or silently wrong."""

import pathlib
import resource
import signal
import subprocess

import h5py
import numpy

MEMORY_BYTES = 6 << 30
LONGEST_S = 20
# Without processor time, a run that is not done by then stands still.
WALL_S = 300
# Numbers that make a run long, which it then may be.
LENGTHS = {"batch_size", "bins", "channels", "count", "dimensions", "duration", "epochs", "fibres_per_ear", "grid", "points",
           "size", "test", "train", "trials", "validation", "patience", "dt", "max"}


def _limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_S, LONGEST_S + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))


def numbers_that_are_none(out):
    """Names of arrays with infinite numbers, or with NaN although their group does not say what that means."""
    found = []

    def look(name, item):
        if not isinstance(item, h5py.Dataset) or item.dtype.kind != "f" or item.size == 0:
            return
        values = item[...]
        if numpy.isinf(values).any():
            found.append(name + " (infinite)")
        may_miss = str(item.parent.attrs.get("nan_means", ""))
        if numpy.isnan(values).any() and f"; {item.name.rsplit('/', 1)[-1]}: " not in "; " + may_miss:
            found.append(name)

    with h5py.File(out, "r") as file:
        file.visititems(look)
        status = file.attrs.get("status", b"")
    return found, status.decode() if isinstance(status, bytes) else str(status)


def judge(executable, experiment, out, paths):
    """(verdict, sentence) of a run in which the numbers with these paths were changed; verdicts are finite, refused, failed,
    long and wrong."""
    words = [str(executable), "run", str(experiment), "--out", str(out), "--quiet", "--force", "--threads", "1"]
    out = pathlib.Path(out)
    out.unlink(missing_ok=True)
    try:
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", preexec_fn=_limit, timeout=WALL_S,
                              check=False)
    except subprocess.TimeoutExpired:
        return "wrong", f"stands still, {WALL_S} s"
    said = done.stderr.strip()
    last = said.splitlines()[-1] if said else ""
    if done.returncode == -signal.SIGXCPU:
        may_be_long = any(path[-1] in LENGTHS for path in paths)
        return "long" if may_be_long else "wrong", f"more than {LONGEST_S} s of processor time"
    if done.returncode in (1, 2):
        if "error: " not in said:
            return "wrong", f"exit code {done.returncode} without a sentence: {said[-300:]}"
        if any(word in said for word in ("std::", "internal", "bad_alloc", "vector::", "basic_string")):
            return "wrong", "not a sentence for users: " + last
        return ("failed" if done.returncode == 1 else "refused"), last
    if done.returncode != 0:
        return "wrong", f"ended with {done.returncode}: {said[-300:]}"
    none, status = numbers_that_are_none(out)
    if status != "complete":
        return "wrong", f"exit code 0 and status '{status}'"
    if none:
        return "wrong", "numbers that are none: " + ", ".join(none)
    return "finite", last
