"""Runs a small experiment and reads its results file with h5py and with xarray (netCDF4).

Checks what every results file promises: units and long names, dimension scales with real values on every axis,
checksums, metrics, provenance; and that xarray reads every group as it stands, with the same values as h5py.
"""

import argparse
import pathlib
import re
import tempfile
import warnings

import h5py
import numpy as np
import xarray

import tyto_runs


class Faults(list):
    def expect(self, condition, sentence):
        if not condition:
            self.append(sentence)


def is_text(dataset):
    return h5py.check_string_dtype(dataset.dtype) is not None


def check_description(name, dataset, faults):
    for attribute in ("units", "long_name"):
        value = dataset.attrs.get(attribute)
        faults.expect(isinstance(value, str) and value != "", f"{name} has no {attribute}")


def check_storage(name, dataset, faults):
    if dataset.chunks is not None:
        faults.expect(dataset.fletcher32, f"{name} is chunked and has no checksum")
    elif dataset.shape != () and dataset.size > 0:
        faults.expect(is_text(dataset), f"{name} is an array of numbers and is not chunked")


def check_axes(name, dataset, faults):
    if dataset.is_scale:
        faults.expect(dataset.ndim == 1, f"the axis {name} has {dataset.ndim} dimensions")
        if not is_text(dataset):
            faults.expect(bool(np.all(np.isfinite(dataset[()]))), f"the axis {name} has values that are not finite")
            faults.expect(len(np.unique(dataset[()])) == dataset.size, f"the axis {name} repeats a value")
        return
    for axis, length in enumerate(dataset.shape):
        scales = dataset.dims[axis].values()
        faults.expect(len(scales) == 1, f"{name} has {len(scales)} scales on axis {axis}")
        for scale in scales:
            faults.expect(scale.shape == (length,), f"{name} has {length} places on axis {axis}, its scale {scale.shape}")
            faults.expect(scale.parent == dataset.parent, f"{name} has a scale of another group on axis {axis}")
            label = dataset.dims[axis].label
            faults.expect(label == scale.name.rsplit("/", 1)[1], f"{name} labels axis {axis} '{label}'")


def check_root(file, faults):
    faults.expect(file.attrs.get("schema") == "tyto-results/1", f"schema is {file.attrs.get('schema')!r}")
    faults.expect(file.attrs.get("status") == "complete", f"status is {file.attrs.get('status')!r}")
    faults.expect(bool(file.attrs.get("tyto_version")), "there is no tyto_version")
    faults.expect(bool(file.attrs.get("title")), "there is no title")
    faults.expect("seed" in file.attrs and int(file.attrs["seed"]) == 3, "the seed is not the one given")
    for group in ("provenance", "training", "metrics/test", "weights", "analysis"):
        faults.expect(group in file, f"there is no group /{group}")


def check_metrics(file, faults):
    found = file.get("metrics/test", {})
    for name in ("accuracy", "error_deg", "class_error_deg"):
        faults.expect(name in found, f"/metrics/test has no {name}")
    if "accuracy" in found:
        faults.expect(0 <= found["accuracy"][()] <= 1, f"accuracy is {found['accuracy'][()]}")
        faults.expect(found["accuracy"].attrs["units"] == "1", "accuracy is not a fraction")
    for name in ("error_deg", "class_error_deg"):
        if name in found:
            faults.expect(0 <= found[name][()] <= 180, f"{name} is {found[name][()]}")


def check_weights(file, shapes, faults):
    for name, shape in shapes.items():
        item = file.get(f"weights/{name}")
        faults.expect(item is not None and item.shape == shape,
                      f"/weights/{name} should be {shape}, is {None if item is None else item.shape}")
        if item is not None:
            faults.expect(bool(np.all(np.isfinite(item[()]))), f"/weights/{name} is not finite")


def check_provenance(file, experiment, faults):
    group = file.get("provenance")
    if group is None:
        return
    source = group["source_yaml"].asstr()[()]
    faults.expect(source == experiment.read_text(encoding="utf-8"), "source_yaml is not the experiment's text")
    faults.expect("tyto: 1" in group["resolved_yaml"].asstr()[()], "resolved_yaml is not a configuration")
    sums = group["plugin_sha256"].asstr()[()]
    faults.expect(len(sums) > 0, "no plugins are named")
    faults.expect(all(re.fullmatch("[0-9a-f]{64}", text) for text in sums), "a plugin has no SHA-256")
    faults.expect(all(re.fullmatch(r"[0-9.]+", text) for text in group["plugin_version"].asstr()[()]),
                  "a plugin has no version")
    for name in ("started", "finished"):
        text = str(group.attrs.get(name))
        faults.expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) is not None, f"{name} is {text!r}")
    faults.expect("run" in group.attrs.get("command_line", ""), "the command line is not there")


def same_values(dataset, variable):
    if is_text(dataset):
        return np.array_equal(np.asarray(dataset.asstr()[()], dtype=str), np.asarray(variable.values, dtype=str))
    return np.array_equal(dataset[()], variable.values, equal_nan=dataset.dtype.kind == "f")


def check_xarray(path, groups, faults):
    """Opens each group as a user would; a warning counts as a fault."""
    for name in groups:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with xarray.open_dataset(path, engine="netcdf4", group=name) as seen:
                seen.load()
        with h5py.File(path, "r") as file:
            members = {key: item for key, item in file[name].items() if isinstance(item, h5py.Dataset)}
            faults.expect(set(members) == set(seen.variables), f"xarray sees {sorted(seen.variables)} in {name}")
            for key in members.keys() & set(seen.variables):
                faults.expect(same_values(members[key], seen[key]), f"xarray reads other values of {name}/{key}")
                dimensions = tuple(label.label for label in members[key].dims)
                if not members[key].is_scale:
                    faults.expect(seen[key].dims == dimensions, f"xarray sees {name}/{key} along {seen[key].dims}")


def check_file(path, experiment, shapes):
    faults = Faults()
    groups = ["/"]
    with h5py.File(path, "r") as file:
        count = 0

        def visit(name, item):
            nonlocal count
            if isinstance(item, h5py.Group):
                groups.append("/" + name)
                return
            count += 1
            for check in (check_description, check_storage, check_axes):
                check("/" + name, item, faults)

        file.visititems(visit)
        check_root(file, faults)
        check_metrics(file, faults)
        check_weights(file, shapes, faults)
        check_provenance(file, experiment, faults)
    check_xarray(path, groups, faults)
    return faults, count, len(groups)


def parse_shape(text):
    name, _, shape = text.partition("=")
    return name, tuple(int(extent) for extent in shape.split("x"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tyto_runs.add_run_arguments(parser)
    parser.add_argument("experiment", type=pathlib.Path, nargs="?", default=tyto_runs.DEFAULT_EXPERIMENT)
    parser.add_argument("--weights", action="append", type=parse_shape, metavar="LAYER/NAME=ROWSxCOLUMNS",
                        help="expected shape of an array below /weights; default: those of itd_basic")
    arguments = parser.parse_args()
    shapes = dict(arguments.weights or [("hidden/stimulus/w", (200, 8)), ("output/hidden/w", (8, 12))])
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        tyto_runs.run(arguments.executable, arguments.experiment, out, settings=arguments.settings or tyto_runs.SMALL,
                      seed=3)
        faults, datasets, groups = check_file(out, arguments.experiment, shapes)
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"{datasets} data sets in {groups} groups read with h5py and xarray")


if __name__ == "__main__":
    main()
