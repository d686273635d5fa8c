"""Runs a Python test if the modules that it needs are there.

usage: with_modules.py MODULE,MODULE,... SCRIPT [ARGUMENT...]

Exits with 77, which CTest shows as skipped, if a module is missing; with 1 where nothing may be skipped
(TYTO_NO_SKIPPED_TESTS in the environment, set by './tyto test --all').
"""

import importlib.util
import os
import sys

SKIPPED = 77


def main() -> None:
    modules = sys.argv[1]
    missing = [name for name in modules.split(",") if name and importlib.util.find_spec(name) is None]
    if missing:
        print(f"SKIPPED: {sys.executable} lacks {', '.join(missing)}; './tyto test' installs tests/requirements.txt")
        sys.exit(1 if os.environ.get("TYTO_NO_SKIPPED_TESTS") else SKIPPED)
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])


main()
