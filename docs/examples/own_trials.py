import numpy as np

random = np.random.default_rng(1)
label = np.repeat(["left", "middle", "right"], 100)               # what each of 300 trials is to be taken for
place = np.repeat([0.2, 0.5, 0.8], 100)                           # where along 20 channels most spikes are
near = np.exp(-((np.linspace(0, 1, 20) - place[:, None]) ** 2) / 0.02)
x = random.random((300, 100, 20)) < 0.1 * near[:, None, :]        # [trial][time][channel], steps of 1 ms
np.savez("own_trials.npz", x=x, label=label)
