"""Every documented number of every component, at the ends of its range, beside them and far away: the run ends with
numbers that are numbers, with a refusal, or with a failure that says what is wrong.

usage: every_number.py TYTO PLUGIN_FOLDER [--only NAME] [--show]
"""

import argparse
import collections
import concurrent.futures
import copy
import json
import os
import pathlib
import tempfile

import h5py

from verdict import judge

TRIALS = {
    "tyto": 1,
    "stimulus": {"type": "itd", "fibres_per_ear": 10, "duration": "20 ms"},
    "objective": {"classes": 3},
    "model": {"layers": {
        "hidden": {"type": "lif", "size": 6, "tau": "5 ms", "input": {"type": "dense"}},
        "output": {"type": "leaky_integrator", "tau": "5 ms", "input": {"type": "dense"}}}},
    "learning": {"rule": "surrogate_gradient", "epochs": 2, "batch_size": 16, "trials": {"train": 48, "test": 24}},
}
STREAM = {
    "tyto": 1,
    "stimulus": {"type": "expression", "value": "sin(20*t)"},
    "simulation": {"duration": "300 ms", "dt": "1 ms"},
    "model": {"layers": {
        "pre": {"type": "ensemble", "size": 20, "input": {"type": "direct", "from": "stimulus"}},
        "post": {"type": "ensemble", "size": 20, "input": {"type": "decoded", "from": "pre", "synapse": "5 ms"}},
        "error": {"type": "node", "size": 1, "input": [
            {"type": "decoded", "from": "post", "synapse": "5 ms"},
            {"type": "direct", "from": "stimulus", "transform": -1, "synapse": "5 ms"}]}}},
    "probes": {
        "value": {"from": "post", "type": "decoded", "synapse": "10 ms"},
        "spikes": {"of": "post", "what": "output"},
        "arrived": {"of": "post", "what": "input"}},
}
UNITS = {"none": "", "time": " s", "frequency": " Hz", "angle": " rad"}
# Without these a component cannot be used at all.
NEEDED = {
    "decoding_error": {"probe": "value", "target": "sin(20*t)"},
    "response_curves": {"spikes": "spikes", "input": "arrived"},
    "ensemble_curves": {"layer": "post"},
    "oscillation": {"probe": "vector"},
    "poisson": {"rate": "100 Hz"},
    "delay": {"max": "5 ms"},
    "sparse": {"probability": 0.3, "weight": 0.1},
    "white_noise": {"period": "1 s", "high": "10 Hz"},
    "dataset": {"file": "recording.h5", "dataset": "/x"},
    "randman": {"classes": 3, "units": 20},
    "recorded": {"file": "recording.h5", "layout": "events", "targets": ["label"], "split": {"test": 0.4}},
}


def numbers_in(parameters, path=()):
    """(path, declaration) of every number, those within maps included."""
    for parameter in parameters:
        here = (*path, parameter["name"])
        if parameter["type"] in ("quantity", "integer"):
            yield here, parameter
        elif parameter["type"] == "group":
            yield from numbers_in(parameter["members"]["parameters"], here)


def values_for(number):
    """Values at the ends of the range, beyond them, and far away."""
    whole = number["type"] == "integer"
    low, high = number.get("minimum"), number.get("maximum")
    values = []
    if low is not None:
        step = 1 if whole else max(abs(low), 1e-9) * 1e-6
        values += [low, low - step]
    else:
        values += [-1, -1e9] if whole else [-1, -1e9, -1e300]
    if high is not None:
        step = 1 if whole else abs(high) * 1e-6
        values += [high, high + step]
    else:
        values += [10**9] if whole else [1e-300, 1e-9, 1e9, 1e300]
    values += [0, 1]
    unit = UNITS[number.get("dimension", "none")]
    if whole:
        return list(dict.fromkeys(int(value) for value in values))
    return list(dict.fromkeys(f"{value:.15g}{unit}" if unit else float(value) for value in values))


def put(tree, path, value):
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = value


