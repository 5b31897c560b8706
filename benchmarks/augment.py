"""Time every registered augmentation against a training step: `python benchmarks/augment.py [--quick]`.

One process, one core, float32, MNIST-sized minibatches, for one seed alone and for as many as train together;
augmentations and steps are interleaved, lower quartiles are printed in microseconds per minibatch and seed. The steps
are those of the book's net (784-100x5-10, batch 100) without and with BatchNorm: gather, forward, loss, backward and
update, no augmentation; in the form that long runs have, compiled, or (`--numpy`) in that of runs below 1,000 steps. An
augmentation is to cost at most half of a step without BatchNorm; each line says whether it does. Times are the
processor's, so that what else the machine does counts less.

Measured on a busy machine, range of three to five runs, share of a step by NumPy without BatchNorm, 4 seeds together
(one alone): rotate 0.27-0.28 (0.33-0.35), scale 0.25-0.26 (0.28-0.30), shift_rotate 0.29-0.30 (0.33-0.36), elastic
0.33-0.36 (0.33-0.36), matched_noise 0.35-0.37 (0.37-0.39), gan 0.35-0.37 (0.43-0.44), all others at most 0.23.
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
import ablate.train.gan  # registers augment=gan
from ablate.data.augment import NoAugmentation
from ablate.nn import BatchNorm, CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD
from ablate.registry import options
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.memory import chunks
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.path import compiled_program
from ablate.train.step import Stepper

PLAIN, NORMED = "(a step)", "(with BatchNorm)"
AT_A_TIME = 10  # steps between two looks at the clock, as a run does many in a call
LIMIT = 0.5  # of a step without BatchNorm
BRIEF = {"gan": {"steps": 20}}  # a minibatch costs the same however long the GAN was trained


def main() -> None:
    parser = argparse.ArgumentParser(description="Time every augmentation against a training step.")
    parser.add_argument("--quick", action="store_true", help="few repetitions: checks that it runs")
    parser.add_argument("--numpy", action="store_true", help="against the steps of short runs")
    asked = parser.parse_args()
    repetitions = 5 if asked.quick else 60
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
        compiled=not asked.numpy,
    )
    together = chunks(plain, network_of(plain), list(range(20)))[0]
    for seeds in ([0], together):
        report(measured(plain, seeds, repetitions), seeds=len(seeds), repetitions=repetitions)


def measured(plain: TrainConfig, seeds: list[int], repetitions: int) -> dict[str, float]:
    """Return microseconds per minibatch and seed of the two steps and of every augmentation."""
    source = PartSource.of(plain.dataset, plain.dtype)
    train = Parts.of(plain.dataset, seeds).train
    batches = minibatches(plain, train, streams(seeds, "shuffle"))
    positions = next(batches)
    images = source.images[positions].reshape(*positions.shape, *source.shape)
    labels = source.labels[positions]

    runs: dict[str, Callable[[], object]] = {}
    for title, config in ((PLAIN, plain), (NORMED, replace(plain, norm=BatchNorm()))):
        network = network_of(config)
        stepper = Stepper(config, network, source, seeds, program=compiled_program(config, network))
        runs[title] = lambda stepper=stepper: stepper.run(batches, AT_A_TIME)
    for name, cls in options("augment").items():
        augment, rngs = cls(**BRIEF.get(name, {})), streams(seeds, "augment")
        if augment.needs_training_set:
            whole = source.images[train].reshape(*train.shape, *source.shape)
            began = time.process_time()
            augment = augment.prepared(whole, source.labels[train], rngs, classes=10)
            brief = f" with {BRIEF[name]}" if name in BRIEF else ""
            print(f"{name}{brief}: prepared in {(time.process_time() - began) / len(seeds):.2f} s per seed")
        runs[name] = lambda augment=augment, rngs=rngs: augment(images, labels, rngs)

    times: dict[str, list[float]] = {name: [] for name in runs}
    for repetition in range(repetitions + 1):
        for name, run in runs.items():
            began = time.process_time()
            run()
            if repetition:  # the first one warms up
                done = AT_A_TIME if name in {PLAIN, NORMED} else 1
                times[name].append((time.process_time() - began) / done / len(seeds) * 1e6)
    return {name: quantiles(took, n=4)[0] for name, took in times.items()}


def report(found: dict[str, float], *, seeds: int, repetitions: int) -> None:
    print(f"\n{seeds} {'seed alone' if seeds == 1 else 'seeds together'}, 100 images 28x28 each, ", end="")
    print(f"lower quartile of {repetitions}")
    print(f"{'augment':<20}{'µs':>8}{'/ step':>9}{f'<= {LIMIT}':>9}{'/ step with BatchNorm':>24}")
    for name, took in found.items():
        share = took / found[PLAIN]
        verdict = "" if name in {PLAIN, NORMED} else "yes" if share <= LIMIT else "NO"
        print(f"{name:<20}{took:>8,.0f}{share:>9.2f}{verdict:>9}{took / found[NORMED]:>24.2f}")


if __name__ == "__main__":
    main()
