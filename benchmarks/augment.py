"""Time every registered augmentation on MNIST-sized minibatches: `python benchmarks/augment.py [--quick]`."""

from __future__ import annotations

import argparse
import time
from statistics import median

import numpy as np

import ablate.data
from ablate.registry import options
from ablate.streams import streams


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions: checks that it runs")
    parser.add_argument("--blocks", type=int, default=20, help="seeds trained together")
    parser.add_argument("--batch", type=int, default=100, help="images per block and minibatch")
    arguments = parser.parse_args()
    blocks, batch = arguments.blocks, arguments.batch
    repetitions = 3 if arguments.quick else 30

    examples = ablate.data.Mnist5k().examples()
    chosen = np.random.default_rng(0).integers(len(examples.labels), size=(blocks, batch))
    images, labels = examples.images[chosen], examples.labels[chosen]
    rngs = streams(list(range(blocks)), "augment")

    side = "x".join(str(size) for size in images.shape[2:])
    print(f"{blocks} blocks, {batch} images {side} each, median of {repetitions}")
    print(f"{'augment':<10}{'µs per minibatch':>18}{'alone':>10}{'images/s':>18}")
    for name, cls in options("augment").items():
        augment = cls()
        together = seconds_of(lambda augment=augment: augment(images, labels, rngs), repetitions) / blocks
        alone = seconds_of(lambda augment=augment: augment(images[:1], labels[:1], rngs[:1]), repetitions)
        print(f"{name:<10}{together * 1e6:>18,.0f}{alone * 1e6:>10,.0f}{batch / together:>18,.0f}")


def seconds_of(run, repetitions: int) -> float:
    run()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    main()
