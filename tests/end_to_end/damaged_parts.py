"""Parts of a sweep that were damaged while it waited are found and computed again.

    damaged_parts.py EXECUTABLE COUNT
"""

import argparse
import pathlib
import random
import shutil
import subprocess
import tempfile

import datasets_hash
import tyto_runs

RUNS = 50
EXPERIMENT = """
tyto: 1
stimulus: {type: itd, frequency: 50 Hz, fibres_per_ear: 5}
objective: {target: ipd, classes: 4}
model: {layers: {hidden: {type: lif, size: 3, input: dense}, output: {type: leaky_integrator, input: dense}}}
learning: {rule: surrogate_gradient, epochs: 1, batch_size: 16, trials: {train: 16, test: 16}}
sweep: {seed: {count: 50}}
"""


def flip(part, draw):
    data = bytearray(part.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    part.write_bytes(data)


def cut(part, draw):
    data = part.read_bytes()
    part.write_bytes(data[:draw.randrange(len(data))])


def fill(part, draw):
    """A block of zeros, as a file system leaves it that lost power."""
    data = bytearray(part.read_bytes())
    start = draw.randrange(len(data))
    data[start:start + 512] = bytes(len(data[start:start + 512]))
    if data != part.read_bytes():
        part.write_bytes(data)
    else:
        flip(part, draw)


def exchange(part, draw, with_sums=False):
    """The results of another run."""
    others = [other for other in part.parent.glob("*.h5") if other != part and other.read_bytes() != part.read_bytes()]
    other = draw.choice(others)
    shutil.copy(other, part)
    if with_sums:
        shutil.copy(other.with_suffix(".sha256"), part.with_suffix(".sha256"))


def exchange_all(part, draw):
    """The same with its checksum."""
    exchange(part, draw, with_sums=True)


def break_sum(part, draw):
    flip(part.with_suffix(".sha256"), draw)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", type=pathlib.Path)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "e.yaml").write_text(EXPERIMENT, encoding="utf-8")

        def run():
            done = subprocess.run([arguments.executable.resolve(), "run", "e.yaml", "--out", "e.h5", "--keep-parts"],
                                  cwd=folder, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, done
            return datasets_hash.dataset_hashes(folder / "e.h5"), done.stderr

        whole, _ = run()
        parts = sorted((folder / "e.parts").glob("*.h5"))
        assert len(parts) == RUNS, parts
        again, said = run()
        assert again == whole and f"{RUNS} of them done before" in said, said
        damaged = 0
        while damaged < arguments.count:
            chosen = draw.sample(parts, min(draw.randrange(1, RUNS), arguments.count - damaged))
            for part in chosen:
                draw.choice([flip, flip, cut, fill, exchange, exchange_all, break_sum])(part, draw)
            damaged += len(chosen)
            again, said = run()
            kept = RUNS - len(chosen)
            assert f"{RUNS} runs, {kept} of them done before" in said, (len(chosen), said)
            assert again == whole, "the merged file differs"
    print(f"{damaged} damaged parts, all found and computed again; every merged file is that of an undisturbed sweep")


main()
