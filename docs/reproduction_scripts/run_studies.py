"""Runs the studies of studies.yaml whose complete results are not in a folder yet, one after the other. Exits with 1 if one
of them fails.

    run_studies.py TYTO FOLDER [STUDY ...]
"""

import argparse
import pathlib
import subprocess
import sys
import time

import h5py
import yaml

HERE = pathlib.Path(__file__).resolve().parent


def is_complete(out):
    if not out.exists():
        return False
    with h5py.File(out) as file:
        return file.attrs["status"] == "complete"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tyto", type=pathlib.Path, help="the tyto program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("study", nargs="*", help="only these")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    studies = yaml.safe_load((HERE / "studies.yaml").read_text())
    unknown = [name for name in arguments.study if name not in studies]
    if unknown:
        parser.error(f"unknown studies {unknown}; known are {', '.join(studies)}")
    failed = 0
    for name in arguments.study or studies:
        study, out = studies[name], arguments.folder / f"{name}.h5"
        if is_complete(out):
            continue
        words = [arguments.tyto, "run", HERE.parents[1] / "experiments" / f"{study['experiment']}.yaml", "--out", out,
                 "--quiet", "--force", *(word for setting in study["set"] for word in ("--set", setting))]
        began = time.monotonic()
        done = subprocess.run([str(word) for word in words], check=False)
        failed += done.returncode != 0
        print(f"{name}: exit code {done.returncode}, {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


sys.exit(main())
