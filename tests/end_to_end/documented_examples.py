"""The examples of docs/plugin-authors.md: quoted text equals the files, they build against an installed package, and the
experiments that use them run.

usage: documented_examples.py BUILD_FOLDER CXX_COMPILER
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import h5py

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "docs" / "examples"


def check_quotes():
    page = (REPOSITORY / "docs" / "plugin-authors.md").read_text()
    quotes = re.findall(r"<!-- file: (\S+) -->\n+```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(quotes) >= 8, f"only {len(quotes)} quoted files were found"
    for path, text in quotes:
        assert (REPOSITORY / path).read_text() == text, f"{path} differs from its quotation"


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(str(word) for word in words)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("compiler")
    arguments = parser.parse_args()
    check_quotes()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix, build = folder / "prefix", folder / "build"
        run("cmake", "--install", arguments.build, "--prefix", prefix)
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        run("cmake", "-S", EXAMPLES, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={arguments.compiler}", "-DCMAKE_BUILD_TYPE=Release", *launcher)
        run("cmake", "--build", build)
        environment = {key: value for key, value in os.environ.items() if key != "TYTO_PLUGIN_PATH"}
        for experiment in ("level", "search"):
            run(prefix / "bin" / "tyto", "run", EXAMPLES / f"{experiment}.yaml", "--plugin-path", build / "plugins",
                "--set", "learning.epochs=1", "--set", "learning.trials.train=128", "--out", folder / f"{experiment}.h5",
                "--quiet", env=environment)
        run(prefix / "bin" / "tyto", "run", EXAMPLES / "oja.yaml", "--plugin-path", build / "plugins", "--out",
            folder / "oja.h5", "--quiet", env=environment)
        with h5py.File(folder / "oja.h5") as file:
            weights = file["weights/component/stimulus/w"][:, 0]
        assert abs(abs(weights.sum()) - 2 ** 0.5) < 0.02, f"{weights} is not the first component, (1, 1) / sqrt(2)"
    print("the documented examples are as quoted, build and run")


main()
