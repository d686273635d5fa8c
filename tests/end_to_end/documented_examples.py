"""The examples of docs/plugin-authors.md and docs/user-guide.md: quoted text equals the files, they build against an installed package, and the
experiments that use them run.

usage: documented_examples.py BUILD_FOLDER CXX_COMPILER
"""

import argparse
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import h5py
import numpy as np

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "docs" / "examples"


def check_quotes():
    page = "".join((REPOSITORY / "docs" / name).read_text() for name in ("plugin-authors.md", "user-guide.md"))
    quotes = re.findall(r"<!-- file: (\S+) -->\n+```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(quotes) >= 8, f"only {len(quotes)} quoted files were found"
    for path, text in quotes:
        assert (REPOSITORY / path).read_text() == text, f"{path} differs from its quotation"


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(str(word) for word in words)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def spikes_of_the_axon(current, duration_s):
    """Times of the crossings of 0 mV in the equations of Hodgkin and Huxley, in steps of 1 us."""
    v, m, h, n, dt_ms, times = -65.0, 0.0529, 0.5961, 0.3177, 1e-3, []
    for step in range(round(duration_s * 1e3 / dt_ms)):
        u, before = v + 65, v
        rates = [(0.1 * (25 - u) / math.expm1((25 - u) / 10), 4 * math.exp(-u / 18)),
                 (0.07 * math.exp(-u / 20), 1 / (math.exp((30 - u) / 10) + 1)),
                 (0.01 * (10 - u) / math.expm1((10 - u) / 10), 0.125 * math.exp(-u / 80))]
        v += dt_ms * (current - 120 * m**3 * h * (v - 50) - 36 * n**4 * (v + 77) - 0.3 * (v + 54.387))
        m, h, n = (x + dt_ms * (a * (1 - x) - b * x) for x, (a, b) in zip((m, h, n), rates))
        if before <= 0 < v:
            times.append((step + 1) * dt_ms * 1e-3)
    return times


def check_matrix(build, plugins, folder):
    """Plugins from outside take part in the test of every projection with every rule: there are more cells with them."""
    right = []
    for more in ({}, {"TYTO_TEST_PLUGINS": str(plugins)}):
        run(build / "tests" / "plugin_tests", "--gtest_filter=Every/Matrix.IsRightOrRefused/float64",
            f"--gtest_output=json:{folder / 'matrix.json'}", env={**os.environ, **more})
        case = json.loads((folder / "matrix.json").read_text())["testsuites"][0]["testsuite"][0]
        right.append(int(case["right"]))
    # One projection and one rule: without the rule the projection alone is in dozens of them.
    assert right[1] > right[0] + 50, f"{right[0]} cells are right without, and {right[1]} with the plugins"


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
        run(prefix / "bin" / "tyto", "run", EXAMPLES / "squid.yaml", "--plugin-path", build / "plugins", "--out",
            folder / "squid.h5", "--quiet", env=environment)
        with h5py.File(folder / "squid.h5") as file:
            expected = spikes_of_the_axon(10.0, 0.2)
            found = file["probes/first/time"][:]
            assert len(found) == len(expected) > 10, f"{len(found)} spikes instead of {len(expected)}"
            worst = max(abs(a - b) for a, b in zip(found, expected))
            assert worst < 1e-4, f"a spike is {worst} s away from where it has to be"
            second = file["probes/second/time"][:]
            assert len(second) == len(found), f"{len(found)} spikes excite {len(second)}"
            assert ((second - found > 1e-3) & (second - found < 5e-3)).all(), second - found
        run(prefix / "bin" / "tyto", "run", EXAMPLES / "wave.yaml", "--plugin-path", build / "plugins", "--out",
            folder / "wave.h5", "--quiet", env=environment)
        with h5py.File(folder / "wave.h5") as file:
            wave, lately, shown = (file[f"probes/{name}/value"][:] for name in ("wave", "lately", "shown"))
        step, neuron = np.mgrid[:100, :4]
        np.testing.assert_array_equal(wave, (step >= neuron) & ((step - neuron) % 10 == 0))
        np.testing.assert_array_equal(lately, [wave[max(0, t - 11):t + 1].sum(0) for t in range(100)])
        np.testing.assert_array_equal(shown, 2 * lately)
        check_matrix(pathlib.Path(arguments.build), build / "plugins", folder)
    print("the documented examples are as quoted, build and run")


main()
