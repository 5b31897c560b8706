"""Time a training step per seed of convolutional nets against PyTorch.

    python benchmarks/conv.py [--quick]

One process, one core, float32; repeats of both contestants are interleaved, medians of CPU time are printed in
microseconds per step and seed, and their ratio. `ours` is everything a step does, 10 seeds in groups as a study
trains them: gather the minibatch, forward, loss, backward, update. `torch` is one seed trained eagerly
(`torch.optim.SGD`), the same net.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: BLAS reads it once
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ablate.data import Digits, Mnist5k
from ablate.data.augment.none import NoAugmentation
from ablate.nn import BatchNorm, ConvNet, CrossEntropy, He, Inception, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.memory import chunks
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, Source
from ablate.train.step import Stepper

BLOCKS = 10


def arm(**components: Any) -> TrainConfig:
    """Return what is timed: plain SGD on the components given."""
    return TrainConfig(
        activation=ReLU(),
        optimizer=SGD(0.01),
        init=He(),
        dropout=NoDropout(),
        augment=NoAugmentation(),
        loss=CrossEntropy(),
        program=NumpyProgram(),
        **components,
    )


def ours(config: TrainConfig) -> Callable[[int], float]:
    """Return a function that does steps and returns CPU seconds per step and seed."""
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


def pytorch(torch: Any, config: TrainConfig) -> Callable[[int], float]:
    """Return a function that does eager PyTorch steps of one seed."""
    nn = torch.nn
    torch.manual_seed(0)
    norm = isinstance(config.norm, BatchNorm)

    def unit(channels: int, filters: int, kernel: int, padding: int) -> list[Any]:
        conv = nn.Conv2d(channels, filters, kernel, padding=padding, bias=not norm)
        return [conv, *([nn.BatchNorm2d(filters)] if norm else []), nn.ReLU()]

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, channels: int, w: int) -> None:
            super().__init__()
            self.ways = nn.ModuleList(
                [
                    nn.Sequential(*unit(channels, 2 * w, 1, 0)),
                    nn.Sequential(*unit(channels, 3 * w, 1, 0), *unit(3 * w, 4 * w, 3, 1)),
                    nn.Sequential(*unit(channels, w // 2, 1, 0), *unit(w // 2, w, 5, 2)),
                    nn.Sequential(nn.MaxPool2d(3, 1, 1), *unit(channels, w, 1, 0)),
                ]
            )

        def forward(self, x: Any) -> Any:
            return torch.cat([way(x) for way in self.ways], 1)

    model = config.model
    if isinstance(model, Inception):
        layers, channels = unit(1, model.stem, 3, 1), model.stem
        for number, width in enumerate(model.widths):
            layers += [*([nn.MaxPool2d(2)] if number else []), Block(channels, width)]
            channels = 8 * width
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    else:
        layers = [
            *unit(1, 30, 5, 0),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(4320, 100),
            nn.ReLU(),
            nn.Linear(100, 10),
        ]
    net = nn.Sequential(*layers)
    parameters = sum(p.numel() for p in net.parameters())
    if parameters != network_of(config).parameters:
        raise SystemExit(f"not the same net: PyTorch's has {parameters:,} parameters")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    examples = config.dataset.examples()
    images, labels = torch.from_numpy(np.array(examples.images)), torch.from_numpy(np.array(examples.labels))

    def run(steps: int) -> float:
        order = torch.randint(len(labels), (steps, config.batch_size))
        began = time.process_time()
        for rows in order:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
            optimizer.step()
        return (time.process_time() - began) / steps

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step per seed of convolutional nets against PyTorch.")
    parser.add_argument("--quick", action="store_true", help="few repeats: checks that it runs")
    quick = parser.parse_args().quick
    try:
        import torch
    except ImportError:
        print("benchmarks/conv.py compares with PyTorch, which is not installed: pip install ablate-studies[torch]")
        return
    torch.set_num_threads(1)
    repeats, steps = (1, 2) if quick else (5, 25)
    cases = {
        "the book's convnet, 28x28, batch 100": arm(model=ConvNet(), dataset=Mnist5k(), norm=NoNorm()),
        "Inception, 8x8, batch 32": arm(model=Inception(), dataset=Digits(), norm=NoNorm(), batch_size=32),
        "Inception, 8x8, batch 32, BatchNorm": arm(
            model=Inception(), dataset=Digits(), norm=BatchNorm(), batch_size=32
        ),
        "Inception, 8x8, batch 100": arm(model=Inception(), dataset=Digits(), norm=NoNorm()),
        "Inception, 8x8, batch 100, BatchNorm": arm(model=Inception(), dataset=Digits(), norm=BatchNorm()),
    }
    print(f"{f'µs of CPU per step and seed, {BLOCKS} seeds':<40}{'ours':>10}{'torch':>10}{'torch/ours':>12}")
    for title, config in cases.items():
        contestants = {"ours": ours(config), "torch": pytorch(torch, config)}
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for repeat in range(repeats + 1):
            for name, run in contestants.items():
                took = run(steps)
                if repeat:  # the first one warms up
                    times[name].append(took)
        own, theirs = (statistics.median(times[name]) * 1e6 for name in ("ours", "torch"))
        print(f"{title:<40}{own:10,.0f}{theirs:10,.0f}{theirs / own:12.2f}", flush=True)


if __name__ == "__main__":
    main()
