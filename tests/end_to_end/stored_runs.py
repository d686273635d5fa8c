"""What results files are good for without the experiment: every one is run again with the same bits, its network gives its own
metrics when it is asked anew, also from another folder; what is in it is shown, compared and exported.

    stored_runs.py EXECUTABLE
"""

import csv
import io
import keyword
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import xarray

import tyto_runs


class Stored:
    def __init__(self, executable, folder):
        self.executable, self.folder = executable, folder

    def tyto(self, *words, code=0, folder=None):
        done = subprocess.run([self.executable, *words], capture_output=True, text=True, check=False, timeout=600,
                              cwd=folder or self.folder)
        if done.returncode != code:
            raise SystemExit(f"tyto {' '.join(map(str, words))}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
        self.printed = done.stdout
        return done.stdout + done.stderr


def metrics(path, group="metrics/test"):
    with h5py.File(path) as file:
        return {name: file[group][name][()].tobytes() for name in file[group]}


def check_axes(path):
    """A name of an axis means the same throughout a run, and is one that Python takes as an attribute."""
    seen = {}

    def look(name, data):
        if not isinstance(data, h5py.Dataset) or not data.is_scale:
            return
        axis, scope = name.rsplit("/", 1)[-1], "/".join(name.split("/")[:2]) if name.startswith("stages/") else ""
        assert axis.isidentifier() and not keyword.iskeyword(axis), f"{path}: {name}"
        values = data[()]
        other = seen.setdefault((scope, axis), (name, values))
        assert np.array_equal(other[1], values), f"{path}: {name} and {other[0]} are not the same"
        assert data.attrs["units"], f"{path}: {name}"

    with h5py.File(path) as file:
        file.visititems(look)
    return len(seen)


def check_products(stored):
    """Weights that follow each other multiply along the neurons between them."""
    out = stored.folder / "itd_basic.h5"
    hidden, output = (xarray.open_dataset(out, group=f"weights/{group}").w for group in ("hidden/stimulus", "output/hidden"))
    product = hidden @ output
    assert product.dims == ("input_channel", "output_neuron"), product.dims
    np.testing.assert_allclose(product.values, hidden.values @ output.values, rtol=1e-5, atol=1e-6)
    tuning = xarray.open_dataset(out, group="analysis/tuning_curves").hidden_mean
    assert (tuning @ output).dims == ("target", "output_neuron")


def check_figures(stored):
    """The figures of the guide are drawn."""
    folder = stored.folder / "figures"
    folder.mkdir()
    tyto_runs.run(stored.executable, tyto_runs.DEFAULT_EXPERIMENT, folder / "itd_basic.h5")
    script = tyto_runs.REPOSITORY / "docs" / "examples" / "basic_figures.py"
    subprocess.run([sys.executable, script], check=True, cwd=folder, env={**os.environ, "MPLBACKEND": "agg"})
    assert (folder / "itd_basic.png").stat().st_size > 50_000


def check_every_experiment(stored):
    asked = 0
    for experiment in tyto_runs.experiments_with_data(stored.folder):
        name, out = experiment.stem, stored.folder / f"{experiment.stem}.h5"
        settings = tyto_runs.small_settings(experiment)
        if "nef" in name:  # Their analyses look at times that a shorter run does not reach.
            settings = [setting for setting in settings if "simulation.duration" not in setting]
        if name in ("brunel_network", "coba_network", "cuba_network"):
            settings.append("simulation.duration=60 ms")
        tyto_runs.run(stored.executable, experiment, out, settings=settings)
        said = stored.tyto("rerun", out, "--out", stored.folder / "again.h5", "--force", "--quiet")
        assert said.endswith(" 0 differ\n") and "setting" not in said, f"{name}: {said}"
        assert check_axes(out) > 3
        shown = stored.tyto("show", out)
        with h5py.File(out) as file:
            title = file.attrs["title"]
            assert title in shown and "status complete" in shown, shown
            trials = "metrics" in file
        if not trials:
            continue
        moved = stored.folder / "moved"
        moved.mkdir(exist_ok=True)
        shutil.copy(out, moved / "results.h5")
        stored.tyto("evaluate", "results.h5", "--out", "asked.h5", "--force", "--quiet", folder=moved)
        assert metrics(out) == metrics(moved / "asked.h5"), name
        asked += 1
    assert asked > 10
    check_products(stored)
    print(f"every experiment again with the same bits, {asked} networks asked anew")


SMALL = """
tyto: 1
seed: 2
stimulus: {type: itd, fibres_per_ear: 5, duration: 20 ms}
objective: {target: ipd, classes: 3}
model:
  layers:
    hidden: {type: lif, size: 4, tau: 5 ms, input: dense}
    output: {type: leaky_integrator, input: dense}
learning: {rule: surrogate_gradient, epochs: 1, trials: {train: 32, test: 32}}
analyses: [confusion]
"""


def check_sweep_and_stages(stored):
    (stored.folder / "sweep.yaml").write_text(SMALL + "sweep: {seed: {count: 2}, model.layers.hidden.tau: [3 ms, 5 ms]}\n")
    stored.tyto("run", "sweep.yaml", "--set", "learning.epochs=2", "--quiet")
    said = stored.tyto("rerun", "sweep.h5", "--quiet")
    assert said.endswith(" 0 differ\n"), said
    check_axes(stored.folder / "sweep.h5")
    stored.tyto("evaluate", "sweep.h5", code=2)
    stages = SMALL.replace("learning:", "stages:\n  - name: first\n    learning:").replace(
        "analyses", "  - name: second\n    weights: {from: first}\n    learning: {rule: none, trials: {test: 16}}\nanalyses")
    (stored.folder / "stages.yaml").write_text(stages)
    stored.tyto("run", "stages.yaml", "--quiet")
    assert "second" in stored.tyto("evaluate", "stages.h5", code=2)
    stored.tyto("evaluate", "stages.h5", "--stage", "first", "--out", "first.h5", "--quiet")
    assert metrics(stored.folder / "stages.h5", "stages/first/metrics/test") == metrics(stored.folder / "first.h5")
    assert stored.tyto("rerun", "stages.h5", "--quiet").endswith(" 0 differ\n")
    print("sweeps and stages")


def check_differences(stored):
    (stored.folder / "small.yaml").write_text(SMALL)
    stored.tyto("run", "small.yaml", "--quiet", "--out", "a.h5")
    stored.tyto("run", "small.yaml", "--quiet", "--out", "b.h5", "--seed", "3")
    assert stored.tyto("diff", "a.h5", "a.h5").endswith(" 0 differ\n")
    said = stored.tyto("diff", "a.h5", "b.h5", code=1)
    assert "setting seed: 2 | 3\n" in said and "data /weights/hidden/stimulus/w: 40 of 40 numbers, most at (" in said, said
    with h5py.File(stored.folder / "a.h5") as a, h5py.File(stored.folder / "b.h5") as b:
        loss = f"data /metrics/test/loss: {float(a['metrics/test/loss'][()])!r} | {float(b['metrics/test/loss'][()])!r}\n"
        assert loss in said, (loss, said)
    # One bit of one number.
    shutil.copy(stored.folder / "a.h5", stored.folder / "bit.h5")
    with h5py.File(stored.folder / "bit.h5", "r+") as file:
        w = file["weights/hidden/stimulus/w"][:]
        w[3, 2] = np.nextafter(w[3, 2], np.float32(9))
        file["weights/hidden/stimulus/w"][:] = w
    said = stored.tyto("diff", "a.h5", "bit.h5", code=1)
    assert "data /weights/hidden/stimulus/w: 1 of 40 numbers, most at (3, 2): " in said, said
    stored.tyto("evaluate", "bit.h5", "--quiet")
    shutil.copy(stored.folder / "a.h5", stored.folder / "attribute.h5")
    with h5py.File(stored.folder / "attribute.h5", "a") as file:
        file["metrics"].attrs["note"] = "by hand"
    for pair in (("a.h5", "attribute.h5"), ("attribute.h5", "a.h5")):
        said = stored.tyto("diff", *pair, code=1)
        assert "/metrics has the attribute note" in said and "by hand" in said, said
    print("differences to one bit")


def check_export(stored):
    rows = list(csv.reader(io.StringIO(stored.tyto("export", "a.h5", "/weights/hidden/stimulus/w"))))
    with h5py.File(stored.folder / "a.h5") as file:
        w = file["weights/hidden/stimulus/w"][:]
        counts = file["analysis/confusion/counts"][:]
        classes = file["analysis/confusion/true_class"][:]
    assert rows[0] == ["input_channel", "hidden_neuron", "w"] and len(rows) == 1 + w.size
    for row in rows[1:]:
        assert np.float32(row[2]) == w[int(row[0]), int(row[1])]
    stored.tyto("export", "a.h5")
    files = {path.name for path in (stored.folder / "a_csv").iterdir()}
    assert "analysis.confusion.counts.csv" in files and "provenance.resolved_yaml.csv" in files
    with open(stored.folder / "a_csv" / "analysis.confusion.counts.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["true_class"]) for row in rows[::3]] == list(classes)
    assert [int(row["counts"]) for row in rows] == list(counts.ravel())
    assert "is there already" in stored.tyto("export", "a.h5", code=1)
    assert "no data set '/no'" in stored.tyto("export", "a.h5", "no", code=1)
    assert stored.tyto("show", "a.h5", "/analysis/confusion/counts").count("\n") == 4
    assert "did you mean '/analysis/confusion'" in stored.tyto("show", "a.h5", "/analysis/confusio", code=1)
    print("CSV as it is in the file")


def check_inputs(stored):
    x = np.random.default_rng(1).random((40, 10, 6)) < 0.2
    data = stored.folder / "data"
    data.mkdir()
    np.savez(data / "own.npz", x=x, label=np.arange(40) % 2)
    (data / "own.yaml").write_text("""
tyto: 1
stimulus: {type: recorded, file: own.npz, targets: [label], split: {test: 0.5}}
objective: {}
model: {layers: {output: {type: leaky_integrator, input: dense}}}
learning: {rule: surrogate_gradient, epochs: 1}
""")
    stored.tyto("run", "data/own.yaml", "--quiet", "--out", "own.h5")
    stored.tyto("rerun", "own.h5", "--quiet")
    data.rename(stored.folder / "elsewhere")
    assert "there is no file" in stored.tyto("rerun", "own.h5", code=2)
    shutil.copy(stored.folder / "own.h5", stored.folder / "elsewhere" / "own.h5")
    stored.tyto("rerun", "own.h5", "--quiet", folder=stored.folder / "elsewhere")
    stored.tyto("evaluate", "own.h5", "--quiet", folder=stored.folder / "elsewhere")
    np.savez(stored.folder / "elsewhere" / "own.npz", x=~x, label=np.arange(40) % 2)
    elsewhere = stored.folder / "elsewhere"
    assert "is not as it was when the run read it" in stored.tyto("rerun", "own.h5", code=2, folder=elsewhere)
    assert "warning: " in stored.tyto("evaluate", "own.h5", "--force", folder=elsewhere)
    assert "may draw test trials from those" in stored.tyto("evaluate", "own.h5", "--seed", "9", "--force", folder=elsewhere)
    (stored.folder / "text.h5").write_text("hello")
    with h5py.File(stored.folder / "other.h5", "w") as file:
        file["x"] = 1
    for command in ("show", "evaluate", "rerun"):
        assert "not an HDF5 file" in stored.tyto(command, "text.h5", code=2)
        assert "no results file of Tyto" in stored.tyto(command, "other.h5", code=2)
    stored.tyto("diff", "own.h5", "none.h5", code=2)
    with h5py.File(stored.folder / "own.h5", "r+") as file:
        file.attrs["title"] = "\x1b[31mred"
        file.attrs["numbers"] = [1, 2, 3]
        file["out"] = h5py.ExternalLink("/etc/passwd", "/")
    assert "\x1b" not in stored.tyto("show", "own.h5")
    print("inputs are there and the same, or it is said that they are not")


def check_folders(stored):
    """Files are found from where they are named, in bases of other folders, in reruns of reruns, and models are inputs."""
    base, other = stored.folder / "base", stored.folder / "other"
    base.mkdir(), other.mkdir()
    random = np.random.default_rng(1)
    for folder in (base, other):  # of the same name, but not the same
        np.savez(folder / "x.npz", x=random.random((40, 10, 6)) < 0.2, label=np.arange(40) % 2)
    (base / "net.yaml").write_text("layers: {output: {type: leaky_integrator, input: dense}}\n")
    (base / "base.yaml").write_text("""
tyto: 1
stimulus: {type: recorded, file: x.npz, targets: [label], split: {test: 0.5}}
objective: {}
model: {use: net.yaml}
learning: {rule: surrogate_gradient, epochs: 1}
""")
    (other / "upon.yaml").write_text("tyto: 1\nbase: ../base/base.yaml\nseed: 3\n")
    stored.tyto("run", "other/upon.yaml", "--quiet", "--out", "upon.h5")
    stored.tyto("run", "base/base.yaml", "--seed", "3", "--quiet", "--out", "plain.h5")
    assert stored.tyto("diff", "upon.h5", "plain.h5").endswith(" 0 differ\n")
    assert stored.tyto("rerun", "upon.h5", "--quiet").endswith(" 0 differ\n")
    assert stored.tyto("rerun", "upon_rerun.h5", "--quiet").endswith(" 0 differ\n")
    stored.tyto("evaluate", "upon_rerun.h5", "--quiet")
    (other / "sweep.yaml").write_text("tyto: 1\nbase: ../base/base.yaml\nsweep: {seed: {count: 2}}\n")
    stored.tyto("run", "other/sweep.yaml", "--quiet", "--out", "swept.h5")
    assert stored.tyto("rerun", "swept.h5", "--quiet").endswith(" 0 differ\n")
    before = (stored.folder / "swept.h5").read_bytes()
    assert "swept.h5" in stored.tyto("rerun", "swept.h5", "--quiet", "--force", "--out", "swept.h5", code=2)
    assert (stored.folder / "swept.h5").read_bytes() == before
    (base / "net.yaml").write_text("layers: {output: {type: leaky_integrator, tau: 9 ms, input: dense}}\n")
    assert "net.yaml' is not as it was" in stored.tyto("rerun", "swept.h5", "--quiet", "--force", code=2)
    print("folders, bases and models")


def check_sweep_of_bins(stored):
    """Nothing is lost where axes of one name have other values from run to run."""
    (stored.folder / "bins.yaml").write_text(SMALL.replace("[confusion]", "[tuning_curves, {tuning_curves: {bins: 12, as: "
                                             "twelve}}]") + "sweep: {objective.classes: [6, 12]}\n")
    stored.tyto("run", "bins.yaml", "--quiet")
    with h5py.File(stored.folder / "bins.h5") as file:
        assert file["analysis/twelve/hidden_mean"].shape == (2, 12, 4)
    check_axes(stored.folder / "bins.h5")


def check_configuration(stored):
    said = stored.tyto("run", "small.yaml", "--print-config", "--set", "model.layers.hidden.tau=4 ms", "--seed", "5")
    for line in ("seed: 5  # --seed 5", "fibres_per_ear: 5  # small.yaml:4:", "rate_max: 600 Hz  # default",
                 "tau: 4 ms  # --set model.layers.hidden.tau=4 ms"):
        assert line in said, (line, said)
    (stored.folder / "printed.yaml").write_text(stored.printed)
    stored.tyto("run", "printed.yaml", "--quiet", "--out", "printed.h5")
    stored.tyto("run", "small.yaml", "--set", "model.layers.hidden.tau=4 ms", "--seed", "5", "--quiet", "--out", "same.h5")
    assert stored.tyto("diff", "printed.h5", "same.h5").endswith(" 0 differ\n")
    said = stored.tyto("run", "sweep.yaml", "--dry-run")
    assert stored.printed.count("\n") == 4 and "run 4/4  seed = 3, model.layers.hidden.tau = 5 ms" in said, said
    assert not (stored.folder / "sweep-2.h5").exists()
    said = stored.tyto("validate", "small.yaml", "sweep.yaml", "none.yaml", code=2)
    assert "small.yaml: valid\n" in said and "sweep.yaml: valid, 4 runs\n" in said and "none.yaml" in said
    # Another type leaves out the keys of the former.
    changed = stored.tyto("run", "small.yaml", "--print-config", "--set", "learning.optimizer={type: adam, beta1: 0.5}",
                          "--set", "learning.optimizer.type=sgd")
    assert "beta1" not in changed and "type: sgd" in changed, changed
    print("configurations")


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        stored = Stored(executable, pathlib.Path(name))
        for check in (check_sweep_and_stages, check_differences, check_export, check_inputs, check_configuration, check_folders, check_sweep_of_bins, check_figures,
                      check_every_experiment):
            check(stored)


main()
