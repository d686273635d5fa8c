"""What a spike does must not depend on how long a step is, and what steps cannot hold is refused or warned of.

    time_steps.py EXECUTABLE
"""

import itertools
import pathlib
import subprocess
import tempfile

import h5py
import numpy as np

import tyto_runs

ONE_SPIKE = """
tyto: 1
stimulus: {{type: expression, value: "t < 0.00105 ? 100 : 0"}}
simulation: {{duration: 60 ms, dt: {dt} ms}}
precision: float64
model:
  layers:
    a: {{type: {source}, input: {{type: direct, from: stimulus}}}}
    b: {{type: {target}, size: 1, input: {{type: {projection}, from: a, synapse: {synapse}}}}}
probes: {{b: {{of: b}}, spikes: {{of: a, what: spikes}}}}
silence: [short_time]
"""
SOURCES = {
    "lif": "lif, size: 1, refractory: 20 ms, input_scale: one_minus_decay",
    "ensemble": "ensemble, size: 1, encoders: [1], intercepts: {values: [0.5]}, max_rates: {values: [100 Hz]}",
}
PROJECTIONS = {"sparse": "sparse, probability: 1, weight: 1", "dense": "dense"}
TARGETS = {
    "node": "node",
    "charge": "leaky_integrator, tau: 10 ms",
    "current": "leaky_integrator, tau: 10 ms, input_scale: one_minus_decay",
}
SYNAPSES = ("5 ms", "{type: alpha, tau: 5 ms}")
STEPS_MS = (1, 0.5, 0.1, 0.05)

CONSTANT = """
tyto: 1
stimulus: {{type: expression, value: "2.1"}}
simulation: {{duration: 2 s, dt: {dt} ms}}
model:
  layers:
    n: {{type: lif, size: 1, tau: 10 ms, input_scale: one_minus_decay, input: {{type: direct, from: stimulus}}}}
probes: {{s: {{of: n, what: spikes}}}}
"""

ONTO = """
tyto: 1
stimulus: {{type: expression, value: "0"}}
simulation: {{duration: 2 s, dt: 1 ms}}
model:
  layers:
    pre: {{type: ensemble, size: 100, input: {{type: direct, from: stimulus}}}}
    other: {{type: ensemble, size: 100, input: {{type: direct, from: stimulus}}}}
    post: {{type: ensemble, size: 100, bias: {bias}, input: [{inputs}]}}
probes: {{s: {{of: post, what: spikes}}}}
"""

# What an experiment says, and what comes of it: a fault, or the name of a warning.
SIMULATION = """
tyto: 1
stimulus: {{type: {stimulus}}}
simulation: {{duration: 50 ms, dt: {dt}}}
model: {{layers: {{a: {{type: {layer}, input: {{type: direct, from: stimulus}}}}}}}}
probes: {{p: {{of: a{probe}}}}}
"""
DEFAULT = {"stimulus": "white_noise", "dt": "1 ms", "layer": "ensemble, size: 9", "probe": ""}
CASES = [
    ({}, None, None),
    ({"dt": "5 ms"}, "max_rates.high: a neuron fires once a step at most, at 200 Hz, and this is 400 Hz", None),
    ({"dt": "2 ms"}, None, "high_rate"),
    ({"dt": "5 ms", "layer": "ensemble, size: 1, max_rates: {values: 90 Hz}"}, None, None),
    ({"dt": "5 ms", "layer": "ensemble, size: 1, max_rates: {high: 900 Hz, values: [90 Hz]}"}, None, None),
    ({"dt": "5 ms", "layer": "ensemble, size: 1, max_rates: {values: 900 Hz}"}, "and this is 900 Hz", None),
    ({"stimulus": "white_noise, high: 600 Hz"}, "high: steps of 1 ms hold no frequency above 500 Hz", None),
    ({"layer": "lif, size: 1, refractory: 0.4 ms, input_scale: one_minus_decay"}, "is rounded to no step", None),
    ({"layer": "lif, size: 1, refractory: 1.4 ms, input_scale: one_minus_decay"}, None, "rounded_time"),
    ({"layer": "lif, size: 1, tau: 0.5 ms, input_scale: one_minus_decay"}, None, "short_time"),
    ({"layer": "lif, size: 1"}, None, "step_dependent"),
    ({"layer": "node, size: 1, input: {type: direct, from: stimulus}}, b: {type: lif, size: 1, timing: same_step, "
               "input_scale: one_minus_decay, input: {type: dense, from: a, synapse: 5 ms}}, c: {type: node, size: 1, "
               "input: {type: direct, from: b, function: x + 1, synapse: 5 ms}}, d: {type: node, size: 1"}, None,
     "step_dependent"),
    ({"layer": "ensemble, size: 9, input: {type: direct, from: stimulus}}, b: {type: node, size: 1, "
               "input: {type: decoded, from: a}}, c: {type: node, size: 1"}, None, "step_dependent"),
    ({"layer": "ensemble, size: 9, input: {type: direct, from: stimulus}}, b: {type: node, size: 1, "
               "input: {type: decoded, from: a, synapse: 5 ms}}, c: {type: node, size: 1"}, None, None),
    ({"probe": ", every: 100 ms"}, "every: 100 ms is longer than the run of 50 ms", None),
]


