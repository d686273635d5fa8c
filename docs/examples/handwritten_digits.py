import numpy as np
from sklearn.datasets import load_digits

digits = load_digits()                                     # 1,797 images of 8 x 8 pixels, each 0 to 16
trial, pixel = np.nonzero(digits.data)
np.savez("handwritten_digits.npz", trials=trial, units=pixel,
         times=1e-3 * (16 - digits.data[trial, pixel]),    # the brighter, the earlier: each pixel fires once
         digit=digits.target)
