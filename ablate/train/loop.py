"""Train a group of blocks from start to end, evaluating on the way.

A seed is one net, a block; with `ensemble` it is as many blocks next to each other. They share the seed's examples and
its change of task, and nothing else: each has its own initial weights, minibatches, dropout and augmentation, and is
stopped (`keep`) by its own validation accuracy, as a single net would be. What is evaluated is their mean prediction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation
from ablate.nn.network import Network
from ablate.streams import streams
from ablate.train.batches import change_step, evaluation_steps, minibatches, total_steps
from ablate.train.change import changed
from ablate.train.collapse import distance_from_product
from ablate.train.config import TrainConfig
from ablate.train.evaluate import Evaluation, Evaluator
from ablate.train.hidden import hidden_mask, largest_change
from ablate.train.keep import Keeper
from ablate.train.lens import Lens
from ablate.train.parts import Parts, PartSource
from ablate.train.path import compiled_program
from ablate.train.step import Stepper

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Trace:
    """Everything seen while a group of seeds was trained.

    Attributes
    ----------
    grid
        Steps done at each evaluation, (evaluations,).
    train_loss, train_accuracy, validation_loss, validation_accuracy
        float64 (evaluations, seeds), in evaluation mode; NaN from where a seed diverged.
    member_accuracy
        float64 (evaluations, nets): the validation accuracy of each net by itself.
    batch_loss
        float64 (steps, nets): each minibatch's loss before its update; NaN where training was given up.
    first_nonfinite
        int64 (seeds,): steps done when a non-finite number was first seen in one of its nets, or `NEVER`.
    final
        Part -> its evaluation after the last step: of the last parameters, or of the kept ones. The test part is
        evaluated only here.
    tested
        int64 (nets,): steps done by those parameters.
    training_seconds, evaluation_seconds
        Wall-clock of the group; evaluation with everything that was observed.
    measured
        Scalars beside loss and accuracy, name -> float64 (seeds,); not finite where a seed has none.
    lens
        What was observed, where anything was.
    """

    grid: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    train_accuracy: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    validation_accuracy: NDArray[np.float64]
    member_accuracy: NDArray[np.float64]
    batch_loss: NDArray[np.float64]
    first_nonfinite: NDArray[np.int64]
    final: dict[str, Evaluation]
    tested: NDArray[np.int64]
    training_seconds: float
    evaluation_seconds: float
    measured: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    lens: Lens | None = None
    augment: Augmentation | None = None


def train_blocks(
    config: TrainConfig,
    network: Network,
    source: PartSource,
    seeds: Sequence[int],
    *,
    observe: Callable[[int], None] | None = None,
) -> Trace:
    """Train the nets of every seed; no seed's numbers depend on which others are trained with it.

    Parameters
    ----------
    observe
        Called with the steps done at each evaluation.
    """
    began = time.perf_counter()
    evaluating = 0.0
    members = config.ensemble
    parts = Parts.of(config.dataset, seeds, members=members)
    train_size, nets = parts.train.shape[1], len(seeds) * members
    steps, grid = total_steps(config, train_size), evaluation_steps(config, train_size)
    curves = {name: np.full((len(grid), len(seeds)), np.nan) for name in ("tl", "ta", "vl", "va")}
    batch_loss, member_accuracy = np.full((steps, nets), np.nan), np.full((len(grid), nets), np.nan)
    first_nonfinite = np.full(len(seeds), NEVER)
    change = change_step(config, train_size)
    measured: dict[str, NDArray[np.float64]] = {}
    # Overflow and invalid operations are what a diverging block does: they are recorded, not warned about.
    with np.errstate(all="ignore"):
        stepper = Stepper(config, network, source, seeds, program=compiled_program(config, network))
        stepper.prepare(parts.train)
        evaluator = Evaluator(stepper.replicas, config.loss, source, members=members)
        keeper = Keeper(stepper.replicas) if config.keep == "best" else None
        batches = minibatches(config, parts.train, streams(list(seeds), "shuffle", members, config.redraw))
        looking = time.perf_counter()
        lens = Lens(config, network, stepper, parts, seeds, grid=grid) if config.observe else None
        if lens is not None and grid[0] > 0:
            lens.look(0)
        evaluating += time.perf_counter() - looking
        done = 0
        for row, stop in enumerate(grid):
            batch_loss[done:stop] = stepper.run(batches, stop - done)
            evaluation_began = time.perf_counter()
            if stop == change:
                measured["change/accuracy_before"] = evaluator(getattr(parts, config.target_split)).accuracy
                stepper.source = evaluator.source = changed(source, seeds, network.out_shape[0], members=members)
            train, validation = evaluator(parts.train), evaluator(parts.validation)
            point = (train.loss, train.accuracy, validation.loss, validation.accuracy)
            for name, values in zip(curves, point, strict=True):
                curves[name][row] = values
            member_accuracy[row] = validation.nets.accuracy
            if keeper is not None:
                keeper.see(row, validation.nets.accuracy)
            seen = np.isfinite(train.loss) & np.isfinite(validation.loss)
            _note(first_nonfinite, batch_loss[done:stop], seen, done, stop)
            done = stop
            if lens is not None:
                lens.look(done)
            evaluating += time.perf_counter() - evaluation_began
            if observe is not None:
                observe(done)
            if (first_nonfinite != NEVER).all():
                break  # no block has anything left to learn
        evaluation_began = time.perf_counter()
        # Before the best parameters are put back: they may be those the run began with.
        moved = largest_change(stepper.replicas.params, stepper.start, hidden_mask(network))
        measured["observe/hidden_moved"] = _worst(moved, members)
        tested = np.full(nets, grid[-1])
        if keeper is not None:
            keeper.restore()
            tested = np.asarray(grid)[keeper.row]
            train, validation = evaluator(parts.train), evaluator(parts.validation)
        test = evaluator(parts.test)  # after the last step, and chosen by nothing
        collapse = distance_from_product(stepper.replicas, source.images, parts.test)
        if collapse is not None:
            measured["check/linear_collapse"] = _worst(collapse, members)
        evaluating += time.perf_counter() - evaluation_began
    first_nonfinite[~np.isfinite(test.loss) & (first_nonfinite == NEVER)] = done
    for values in curves.values():
        values[np.asarray(grid)[:, None] >= first_nonfinite] = np.nan
    return Trace(
        np.asarray(grid, np.int64),
        curves["tl"],
        curves["ta"],
        curves["vl"],
        curves["va"],
        member_accuracy,
        batch_loss,
        first_nonfinite,
        {"train": train, "validation": validation, "test": test},
        tested,
        time.perf_counter() - began - evaluating,
        evaluating,
        measured,
        lens,
        stepper.augment,
    )


def _note(
    first: NDArray[np.int64], losses: NDArray[np.float64], finite: NDArray[np.bool_], done: int, stop: int
) -> None:
    """Record in `first` the seeds that were first non-finite, one of their nets, between evaluations or at this one.

    A minibatch's loss is that of the parameters before its update, so the loss of step number s (from 1) tells
    that s - 1 steps had been done; the evaluation would have said the same.
    """
    finite_nets = np.isfinite(losses).reshape(len(losses), len(first), losses.shape[1] // len(first))
    bad = np.logical_not(np.all(finite_nets, axis=2))
    for seed in np.flatnonzero(first == NEVER):
        if bad[:, seed].any():
            first[seed] = done + int(bad[:, seed].argmax())
        elif not finite[seed]:
            first[seed] = stop


def _worst(values: NDArray[np.float64], members: int) -> NDArray[np.float64]:
    """Return the largest of each seed's members, (seeds,), of something found for each net; NaN where one has none."""
    worst: NDArray[np.float64] = values.reshape(-1, members).max(axis=1)
    return worst
