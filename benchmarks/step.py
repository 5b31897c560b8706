"""Time a training step per seed against its matrix products alone and against PyTorch.

    python benchmarks/step.py [--quick]

One process, one core, float32, 20 blocks; repeats of all contestants are interleaved, medians are printed in
microseconds per step and seed. `ours` is everything a step does: draw and gather the minibatch, forward, loss,
backward, update. `products` are the same batched np.matmul calls on preallocated arrays, all 20 blocks at once.
`torch` is one seed trained eagerly (`torch.optim.SGD`), which is how a seed is trained there.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: BLAS reads it once
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ablate.data.augment.none import NoAugmentation
from ablate.data.base import Dataset, Examples, Split
from ablate.nn import BatchNorm, CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.memory import chunks
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, Source
from ablate.train.step import Stepper

BLOCKS = 20
CLASSES = 10


@dataclass(frozen=True)
class Noise(Dataset):
    """Random images: what is in them takes no time."""

    side: int = 28

    def examples(self) -> Examples:
        """Return 5,000 random images."""
        rng = np.random.default_rng(0)
        images = rng.random((5000, 1, self.side, self.side), dtype=np.float32)
        return Examples(images, rng.integers(CLASSES, size=5000), CLASSES, "noise")

    def split(self, rng: np.random.Generator) -> Split:
        """Return 1,000 for training, 500 for validation, 500 for testing."""
        order = rng.permutation(5000)
        return Split(order[:1000], order[1000:1500], order[1500:2000])


@dataclass(frozen=True)
class Shape:
    """A net and its minibatch."""

    side: int
    hidden: tuple[int, ...]
    batch: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Sizes from the input to the scores."""
        return (self.side**2, *self.hidden, CLASSES)

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.widths))}, batch {self.batch}"


def ours(shape: Shape, *, norm: bool) -> Callable[[int], float]:
    """Return a function that does steps and returns seconds per step and seed."""
    config = TrainConfig(
        model=Mlp(list(shape.hidden)),
        dataset=Noise(side=shape.side),
        activation=ReLU(),
        optimizer=SGD(0.01),
        init=He(),
        norm=BatchNorm() if norm else NoNorm(),
        dropout=NoDropout(),
        augment=NoAugmentation(),
        loss=CrossEntropy(),
        program=NumpyProgram(),
        batch_size=shape.batch,
    )
    network, source = network_of(config), Source.of(config.dataset, config.dtype)
    groups = [
        (
            Stepper(config, network, source, seeds),
            minibatches(config, Parts.of(config.dataset, seeds).train, streams(seeds, "shuffle")),
        )
        for seeds in chunks(config, network, list(range(BLOCKS)))
    ]

    def run(steps: int) -> float:
        began = time.process_time()
        for stepper, batches in groups:  # a group trains to its end before the next begins
            stepper.run(batches, steps)
        return (time.process_time() - began) / steps / BLOCKS

    return run


def products(shape: Shape) -> Callable[[int], float]:
    """Return a function that does a step's matrix products alone."""
    rng = np.random.default_rng(0)

    def array(*sizes: int) -> np.ndarray:
        return rng.standard_normal((BLOCKS, *sizes), dtype=np.float32)

    calls = []
    for layer, (width, units) in enumerate(zip(shape.widths[:-1], shape.widths[1:], strict=True)):
        x, w, y, dw = array(shape.batch, width), array(width, units), array(shape.batch, units), array(width, units)
        calls += [(x, w, y), (x.swapaxes(1, 2), y, dw)]
        if layer:
            calls.append((y, w.swapaxes(1, 2), array(shape.batch, width)))

    def run(steps: int) -> float:
        began = time.process_time()
        for _ in range(steps):
            for a, b, out in calls:
                np.matmul(a, b, out=out)
        return (time.process_time() - began) / steps / BLOCKS

    return run


def pytorch(shape: Shape, *, norm: bool) -> Callable[[int], float] | None:
    """Return a function that does eager PyTorch steps of one seed, or None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers: list[torch.nn.Module] = []
    for width, units in zip(shape.widths[:-2], shape.widths[1:-1], strict=True):
        layers += [torch.nn.Linear(width, units), *([torch.nn.BatchNorm1d(units)] if norm else []), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(shape.widths[-2], CLASSES))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    images, labels = torch.rand(5000, shape.widths[0]), torch.randint(CLASSES, (5000,))

    def run(steps: int) -> float:
        order = torch.randint(5000, (steps, shape.batch))
        began = time.process_time()
        for rows in order:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
            optimizer.step()
        return (time.process_time() - began) / steps

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step per seed.")
    parser.add_argument("--quick", action="store_true", help="few repeats: checks that it runs")
    repeats = 3 if parser.parse_args().quick else 15
    big, small = Shape(28, (100,) * 5, 100), Shape(8, (64,), 32)
    print(f"{'µs per step and seed':<56}{'ours':>8}{'products':>10}{'torch':>8}{'/products':>11}{'torch/ours':>12}")
    for shape, steps in ((big, 10), (small, 100)):
        for norm in (False, True):
            contestants = {
                "ours": ours(shape, norm=norm),
                "products": products(shape),
                "torch": pytorch(shape, norm=norm),
            }
            times: dict[str, list[float]] = {name: [] for name in contestants}
            for repeat in range(repeats + 1):
                for name, run in contestants.items():
                    if run is not None:
                        took = run(steps)
                        if repeat:  # the first one warms up
                            times[name].append(took)
            medians = {name: statistics.median(took) * 1e6 for name, took in times.items() if took}
            torch = medians.get("torch")
            title = f"{shape}, BatchNorm {'on' if norm else 'off'}"
            line = f"{title:<56}{medians['ours']:8.1f}{medians['products']:10.1f}"
            line += f"{torch:8.1f}" if torch else f"{'-':>8}"
            line += f"{medians['ours'] / medians['products']:11.2f}"
            print(line + (f"{torch / medians['ours']:12.1f}" if torch else f"{'-':>12}"))


if __name__ == "__main__":
    main()
