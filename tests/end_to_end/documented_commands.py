"""Runs every command of the documentation, as a reader would.

usage: documented_commands.py TYTO

Takes the lines of the blocks marked `sh` in README.md and docs/*.md. Lines that begin with `./tyto` or `tyto` are run
with the given program in a copy of experiments/ and models/; a command that the text says fails is marked by the
comment `# exit code N`. Lines of other programs (cmake, cd, ...) belong to building, which has tests of its own, and
are left out; so are `./tyto test`, `format` and `lint`, which are those tests.
"""

import argparse
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
OWN_COMMANDS = {"test", "format", "lint"}


def commands():
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                    words.pop(0)
                if not words or words[0] not in ("tyto", "./tyto") or set(words[1:2]) & OWN_COMMANDS:
                    continue
                code = re.search(r"# exit code (\d+)", line)
                yield page.name, line, words[1:], int(code.group(1)) if code else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    arguments = parser.parse_args()
    count = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for part in ("experiments", "models"):
            shutil.copytree(REPOSITORY / part, folder / part)
        for page, line, words, expected in commands():
            print(f"{page}: {line}", flush=True)
            words = [word.split(" >")[0] for word in words if word != ">"]
            done = subprocess.run([str(arguments.executable), *words], cwd=folder, capture_output=True, text=True,
                                  timeout=600, env={**os.environ, "LC_ALL": "C"})
            if done.returncode != expected:
                raise SystemExit(f"ended with {done.returncode}, not {expected}\n{done.stdout}{done.stderr}")
            count += 1
    if count < 5:
        raise SystemExit(f"only {count} commands were found: the documentation or this test is wrong")
    print(f"{count} documented commands ran as documented")


main()
