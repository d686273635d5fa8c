"""20 s of two ensembles joined by Dale-constrained weights, and the solve of those weights: Nengo and SciPy beside Tyto.

usage: nef_nengo.py BUILD [--rounds N]

BUILD is a release build folder (bin/tyto, tests/nnls_benchmark). Needs Python with nengo, scipy, numpy and h5py. The
programs take turns on one thread; run it under `taskset -c 0`. In Nengo, 101 and 102 LIF neurons with full weights
between them are simulated for 20,000 steps, with a filtered, decoded probe on each; Tyto runs
experiments/nef_square_dale.yaml, whose figure (simulation_s in /provenance) holds all steps and the writing of both
probes at every step. Prints each round, then medians and ratios, and the errors of both, so that equal work can be seen.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
EXPERIMENT = HERE.parents[2] / "experiments" / "nef_square_dale.yaml"
PRE, POST, POINTS, DURATION_S = 101, 102, 10001, 20.0


class NengoModel:
    """The weights are found once; then the simulation is run again and again."""

    def __init__(self, nengo, numpy):
        self.numpy = numpy
        rates = nengo.dists.Uniform(50, 100)
        with nengo.Network(seed=1) as self.model:
            pre = nengo.Ensemble(PRE, 1, radius=2, max_rates=rates)
            post = nengo.Ensemble(POST, 1, radius=2, max_rates=rates)
            ramp = nengo.Node(lambda t: t / 10 - 1)
            nengo.Connection(ramp, pre)
            self.weights = nengo.Connection(pre.neurons, post.neurons, transform=numpy.zeros((POST, PRE)))
            nengo.Probe(pre, synapse=0.1)
            self.probe = nengo.Probe(post, synapse=0.1)
        x = numpy.linspace(-1, 1, POINTS)[:, None]
        with nengo.Simulator(self.model, progress_bar=False, optimize=False) as built:
            data = {end: built.data[end] for end in (pre, post)}
            current = {end: data[end].gain * ((x if end is pre else x * x) @ data[end].encoders.T) / end.radius
                       + data[end].bias for end in (pre, post)}
            activity = pre.neuron_type.rates(current[pre], gain=numpy.ones(PRE), bias=numpy.zeros(PRE))
        sign = numpy.where(numpy.random.default_rng(1).random(PRE) < 0.7, 1.0, -1.0)
        signed = activity * sign
        self.gram = signed.T @ signed + POINTS * numpy.eye(PRE)
        self.right = signed.T @ current[post]
        self.sign = sign
        self.nengo = nengo
        self.post = post
        self.gain = data[post].gain

    def solve(self, scipy):
        begin = time.perf_counter()
        found = [scipy.optimize.nnls(self.gram, self.right[:, k])[0] for k in range(POST)]
        elapsed = time.perf_counter() - begin
        # Worked out here, since not every version's own figure is right.
        residual = sum(self.numpy.linalg.norm(self.gram @ x - self.right[:, k]) for k, x in enumerate(found))
        # What goes to neurons is multiplied by their gain in Nengo.
        self.found = self.numpy.stack(found) * self.sign / self.gain[:, None]
        return elapsed, residual

    def run(self):
        # Not optimized, so that weights and bias, which the decoded currents bring along, can be set.
        with self.nengo.Simulator(self.model, progress_bar=False, optimize=False) as simulator:
            weights = simulator.data[self.weights].weights
            weights.setflags(write=True)
            weights[...] = self.found
            for signal in simulator.signals:
                if signal.name == f"{self.post}.bias":
                    signal._initial_value.setflags(write=True)
                    signal._initial_value[...] = 0
            begin = time.perf_counter()
            simulator.run(DURATION_S, progress_bar=False)
            elapsed = time.perf_counter() - begin
            t = simulator.trange()
            miss = simulator.data[self.probe][:, 0] - (t / 10 - 1) ** 2
            return elapsed, float(self.numpy.sqrt(self.numpy.mean(miss[1000:] ** 2)))


def run_tyto(build, h5py):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.h5"
        subprocess.run([build / "bin" / "tyto", "run", EXPERIMENT, "--threads", "1", "--quiet", "--force", "--out", out,
                        "--set", "probes.pre.every=1 ms", "--set", "probes.post.every=1 ms"], check=True)
        with h5py.File(out) as file:
            return float(file["provenance/simulation_s"][()]), float(file["analysis/decoding_error/rmse"][()])


def solve_with_tyto(build, numpy, model, rounds):
    with tempfile.NamedTemporaryFile() as file:
        for part in ([PRE, POST], model.gram, model.right):
            file.write(numpy.ascontiguousarray(part, dtype="<f8").tobytes())
        file.flush()
        lines = subprocess.run([build / "tests" / "nnls_benchmark", file.name, str(rounds)], check=True,
                               capture_output=True, text=True).stdout.split()
    return [float(line) for line in lines[:-1]], float(lines[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import h5py
    import nengo
    import numpy
    import scipy.optimize

    model = NengoModel(nengo, numpy)
    solves, runs = [], []
    for index in range(arguments.rounds):
        scipy_s, scipy_residual = model.solve(scipy)
        tyto_s, tyto_residual = solve_with_tyto(arguments.build, numpy, model, 3)
        solves.append((scipy_s, statistics.median(tyto_s)))
        nengo_s, nengo_rmse = model.run()
        own_s, own_rmse = run_tyto(arguments.build, h5py)
        runs.append((nengo_s, own_s))
        print(f"round {index + 1}: solve {scipy_s * 1e3:.1f} ms in SciPy, {solves[-1][1] * 1e3:.1f} ms in Tyto "
              f"(residuals {scipy_residual:.9g}, {tyto_residual:.9g}); 20 s in {nengo_s:.2f} s (rmse {nengo_rmse:.4f}) "
              f"in Nengo {nengo.__version__}, {own_s * 1e3:.1f} ms (rmse {own_rmse:.4f}) in Tyto", flush=True)
    for name, pairs in (("solve", solves), ("20 s", runs)):
        ratios = sorted(other / own for other, own in pairs)
        print(f"{name}: ratio {statistics.median(ratios):.1f} (smallest {ratios[0]:.1f}, largest {ratios[-1]:.1f})")


main()
