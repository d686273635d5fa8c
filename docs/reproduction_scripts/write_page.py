"""Writes the tables of docs/reproduction.md anew from the results files of the studies that are in a folder.

    write_page.py FOLDER

FOLDER holds what run_studies.py made. A table whose studies are not all there stays as it is, and is named. Entries are
means over seeds with 95 % intervals of a bootstrap over them (percentiles of 10,000 resampled means), which stay within
what the numbers can be.
"""

import argparse
import pathlib
import re

import h5py
import numpy as np
import yaml

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "reproduction.md"
PUBLISHED = yaml.safe_load((HERE / "published.yaml").read_text())


class Study:
    """The results of one sweep; numbers come with the seeds as their last axis."""

    def __init__(self, folder, name):
        self.file = h5py.File(folder / f"{name}.h5")
        if self.file.attrs["status"] != "complete":
            raise FileNotFoundError(f"{name}: not all runs are done")

    def numbers(self, path, factor=1.0):
        data = self.file[path]
        axes = [scale[0].name.rsplit("/", 1)[-1] for scale in data.dims]
        return factor * np.moveaxis(data[()].astype(float), axes.index("seed"), -1)

    def last(self, path):
        """Of a course over epochs the last one that each seed has."""
        courses = self.file[path][()]
        return np.array([course[np.isfinite(course)][-1] for course in courses])


def resampled(values, size=None, seed=1):
    draw = np.random.default_rng(seed)
    return draw.choice(values, (10_000, size or len(values))).mean(axis=1)


def entry(values, digits=1):
    # Few seeds say too little about their spread for an interval: all of them are given.
    if len(values) < 8:
        return f"{np.mean(values):.{digits}f} ({len(values)} seeds: {', '.join(f'{v:.{digits}f}' for v in values)})"
    low, high = np.percentile(resampled(values), [2.5, 97.5])
    return f"{np.mean(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def median_entry(values, digits=3):
    return f"{np.median(values):.{digits}f} ({values.min():.{digits}f} to {values.max():.{digits}f})"


