"""Our own steps, compiled and by NumPy, and what compiling them takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace

from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.config import TrainConfig
from ablate.train.memory import chunks
from ablate.train.numpy_program import network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.path import compiled_program
from ablate.train.step import Stepper
from contest.timing import Run


def ours(config: TrainConfig, seeds: int, *, compiled: bool) -> Run:
    """Return what does everything a step does: draw and gather the minibatch, forward, loss, backward, update."""
    config = replace(config, compiled=compiled)
    network, source = network_of(config), PartSource.of(config.dataset, config.dtype)
    program = compiled_program(config, network)
    groups = [
        (
            Stepper(config, network, source, group, program=program),
            minibatches(config, Parts.of(config.dataset, group).train, streams(group, "shuffle")),
        )
        for group in chunks(config, network, list(range(seeds)))
    ]

    def run(steps: int) -> None:
        for stepper, batches in groups:  # a group trains to its end before the next begins
            stepper.run(batches, steps)

    return run


TIMED = """
import time
began = time.process_time()
import numpy as np
import ablate.train.step
loaded = time.process_time()
from ablate.train.compiled.ready import make_ready
class Program:
    images = {images}
make_ready(Program, np.dtype("float32"))
print(time.process_time() - loaded)
"""


def seconds_to_compile(*, images: bool) -> tuple[float, float]:
    """Return the CPU seconds of compiling anew, and of loading what is stored, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-c", TIMED.format(images=images)],
                env={**os.environ, "NUMBA_CACHE_DIR": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            found.append(float(done.stdout))
    return found[0], found[1]
