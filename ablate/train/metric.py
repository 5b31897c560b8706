"""What a metric means, declared: its better direction, its unit, and what a failed run counts as.

Nothing here is read off a name (`ablate judge`, which has no study, looks names up in a table and says what it took:
see `sweep/found/names.py`). A Program declares the metrics its runs log, a study those of a function of one's own or of
imported results; `KNOWN` holds the few bare names that mean one thing to everybody.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Literal, get_args

from ablate.errors import UserError, cut, unknown

Better = Literal["higher", "lower"]
Rule = Literal["chance", "one_minus_chance", "budget", "as_logged", "nothing"]

RULES: tuple[str, ...] = get_args(Rule)
FRACTION, PERCENT = "fraction", "percent"
_PERCENTS = ("percent", "%", "pct", "pc", "pp", "per cent", "percents", "percentage", "percentage points", "perc")
_CLOCK = ("s", "ms", "us", "ns", "min", "h", "seconds", "milliseconds", "minutes", "hours")
_FRACTIONS = ("fraction", "frac")


@dataclass(frozen=True)
class Metric:
    """One scalar that runs log.

    Attributes
    ----------
    name
        As it is logged: `final/test_accuracy`, `val_rmse`.
    better
        Which way is better, or None where that is not declared: then claims on it must say what they predict.
    unit
        `fraction` (a share; written in per cent, differences in percentage points), `percent` (the same, logged as
        0 … 100), any other word (`ms`, `steps`), or empty.
    bounds
        Least and greatest possible value, None for no bound. By default those of the unit: [0, 1], [0, 100].
    failed_counts_as
        What a run that failed (collapsed, diverged, crashed) counts as, whatever it logged: `chance` (the rate of
        always answering the most frequent class), `one_minus_chance`, `budget` (of a count of steps to a target: the
        whole budget, which a run that ended without reaching the target counts as too), `as_logged` (a value that was
        complete before the run failed, and is chance where there is none and the unit is a share), a number, or
        `nothing`: no value would be honest, and a claim that needs one is not tested.
    budget
        For `budget`: the fact of an arm that holds it.
    summarised
        Listed in a report's tables of metrics; what only checks or times a run is not.
    over_the_run
        A mean over a whole run (the area under a curve), which is compared between runs of one length only.
    """

    name: str
    better: Better | None = None
    unit: str = ""
    bounds: tuple[float | None, float | None] | None = None
    failed_counts_as: Rule | float = "nothing"
    budget: str = "steps"
    summarised: bool = True
    over_the_run: bool = False

    def __post_init__(self) -> None:
        where = f"metric {self.name!r}"
        if not isinstance(self.name, str):
            raise UserError(f"{where}: its name must be a text")
        _check_unit(where, self.unit)
        object.__setattr__(self, "bounds", None if self.bounds is None else _bounds(where, self.bounds))
        if self.better not in (None, "higher", "lower"):
            raise UserError(f"{where}: {unknown('`better`', str(self.better), ['higher', 'lower'])}")
        rule = self.failed_counts_as
        if isinstance(rule, str) and rule not in RULES:
            raise UserError(f"{where}: {unknown('`failed_counts_as`', rule, [*RULES, 'a number'])}")
        is_number = isinstance(rule, int | float) and not isinstance(rule, bool) and math.isfinite(rule)
        if not is_number and not isinstance(rule, str):
            raise _wrong(where, "failed_counts_as", f"be one of {', '.join(RULES)}, or a finite number", rule)
        if rule in ("chance", "one_minus_chance") and not self.is_share:
            raise UserError(
                f"{where}: `failed_counts_as: {rule}` needs `unit: fraction` or `unit: percent`, in which chance is "
                f"counted; got unit {self.unit!r}"
            )
        if not isinstance(rule, str) and not self.limits[0] <= rule <= self.limits[1]:
            raise _wrong(where, "failed_counts_as", f"lie in {list(self.limits)}, as its values do", rule)

    @functools.cached_property
    def only_named(self) -> bool:
        """Whether nothing is declared of it but its name."""
        return not self.as_dict()

    @property
    def is_share(self) -> bool:
        """Whether it is a share of examples, written in per cent."""
        return self.unit in (FRACTION, PERCENT)

    @property
    def whole(self) -> float:
        """What stands for all examples, of a share: 100 in per cent, else 1; its bounds may be narrower."""
        return 100.0 if self.unit == PERCENT else 1.0

    @property
    def counts_to_target(self) -> bool:
        """Whether it counts up to a target, so that a run without a value has not reached it."""
        return self.failed_counts_as == "budget"

    @property
    def is_time(self) -> bool:
        """Whether it says how long a run took, or how many steps to a target, and not what came of it."""
        return self.counts_to_target or self.is_measured

    @property
    def is_measured(self) -> bool:
        """Whether it is a time by the clock, which no two runs have alike."""
        return self.unit in _CLOCK

    @property
    def limits(self) -> tuple[float, float]:
        """The values it can have: `bounds`, else those of its unit."""
        low, high = self.bounds or ((0.0, self.whole) if self.is_share else (None, None))
        return -math.inf if low is None else low, math.inf if high is None else high

    def as_dict(self) -> dict[str, Any]:
        """Return what differs from a metric of which only the name is known, JSON-ready."""
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name != "name" and getattr(self, f.name) != f.default
        }


def metric_from(name: str, declared: Any, *, where: str = "metrics") -> Metric:
    """Return the metric that a study file or a function declares: a direction alone, or a mapping.

    >>> metric_from("val_rmse", "lower").better
    'lower'
    >>> metric_from("acc", {"better": "higher", "unit": "percent", "failed_counts_as": 10}).limits
    (0.0, 100.0)

    Raises
    ------
    UserError
        It is neither, or a key or value is not known.
    """
    if isinstance(declared, Metric):
        return replace(declared, name=name)
    if isinstance(declared, str):
        declared = {"better": declared}
    keys = [f.name for f in fields(Metric) if f.name not in ("name", "budget", "summarised")]
    if not isinstance(declared, Mapping):
        told = f"`higher`, `lower`, or a mapping of {', '.join(keys)}"
        raise UserError(f"{where}: {name}: expected {told}; got {declared!r}")
    for key in declared:
        if key not in (*keys, "budget", "summarised"):
            raise UserError(f"{where}: {name}: {unknown('key', str(key), keys)}")
    try:
        return Metric(name, **declared)
    except UserError as error:
        raise UserError(f"{where}: {name}: {str(error).removeprefix(f'metric {name!r}: ')}") from None


def _wrong(where: str, key: str, expected: str, got: object, hint: str = "") -> UserError:
    return UserError(f"{where}: `{key}` must {expected}, got {cut(repr(got))}{hint}")


def _check_unit(where: str, unit: Any) -> None:
    """Refuse what means a share of examples but is another word: its differences would read as relative ones."""
    if not isinstance(unit, str):
        raise _wrong(where, "unit", "be a word such as fraction, percent or ms", unit)
    word = unit.strip().lower()
    near = get_close_matches(word, (PERCENT, FRACTION), 1, 0.9)
    meant = PERCENT if word in _PERCENTS else FRACTION if word in _FRACTIONS else near[0] if near else unit
    if unit != meant:
        raise _wrong(where, "unit", "be `fraction` or `percent` for a share", unit, f"; nearest match: {meant}")


def _bounds(where: str, bounds: Any) -> tuple[float | None, float | None]:
    if not isinstance(bounds, Sequence) or isinstance(bounds, str) or len(bounds) != 2:
        raise _wrong(where, "bounds", "be [least, greatest], null for no bound", bounds)
    numbers = [end for end in bounds if end is not None]
    if any(isinstance(end, bool) or not isinstance(end, int | float) or math.isnan(end) for end in numbers):
        raise _wrong(where, "bounds", "hold numbers or null", list(bounds))
    low, high = (None if end is None or math.isinf(end) else float(end) for end in bounds)
    if low is not None and high is not None and not low < high:
        raise _wrong(where, "bounds", "be [least, greatest] with least < greatest", list(bounds))
    return low, high


def accuracy(name: str, **more: Any) -> Metric:
    """Return an accuracy that is logged as a fraction: higher is better, a failed run counts as chance."""
    return Metric(name, **{"better": "higher", "unit": FRACTION, "failed_counts_as": "chance", **more})


def loss(name: str, **more: Any) -> Metric:
    """Return a loss: lower is better, and no value would be honest for a run that failed."""
    return Metric(name, **{"better": "lower", **more})


def steps_to_target(name: str, *, budget: str = "steps") -> Metric:
    """Return a count of optimizer steps to a target: fewer are better, a run that fails or ends first counts as all."""
    return Metric(name, "lower", "steps", (0.0, None), "budget", budget)


def duration(name: str) -> Metric:
    """Return a wall-clock time, as it was measured."""
    return Metric(name, "lower", "s", (0.0, None), "as_logged", summarised=False)


def by_name(metrics: Iterable[Metric]) -> dict[str, Metric]:
    """Return metrics as name -> metric, in their order; raise `UserError` where one is declared in two ways."""
    listed = list(metrics)
    named = {metric.name: metric for metric in listed}
    if twice := [metric.name for metric in listed if named[metric.name] != metric]:
        raise UserError(f"the metric {twice[0]!r} is declared twice; expected each metric once, with one direction")
    return named


PARTS = ("train", "validation", "test")
STEPS_TO_TARGET = {"ttt/steps": "steps", "ttt/recovery_steps": "recovery_steps"}
"""What our own Programs count to their target, and the fact of an arm that holds the budget of it."""

OTHER_TARGETS = ("easier", "harder")
"""Suffixes of a count of steps to the target, where it is counted to another one: `ttt/steps_easier`."""


def own_targets(counts: Iterable[str]) -> list[str]:
    """Return, of metrics that count to a target, those that count to a run's own: not to an easier or a harder one.

    >>> own_targets(["ttt/steps_easier", "ttt/steps"]), own_targets(["epochs_to_90"])
    (['ttt/steps'], ['epochs_to_90'])
    """
    names = list(counts)
    others = {f"{name}_{other}" for name in STEPS_TO_TARGET for other in OTHER_TARGETS}
    ours = [name for name in names if name in STEPS_TO_TARGET]
    return ours or [name for name in names if name not in others]


def has_reached(targets: Sequence[str], counted: Collection[str]) -> bool:
    """Tell whether a run reached its target, by the counts that have a number: each of them has to.

    Of our own two, which count from the start and from a change of task, either is enough.
    """
    there = [name in counted for name in targets]
    return any(there) if all(name in STEPS_TO_TARGET for name in targets) else all(there)


_TARGETS = ("", *(f"_{name}" for name in OTHER_TARGETS))

CORE = by_name([
    accuracy("final/test_accuracy"), loss("final/test_loss"),
    *(accuracy(f"aulc/{part}_accuracy", over_the_run=True) for part in ("train", "validation")),
    *(accuracy(f"final/{part}_accuracy") for part in ("train", "validation")),
    Metric("final/generalisation_gap", "lower", FRACTION, (-1.0, 1.0)),
    *(loss(f"final/{part}_loss") for part in ("train", "validation")),
    *(steps_to_target(f"ttt/recovery_steps{at}", budget="recovery_steps") for at in _TARGETS),
    *(steps_to_target(f"ttt/steps{at}") for at in _TARGETS),
    accuracy("best/validation_accuracy", failed_counts_as="as_logged", summarised=False),
])  # fmt: skip
"""What the NumPy trainer measures of every run, the main one first; results made elsewhere may use the same names."""

KNOWN = CORE | by_name([
    *(accuracy(name) for name in ("accuracy", "train_accuracy", "validation_accuracy", "val_accuracy",
                                  "test_accuracy", "acc", "train_acc", "val_acc", "test_acc")),
    *(loss(name) for name in ("loss", "train_loss", "validation_loss", "val_loss", "test_loss")),
    *(accuracy(f"{part}/accuracy") for part in PARTS),
    *(loss(f"{part}/loss") for part in PARTS),
])  # fmt: skip
"""Names that need no declaration, by exact match; accuracies in [0, 1]. `ablate plan` prints what they mean."""


def declare_it(name: str) -> str:
    """Say how the direction of a metric is declared, for errors.

    >>> declare_it("rmse")
    'say which way is better, in the study: `metrics: {rmse: lower}` (or `higher`)'
    """
    quoted = name if name.replace("_", "a").replace("/", "a").isalnum() else f'"{name}"'
    return f"say which way is better, in the study: `metrics: {{{quoted}: lower}}` (or `higher`)"


@functools.cache  # a judge asks for the same metrics again for every comparison
def complete_metric(metric: Metric) -> Metric:
    """Return what a Program declares of a metric of ours, with what the name means here where it says nothing else.

    Raises
    ------
    UserError
        It says the opposite.
    """
    if (core := CORE.get(metric.name)) is None:
        return metric
    said = metric.as_dict()
    if said.get("better") not in (None, core.better):
        raise UserError(
            f"metrics: {metric.name}: `better: {said['better']}` contradicts what this name means here ({core.better} "
            "is better); give the metric another name"
        )
    return metric_from(metric.name, {**core.as_dict(), **said})
