from dataclasses import dataclass, replace

import numpy as np
import pytest

from ablate.data.augment.none import NoAugmentation
from ablate.data.base import Dataset, Examples, Split
from ablate.nn import CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram


@dataclass(frozen=True)
class Blobs(Dataset):
    """Three overlapping clouds of 3x4 images, 300 examples."""

    train_size: int | None = 120

    def examples(self):
        rng = np.random.default_rng(0)
        labels = np.arange(300) % 3
        means = rng.random((3, 1, 3, 4))
        images = np.clip(means[labels] + 0.2 * rng.standard_normal((300, 1, 3, 4)), 0, 1).astype(np.float32)
        return Examples.of(images, labels.astype(np.int64), classes=3)

    def split(self, rng):
        # Test the same for all seeds, validation different: both ways of evaluating are used.
        order = rng.permutation(240)
        return Split(order[: self.train_size], np.sort(order[180:]), np.arange(240, 300))


@pytest.fixture
def config():
    """A small arm; `config(epochs=3)` changes it."""
    base = TrainConfig(
        model=Mlp([8, 6]),
        dataset=Blobs(),
        activation=ReLU(),
        optimizer=SGD(0.1),
        init=He(),
        norm=NoNorm(),
        dropout=NoDropout(),
        augment=NoAugmentation(),
        loss=CrossEntropy(),
        program=NumpyProgram(),
        epochs=4,
        batch_size=16,
    )
    return lambda **changed: replace(base, **changed)