def row(*cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def head(*cells):
    return [row(*cells), "|" + "---|" * len(cells)]


def beyond(published, values, runs):
    """Whether a published mean lies outside the interval of our mean, and outside that of a mean of so many of our runs."""
    low, high = np.percentile(resampled(values), [2.5, 97.5])
    # What a mean of `runs` runs may be: the spread of theirs, and the uncertainty of ours.
    other_low, other_high = np.percentile(resampled(values, runs, 2) + resampled(values) - np.mean(values), [2.5, 97.5])
    return not low <= published <= high, not other_low <= published <= other_high


def basic(folder):
    lines = head("experiment", "published", "test accuracy, %", "error to class centre, deg",
                 "error to true angle, deg", "test loss", "training loss, last epoch", "seeds")
    for name in ("itd_basic", "itd_basic_paper", "itd_membrane"):
        study = Study(folder, name)
        accuracy = study.numbers("metrics/test/accuracy", 100)
        lines.append(row(f"`{name}`", PUBLISHED["basic"][name], entry(accuracy),
                         entry(study.numbers("metrics/test/class_error_deg"), 2),
                         entry(study.numbers("metrics/test/error_deg"), 2), entry(study.numbers("metrics/test/loss"), 3),
                         entry(study.last("training/loss"), 3), len(accuracy)))
    return lines


def noise(folder, study="noise"):
    found = Study(folder, study).numbers("metrics/test/accuracy", 100)
    lines = head("dropout", "", *(f"noise {noise / 10:.1f} rad" for noise in range(6)))
    outside = far = 0
    for dropout, ours in zip(PUBLISHED["noise"], found):
        published = PUBLISHED["noise"][dropout]
        lines.append(row(dropout, "published", *published))
        lines.append(row("", "ours", *(entry(values) for values in ours)))
        for number, values in zip(published, ours):
            one, other = beyond(number, values, 3)
            outside, far = outside + one, far + other
    return lines + ["", f"{found.shape[-1]} seeds. Of the 18 published means of three runs {outside} lie outside the "
                    f"intervals of our means, and {far} outside of where a mean of three of our runs is to be expected."]


def noise_per_trial(folder):
    return noise(folder, "noise_per_trial")


def dale(folder):
    lines = head("inhibitory fraction", *(f"{fraction / 10:g}" for fraction in range(11)))
    lines.append(row("published", *PUBLISHED["dale"]))
    study = Study(folder, "dale")
    found = study.numbers("metrics/test/accuracy", 100)
    lines.append(row("ours", *(entry(values) for values in found)))
    lines.append(row("ours, training trials",
                     *(f"{values.mean():.1f}" for values in study.numbers("metrics/train/accuracy", 100))))
    judged = [beyond(number, values, 3) for number, values in zip(PUBLISHED["dale"], found)]
    return lines + ["", f"{found.shape[-1]} seeds. Of the 11 published means of three runs {sum(one for one, _ in judged)} "
                    f"lie outside the intervals of our means, and {sum(other for _, other in judged)} outside of where a "
                    "mean of three of our runs is to be expected."]


def dale_per_trial(folder):
    found = Study(folder, "dale_per_trial").numbers("metrics/test/accuracy", 100)
    return head("inhibitory fraction", *(f"{fraction / 10:g}" for fraction in range(11))) + [
        row("one start phase for each trial", *(entry(values) for values in found)), "", f"{found.shape[-1]} seeds."]


def tau(folder):
    matched = Study(folder, "tau_matched").numbers("metrics/test/accuracy", 100)
    lines = head("tau, ms", *PUBLISHED["tau"])
    lines.append(row("published", *PUBLISHED["tau"].values()))
    lines.append(row("`itd_tau_sweep_matched`", *(entry(values) for values in matched)))
    return lines + ["", f"{matched.shape[-1]} seeds."]


def tau_other(folder):
    found = Study(folder, "tau").numbers("metrics/test/accuracy", 100)
    return head("tau, ms", 1, 2, 5, 10, 15, 20, 25, 30) + [
        row("`itd_tau_sweep`", *(entry(values) for values in found)), "", f"{found.shape[-1]} seeds."]


def readouts(folder):
    study = Study(folder, "readouts")
    found = study.numbers("metrics/test/accuracy", 100)  # output, readout, tau, seed
    scored = Study(folder, "score_max").numbers("stages/scored/metrics/test/accuracy", 100)
    published = PUBLISHED["readouts"]
    lines = head("readout", "published, tau 20 ms", "ours", "published, tau 2 ms", "ours")

    def add(name, numbers, ours):
        lines.append(row(name, numbers[0], entry(ours[0]), numbers[1], entry(ours[1])))
    add("mean of the output's membrane", published["mean"], found[0, 0])
    add("trained on its maximum, scored on its sum (`itd_score_max`)", published["max"], scored)
    add("trained and scored on its maximum", ["-", "-"], found[0, 1])
    add("mean of an output that spikes", published["spiking"], found[1, 0])
    return lines + ["", f"{found.shape[-1]} seeds."]


class Rows:
    """Lines of a table of experiments."""

    def __init__(self):
        self.lines = head("experiment", "what", "published", "ours", "seeds")

    def add(self, name, what, published, values, text):
        self.lines.append(row(f"`{name}`", what, published, text, values.shape[-1]))


def others(folder):
    rows = Rows()
    add = rows.add
    for study, what in (("delays", "`seed`, padded: training loss, last epoch"),
                        ("delays_trimmed", "the same trimmed, as in the notebook")):
        losses = Study(folder, study).last("training/loss")
        add("itd_delays", what, PUBLISHED["delays"]["seed_loss"], losses, entry(losses, 3))
    values = Study(folder, "delays").numbers("metrics/test/accuracy", 100)
    add("itd_delays", "`seed`, padded: test accuracy, %", "-", values, entry(values))
    study = Study(folder, "start_phase")
    test, train = study.numbers("metrics/test/accuracy", 100), study.numbers("metrics/train/accuracy", 100)
    for index, phase in enumerate(("fixed", "one for each data set", "one for each trial")):
        add("itd_start_phase", f"{phase}: test accuracy, %", "-", test, entry(test[index]))
        add("itd_start_phase", f"{phase}: training less test, points", "-", test, entry(train[index] - test[index]))
    values = Study(folder, "regression").numbers("metrics/test/error_deg")
    for index, kind in enumerate(("plain", "circular")):
        add("itd_regression", f"{kind}: error to the true angle, deg", "-", values, entry(values[index], 2))
    values = Study(folder, "adaptive").numbers("metrics/test/accuracy", 100)
    for index, reset in enumerate(("to zero", "subtractive")):
        for adapting, word in enumerate(("without", "with")):
            add("itd_adaptive_threshold", f"reset {reset}, {word} adaptation: test accuracy, %", "-", values,
                entry(values[index, adapting]))
    study = Study(folder, "solution")
    for name, number, digits in (("a", PUBLISHED["solution"]["a"], 1), ("b", PUBLISHED["solution"]["b"], 2),
                                 ("sigma", PUBLISHED["solution"]["sigma"], 2)):
        values = study.numbers(f"analysis/ricker_fit/pooled_{name}")
        add("itd_solution_analysis", f"Ricker fit of the output weights: {name}", number, values, entry(values, digits))
    study = Study(folder, "itd_nef")
    for stage, what in (("l2", "L2"), ("dale_nnls", "Dale's law"), ("pes", "PES")):
        values = study.numbers(f"stages/{stage}/metrics/test/error_deg")
        add("itd_nef", f"{what}: error to the true angle, deg", "-", values, entry(values))
    return rows.lines


def dcls(folder):
    rows = Rows()
    values = Study(folder, "delays_dcls").numbers("metrics/test/accuracy", 100)
    rows.add("itd_delays_dcls", "test accuracy, %", PUBLISHED["delays"]["dcls"], values, entry(values))
    return rows.lines


def best(folder):
    rows = Rows()
    study = Study(folder, "itd_best")
    for what, published, values, digits in (
            ("test accuracy, %", "82 to 88", study.numbers("metrics/test/accuracy", 100), 1),
            ("error to the class centre, deg", "-", study.numbers("metrics/test/class_error_deg"), 2),
            ("error to the true angle, deg", "-", study.numbers("metrics/test/error_deg"), 2)):
        rows.add("itd_best", what, published, values, entry(values, digits))
    return rows.lines


def nef(folder):
    lines = head("experiment", "what", "reference (5 seeds)", "ours")

    def add(name, what, values, digits=3, published="-"):
        lines.append(row(f"`{name}`", what, published, median_entry(values, digits)))
    reference = PUBLISHED["nef"]
    add("nef_square_l2", "decoded square", Study(folder, "nef_square_l2").numbers("analysis/decoding_error/rmse"))
    add("nef_square_dale", "weights from neuron to neuron, one sign each",
        Study(folder, "nef_square_dale").numbers("analysis/decoding_error/rmse"), 3, reference["nef_square_dale"])
    add("nef_square_dale", "the same by the reference's normal equations, noise 1 Hz",
        Study(folder, "nef_square_dale_normal").numbers("analysis/decoding_error/rmse"), 3,
        reference["nef_square_dale_normal"])
    study = Study(folder, "nef_square_pes")
    add("nef_square_pes", "last 5 s with learning", study.numbers("analysis/learning/rmse"), 3,
        reference["nef_square_pes"])
    add("nef_square_pes", "5 s after learning", study.numbers("analysis/learned/rmse"))
    add("nef_product", "product of two", Study(folder, "nef_product").numbers("analysis/decoding_error/rmse"), 4)
    add("nef_oscillator", "frequency, wanted 1 Hz", Study(folder, "nef_oscillator").numbers(
        "analysis/oscillation/frequency"), 4)
    seeds = Study(folder, "nef_product").numbers("analysis/decoding_error/rmse").size
    # The value that is held is 0.5.
    add("nef_integrator", "error over the value that is held for 10 s, %",
        Study(folder, "nef_integrator").numbers("analysis/decoding_error/rmse", 100 / 0.5), 1)
    return lines + ["", f"{seeds} seeds; root mean square errors but for the oscillator: median (smallest to largest)."]


TABLES = {table.__name__: table for table in (basic, noise, noise_per_trial, dale, dale_per_trial, tau, tau_other,
                                              readouts, others, dcls, best, nef)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    page = PAGE.read_text()
    for name, table in TABLES.items():
        place = re.compile(rf"(<!-- table {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not place.search(page):
            raise SystemExit(f"the page has no place for the table '{name}'")
        try:
            lines = table(folder)
        except FileNotFoundError as error:
            print(f"{name}: stays as it is: {error}")
            continue
        page = place.sub(lambda match: match.group(1) + "\n" + "\n".join(lines) + "\n\n" + match.group(2), page)
        print(f"{name}: written")
    PAGE.write_text(page)


main()
