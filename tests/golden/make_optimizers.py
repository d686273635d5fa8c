"""Writes optimizers.json: where PyTorch's optimizers take three numbers along given gradients, in double precision; Lion by
its published algorithm, written out here. Needs torch.

    make_optimizers.py > optimizers.json
"""

import json
import random
import sys

import torch

CASES = {
    "{type: adam, learning_rate: 0.02, weight_decay: 0.1}": (torch.optim.Adam, {"lr": 0.02, "weight_decay": 0.1}),
    "{type: adam, learning_rate: 0.1, beta1: 0.5, beta2: 0.9, epsilon: 1e-3}":
        (torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3}),
    "{type: adamw, learning_rate: 0.02}": (torch.optim.AdamW, {"lr": 0.02, "weight_decay": 0.01}),
    "{type: adamw, learning_rate: 0.05, weight_decay: 0.5}": (torch.optim.AdamW, {"lr": 0.05, "weight_decay": 0.5}),
    "{type: rmsprop}": (torch.optim.RMSprop, {}),
    "{type: rmsprop, learning_rate: 0.03, alpha: 0.7, momentum: 0.6, weight_decay: 0.2, centered: true}":
        (torch.optim.RMSprop, {"lr": 0.03, "alpha": 0.7, "momentum": 0.6, "weight_decay": 0.2, "centered": True}),
    "{type: sgd, learning_rate: 0.03, momentum: 0.8, weight_decay: 0.1, nesterov: true}":
        (torch.optim.SGD, {"lr": 0.03, "momentum": 0.8, "weight_decay": 0.1, "nesterov": True}),
}
START = [1.0, -0.5, 0.25]


def lion(start, gradients, rate, beta1, beta2, decay):
    w, m, path = list(start), [0.0] * len(start), []
    for step in gradients:
        for i, g in enumerate(step):
            c = beta1 * m[i] + (1 - beta1) * g
            w[i] = w[i] - rate * ((c > 0) - (c < 0) + decay * w[i])
            m[i] = beta2 * m[i] + (1 - beta2) * g
        path.append(list(w))
    return path


def main():
    draw = random.Random(7)
    gradients = [[draw.gauss(0, 1) * 10 ** draw.uniform(-3, 1) for _ in START] for _ in range(40)]
    gradients[5] = [0.0, 0.0, 0.0]
    found = []
    for text, (kind, settings) in CASES.items():
        w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
        optimizer, path = kind([w], **settings), []
        for step in gradients:
            w.grad = torch.tensor(step, dtype=torch.float64)
            optimizer.step()
            path.append(w.detach().tolist())
        found.append({"optimizer": text, "path": path})
    found.append({"optimizer": "{type: lion, learning_rate: 0.02, weight_decay: 0.3}",
                  "path": lion(START, gradients, 0.02, 0.9, 0.99, 0.3)})
    json.dump({"torch": torch.__version__, "start": START, "gradients": gradients, "paths": found}, sys.stdout, indent=0)


main()
