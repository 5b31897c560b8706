"""Rows of the calibration: simulated studies with the truth known, in blocks that may run anywhere in any order.

A block of `BLOCK` studies draws from a stream of its own, named by the row and the block: what a row finds depends on
no other row, and not on how many processes there are.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.sweep.pool import in_pool

Row = dict[str, Any]
Counted = Mapping[str, NDArray[Any]]
"""What was seen of each study: name -> (studies,), or (studies, ...)."""

BLOCK = 25
FEWEST = 10


@dataclass(frozen=True)
class Trial:
    """Simulated studies of one kind, and the row or rows that tell of them.

    Attributes
    ----------
    name
        By which the row is asked for and kept; its draws are named by it too.
    simulate
        (rng, number of studies) -> what was seen of each. It is sent to other processes.
    tell
        What was seen of all studies -> the rows of the table.
    part
        One in so many studies of a full row, where one takes long.
    """

    name: str
    simulate: Callable[[np.random.Generator, int], Counted]
    tell: Callable[[Counted], list[Row]]
    part: int = 1

    def studies(self, full: int) -> int:
        """Return how many studies are simulated where a full row has so many."""
        return max(FEWEST, full // self.part)


@dataclass(frozen=True)
class TrialPart:
    """One check: a table of rows, and what is said of it."""

    name: str
    title: str
    trials: tuple[Trial, ...]
    note: str = ""


@dataclass(frozen=True)
class _Block:
    simulate: Callable[[np.random.Generator, int], Counted]
    stream: tuple[int, ...]
    studies: int

    def run(self) -> Counted:
        return self.simulate(np.random.default_rng(self.stream), self.studies)


def run_trials(
    trials: Sequence[Trial], full: int, *, seed: int, jobs: int = 1, tick: Callable[[int], None] | None = None
) -> Iterator[tuple[Trial, list[Row]]]:
    """Simulate, and yield each trial with its rows as soon as its last block is there.

    Parameters
    ----------
    full
        Studies of a full row.
    jobs
        Processes; 1: this one.
    tick
        Called with how many studies a block had, when it is done.
    """
    blocks = [(i, b) for i, trial in enumerate(trials) for b in range(-(-trial.studies(full) // BLOCK))]
    results: list[dict[int, Counted]] = [{} for _ in trials]
    wanted = [-(-trial.studies(full) // BLOCK) for trial in trials]
    work = (_block(trials[i], b, full, seed) for i, b in blocks)
    for (i, b), seen in zip(blocks, _results(work, jobs), strict=True):
        results[i][b] = seen
        if tick is not None:
            tick(_size(trials[i], b, full))
        if len(results[i]) == wanted[i]:
            parts = [results[i][block] for block in range(wanted[i])]
            results[i] = {}
            yield trials[i], trials[i].tell({name: np.concatenate([p[name] for p in parts]) for name in parts[0]})


def _block(trial: Trial, block: int, full: int, seed: int) -> _Block:
    stream = (seed, zlib.crc32(trial.name.encode()), block)
    return _Block(trial.simulate, stream, _size(trial, block, full))


def _size(trial: Trial, block: int, full: int) -> int:
    return min(BLOCK, trial.studies(full) - block * BLOCK)


def _results(work: Iterator[_Block], jobs: int) -> Iterator[Counted]:
    """Return what the blocks give, in their order."""
    if jobs == 1:
        return (block.run() for block in work)
    return _in_order(in_pool(jobs, (partial(_numbered, number, block) for number, block in enumerate(work))))


def _numbered(number: int, block: _Block) -> tuple[int, Counted]:
    return number, block.run()


def _in_order(results: Iterator[tuple[int, Counted]]) -> Iterator[Counted]:
    early: dict[int, Counted] = {}
    following = 0
    for number, counted in results:
        early[number] = counted
        while following in early:
            yield early.pop(following)
            following += 1
