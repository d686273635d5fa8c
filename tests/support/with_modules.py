"""Runs a Python test if the modules that it needs are there.

usage: with_modules.py MODULE,MODULE,... SCRIPT [ARGUMENT...]

Exits with 77, which CTest shows as skipped, if a module is missing.
"""

import importlib.util
import runpy
import sys

SKIPPED = 77


def main() -> None:
    modules, script = sys.argv[1], sys.argv[2]
    missing = [name for name in modules.split(",") if name and importlib.util.find_spec(name) is None]
    if missing:
        print(f"SKIPPED: {sys.executable} lacks {', '.join(missing)}; './tyto test' installs tests/requirements.txt")
        sys.exit(SKIPPED)
    sys.argv = sys.argv[2:]
    runpy.run_path(script, run_name="__main__")


main()
