"""What a user says of a table of runs that its names do not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Literal, cast, get_args

from ablate.errors import UserError, must, nearest, unknown
from ablate.sources.contract import RunTable
from ablate.sweep.found.names import meaning_word
from ablate.train.metric import FRACTION, PERCENT, Better, Metric, metric_from

Repeat = Literal["last", "mean", "refuse"]


@dataclass(frozen=True)
class Stated:
    """One comparison that is asked for, in place of every level against the baseline.

    Attributes
    ----------
    arm, against
        Factor -> the text of its level; the same factors in both.
    each
        Factors of which every level is compared by itself; over the others that vary the difference is averaged.
    margin
        The arm may be worse by this much, in the unit of the metric, and no more: what is asked is whether it is not.
        None: whether it is better, by more than `Asked.by_at_least` where that is given.
    says
        The comparison in words; empty: made of its sides.
    """

    arm: Mapping[str, str]
    against: Mapping[str, str]
    each: tuple[str, ...] = ()
    margin: float | None = None
    says: str = ""

    def __post_init__(self) -> None:
        if not self.arm or set(self.arm) != set(self.against):
            raise UserError(
                f"`arm` and `against` must name the same columns, got {', '.join(self.arm) or 'none'} and "
                f"{', '.join(self.against) or 'none'}"
            )
        if self.margin is not None and not _is_size(self.margin):
            raise must("the margin", "be a number > 0: how much worse would not matter", self.margin)
        if twice := set(self.each) & set(self.arm):
            raise UserError(f"`each` names {', '.join(sorted(twice))}, which `arm` and `against` set already")


@dataclass(frozen=True)
class Asked:
    """What is said of a table; what is left out is found.

    Attributes
    ----------
    factors, seed
        Columns, by their names in the table or without their prefix.
    metrics
        What is judged, the main one first: name -> which way is better, None where its name says it.
    units
        Metric -> the unit of its values (`ms`, `fraction`, `percent`); of others the name or the values say it.
    baseline
        Factor -> the text of its level.
    where
        Column -> the text in it: other rows are passed over.
    leave_out
        Columns that are passed over.
    by_at_least
        δ, the smallest difference that matters, in the unit of the metric; None: every difference is shown with its
        interval, and none is ruled on as large enough.
    target
        A value of the main metric; compared is how many steps runs take to reach it.
    repeat
        Of several runs of an arm and seed: the last counts, or their mean, or they are refused.
    failed_counts_as
        What a run that failed counts as on the main metric, in its unit; None: what the metric's name says of it.
    lost
        Words of a state that mean that the infrastructure lost a run: its pair is dropped.
    item
        The column that says which test item a row is about, where its name does not.
    unpaired
        Runs with the same seed have nothing in common.
    stated
        The one comparison that is asked for; None: every level against the baseline.
    early_stopping
        A run that ends before the others of its arm was stopped by its own rule, and counts.
    """

    factors: tuple[str, ...] = ()
    seed: str | None = None
    metrics: Mapping[str, Better | None] = field(default_factory=dict)
    baseline: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    by_at_least: float | None = None
    target: float | None = None
    repeat: Repeat = "last"
    failed_counts_as: float | None = None
    lost: tuple[str, ...] = ()
    unpaired: bool = False
    stated: Stated | None = None
    item: str | None = None
    early_stopping: bool = False
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.repeat not in get_args(Repeat):
            raise unknown("--repeat", self.repeat, get_args(Repeat))
        if self.stated is not None and self.by_at_least == 0.0:
            return
        if self.by_at_least is not None and not _is_size(self.by_at_least):
            raise must("--by-at-least", "be a number > 0: the smallest difference that matters", self.by_at_least)


def _is_size(value: object) -> bool:
    """Tell whether a value is a finite number above 0; a text such as "0.01", which Python may give, is none."""
    return value is not True and isinstance(value, Real) and 0.0 < float(value) < float("inf")


def metrics_asked(words: Sequence[str]) -> dict[str, Better | None]:
    """Return which way is better, as `--metric NAME:higher|lower[:UNIT]` says; see `units_asked` for the unit.

    >>> metrics_asked(["acc", "score:lower", "latency:lower:ms"])
    {'acc': None, 'score': 'lower', 'latency': 'lower'}

    Raises
    ------
    UserError
        It ends in something else than a direction or a direction and a unit, or a metric is given twice.
    """
    return {name: better for name, better, _ in _metrics(words)}


def units_asked(words: Sequence[str]) -> dict[str, str]:
    """Return in which unit metrics are, where `--metric NAME:higher|lower:UNIT` says it.

    >>> units_asked(["acc", "score:lower", "latency:lower:ms", "top1:higher:percent"])
    {'latency': 'ms', 'top1': 'percent'}

    Raises
    ------
    UserError
        See `metrics_asked`; a share is in another word than `fraction` or `percent`.
    """
    return {name: unit for name, _, unit in _metrics(words) if unit}


def _metrics(words: Sequence[str]) -> list[tuple[str, Better | None, str]]:
    """Return name, direction and unit of what each `--metric` says; the name itself may hold colons."""
    said: list[tuple[str, Better | None, str]] = []
    for word in words:
        parts, ways = word.split(":"), get_args(Better)
        count = 1 if parts[-1] in ways else 2 if len(parts) > 2 and parts[-2] in ways else 0
        name = ":".join(parts[: len(parts) - count])
        if not name or (len(parts) > 1 and not count) or (count == 2 and not parts[-1].strip()):
            hint = next(filter(None, (nearest(part, ways) for part in parts[:0:-1])), None)
            near = f"; nearest match: {hint}" if hint else ""
            raise UserError(
                f"--metric {word}: expected NAME, NAME:higher or NAME:lower, with its unit NAME:lower:ms{near}"
            )
        if name in [before for before, _, _ in said]:
            raise UserError(f"the metric {name!r} is given twice; expected each metric once, with one direction")
        better, unit = cast("Better", parts[-count]) if count else None, parts[-1].strip() if count == 2 else ""
        try:
            Metric(name, better, unit)
        except UserError as error:
            raise UserError(f"--metric {word}: {str(error).partition(': ')[2]}") from None
        said.append((name, better, unit))
    return said


def in_unit(metric: Metric, unit: str, numbers: Sequence[float], said: str, *, percent: bool) -> Metric:
    """Return a metric in the unit that was asked for.

    Parameters
    ----------
    unit
        Empty: none was asked for.
    numbers
        The values of the runs.
    said
        What the metric was called.
    percent
        The values are written with their unit, as `93 %`.

    Raises
    ------
    UserError
        The values cannot be in this unit.
    """
    if unit in ("", metric.unit):
        return metric
    rule = metric.failed_counts_as if unit in (FRACTION, PERCENT) else "nothing"
    meant = metric_from(metric.name, {"better": metric.better, "unit": unit, "failed_counts_as": rule})
    low, high = meant.limits
    outside = [value for value in numbers if not low <= value <= high]
    if percent:
        raise UserError(f"--metric {said}:{metric.better}:{unit}: its values are written with %: expected :percent")
    if outside:
        raise UserError(
            f"--metric {said}:{metric.better}:{unit}: expected values in [{low:g}, {high:g}], got {outside[0]:g}"
        )
    return meant


def pairs_asked(option: str, words: Sequence[str]) -> dict[str, str]:
    """Return what `--where NAME=TEXT` says.

    >>> pairs_asked("--where", ["dataset=cifar10"])
    {'dataset': 'cifar10'}

    Raises
    ------
    UserError
        It has no `=`, or a name is given twice.
    """
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise UserError(f"{option} {word}: expected NAME=VALUE")
        if pairs.setdefault(name, text) != text:
            raise UserError(f"{option} {name} is given twice, {pairs[name]!r} and {text!r}; expected one value")
        pairs[name] = text
    return pairs


def lost_asked(words: str) -> tuple[str, ...]:
    """Return what `--lost WORD,WORD` says.

    >>> lost_asked("crashed, PRUNED")
    ('crashed', 'PRUNED')
    """
    return tuple(filter(None, map(str.strip, words.split(","))))


def several_meant(said: str, names: Sequence[str]) -> UserError:
    """Build the error for a short name that several columns or factors have.

    >>> print(several_meant("--factor lr", ["a.lr", "b.lr"]))
    --factor lr may mean a.lr or b.lr; give one in full
    """
    return UserError(f"{said} may mean {' or '.join(names)}; give one in full")


def undirected(table: RunTable, unknown: Sequence[str]) -> UserError:
    """Build the error for a table of whose results none has a known direction.

    Parameters
    ----------
    unknown
        Columns that may be results.
    """
    same = [name for name in table.head if meaning_word(name) and len({*table.column(name)}) == 1]
    if same and not unknown and len(table.lines) > 1:
        return UserError(
            f"{table.where}: {same[0]!r} is {table.column(same[0])[0]!r:.60} in all rows: nothing to judge by; "
            "say which other column is a result with --metric NAME:higher|lower"
        )
    if not unknown:
        return UserError(
            f"{table.where}: no column of results was found among {', '.join(filter(None, table.head))}; "
            "expected one such as accuracy or loss, or say which with --metric NAME:higher|lower"
        )
    listed = " or ".join(f"--metric {name}:higher|lower" for name in unknown[:4])
    return UserError(
        f"{table.where}: which way is better is not known of {', '.join(unknown[:8])}; say it with {listed}"
    )
