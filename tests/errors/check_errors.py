#!/usr/bin/env python3
"""Bad experiment files get exactly the messages that stand at their heads, exit code 2, and no delay.

usage: check_errors.py TYTO [--update]

Each file begins with comment lines:
  # expect: FILE:LINE:COLUMN: error: ...   one for each line that the program must write to stderr
  # arguments: --set a=b                   further words of the command line, if any
  # command: run                           instead of `tyto validate`
With --update the expectations are replaced by what the program writes now, for the author to review.
The files are tried in a copy of this folder, beside a results file made there for tests of weights.
"""

import argparse
import os
import pathlib
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LONGEST_S = 3.0 if os.environ.get("TYTO_SANITIZED") == "1" else 1.0
MIB = 1 << 20


def processor_s():
    """Of all programs that have ended: other work of the machine does not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def generated():
    """Files that are too large to be kept: name, content, expected lines."""
    deep_flow = "tyto: 1\ntitle: " + "[" * 1000 + "]" * 1000 + "\n"
    yield "depth_1000_flow.yaml", deep_flow, [
        "depth_1000_flow.yaml:2:71: error: the document is nested too deeply: more than 64 levels"]
    deep_block = "".join(" " * level + "a:\n" for level in range(1000))
    yield "depth_1000_block.yaml", deep_block, [
        "depth_1000_block.yaml:65:65: error: the document is nested too deeply: more than 64 levels"]
    yield "text_2_mib.yaml", "tyto: 1\n" + "# a long comment\n" * (2 * MIB // 17), [
        "text_2_mib.yaml: error: the text is too large: more than 1 MiB"]
    many = "tyto: 1\n" + "".join(f"k{index}: 1\n" for index in range(60000))
    yield "nodes_120000.yaml", many, [
        "nodes_120000.yaml:50000:9: error: the document is too large: more than 100000 nodes, "
        "aliases counted as what they name"]
    brackets = "tyto: 1\ntitle: " + "[" * (MIB // 2 - 50) + "]" * (MIB // 2 - 50) + "\n"
    yield "brackets_1_mib.yaml", brackets, [
        "brackets_1_mib.yaml:2:71: error: the document is nested too deeply: more than 64 levels"]


def header_of(path):
    """The header's expectations, further arguments and command."""
    expected, arguments, command = [], [], "validate"
    for line in path.read_bytes().decode("utf-8", errors="replace").splitlines():
        if line.startswith("# expect: "):
            expected.append(line.removeprefix("# expect: "))
        elif line.startswith("# arguments: "):
            arguments = shlex.split(line.removeprefix("# arguments: "))
        elif line.startswith("# command: "):
            command = line.removeprefix("# command: ")
        else:
            break
    if not expected:
        raise SystemExit(f"{path.name} says nothing of what is expected")
    return expected, arguments, command


def answer_to(executable, folder, name, arguments, command):
    """Exit code, what the program writes to stdout and to stderr, and how long it takes."""
    words = [executable, command, name, *arguments]
    if command == "run":
        words += ["--quiet", "--threads", "1", "--out", "never.h5"]
    before = processor_s()
    done = subprocess.run(words, cwd=folder, capture_output=True, timeout=60, check=False)
    seconds = processor_s() - before
    return done.returncode, done.stdout, done.stderr.decode("utf-8", errors="replace").splitlines(), seconds


def try_file(executable, folder, name, expected, arguments=(), command="validate"):
    """What is wrong with the program's answer to one file; empty if nothing is."""
    code, stdout, answer, seconds = answer_to(executable, folder, name, arguments, command)
    problems = []
    if answer != expected:
        problems.append("expected:\n    " + "\n    ".join(expected) + "\n  got:\n    " + "\n    ".join(answer))
    if code != 2:
        problems.append(f"exit code {code}, not 2")
    if stdout:
        problems.append(f"wrote to stdout: {stdout!r}")
    if seconds > LONGEST_S:
        problems.append(f"took {seconds:.2f} s")
    if (folder / "never.h5").exists():
        problems.append("left a results file")
    return problems


def update(executable, folder, path):
    """Rewrites the expectations of a file. Their number moves the lines, so that this takes some rounds."""
    expected, arguments, command = header_of(path)
    rest = b"".join(line for line in path.read_bytes().splitlines(keepends=True) if not line.startswith(b"# expect: "))
    for _ in range(5):
        head = "".join(f"# expect: {line}\n" for line in expected)
        (folder / path.name).write_bytes(head.encode() + rest)
        answer = answer_to(executable, folder, path.name, arguments, command)[2]
        if answer == expected:
            break
        expected = answer
    (HERE / path.name).write_bytes((folder / path.name).read_bytes())


def check_good_file(executable, folder):
    """The files' common ground is sound, and its results file serves the tests of weights."""
    subprocess.run([executable, "run", "good.yaml", "--quiet", "--threads", "1", "--out", "weights.h5"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    executable = str(arguments.executable.resolve())
    failed = tried = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "errors"
        shutil.copytree(HERE, folder)
        check_good_file(executable, folder)
        if arguments.update:
            for path in sorted(HERE.glob("[0-9]*.yaml")):
                update(executable, folder, path)
        cases = [(path.name, *header_of(path)) for path in sorted(folder.glob("[0-9]*.yaml"))]
        for file_name, content, expected in generated():
            (folder / file_name).write_text(content)
            cases.append((file_name, expected))
        for case in cases:
            tried += 1
            problems = try_file(executable, folder, *case)
            failed += bool(problems)
            for problem in problems:
                print(f"{case[0]}: {problem}", file=sys.stderr)
    if tried < 50:
        raise SystemExit(f"only {tried} files were found")
    print(f"{tried} bad files, {failed} with a wrong answer")
    sys.exit(1 if failed else 0)


main()
