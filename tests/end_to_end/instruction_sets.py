"""The runs of same_bits.py on this processor and on emulated ones with fewer instructions: the results must have the
same bits, all of them, in both precisions.

    instruction_sets.py EXECUTABLE

Skipped where qemu-x86_64 (Debian: qemu-user) is missing or the processor is another one; an error where nothing may be
skipped (TYTO_NO_SKIPPED_TESTS).
"""

import concurrent.futures
import os
import pathlib
import platform
import shutil
import tempfile

import same_bits
import tyto_runs

# Highway's SSE4 asks for carry-less multiplication, too. What is left without it are plain loops, or what later versions
# of Highway have for the instructions that every such processor has.
EMULATED = {"Haswell": {"AVX2"}, "Westmere": {"SSE4"}, "Nehalem": {"SCALAR", "EMU128", "SSE2"}}


def compare(executable, folder, case):
    """Faults of one run, and the instruction sets that it used."""
    name, experiment, settings = case
    out = pathlib.Path(folder) / f"{name.replace(' ', '_')}.h5"
    here, own_set = same_bits.run(executable, experiment, settings, out)
    faults, used = [], {own_set}
    for processor, expected in EMULATED.items():
        there, its_set = same_bits.run(executable, experiment, settings, out, ["qemu-x86_64", "-cpu", processor])
        used.add(its_set)
        if its_set not in expected:
            faults.append(f"{processor}: the run says that it used {its_set}, not {' or '.join(sorted(expected))}")
        faults += [f"{item} differs between {own_set} and {its_set}"
                   for item in same_bits.differences({name: here}, {name: there})]
    return faults, used


def main():
    executable = tyto_runs.executable_argument(__doc__)
    if platform.machine() != "x86_64" or shutil.which("qemu-x86_64") is None:
        print("skipped: this needs an x86-64 processor and qemu-x86_64 (Debian's package qemu-user)")
        raise SystemExit(1 if os.environ.get("TYTO_NO_SKIPPED_TESTS") else 77)
    cases = list(same_bits.cases())
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda case: compare(executable, folder, case), cases))
    faults = [fault for found, _ in results for fault in found]
    if faults:
        raise SystemExit("\n".join(faults))
    used = set().union(*(sets for _, sets in results))
    print(f"{len(cases)} runs have the same bits with {', '.join(sorted(used))}")


if __name__ == "__main__":
    main()