class Program:
    def __init__(self, executable, folder):
        self.executable = executable
        self.folder = folder

    def call(self, text, command="run"):
        (self.folder / "e.yaml").write_text(text, encoding="utf-8")
        words = ["--out", "e.h5", "--force"] if command == "run" else []
        return subprocess.run([self.executable, command, "e.yaml", *words], cwd=self.folder, capture_output=True,
                              text=True, timeout=300, check=False)

    def results(self, text):
        done = self.call(text)
        assert done.returncode == 0, (text, done)
        return h5py.File(self.folder / "e.h5"), done.stderr


def check_one_spike(program):
    """The highest value after a spike, and the area of currents, over steps of all lengths."""
    for source, projection, target, synapse in itertools.product(SOURCES, PROJECTIONS, TARGETS, SYNAPSES):
        if source == "ensemble" and projection == "dense":
            continue
        highest = []
        for dt in STEPS_MS:
            text = ONE_SPIKE.format(dt=dt, source=SOURCES[source], projection=PROJECTIONS[projection],
                                    target=TARGETS[target], synapse=synapse)
            file, said = program.results(text)
            with file:
                assert "step_dependent" not in said, said
                assert file["probes/spikes/value"].size == 1, (source, dt)
                highest.append(np.abs(file["probes/b/value"][()]).max())
        spread = np.ptp(highest) / np.mean(highest)
        # A membrane that follows an exponential current is as exact as its first step.
        assert spread < (0.01 if target == "node" else 0.15), (source, projection, target, synapse, highest)
        if target == "node" and projection == "sparse":
            assert abs(highest[-1] - 1) < 0.01, highest


def check_constant_current(program):
    """Spikes for each second of a leaky membrane: 1 / (tau ln(v / (v - 1)))."""
    theory_hz = 1 / (0.010 * np.log(2.1 / 1.1))
    for dt, tolerance in ((1, 0.1), (0.1, 0.01), (0.02, 0.006)):
        with program.results(CONSTANT.format(dt=dt))[0] as file:
            found_hz = file["probes/s/value"].size / 2
        assert abs(found_hz / theory_hz - 1) < tolerance, (dt, found_hz, theory_hz)


def check_bias(program):
    """Currents for neurons, from one or two sources, give the rates that values do."""
    def rate_hz(bias, *sources, onto):
        inputs = ", ".join(f'{{type: decoded, from: {source}, onto: {onto}, function: "0", synapse: 5 ms}}'
                           for source in sources)
        with program.results(ONTO.format(bias=bias, inputs=inputs))[0] as file:
            return file["probes/s/value"].size / 2 / 100

    expected = rate_hz("own", "pre", onto="layer")
    for bias, sources in itertools.product(("own", "from_input"), (("pre",), ("pre", "other"))):
        found = rate_hz(bias, *sources, onto="neurons")
        assert abs(found / expected - 1) < 0.1, (bias, sources, found, expected)


def check_validation(program):
    for changes, fault, warning in CASES:
        text = SIMULATION.format(**{**DEFAULT, **changes})
        done = program.call(text, "validate")
        assert (done.returncode, bool(fault)) in ((2, True), (0, False)), (changes, done)
        assert (fault or "") in done.stderr, (fault, done)
        assert ("warning" in done.stderr) == bool(warning), (warning, done)
        if not warning:
            continue
        assert f"(silence: {warning})" in done.stderr, (warning, done)
        file, said = program.results(text)
        with file:
            kinds = list(file["health/finding"].asstr())
            assert file["health/message"].asstr()[kinds.index(warning)] and warning in said, said
        silenced, said = program.results(text + f"silence: {warning}\n")
        with silenced:
            assert f"silence: {warning}" not in said and not silenced["health/message"].asstr()[kinds.index(warning)], said


def main():
    executable = tyto_runs.executable_argument(__doc__)
    with tempfile.TemporaryDirectory() as name:
        program = Program(executable, pathlib.Path(name))
        check_one_spike(program)
        check_constant_current(program)
        check_bias(program)
        check_validation(program)
    print("spikes do the same at every time step; what steps cannot hold is refused or warned of")


main()
