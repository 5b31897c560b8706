"""From what was seen while a group of seeds was trained to the result of one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.train.batches import steps_per_epoch
from ablate.train.config import TrainConfig
from ablate.train.loop import NEVER, Trace
from ablate.train.outcome import DIVERGENCE_FACTOR, Outcome, decide, stall_threshold
from ablate.train.program import Curve, RunResult
from ablate.train.summary import after, area_under, first_reached, other_targets

CURVES = {
    "train/loss": "train_loss",
    "train/accuracy": "train_accuracy",
    "validation/loss": "validation_loss",
    "validation/accuracy": "validation_accuracy",
}


def result(
    config: TrainConfig, facts: dict[str, Any], seed: int, trace: Trace, *, block: int, seconds: tuple[float, float]
) -> RunResult:
    """Summarise one seed of a trace, the one at `block`.

    Parameters
    ----------
    facts
        What the program knows of the arm.
    seconds
        Its share of training and of evaluation.
    """
    nets = range(block * config.ensemble, (block + 1) * config.ensemble)
    curves = {name: Curve(trace.grid, getattr(trace, field)[:, block].copy()) for name, field in CURVES.items()}
    # From the change of task on, where there is one: what is judged is how it recovers.
    change = facts.get("change_step", 0)
    judged = {name: after(curve, change) for name, curve in curves.items()} if change else curves
    target = judged[f"{config.target_split}/accuracy"]
    reached = first_reached(target, config.target)
    nonfinite = int(trace.first_nonfinite[block])
    start_loss, final_loss = _ends(trace.batch_loss, nets, last=steps_per_epoch(config, facts["train_size"]))
    outcome = decide(
        first_nonfinite_step=None if nonfinite == NEVER else nonfinite,
        start_loss=start_loss,
        final_loss=final_loss,
        reached=reached is not None,
        best_accuracy=float(np.max(target.values)),
        final_accuracy=float(target.values[-1]),
        threshold=stall_threshold(facts["majority_rate"], facts[f"{config.target_split}_size"]),
    )
    diverged = outcome is Outcome.DIVERGED
    metrics = {"seconds/training": seconds[0], "seconds/evaluation": seconds[1]}
    if facts["graph_width"] > 1:  # of chains it would only say so, run after run
        metrics["check/graph_width"] = float(facts["graph_width"])
    for part in ("train", "validation"):
        accuracy = judged[f"{part}/accuracy"]
        metrics[f"aulc/{part}_accuracy"] = facts["majority_rate"] if diverged else area_under(accuracy)
    if not diverged:
        for part, evaluation in trace.final.items():
            metrics[f"final/{part}_accuracy"] = float(evaluation.accuracy[block])
            metrics[f"final/{part}_loss"] = float(evaluation.loss[block])
        metrics["final/generalisation_gap"] = metrics["final/train_accuracy"] - metrics["final/test_accuracy"]
        metrics["best/validation_accuracy"] = float(judged["validation/accuracy"].values.max())
    timed = "ttt/recovery_steps" if change else "ttt/steps"
    for name, other in other_targets(config.target).items():
        by_then = first_reached(target, other)
        if by_then is not None and not diverged:
            metrics[f"{timed}_{name}"] = float(by_then - change)
    if outcome is Outcome.REACHED and reached is not None:
        metrics[timed] = float(reached - change)
    if len(nets) > 1 and not diverged:
        metrics["ensemble/member_test_accuracy"] = float(trace.final["test"].nets.accuracy[nets].mean())
    measured = {name: float(values[block]) for name, values in trace.measured.items()}
    metrics |= {name: value for name, value in measured.items() if np.isfinite(value)}
    metrics |= trace.augment.measured(nets[0]) if trace.augment else {}
    metrics |= trace.lens.metrics(block) if trace.lens else {}
    return RunResult(
        seed,
        outcome,
        metrics,
        curves,
        None if nonfinite == NEVER else nonfinite,
        None if diverged else trace.final["test"].correct[block].copy(),
        sum(seconds),
        arrays=(trace.lens.arrays(block) if trace.lens else {})
        | (trace.augment.arrays(nets[0]) if trace.augment else {})
        | (_members(trace, nets) if len(nets) > 1 else {}),
    )


def _ends(batch_loss: NDArray[np.float64], nets: range, *, last: int) -> tuple[float, float]:
    """Return the minibatch loss at both ends, of the first net whose loss blew up, or else of the first.

    Like with like: before the first update, and over the `last` steps. The evaluation-mode loss of an untrained net
    with running statistics is not a start to compare with. An ensemble has diverged where one of its members has.
    """
    ends = [(float(batch_loss[0, net]), float(batch_loss[-last:, net].mean())) for net in nets]
    return next(((start, end) for start, end in ends if not end <= DIVERGENCE_FACTOR * start), ends[0])


def _members(trace: Trace, nets: range) -> dict[str, NDArray[Any]]:
    """Return what is worth keeping of an ensemble's nets, each by itself."""
    return {
        "ensemble/step": trace.grid,
        "ensemble/validation_accuracy": trace.member_accuracy[:, nets].copy(),
        "ensemble/tested_step": trace.tested[nets].copy(),
        "ensemble/test_accuracy": trace.final["test"].nets.accuracy[nets].copy(),
    }
