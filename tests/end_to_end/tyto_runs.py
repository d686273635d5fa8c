"""Starts `tyto run` for the end-to-end tests."""

import argparse
import pathlib
import shutil
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DEFAULT_EXPERIMENT = REPOSITORY / "experiments" / "itd_basic.yaml"

# Small enough for a second, large enough for several batches and every analysis.
SMALL = ["learning.epochs=2", "learning.batch_size=64", "learning.trials.train=320", "learning.trials.test=160"]

# What makes an experiment small enough to be run in a moment, where it has such a key.
SMALL_VALUES = {"learning.epochs": "1", "learning.trials.train": "64", "learning.trials.test": "64",
                "learning.trials.validation": "0", "learning.batch_size": "32", "simulation.duration": "500 ms"}


def command(executable, experiment, out, *, settings=SMALL, seed=None, threads=None):
    """The command line of one quiet run."""
    words = [str(executable), "run", str(experiment), "--out", str(out), "--quiet", "--force"]
    for setting in settings:
        words += ["--set", setting]
    if seed is not None:
        words += ["--seed", str(seed)]
    if threads is not None:
        words += ["--threads", str(threads)]
    return words


def run(executable, experiment, out, **options):
    """Runs to the end; raises with everything that the program said if it failed."""
    words = command(executable, experiment, out, **options)
    done = subprocess.run(words, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")


def experiments_with_data(folder):
    """A copy of the experiments and models, beside the data that some of them read; returns the experiments."""
    for part in ("experiments", "models"):
        shutil.copytree(REPOSITORY / part, folder / part)
    subprocess.run([sys.executable, REPOSITORY / "docs" / "examples" / "handwritten_digits.py"], check=True,
                   cwd=folder / "experiments")
    return sorted((folder / "experiments").glob("*.yaml"))


def small_settings(experiment):
    """The settings of SMALL_VALUES that fit the experiment, its sweep left out."""
    import yaml  # not every test needs it

    text = yaml.load(experiment.read_text(), yaml.BaseLoader)
    settings = []
    for stage in range(len(text["stages"])) if "stages" in text else [None]:
        part = text if stage is None else {**text, **text["stages"][stage]}
        before = "" if stage is None else f"stages.{stage}."
        for key, value in SMALL_VALUES.items():
            head = key.split(".")[0]
            trains = part.get("learning", {}).get("rule") != "none"
            if head in part and (trains or key == "learning.trials.test"):
                settings.append(f"{before}{key}={value}")
    if "sweep" in text:
        settings.append("sweep=null")
    return settings


def executable_argument(description):
    """The program that a test is given as its only argument."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path, help="the tyto program")
    return parser.parse_args().executable.resolve()


def add_run_arguments(parser):
    parser.add_argument("executable", type=pathlib.Path, help="the tyto program")
    parser.add_argument("--set", dest="settings", action="append", metavar="A.B=C",
                        help="setting of the runs, instead of the small ones that are the default")
