"""What a user's function may return, and how it becomes a result.

- ``{"final/test_accuracy": 0.93, "final/test_loss": 0.21}``: a number for every declared metric. One that is not
  finite is left out, and the run counts as `diverged`. A metric may be missing, or None (`ttt/steps` where the target
  was not reached); a claim on it then has no value for this run. A run that came to its end with none of them is
  `crashed`: it has no result. A number that was not declared is kept as well.
- ``{"metrics": {…}, "curves": {"train/loss": [2.3, 1.9]}, "outcome": "reached", "test_correct": [True, …]}``: the
  same, with any of: curves (a list of values, by step 0, 1, …; or a pair of lists, steps and values), the outcome,
  and which test examples were right. They may stand beside the metrics, too: ``{"accuracy": 0.1, "outcome": …}``.
  Curves of very many points are thinned (`_thinned`).
- a number, and what it yields or logs: see `ablate.programs.logged`.

Where no outcome is given: `diverged` with a number that is not finite. Else, where the function declares a metric that
counts to its target (`ttt/steps`, or one with ``failed_counts_as: budget``), `reached` with a number there and
`censored` without; where `target_accuracy` is set and ``final/<target_split>_accuracy`` is returned, `reached` where it
is at least that, `censored` below. Without either there is no target: `finished`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError, nearest, unknown
from ablate.train.metric import Metric, complete_metric, has_reached, own_targets
from ablate.train.outcome import FAILED, LARGEST, Outcome, read_outcome
from ablate.train.program import Curve, RunResult

POINTS, ALL_POINTS = 10_000, 200_000
"""The points that are kept of one curve, and of all curves of a run."""

PARTS = ("metrics", "curves", "outcome", "test_correct")


def to_result(returned: Any, seed: int, declared: Collection[str], config: Any = None) -> RunResult:
    """Check what a function returned and make a result of it.

    What it did not declare is kept where it is a number. A curve, a part or correctness that cannot be read is left
    out: a training that came to its end is not thrown away for it. Both are said in `notes`.

    Raises
    ------
    UserError
        It is not a mapping; a declared metric is not a number, or none is there; the outcome is none.
    """
    if isinstance(returned, RunResult):
        returned = {
            "metrics": returned.metrics,
            "curves": {name: (curve.steps, curve.values) for name, curve in returned.curves.items()},
            "outcome": returned.outcome,
            "test_correct": returned.test_correct,
        }
    if not isinstance(returned, Mapping):
        raise UserError(
            f"the function must return a dict of metrics, or a number, got {type(returned).__name__}: {returned!r:.60}"
        )
    returned = parted(returned, declared)
    notes = [
        f"returns {unknown('part', str(name), PARTS)}; it is left out" for name in returned if name not in PARTS
    ]  # fmt: skip
    numbers, said = _numbers(returned["metrics"], declared)
    metrics = {name: value for name, value in numbers.items() if math.isfinite(value)}
    wanted = {name: value for name, value in numbers.items() if name in declared}
    outcome = _outcome(returned.get("outcome"), wanted, declared, config)
    absent = _absent(returned["metrics"], declared) if outcome not in FAILED else ()
    if declared and not wanted and outcome is Outcome.FINISHED:
        none = _none_declared(returned["metrics"], declared)
        none.absent = absent  # type: ignore[attr-defined]
        raise none
    curves, correct = {}, None
    given = returned.get("curves") or {}
    if not isinstance(given, Mapping):
        notes.append("returns `curves` that are not a dict, name -> list; they are left out")
    for name, curve in given.items() if isinstance(given, Mapping) else ():
        try:
            curves[str(name)] = _curve(str(name), curve)
        except UserError as error:
            notes.append(f"{_without_value(error)}; it is left out")
    try:
        correct = _correct(returned.get("test_correct"))
    except UserError as error:
        notes.append(f"{_without_value(error)}; it is left out")
    curves, arrays, thinned = _thinned(curves)
    error_text = "the function returned the outcome `crashed`" if outcome is Outcome.CRASHED else None
    return RunResult(
        seed, outcome, metrics, curves, test_correct=correct, error=error_text, arrays=arrays,
        notes=(*notes, *said, *thinned), absent=absent,
    )  # fmt: skip


def _absent(given: Mapping[Any, Any], declared: Collection[str]) -> tuple[str, ...]:
    """Return the declared metrics that are not named; steps to a target need not be where it was not reached."""
    named, counts = {str(name) for name in given}, _counts(declared)
    return tuple(name for name in declared if name not in named and name not in counts)


def _none_declared(given: Mapping[Any, Any], declared: Collection[str]) -> UserError:
    """Return the error of a run that came to its end and gave none of the metrics that are declared."""
    gave = {str(name): value for name, value in given.items()}
    said = ", ".join(f"{name!r}: {value!r:.20}" if name in declared else repr(name) for name, value in gave.items())
    hints = [nearest(name, gave) for name in declared if name not in gave]
    near = next((hint for hint in hints if hint and hint not in declared), None)
    return UserError(
        f"it gave none of the metrics that are declared, expected {', '.join(map(repr, declared))}, got "
        f"{said[:200] or 'nothing'}" + (f"; nearest match: {near!r}" if near else "")
    )


def check_declared(result: RunResult, declared: Callable[[], Collection[str]]) -> RunResult:
    """Return a result as it is; `crashed` where it came to its end and has none of the metrics that are declared."""
    if result.outcome is not Outcome.FINISHED or not (names := declared()) or any(n in result.metrics for n in names):
        return result
    error = str(_none_declared(result.metrics, names))
    return replace(result, outcome=Outcome.CRASHED, error=error, absent=_absent(result.metrics, names))


def _thinned(curves: Mapping[str, Curve]) -> tuple[dict[str, Curve], dict[str, NDArray[Any]], list[str]]:
    """Return curves as short as a store and a figure can take, the whole ones as arrays, and what is to be said of it.

    Of a curve with more than `POINTS` points every k-th is kept, with the smallest k that will do, and the last one; of
    many curves, so few of each that all together have `ALL_POINTS` or less. No value is changed, and none made up.
    """
    most = min(POINTS, max(ALL_POINTS // max(len(curves), 1), 2))
    kept, notes = dict(curves), list[str]()
    whole: dict[str, NDArray[Any]] = {}
    for name, curve in curves.items():
        count = len(curve.steps)
        if count > most:
            at = np.arange(0, count, -(-(count - 1) // (most - 1)))
            at = at if at[-1] == count - 1 else np.append(at, count - 1)
            kept[name] = Curve(curve.steps[at], curve.values[at])
            whole |= {f"curves/{name}/steps": curve.steps, f"curves/{name}/values": curve.values}
            notes.append(f"returns curves of more than {most} points; every k-th is shown, all lie beside its runs")
    return kept, whole, notes[:1]


def _without_value(error: UserError) -> str:
    """Return what is wrong without what was got, which is another in every run: it is said once for all."""
    return f"returns what cannot be read: {str(error).partition('got ')[0].rstrip(';, ')}"


def parted(returned: Mapping[Any, Any], declared: Collection[str]) -> Mapping[Any, Any]:
    """Return what was returned by its parts; an outcome beside the metrics, say, is the outcome, and no metric."""
    if isinstance(returned.get("metrics"), Mapping):
        return returned
    parts = {name: value for name, value in returned.items() if name in PARTS[1:] and name not in declared}
    return {**parts, "metrics": {name: value for name, value in returned.items() if name not in parts}}


def outcome_reads(returned: Any, declared: Collection[str], config: Any) -> frozenset[str]:
    """Return the settings that the outcome of a run depends on, where the function gave none."""
    if not isinstance(returned, Mapping) or not hasattr(config, "target_split"):
        return frozenset()
    parts = parted(returned, declared)
    decides = parts.get("outcome") is None and _ACCURACIES & {str(name) for name in parts["metrics"]}
    return frozenset({"target_split", "target_accuracy"} if decides else ())


_ACCURACIES = {"final/train_accuracy", "final/validation_accuracy"}


def _numbers(given: Mapping[Any, Any], declared: Collection[str]) -> tuple[dict[str, float], list[str]]:
    """Return the numbers, and what is to be said of those that were not declared."""
    numbers: dict[str, float] = {}
    notes = []
    for key, value in given.items():
        name = str(key)
        number = number_of(value)
        if name in declared:
            if value is None or value is np.ma.masked:  # the item of what is masked is 0.0
                continue
            if number is None:
                raise UserError(f"the metric {name!r} must be a number, got a {type(value).__name__}: {value!r:.60}")
        else:
            hint = nearest(name, declared)
            near = f" (nearest declared: {hint})" if hint else ""
            lost = number is None or not math.isfinite(number)
            kept = "it is not a finite number, and left out" if lost else "it is kept"
            notes.append(f"returns {name!r}, which it does not declare{near}; {kept}")
        if number is not None:
            numbers[name] = number
    return numbers, notes


def number_of(value: Any) -> float | None:
    """Return a number, a NumPy, PyTorch or JAX scalar too, as a float; None for anything else.

    What is too large to be judged is infinite.
    """
    if value is np.ma.masked:
        return None
    if hasattr(value, "item") and getattr(value, "shape", None) in ((), (1,)):
        value = value.item()  # a NumPy, PyTorch or JAX scalar
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number too large for a float
        number = math.inf if value == abs(value) else -math.inf
    return math.copysign(math.inf, number) if abs(number) > LARGEST else number  # as infinite as one that is


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
        return read_outcome(given)
    counts = _counts(declared)
    # Steps to a target that was not reached are not a number, or infinite: that is not divergence.
    if not all(math.isfinite(value) for name, value in numbers.items() if name not in counts):
        return Outcome.DIVERGED
    targets = own_targets(counts)
    if targets:
        reached = [name for name in targets if math.isfinite(numbers.get(name, math.nan))]
        return Outcome.REACHED if has_reached(targets, reached) else Outcome.CENSORED
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
    return [name for name, metric in meant.items() if complete_metric(metric).counts_to_target]


def _correct(given: Any) -> NDArray[np.bool_] | None:
    if given is None:
        return None
    correct = np.asarray(given)
    if correct.ndim != 1 or correct.dtype != np.bool_:
        raise UserError(f"`test_correct` must be a list of truth values, got {given!r:.60}")
    return correct
