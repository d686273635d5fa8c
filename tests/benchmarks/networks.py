"""Training epochs of three networks: PyTorch and the spiking libraries that stand on it beside Tyto.

usage: networks.py TYTO [--sizes S M L R] [--peers pytorch snntorch norse spikingjelly] [--rounds N] [--threads N]
                   [--learn N]

Needs Python with torch, h5py and those of snntorch, norse and spikingjelly that are asked for. S is
experiments/itd_basic.yaml (200-8-12, 16,384 trials in batches of 128), M is experiments/itd_delays.yaml (200 trained
delays, 200-30-12, 150 steps, 4,096 trials in batches of 64), L is tests/benchmarks/digits_size.yaml (700-256-256-20,
2,048 trials in batches of 256), R is tests/benchmarks/recurrent_size.yaml (700-256-20, the 256 connected to each other,
100 steps, 2,048 trials in batches of 128). All programs train on the same trials, those of `tyto trials`, with
the same batches, loss and optimizer, each with its own leaky neurons and their derivatives; they take turns, and Tyto
runs in every turn. Prints each round, then medians and ratios; with S also how long NumPy takes to make the same number
of trials of the same kind. With --learn N each peer first trains N epochs, and the accuracies on the same test trials
are printed, so that equal work can be seen. Run it under `taskset -c 0`.
"""
import argparse
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import typing

HERE = pathlib.Path(__file__).resolve().parent
DT_S = 1e-3


class Size:
    def __init__(self, experiment, hidden, classes, batch, tau_s, rate, penalty=False, longest_delay=None,
                 recurrent=False):
        self.experiment, self.hidden, self.classes, self.batch = experiment, hidden, classes, batch
        self.decay, self.tau_s, self.rate, self.penalty = math.exp(-DT_S / tau_s), tau_s, rate, penalty
        self.longest_delay = longest_delay  # in steps; None: no delays
        self.recurrent = recurrent  # hidden neurons get each other's spikes one step later


EXPERIMENTS = HERE.parents[1] / "experiments"
SIZES = {"S": Size(EXPERIMENTS / "itd_basic.yaml", [8], 12, 128, 2e-3, 0.01, penalty=True),
         "M": Size(EXPERIMENTS / "itd_delays.yaml", [30], 12, 64, 5e-3, 0.01, longest_delay=49),
         "L": Size(HERE / "digits_size.yaml", [256, 256], 20, 256, 10e-3, 0.001),
         "R": Size(HERE / "recurrent_size.yaml", [256], 20, 128, 10e-3, 0.001, recurrent=True)}


def numpy_trials_s(numpy, count):
    """Time in which NumPy makes trials of S, the rate integrated exactly over each step (envelope power 2)."""
    fibres, steps, frequency_hz, rate_max_hz = 100, 100, 50.0, 600.0
    rng = numpy.random.default_rng(1)
    begin = time.perf_counter()
    ipd = rng.uniform(-numpy.pi / 2, numpy.pi / 2, count)
    omega = 2 * numpy.pi * frequency_hz
    start = omega * DT_S * numpy.arange(steps) + 2 * numpy.pi * rng.random()
    ears = start[:, None] + numpy.linspace(0, numpy.pi / 2, fibres)[None, :]

    def integral(theta):  # of ((1 + sin theta) / 2)^2
        return (1.5 * theta - 2 * numpy.cos(theta) - numpy.sin(2 * theta) / 4) / 4

    spikes = numpy.empty((count, steps, 2 * fibres), numpy.uint8)
    for first in range(0, count, 512):
        part = slice(first, min(count, first + 512))
        theta = numpy.concatenate([numpy.broadcast_to(ears, (part.stop - part.start, steps, fibres)),
                                   ears[None] + ipd[part, None, None]], axis=2)
        probability = rate_max_hz / omega * (integral(theta + omega * DT_S) - integral(theta))
        spikes[part] = rng.random(theta.shape) < probability
    return time.perf_counter() - begin


class Trials:
    def __init__(self, path, split, classes):
        import h5py
        import numpy
        import torch
        with h5py.File(path) as file:
            group = file[split]
            bits = group["spikes"][()].view("u1")
            spikes = numpy.unpackbits(bits, axis=2, count=int(group["channels"][()]), bitorder="little")
            angle_deg = group["ipd"][()]
        self.spikes = torch.from_numpy(spikes)
        self.labels = torch.from_numpy(numpy.clip((angle_deg + 90) / 180 * classes, 0, classes - 1).astype("int64"))


def plain_neurons(torch, size):
    """The published notebooks' neuron: a spike is seen one step after the crossing, and the reset one step later."""

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(context, distance):
            context.save_for_backward(distance)
            return (distance > 0).to(distance.dtype)

        @staticmethod
        def backward(context, gradient):
            logistic = torch.sigmoid(5 * context.saved_tensors[0])
            return gradient * 5 * logistic * (1 - logistic)

    def fire(current, back=None):
        v = torch.zeros_like(current[:, 0])
        s = torch.zeros_like(v)
        spikes = [s]
        for step in range(current.shape[1] - 1):
            arriving = current[:, step]
            if back is not None and step > 0:
                arriving = arriving + spikes[step - 1] @ back
            charged = (size.decay * v + arriving) * (1 - s)
            s = Spike.apply(v - 1)
            v = charged
            spikes.append(s)
        return torch.stack(spikes, 1)

    return fire


