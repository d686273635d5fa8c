"""The reference pages in docs/reference are those that the program writes, and the schema takes every experiment.

usage: reference_pages.py TYTO
"""

import argparse
import filecmp
import json
import pathlib
import subprocess
import tempfile

import jsonschema
import yaml

import tyto_runs
from tyto_runs import REPOSITORY


def check_pages(executable):
    committed = REPOSITORY / "docs" / "reference"
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([executable, "reference", name], check=True)
        written = {path.name for path in pathlib.Path(name).iterdir()}
        assert written == {path.name for path in committed.iterdir()}, (written, committed)
        _, different, errors = filecmp.cmpfiles(name, committed, written, shallow=False)
        assert not different and not errors, f"out of date: {different + errors}; run: tyto reference docs/reference"


def check_schemas(executable):
    for kind, folder in (([], "experiments"), (["model"], "models")):
        schema = json.loads(subprocess.run([executable, "schema", *kind], check=True, capture_output=True).stdout)
        jsonschema.Draft7Validator.check_schema(schema)
        validator = jsonschema.Draft7Validator(schema)
        files = sorted((REPOSITORY / folder).glob("*.yaml"))
        assert files, folder
        for file in files:
            validator.validate(yaml.safe_load(file.read_text()))
        wrong = yaml.safe_load(files[0].read_text())
        wrong["no_such_key"] = 1
        assert not validator.is_valid(wrong), f"the schema of {folder} takes anything"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable")
    executable = parser.parse_args().executable
    check_pages(executable)
    check_schemas(executable)
    with tempfile.TemporaryDirectory() as folder:
        for file in tyto_runs.experiments_with_data(pathlib.Path(folder)):
            subprocess.run([executable, "validate", str(file)], check=True, capture_output=True)
    print("reference pages are up to date, schemas take every experiment and model")


main()
