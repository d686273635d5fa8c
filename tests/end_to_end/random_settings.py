"""Random settings of all experiments: numbers of their resolved configuration are changed, a little or beyond measure,
and the runs end with numbers that are numbers, with a refusal, or with a failure that says what is wrong.

usage: random_settings.py TYTO [--count 2000] [--seed 1] [--show]
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import tempfile

import h5py
import yaml

import tyto_runs
from verdict import judge

NUMBER = re.compile(r"^([-+]?[0-9.]+(?:e[-+]?[0-9]+)?)( ?[A-Za-z%]*)$")


def leaves(node, path=()):
    """(path, text, begin, end) of all numbers of a configuration, and where they stand in its text."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from leaves(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from leaves(value, (*path, str(index)))
    elif NUMBER.match(node.value) and path != ("tyto",) and "seed" not in path:
        yield path, node.value, node.start_mark.index, node.end_mark.index


def with_changes(configuration, changes):
    """The text with others in the place of a few numbers."""
    for (_, _, begin, end), text in sorted(changes, key=lambda change: -change[0][2]):
        configuration = configuration[:begin] + text + configuration[end:]
    return configuration


def resolved(executable, experiment, settings, out):
    words = [executable, "run", experiment, "--out", out, "--quiet", "--force"]
    for setting in settings:
        words += ["--set", setting]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr
    with h5py.File(out) as file:
        text = file["provenance/resolved_yaml"].asstr()[()]
    return text, ""


def changed(text, draw):
    """Another number in the place of this one."""
    number, unit = NUMBER.match(text).groups()
    value = float(number)
    whole = re.fullmatch(r"[-+]?[0-9]+", number) and not unit
    way = draw.randrange(6)
    if way == 0:
        value *= 10 ** draw.uniform(-1, 1)
    elif way == 1:
        value *= 10 ** draw.uniform(-9, 9)
    elif way == 2:
        value = -value
    elif way == 3:
        value = draw.choice([0, 1, -1])
    elif way == 4:
        value = draw.choice([1e300, -1e300, 1e-300, 1e30, 1e38, 3.5e38])
    else:
        value += draw.choice([-1, 1])
    return f"{round(value)}{unit}" if whole and abs(value) < 1e15 else f"{value:.9g}{unit}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what became of each")
    arguments = parser.parse_args()
    executable = arguments.executable.resolve()
    counts, wrong = collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        known = []
        for experiment in tyto_runs.experiments_with_data(folder):
            settings = tyto_runs.small_settings(experiment)
            configuration, said = resolved(executable, experiment, settings, folder / "known.h5")
            if configuration is None:  # Its analyses look at times that the short run does not reach.
                settings = [setting for setting in settings if "simulation.duration" not in setting]
                configuration, said = resolved(executable, experiment, settings, folder / "known.h5")
            assert configuration is not None, f"{experiment.name} with {settings}: {said}"
            numbers = list(leaves(yaml.compose(configuration, yaml.BaseLoader)))
            assert len(numbers) > 5, f"{experiment.name}: only {numbers}"
            known.append((experiment, configuration, numbers))

        def run(number):
            draw = random.Random(f"{arguments.seed}/{number}")
            experiment, configuration, numbers = known[number % len(known)]
            chosen = draw.sample(numbers, draw.choice([1, 1, 2, 3]))
            own = [(leaf, changed(leaf[1], draw)) for leaf in chosen]
            out, file = folder / f"{number}.h5", folder / f"{number}.yaml"
            file.write_text(with_changes(configuration, own))
            verdict, sentence = judge(executable, file, out, [leaf[0] for leaf in chosen])
            out.unlink(missing_ok=True)
            name = " ".join(f"{'.'.join(leaf[0])}={text}" for leaf, text in own)
            return f"{experiment.name} {name}", verdict, sentence

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, verdict, sentence in pool.map(run, range(arguments.count)):
                counts[verdict] += 1
                if arguments.show or verdict in ("wrong", "long"):
                    print(f"{verdict}: {name}: {sentence}", flush=True)
                if verdict == "wrong":
                    wrong.append(name)
    print(f"{arguments.count} random settings: "
          + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    assert counts["finite"] > arguments.count // 4, "too few of the settings could be run"
    assert not wrong, f"{len(wrong)} ended silently wrong; the first: {wrong[0]}"


main()