def snntorch_neurons(torch, size):
    import snntorch
    # Its sigmoid's derivative overflows far below the threshold.
    neuron = snntorch.Leaky(beta=size.decay, threshold=1.0, spike_grad=snntorch.surrogate.fast_sigmoid(slope=5),
                            reset_mechanism="zero")

    def fire(current, back=None):
        membrane = neuron.reset_mem()
        spikes = []
        for step in range(current.shape[1]):
            arriving = current[:, step] if back is None or step == 0 else current[:, step] + spikes[-1] @ back
            spiked, membrane = neuron(arriving, membrane)
            spikes.append(spiked)
        return torch.stack(spikes, 1)

    return fire


def norse_neurons(torch, size):
    import norse
    from norse.torch.functional.lif_box import LIFBoxParameters
    parameters = LIFBoxParameters(tau_mem_inv=torch.tensor(1 / size.tau_s), v_th=torch.tensor(1.0), method="super",
                                  alpha=torch.tensor(5.0))
    neuron = norse.torch.LIFBoxCell(p=parameters, dt=DT_S)

    def fire(current, back=None):
        # Its membrane takes dt / tau of the input.
        state = None
        spikes = []
        for step in range(current.shape[1]):
            arriving = current[:, step] if back is None or step == 0 else current[:, step] + spikes[-1] @ back
            spiked, state = neuron(arriving * (size.tau_s / DT_S), state)
            spikes.append(spiked)
        return torch.stack(spikes, 1)

    return fire


def spikingjelly_neurons(torch, size):
    from spikingjelly.activation_based import functional, neuron, surrogate
    node = neuron.LIFNode(tau=1 / (1 - size.decay), decay_input=False, v_threshold=1.0, v_reset=0.0,
                          step_mode="s" if size.recurrent else "m", surrogate_function=surrogate.Sigmoid(alpha=5.0))

    def fire(current, back=None):
        functional.reset_net(node)
        if back is None:
            return node(current.transpose(0, 1)).transpose(0, 1)
        spikes = []
        for step in range(current.shape[1]):
            spikes.append(node(current[:, step] if step == 0 else current[:, step] + spikes[-1] @ back))
        return torch.stack(spikes, 1)

    return fire


PEERS = {"pytorch": plain_neurons, "snntorch": snntorch_neurons, "norse": norse_neurons,
         "spikingjelly": spikingjelly_neurons}


def delay_function(torch):
    """Whole-step delays of channels, with the derivative by the delay of the first published notebook."""

    class Delay(torch.autograd.Function):
        @staticmethod
        def forward(context, spikes, delay):
            step = torch.arange(spikes.shape[1])[:, None] - delay.round().long()[None]
            # Delayed as bytes, which is faster than as numbers.
            delayed = (spikes.gather(1, step.clamp(min=0).expand_as(spikes)) * (step >= 0)).float()
            context.save_for_backward(delayed, delay)
            return delayed

        @staticmethod
        def backward(context, gradient):
            delayed, delay = context.saved_tensors
            slope = (gradient[:, 1:] * delayed[:, :-1]).sum((0, 1)) - (gradient * delayed).sum((0, 1))
            return None, slope * 5 * delay

    return Delay.apply


