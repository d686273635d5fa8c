"""One epoch of the basic sound-localisation network: PyTorch beside Tyto, on one thread, in one run.

usage: itd_basic_pytorch.py TYTO [--rounds N] [--threads N] [--epochs N]

Needs Python with torch, numpy and h5py (Debian: python3-torch python3-h5py). The two programs take turns,
PyTorch first; every round trains one epoch in PyTorch and runs experiments/itd_basic.yaml with --epochs epochs in
Tyto, whose own figures (epoch_s, trials_s in /provenance) are read from its results file. Prints each round, then
medians and ratios. Both train on 16,384 trials in batches of 128 with the same settings; the losses are printed so
that equal work can be seen.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
EXPERIMENT = HERE.parents[2] / "experiments" / "itd_basic.yaml"
CLASSES, HIDDEN, FIBRES, STEPS, BATCH, TRAIN = 12, 8, 100, 100, 128, 16384
FREQUENCY_HZ, RATE_MAX_HZ, DT_S, TAU_S = 50.0, 600.0, 1e-3, 2e-3


def make_trials(numpy, rng, count):
    """Spikes [trial, step, channel] with the rate integrated exactly over each step (envelope power 2)."""
    ipd = rng.uniform(-numpy.pi / 2, numpy.pi / 2, count)
    omega = 2 * numpy.pi * FREQUENCY_HZ
    start = omega * DT_S * numpy.arange(STEPS) + 2 * numpy.pi * rng.random()
    fibre = numpy.linspace(0, numpy.pi / 2, FIBRES)
    ears = start[:, None] + fibre[None, :]
    spikes = numpy.empty((count, STEPS, 2 * FIBRES), numpy.uint8)

    def integral(theta):  # of ((1 + sin theta) / 2)^2
        return (1.5 * theta - 2 * numpy.cos(theta) - numpy.sin(2 * theta) / 4) / 4

    for first in range(0, count, 512):
        part = slice(first, min(count, first + 512))
        size = part.stop - part.start
        theta = numpy.concatenate(
            [numpy.broadcast_to(ears, (size, STEPS, FIBRES)), ears[None] + ipd[part, None, None]], axis=2)
        probability = RATE_MAX_HZ / omega * (integral(theta + omega * DT_S) - integral(theta))
        spikes[part] = rng.random(theta.shape) < probability
    return ipd, spikes


class PyTorchModel:
    def __init__(self, torch, numpy, threads):
        self.torch, self.numpy = torch, numpy
        torch.set_num_threads(threads)
        torch.manual_seed(1)
        rng = numpy.random.default_rng(1)
        begin = time.perf_counter()
        ipd, spikes = make_trials(numpy, rng, TRAIN)
        self.trials_s = (time.perf_counter() - begin) * (TRAIN + 4096) / TRAIN
        self.labels = torch.tensor(((ipd + numpy.pi / 2) / numpy.pi * CLASSES).astype("int64"))
        self.spikes = torch.tensor(spikes, dtype=torch.float32)
        self.w_in = ((torch.rand(2 * FIBRES, HIDDEN) * 2 - 1) / HIDDEN**0.5).requires_grad_()
        self.w_out = ((torch.rand(HIDDEN, CLASSES) * 2 - 1) / CLASSES**0.5).requires_grad_()
        self.optimizer = torch.optim.Adam([self.w_in, self.w_out], lr=0.01)
        self.decay = float(numpy.exp(-DT_S / TAU_S))

        class Spike(torch.autograd.Function):
            @staticmethod
            def forward(context, distance):
                context.save_for_backward(distance)
                return (distance > 0).to(distance.dtype)

            @staticmethod
            def backward(context, gradient):
                logistic = torch.sigmoid(5 * context.saved_tensors[0])
                return gradient * 5 * logistic * (1 - logistic)

        self.spike = Spike.apply

    def forward(self, spikes):
        torch = self.torch
        current = torch.einsum("bti,ih->bth", spikes, self.w_in)
        v = torch.zeros(len(spikes), HIDDEN)
        s = torch.zeros(len(spikes), HIDDEN)
        hidden = [s]
        for step in range(STEPS - 1):
            charged = (self.decay * v + current[:, step]) * (1 - s)
            s = self.spike(v - 1)
            v = charged
            hidden.append(s)
        hidden = torch.stack(hidden, 1)
        current = torch.einsum("bth,hc->btc", hidden, self.w_out)
        v = torch.zeros(len(spikes), CLASSES)
        total = v.clone()
        for step in range(STEPS - 1):
            v = self.decay * v + current[:, step]
            total = total + v
        return total / STEPS, hidden

    def epoch(self):
        torch = self.torch
        order = torch.randperm(TRAIN)
        losses = []
        begin = time.perf_counter()
        for first in range(0, TRAIN, BATCH):
            index = order[first:first + BATCH]
            scores, hidden = self.forward(self.spikes[index])
            rates = hidden.sum((0, 1)) / (BATCH * STEPS * DT_S)
            penalty = (self.numpy.log(CLASSES) * (torch.relu(rates - 100) / 100) ** 2).mean() / HIDDEN
            loss = torch.nn.functional.cross_entropy(scores, self.labels[index]) + penalty
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            losses.append(loss.item())
        return time.perf_counter() - begin, sum(losses) / len(losses)


def run_tyto(program, threads, epochs, seed):
    import h5py
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.h5")
        subprocess.run([program, "run", str(EXPERIMENT), "--quiet", "--threads", str(threads), "--seed", str(seed),
                        "--set", f"learning.epochs={epochs}", "--out", out], check=True)
        with h5py.File(out) as file:
            return (statistics.median(file["provenance/epoch_s"][:].tolist()), float(file["provenance/trials_s"][()]),
                    file["training/loss"][:].tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tyto")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    import numpy
    import torch
    model = PyTorchModel(torch, numpy, arguments.threads)
    print(f"PyTorch {torch.__version__}, {arguments.threads} thread(s); trials made by NumPy in {model.trials_s:.2f} s "
          f"(16,384 measured, scaled to 20,480)", flush=True)
    peers, ours, trials, ratios = [], [], [], []
    for number in range(1, arguments.rounds + 1):
        peer_s, peer_loss = model.epoch()
        our_s, trials_s, losses = run_tyto(arguments.tyto, arguments.threads, arguments.epochs, number)
        peers.append(peer_s)
        ours.append(our_s)
        trials.append(trials_s)
        ratios.append(peer_s / our_s)
        print(f"round {number}: PyTorch {peer_s:.2f} s (loss after {number} epochs {peer_loss:.3f}); Tyto {our_s:.3f} s "
              f"(losses {', '.join(f'{loss:.3f}' for loss in losses)}), ratio {ratios[-1]:.1f}; "
              f"20,480 trials {trials_s:.3f} s", flush=True)
    print(f"median epoch: PyTorch {statistics.median(peers):.2f} s, Tyto {statistics.median(ours):.3f} s, "
          f"ratio {statistics.median(ratios):.1f} (smallest {min(ratios):.1f}, largest {max(ratios):.1f})")
    print(f"median making of 20,480 trials: NumPy {model.trials_s:.2f} s, Tyto {statistics.median(trials):.3f} s, "
          f"ratio {model.trials_s / statistics.median(trials):.1f}")


main()