def hosts(component):
    """Experiments that use the component, each with the map that holds its parameters."""
    kind, name = component["kind"], component["name"]
    has = component["capabilities"]
    own = {"type": name, **copy.deepcopy(NEEDED.get(name, {}))}
    trials, stream = copy.deepcopy(TRIALS), copy.deepcopy(STREAM)
    layers, ensembles = trials["model"]["layers"], stream["model"]["layers"]
    if kind == "stimulus" and name == "itd":
        trials["stimulus"].update(own)
        return [(trials, trials["stimulus"])]
    if kind == "stimulus" and "stream" not in has:
        trials["stimulus"] = own
        return [(trials, own)]
    if kind == "stimulus":
        if name != "expression":
            stream["stimulus"] = own
        return [(stream, stream["stimulus"])]
    if kind == "layer" and "population" in has:
        found = []
        if "source" in has:
            ensembles["other"] = {**own, "size": 5}
            other = {**own, "size": 5}
            layers["hidden"]["input"] = [{"type": "dense", "from": "stimulus"}, {"type": "dense", "from": "other"}]
            trials["model"]["layers"] = {"other": other, **layers}
            return [(stream, ensembles["other"]), (trials, other)]
        if "ensemble" in has:
            ensembles["post"].update(own)
            return [(stream, ensembles["post"])]
        if "rate curve" in has:
            ensembles["post"]["neurons"] = own
            return [(stream, own)]
        if name == "node":
            return [(stream, ensembles["error"])]
        used = layers["output" if name == "leaky_integrator" else "hidden"]
        used.update(own)
        if all(parameter["name"] != "tau" for parameter in component["parameters"]):
            del used["tau"]
        found.append((trials, used))
        ensembles["other"] = {**own, "size": 5, "input": {"type": "dense", "from": "pre", "synapse": "5 ms"}}
        found.append((stream, ensembles["other"]))
        return found
    if kind == "layer" and "transform" in has:
        trials["model"]["layers"] = {"hidden": layers["hidden"], "between": own, "output": layers["output"]}
        return [(trials, own)]
    if kind == "layer" and "projection" in has:
        found = []
        if "simulation" not in has and name not in ("decoded", "direct"):
            layers["hidden"]["input"] = own
            found.append((trials, own))
        if name == "decoded":
            ensembles["post"]["input"].update(own)
            return [(stream, ensembles["post"]["input"])]
        if name == "direct":
            return [(stream, ensembles["pre"]["input"])]
        if name != "delayed_dense":
            used = {**own, "from": "pre", "synapse": "5 ms"}
            ensembles["other"] = {"type": "lif", "size": 5, "input": used}
            found.append((stream, used))
        return found
    if kind == "synapse":
        ensembles["post"]["input"]["synapse"] = own
        return [(stream, own)]
    if kind == "solver":
        ensembles["post"]["input"]["solver"] = own
        if name == "nnls":
            ensembles["post"]["input"].update({"onto": "neurons", "dale": {}})
        return [(stream, own)]
    if kind == "plasticity":
        if name in ("stdp", "reward_stdp"):
            rule = {"rule": name, **({"reward": "error"} if name == "reward_stdp" else {})}
            ensembles["one"] = {"type": "lif", "size": 5, "input": {"type": "dense", "from": "stimulus", "scale": 20}}
            ensembles["other"] = {"type": "lif", "size": 5,
                                  "input": {"type": "sparse", "from": "one", "weight": 0.5, "probability": 0.8,
                                            "synapse": "5 ms", "learn": rule}}
            return [(stream, rule)]
        rule = {"rule": name, **({} if name == "voja" else {"error": "error"})}
        ensembles["post"]["input"]["learn"] = rule
        return [(stream, rule)]
    if kind == "learning rule":
        if name in ("pes", "decoders"):
            trials["objective"] = {"target": "ipd", "loss": "mse"}
        if name == "local":
            layers["hidden"]["input"]["learn"] = {"rule": "stdp", "lowest": -5, "highest": 5}
        trials["learning"]["rule"] = name
        return [(trials, trials["learning"])]
    if kind in ("optimizer", "surrogate"):
        trials["learning"][kind] = own
        if name == "exponentiated_gradient":
            layers["hidden"]["input"]["dale"] = {}
        return [(trials, own)]
    if kind == "analysis":
        host = stream if "simulation" in has and "trials" not in has else trials
        if name == "delays":
            trials["model"]["layers"] = {"hidden": layers["hidden"], "late": {"type": "delay", "max": "5 ms"},
                                         "output": layers["output"]}
        if name == "oscillation":
            ensembles["vector"] = {"type": "ensemble", "size": 20, "dimensions": 2,
                                   "input": {"type": "direct", "from": "stimulus", "transform": [1, 0.5]}}
            stream["probes"]["vector"] = {"from": "vector", "type": "decoded", "synapse": "10 ms"}
        del own["type"]
        host["analyses"] = [{name: own}]
        return [(host, own)]
    raise AssertionError(f"no experiment uses the {kind} {name}")


def cases(folder, only):
    for manifest in sorted(folder.glob("*/*.tyto.json")):
        for component in json.loads(manifest.read_text())["components"]:
            if only and component["name"] != only:
                continue
            for path, number in numbers_in(component["parameters"]):
                for value in values_for(number):
                    for host, (experiment, own) in enumerate(hosts(component)):
                        put(own, path, [value] if number.get("list") else value)
                        yield (component["kind"], component["name"], host), path, value, json.dumps(experiment)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    parser.add_argument("plugins", type=pathlib.Path)
    parser.add_argument("--only", help="the name of one component")
    parser.add_argument("--show", action="store_true", help="print what became of each")
    arguments = parser.parse_args()
    counts, wrong, ran = collections.Counter(), [], collections.defaultdict(int)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with h5py.File(folder / "recording.h5", "w") as recording:
            recording["x"] = [0.0, 0.5, -0.5, 1.0]
            # A spike in each of eight channels of 80 trials.
            recording["trials"] = [trial for trial in range(80) for _ in range(8)]
            recording["units"] = list(range(8)) * 80
            recording["times"] = [(trial * unit) % 20 * 1e-3 for trial in range(80) for unit in range(8)]
            recording["label"] = [trial % 3 for trial in range(80)]

        def run(job):
            number, (where, path, value, text) = job
            name = f"{where[0]} {where[1]}.{'.'.join(path)} = {value} [{where[2]}]"
            file = folder / f"{number}.yaml"
            file.write_text(text)
            verdict, sentence = judge(arguments.executable.resolve(), file, folder / f"{number}.h5", [path])
            (folder / f"{number}.h5").unlink(missing_ok=True)
            return where, name, text, verdict, sentence

        jobs = list(enumerate(cases(arguments.plugins, arguments.only)))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for where, name, text, verdict, sentence in pool.map(run, jobs):
                counts[verdict] += 1
                ran[where] += verdict == "finite"
                if arguments.show or verdict in ("wrong", "long"):
                    print(f"{verdict}: {name}: {sentence}", flush=True)
                if verdict == "wrong":
                    wrong.append(text)
    print(f"{sum(counts.values())} runs: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    never = [where for where, count in ran.items() if count == 0]
    assert not never, f"never ran: {never}"
    assert not wrong, f"{len(wrong)} ended silently wrong; the first:\n{wrong[0]}"


main()