class Model:
    """Weights, readout, loss and training, the same for every peer; what differs are the neurons."""

    def __init__(self, torch, neurons, size, trials):
        self.torch, self.size, self.trials = torch, size, trials
        torch.manual_seed(1)
        widths = [trials.spikes.shape[2], *size.hidden, size.classes]
        self.weights = [((torch.rand(n, m) * 2 - 1) / m**0.5).requires_grad_() for n, m in zip(widths, widths[1:])]
        groups = [{"params": self.weights, "lr": size.rate}]
        self.back = None
        if size.recurrent:
            n = size.hidden[0]
            self.back = ((torch.rand(n, n) * 2 - 1) / n**0.5).requires_grad_()
            groups.append({"params": [self.back], "lr": size.rate})
        self.delay = None
        if size.longest_delay is not None:
            self.delay = (torch.rand(widths[0]) * size.longest_delay).requires_grad_()
            self.delayed = delay_function(torch)
            groups.append({"params": [self.delay], "lr": 1.0})
        self.optimizer = torch.optim.Adam(groups)
        self.neurons = [neurons(torch, size) for _ in size.hidden]

    def scores(self, spikes):
        torch = self.torch
        signal, rates = spikes.float() if self.delay is None else self.delayed(spikes, self.delay), []
        for weight, fire in zip(self.weights, self.neurons):
            signal = fire(torch.matmul(signal, weight), self.back)
            rates.append(signal.sum((0, 1)) / (signal.shape[0] * signal.shape[1] * DT_S))
        current = torch.matmul(signal, self.weights[-1])
        v = torch.zeros_like(current[:, 0])
        total = torch.zeros_like(v)
        for step in range(current.shape[1] - 1):
            v = self.size.decay * v + current[:, step]
            total = total + v
        return total / current.shape[1], rates

    def epoch(self):
        torch, size, trials = self.torch, self.size, self.trials
        order = torch.randperm(len(trials.labels))
        losses = []
        begin = time.perf_counter()
        for index in order.split(size.batch):
            scores, rates = self.scores(trials.spikes[index])
            loss = torch.nn.functional.cross_entropy(scores, trials.labels[index])
            if size.penalty:
                loss = loss + (math.log(size.classes) * (torch.relu(rates[0] - 100) / 100) ** 2).mean() / size.hidden[0]
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            if self.delay is not None:
                with torch.no_grad():
                    self.delay.clamp_(0, size.longest_delay)
            losses.append(loss.item())
        return time.perf_counter() - begin, sum(losses) / len(losses)

    def accuracy(self, trials):
        with self.torch.no_grad():
            right = sum(int((self.scores(trials.spikes[part])[0].argmax(1) == trials.labels[part]).sum())
                        for part in self.torch.arange(len(trials.labels)).split(self.size.batch))
        return right / len(trials.labels)


class Answer(typing.NamedTuple):
    epoch_s: float
    trials_s: float
    losses: list
    accuracy: float


def run_tyto(program, size, threads, epochs=3):
    import h5py
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        subprocess.run([program, "run", str(size.experiment), "--quiet", "--threads", str(threads), "--set",
                        f"learning.epochs={epochs}", "--out", out, "--force"], check=True)
        with h5py.File(out) as file:
            return Answer(statistics.median(file["provenance/epoch_s"][:].tolist()),
                          float(file["provenance/trials_s"][()]), file["training/loss"][:].tolist(),
                          float(file["metrics/test/accuracy"][()]))


def compare(torch, name, arguments, folder):
    size = SIZES[name]
    path = os.path.join(folder, f"{name}.h5")
    subprocess.run([arguments.tyto, "trials", str(size.experiment), "--out", path, "--force"], check=True,
                   stdout=subprocess.DEVNULL)
    train = Trials(path, "train", size.classes)
    density = float(train.spikes[:256].float().mean())
    print(f"size {name}: {len(train.labels)} trials, {100 * density:.1f} % of the channels fire in a step", flush=True)
    models = {peer: Model(torch, PEERS[peer], size, train) for peer in arguments.peers}
    if arguments.learn:
        test = Trials(path, "test", size.classes)
        for peer, model in models.items():
            losses = [model.epoch()[1] for _ in range(arguments.learn)]
            print(f"  {peer}: loss {losses[-1]:.3f} after {arguments.learn} epochs, accuracy "
                  f"{100 * model.accuracy(test):.1f} %", flush=True)
        answer = run_tyto(arguments.tyto, size, arguments.threads, arguments.learn)
        print(f"  tyto: loss {answer.losses[-1]:.3f} after {arguments.learn} epochs, accuracy "
              f"{100 * answer.accuracy:.1f} %", flush=True)
    ratios = {peer: [] for peer in models}
    making: list[float] = []
    times: dict[str, list[float]] = {peer: [] for peer in [*models, "tyto"]}
    for number in range(arguments.rounds):
        for peer, model in models.items():
            peer_s, _ = model.epoch()
            answer = run_tyto(arguments.tyto, size, arguments.threads)
            own_s = answer.epoch_s
            making.append(answer.trials_s)
            times[peer].append(peer_s)
            times["tyto"].append(own_s)
            ratios[peer].append(peer_s / own_s)
            print(f"  round {number + 1}: {peer} {peer_s:.3f} s, Tyto {own_s:.3f} s, ratio {ratios[peer][-1]:.1f}",
                  flush=True)
    for peer, values in ratios.items():
        print(f"{name} {peer}: epoch {statistics.median(times[peer]):.3f} s, ratio {statistics.median(values):.1f} "
              f"({min(values):.1f} to {max(values):.1f})")
    print(f"{name} tyto: epoch {statistics.median(times['tyto']):.3f} s")
    if name == "S":
        import numpy
        measured, all_trials = 4096, 20480  # of training and test
        numpy_s = numpy_trials_s(numpy, measured) * all_trials / measured
        own_s = statistics.median(making)
        print(f"making {all_trials} trials: NumPy {numpy_s:.2f} s ({measured} measured), Tyto {own_s:.3f} s, "
              f"ratio {numpy_s / own_s:.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tyto")
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--peers", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--learn", type=int, default=0)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    import torch
    torch.set_num_threads(arguments.threads)
    print(f"PyTorch {torch.__version__}, {arguments.threads} thread(s)", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.sizes:
            compare(torch, name, arguments, folder)


main()
