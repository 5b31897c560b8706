"""The digits that scikit-learn brings, with noise added."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def load(noise: float, train_size: int, seed: int):
    """Return (images, labels) for training and for testing; the seed draws the split and the noise."""
    images, labels = load_digits(return_X_y=True)
    images = images / 16 + noise * np.random.default_rng(seed).standard_normal(images.shape)
    parts = train_test_split(images, labels, train_size=train_size, test_size=400, random_state=seed, stratify=labels)
    return (parts[0], parts[2]), (parts[1], parts[3])
