"""Time every registered augmentation against a training step: `python benchmarks/augment.py [--quick]`.

One process, one core, float32, MNIST-sized minibatches; augmentations and steps are interleaved, lower quartiles are
printed in microseconds per minibatch and seed. The steps are those of the book's net (784-100x5-10, batch 100) without
and with BatchNorm: gather, forward, loss, backward and update, no augmentation.

Measured on a busy machine, least of 60, share of a step without BatchNorm: rotate 0.66, scale 0.68, shift_rotate 0.69,
elastic 0.88, matched_noise 0.54; before scratch was kept and passes were joined 0.71 (scale), 0.74, 0.97, 0.55.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: BLAS reads it once

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import quantiles

import ablate.data
from ablate.data.augment import NoAugmentation
from ablate.nn import BatchNorm, CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.registry import options
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.memory import chunks
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, Source
from ablate.train.step import Stepper

PLAIN, NORMED = "(a step)", "(with BatchNorm)"


def main() -> None:
    parser = argparse.ArgumentParser(description="Time every augmentation against a training step.")
    parser.add_argument("--quick", action="store_true", help="few repetitions: checks that it runs")
    repetitions = 5 if parser.parse_args().quick else 60
    plain = TrainConfig(
        model=Mlp([100] * 5),
        dataset=ablate.data.Mnist5k(),
        activation=ReLU(),
        optimizer=SGD(0.01),
        init=He(),
        norm=NoNorm(),
        dropout=NoDropout(),
        augment=NoAugmentation(),
        loss=CrossEntropy(),
        program=NumpyProgram(),
    )
    source = Source.of(plain.dataset, plain.dtype)
    seeds = chunks(plain, network_of(plain), list(range(20)))[0]  # as many as are trained together
    train = Parts.of(plain.dataset, seeds).train
    batches = minibatches(plain, train, streams(seeds, "shuffle"))
    positions = next(batches)
    images = source.images[positions].reshape(*positions.shape, *source.shape)
    labels = source.labels[positions]

    runs: dict[str, Callable[[], object]] = {}
    for title, config in ((PLAIN, plain), (NORMED, replace(plain, norm=BatchNorm()))):
        stepper = Stepper(config, network_of(config), source, seeds)
        runs[title] = lambda stepper=stepper: stepper(next(batches))
    for name, cls in options("augment").items():
        augment, rngs = cls(), streams(seeds, "augment")
        if augment.needs_training_set:
            whole = source.images[train].reshape(*train.shape, *source.shape)
            began = time.perf_counter()
            augment = augment.prepared(whole, source.labels[train], rngs, classes=10)
            print(f"{name}: prepared in {(time.perf_counter() - began) / len(seeds):.2f} s per seed")
        runs[name] = lambda augment=augment, rngs=rngs: augment(images, labels, rngs)

    times: dict[str, list[float]] = {name: [] for name in runs}
    for repetition in range(repetitions + 1):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            if repetition:  # the first one warms up
                times[name].append((time.perf_counter() - began) / len(seeds) * 1e6)
    found = {name: quantiles(took, n=4)[0] for name, took in times.items()}
    print(f"{len(seeds)} seeds together, 100 images 28x28 each, lower quartile of {repetitions}")
    print(f"{'augment':<20}{'µs':>8}{'/ step':>9}{'/ step with BatchNorm':>24}")
    for name, took in found.items():
        print(f"{name:<20}{took:>8,.0f}{took / found[PLAIN]:>9.2f}{took / found[NORMED]:>24.2f}")


if __name__ == "__main__":
    main()
