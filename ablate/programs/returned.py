"""What a user's function may return, and how it becomes a result.

- ``{"final/test_accuracy": 0.93, "final/test_loss": 0.21}``: a number for every declared metric. One that is not
  finite is left out, and the run counts as `diverged`. A metric may be missing (`ttt/steps` where the target was not
  reached); a claim on it then has no value for this run.
- ``{"metrics": {…}, "curves": {"train/loss": [2.3, 1.9]}, "outcome": "reached", "test_correct": [True, …]}``: the
  same, with any of: curves (a list of values, by step 0, 1, …; or a pair of lists, steps and values), the outcome,
  and which test examples were right.

Where no outcome is given: `diverged` with a number that is not finite. Else, where the function declares a metric that
counts to its target (`ttt/steps`, or one with ``failed_counts_as: budget``), `reached` with a number there and
`censored` without; where `target_accuracy` is set and ``final/<target_split>_accuracy`` is returned, `reached` where it
is at least that, `censored` below. Without either there is no target: `finished`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, unknown
from ablate.train.metric import CORE, Metric, has_reached, own_targets
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

PARTS = ("metrics", "curves", "outcome", "test_correct")


def to_result(returned: Any, seed: int, declared: Collection[str], config: Any = None) -> RunResult:
    """Check what a function returned and make a result of it.

    Raises
    ------
    UserError
        It is no mapping; a metric was not declared or is no number; a curve, outcome or correctness cannot be read.
    """
    if isinstance(returned, RunResult):
        returned = {
            "metrics": returned.metrics,
            "curves": {name: (curve.steps, curve.values) for name, curve in returned.curves.items()},
            "outcome": returned.outcome,
            "test_correct": returned.test_correct,
        }
    if not isinstance(returned, Mapping):
        raise UserError(f"the function must return a dict of metrics, got {type(returned).__name__}")
    if not isinstance(returned.get("metrics"), Mapping):
        returned = {"metrics": returned}
    strangers = [str(name) for name in returned if name not in PARTS]
    if strangers:
        raise unknown("part of what the function returned", strangers[0], PARTS)
    numbers = {str(name): _number(str(name), value, declared) for name, value in returned["metrics"].items()}
    metrics = {name: value for name, value in numbers.items() if math.isfinite(value)}
    curves = {str(name): _curve(str(name), curve) for name, curve in (returned.get("curves") or {}).items()}
    outcome = _outcome(returned.get("outcome"), numbers, declared, config)
    return RunResult(seed, outcome, metrics, curves, test_correct=_correct(returned.get("test_correct")))


def _number(name: str, value: Any, declared: Collection[str]) -> float:
    if name not in declared:
        raise unknown("metric (not among those the function declares)", name, declared)
    if hasattr(value, "item") and getattr(value, "shape", None) in ((), (1,)):
        value = value.item()  # a NumPy, PyTorch or JAX scalar
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UserError(f"the metric {name!r} must be a number, got a {type(value).__name__}: {value!r:.60}")
    return float(value)


def _curve(name: str, given: Any) -> Curve:
    pair = isinstance(given, tuple) and len(given) == 2
    try:
        values = np.asarray(given[1] if pair else given, np.float64)
        exact = np.asarray(given[0] if pair else np.arange(len(values)), np.float64)
    except (TypeError, ValueError):
        values, exact = np.empty((0, 0)), np.empty(0)
    steps = exact.astype(np.int64)
    rising = bool((np.diff(steps) > 0).all()) and bool((steps == exact).all())
    if values.ndim != 1 or steps.shape != values.shape or not len(steps) or steps[0] < 0 or not rising:
        raise UserError(
            f"the curve {name!r} must be a list of numbers, or a pair (steps, values) of lists of one length, with "
            f"steps whole, >= 0 and rising; got {given!r:.60}"
        )
    return Curve(steps, values)


def _outcome(given: Any, numbers: Mapping[str, float], declared: Collection[str], config: Any) -> Outcome:
    if given is not None:
        known = [outcome.value for outcome in Outcome]
        if given not in known:
            raise unknown("outcome", str(given), known)
        return Outcome(given)
    counts = _counts(declared)
    # Steps to a target that was not reached are no number, or infinite: that is no divergence.
    if not all(math.isfinite(value) for name, value in numbers.items() if name not in counts):
        return Outcome.DIVERGED
    targets = own_targets(counts)
    if targets:
        known = [name for name in targets if math.isfinite(numbers.get(name, math.nan))]
        return Outcome.REACHED if has_reached(targets, known) else Outcome.CENSORED
    split, target = getattr(config, "target_split", "validation"), getattr(config, "target_accuracy", None)
    accuracy = numbers.get(f"final/{split}_accuracy")
    if target is None or accuracy is None:
        return Outcome.FINISHED
    if not 0.0 <= accuracy <= 1.0:  # not the share that the target is: nobody can tell
        return Outcome.UNKNOWN
    return Outcome.REACHED if accuracy >= target else Outcome.CENSORED


def _counts(declared: Collection[str]) -> list[str]:
    """Return the declared metrics that count to a target."""
    meant = declared if isinstance(declared, Mapping) else {name: Metric(name) for name in declared}
    known = {name: CORE.get(name, metric) if metric == Metric(name) else metric for name, metric in meant.items()}
    return [name for name, metric in known.items() if metric.counts_to_target]


def _correct(given: Any) -> NDArray[np.bool_] | None:
    if given is None:
        return None
    found = np.asarray(given)
    if found.ndim != 1 or found.dtype != np.bool_:
        raise UserError(f"`test_correct` must be a list of truth values, got {given!r:.60}")
    return found
