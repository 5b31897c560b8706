"""Digits: the same images as scikit-learn's own loader gives, split anew for every seed."""

import numpy as np

from ablate.data.digits import Digits
from ablate.streams import stream


def test_equals_scikit_learns_loader():
    from sklearn.datasets import load_digits

    oracle, examples = load_digits(), Digits().examples()
    np.testing.assert_array_equal(examples.images[:, 0], (oracle.images / 16).astype(np.float32))
    np.testing.assert_array_equal(examples.labels, oracle.target)
    assert examples.fingerprint == "dc03189b4746b9956cbef3f3f059983e30dbf36fc76c971951ba57233a7c7071"


def test_every_seed_draws_its_own_parts():
    one, two = (Digits().split(stream(seed, "split")) for seed in (0, 1))
    assert len(one.test) == 450
    assert len(one.validation) == 200
    assert not np.array_equal(one.test, two.test)
    assert not np.array_equal(one.validation, two.validation)
