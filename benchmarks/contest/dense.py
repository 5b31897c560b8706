"""Fully connected nets on random images."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.none import NoAugmentation
from ablate.data.base import Dataset, Examples, Split
from ablate.nn import BatchNorm, CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram
from contest.timing import Run

CLASSES, EXAMPLES, RATE = 10, 5000, 0.01


@functools.cache  # as datasets are: drawn once for all arms
def _noise(side: int) -> Examples:
    rng = np.random.default_rng(0)
    images = rng.random((EXAMPLES, 1, side, side), dtype=np.float32)
    return Examples(images, rng.integers(CLASSES, size=EXAMPLES), CLASSES, "noise")


@dataclass(frozen=True)
class Noise(Dataset):
    """Random images: what is in them takes no time."""

    side: int = 28

    def examples(self) -> Examples:
        """Return 5,000 random images."""
        return _noise(self.side)

    def split(self, rng: np.random.Generator) -> Split:
        """Return 1,000 for training, 500 for validation, 500 for testing."""
        order = rng.permutation(EXAMPLES)
        return Split(order[:1000], order[1000:1500], order[1500:2000])


@dataclass(frozen=True)
class Shape:
    """A net and its minibatch."""

    side: int
    hidden: tuple[int, ...]
    batch: int
    norm: bool = False

    @property
    def widths(self) -> tuple[int, ...]:
        """Sizes from the input to the scores."""
        return (self.side**2, *self.hidden, CLASSES)

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Width and units of each layer."""
        return list(zip(self.widths[:-1], self.widths[1:], strict=True))

    def __str__(self) -> str:
        hidden = [str(w) for w in self.hidden] if len(self.hidden) < 3 else [f"{self.hidden[0]}x{len(self.hidden)}"]
        name = "-".join([str(self.side**2), *hidden, str(CLASSES)])
        return f"{name}, {self.batch}{', BatchNorm' if self.norm else ''}"


def arm(shape: Shape) -> TrainConfig:
    """Return what is timed: plain SGD."""
    return TrainConfig(
        model=Mlp(list(shape.hidden)),
        dataset=Noise(side=shape.side),
        activation=ReLU(),
        optimizer=SGD(RATE),
        init=He(),
        norm=BatchNorm() if shape.norm else NoNorm(),
        dropout=NoDropout(),
        augment=NoAugmentation(),
        loss=CrossEntropy(),
        program=NumpyProgram(),
        batch_size=shape.batch,
    )


def drawn(shape: Shape, *sizes: int) -> np.ndarray:
    """Return which examples make up minibatches, (*sizes, batch), int32."""
    return np.random.default_rng(1).integers(EXAMPLES, size=(*sizes, shape.batch), dtype=np.int32)


def products(shape: Shape, seeds: int) -> Run:
    """Return what does a step's matrix products alone: np.matmul of all seeds at once, into arrays that are there."""
    rng = np.random.default_rng(0)

    def array(*sizes: int) -> np.ndarray:
        return rng.standard_normal((seeds, *sizes), dtype=np.float32)

    calls = []
    for layer, (width, units) in enumerate(shape.layers):
        x, w, y, dw = array(shape.batch, width), array(width, units), array(shape.batch, units), array(width, units)
        calls += [(x, w, y), (x.swapaxes(1, 2), y, dw)]
        if layer:
            calls.append((y, w.swapaxes(1, 2), array(shape.batch, width)))

    def run(steps: int) -> None:
        for _ in range(steps):
            for a, b, out in calls:
                np.matmul(a, b, out=out)

    return run
