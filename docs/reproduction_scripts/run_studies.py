"""Runs the studies of studies.yaml whose results are not in a folder yet, one after the other.

    run_studies.py TYTO FOLDER [STUDY ...]
"""

import argparse
import pathlib
import subprocess
import time

import yaml

HERE = pathlib.Path(__file__).resolve().parent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tyto", type=pathlib.Path, help="the tyto program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("study", nargs="*", help="only these")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, study in yaml.safe_load((HERE / "studies.yaml").read_text()).items():
        out = arguments.folder / f"{name}.h5"
        if out.exists() or (arguments.study and name not in arguments.study):
            continue
        words = [arguments.tyto, "run", HERE.parents[1] / "experiments" / f"{study['experiment']}.yaml", "--out", out,
                 "--quiet", *(word for setting in study["set"] for word in ("--set", setting))]
        began = time.monotonic()
        done = subprocess.run([str(word) for word in words], check=False)
        print(f"{name}: exit code {done.returncode}, {time.monotonic() - began:.0f} s", flush=True)


main()
