from dataclasses import dataclass, replace

import numpy as np
import pytest

from ablate.data.augment.none import NoAugmentation
from ablate.data.base import Dataset, Examples, Split
from ablate.nn import CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.programs.surface import Surface
from ablate.train.config import TrainConfig


@dataclass(frozen=True)
class Clouds(Dataset):
    """Three overlapping clouds of 4x4 images, 240 examples."""

    train_size: int | None = 90

    def examples(self):
        rng = np.random.default_rng(0)
        labels = np.arange(240) % 3
        images = np.clip(rng.random((3, 1, 4, 4))[labels] + 0.25 * rng.standard_normal((240, 1, 4, 4)), 0, 1)
        return Examples.of(images.astype(np.float32), labels.astype(np.int64), classes=3)

    def split(self, rng):
        order = rng.permutation(180)
        return Split(order[: self.train_size], np.sort(order[120:]), np.arange(180, 240))


@pytest.fixture
def config():
    """An arm; `config(optimizer=Adam())` changes it."""
    base = TrainConfig(
        model=Mlp([4]), dataset=Clouds(), activation=ReLU(), optimizer=SGD(0.95), init=He(), norm=NoNorm(),
        dropout=NoDropout(), augment=NoAugmentation(), loss=CrossEntropy(), program=Surface(), steps=30,
    )  # fmt: skip
    return lambda **changed: replace(base, **changed)
