"""Time a training step per seed of convolutional nets: compiled and by NumPy, against PyTorch.

    python benchmarks/conv.py [--quick] [--markdown]

One process, one core, float32; repeats of all contestants follow each other in turn, medians of CPU time are printed
in microseconds per step and seed. `compiled` and `NumPy` are ours, everything a step does, 10 seeds in groups as a
study trains them: gather the minibatch, forward, loss, backward, update. `eager` is one seed in PyTorch with autograd
and `torch.optim.SGD`, the same net; `channels last` the same with images in that order in memory. Each is to take
longer than our compiled step.
"""

from __future__ import annotations

import argparse
from typing import Any

from contest.ours import ours, seconds_to_compile
from contest.timing import Table, bar, installed, machine, take_turns

from ablate.data import Digits, Mnist5k
from ablate.data.augment.none import NoAugmentation
from ablate.nn import BatchNorm, ConvNet, CrossEntropy, He, Inception, NoDropout, NoNorm, ReLU, ResNet
from ablate.optim import SGD
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram

SEEDS = 10


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


def cases() -> dict[str, TrainConfig]:
    """Return what is timed, by name."""
    small = {"dataset": Digits(), "batch_size": 32}
    return {
        "the book's convnet, 28x28, 100": arm(model=ConvNet(), dataset=Mnist5k(), norm=NoNorm()),
        "ResNet, 8x8, 32, BatchNorm": arm(model=ResNet(), norm=BatchNorm(), **small),
        "ResNet, 8x8, 100, BatchNorm": arm(model=ResNet(), norm=BatchNorm(), dataset=Digits()),
        "Inception, 8x8, 32": arm(model=Inception(), norm=NoNorm(), **small),
        "Inception, 8x8, 32, BatchNorm": arm(model=Inception(), norm=BatchNorm(), **small),
        "Inception, 8x8, 100": arm(model=Inception(), dataset=Digits(), norm=NoNorm()),
        "Inception, 8x8, 100, BatchNorm": arm(model=Inception(), dataset=Digits(), norm=BatchNorm()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a training step per seed of convolutional nets.")
    parser.add_argument("--quick", action="store_true", help="few repeats: checks that it runs")
    parser.add_argument("--markdown", action="store_true", help="print a table for benchmarks/RESULTS.md")
    options = parser.parse_args()
    repeats, steps, seeds = (1, 2, 2) if options.quick else (7, 20, SEEDS)
    print(machine(), end="\n\n")
    names = ["compiled", "NumPy", "eager", "channels last"]
    head = [f"µs of CPU per step and seed, {seeds} seeds", *names, "eager/", "channels last/"]
    table = Table(head, options.markdown)
    table.begin()
    for title, config in cases().items():
        contestants = {name: (ours(config, seeds, compiled=name == "compiled"), seeds) for name in names[:2]}
        if installed("torch"):
            from contest import images

            contestants |= {name: (images.eager(config, channels_last=name != "eager"), 1) for name in names[2:]}
        took = take_turns(contestants, steps=steps, repeats=repeats)
        over = [took[name] / took["compiled"] if name in took else None for name in names[2:]]
        table.row(title, [*(took.get(name) for name in names), *(bar(ratio, 1.0, most=False) for ratio in over)])
    table.end()
    if not options.quick:
        anew, stored = seconds_to_compile(images=True)
        print(f"\nCompiled, once per installation: {anew:.1f} s more; once per process: {stored:.1f} s more.")


if __name__ == "__main__":
    main()
