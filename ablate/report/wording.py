"""Numbers and names as a reader meets them: units, signs, significant digits, titles of metrics and levels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from ablate.claims.estimate import Scale
from ablate.judge.verdict import Verdict
from ablate.lang import counted, tr
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import FRACTION, PERCENT
from ablate.words.amounts import (
    amount,
    amounts,
    decades,
    decades_text,
    difference_unit,
    p_text,
    ratio_text,
    scale_in,
    share_text,
)
from ablate.words.sizes import too_few
from ablate.words.twoparts import two_part_text

NONE = "–"  # stands where there is no number
_NOISE = 1e-6  # what is left of a share, in per cent, when equal numbers are subtracted


@dataclass(frozen=True)
class Unit:
    """How values of a metric are printed: times `scale`, with a unit after a value and after a difference of two.

    `decimals` are the digits after the point; None prints three significant digits.
    """

    scale: float = 1.0
    value: str = ""
    difference: str = ""
    decimals: int | None = None


def unit(name: str) -> Unit:
    """Return how values in a declared unit are printed.

    >>> unit("fraction").difference, unit("ms").value
    ('pp', 'ms')
    """
    if name in (FRACTION, PERCENT):
        return Unit(scale_in(name), "%", tr("pp"), 2)
    return Unit(1.0, tr("steps"), tr("steps"), 0) if name == "steps" else Unit(1.0, name, name)


def unit_on(scale: Scale, name: str) -> Unit:
    """Return how effects on a scale are printed; `name` is the unit of the metric, in which differences are.

    >>> unit_on("share", "").scale, unit_on("difference", "fraction").difference, unit_on("slope", "").difference
    (100.0, 'pp', 'slope')
    """
    match scale:
        case "difference":
            return unit(name)
        case "share":
            return Unit(100.0, "%", "%")
        case "log ratio":
            return Unit(difference=tr("ratio, log scale"))
        case "slope":
            return Unit(difference=tr("slope"))
        case "decades":
            return Unit(difference=tr("decades"))
    assert_never(scale)


def unit_of(tables: StudyTables, metric: str) -> Unit:
    """Return how values of a metric of a study are printed."""
    return unit(metrics_in(tables).of(metric).unit)


def with_unit(title: str, unit_text: str) -> str:
    """Return a title with its unit in brackets, unless it has the unit in its words already.

    >>> with_unit("test accuracy", "%"), with_unit("steps to the target", "steps"), with_unit("train seconds", "s")
    ('test accuracy (%)', 'steps to the target', 'train seconds (s)')
    """
    # Chinese words have no blanks between them: there the unit may stand anywhere.
    there = unit_text in title.split() or (not unit_text.isascii() and unit_text in title)
    return title if there or not unit_text else title + tr(" ({text})", text=unit_text)


def plain_number(value: float, unit: Unit = Unit(), *, signed: bool = False) -> str:
    """Print a number without its unit: a true minus sign, ∞ for infinite, a dash for NaN.

    >>> plain_number(-0.0312, Unit(100, "%", "pp", 2), signed=True), plain_number(float("nan"))
    ('−3.12', '–')
    """
    if value is None or math.isnan(value):
        return NONE
    scaled = value * unit.scale
    if math.isinf(scaled):
        return "−∞" if scaled < 0 else ("+∞" if signed else "∞")
    text = f"{abs(scaled):.{unit.decimals}f}" if unit.decimals is not None else significant(abs(scaled), 3)
    if not text.strip("0.") and abs(scaled) > _NOISE:  # decimals are for reading; a number is not made 0 by them
        text = significant(abs(scaled), 2)
    zero = not text.strip("0.")
    sign = "" if zero else "−" if scaled < 0 else "+" if signed else ""
    return sign + text


def difference(value: float, unit: Unit) -> str:
    """Print a difference with its sign and unit.

    >>> difference(0.0312, unit("fraction"))
    '+3.12 pp'
    """
    return f"{plain_number(value, unit, signed=True)} {unit.difference}".strip()


def interval(low: float, high: float, unit: Unit, *, signed: bool = True) -> str:
    """Print an interval, without its unit.

    >>> interval(-0.01, float("inf"), unit("fraction"))
    '[−1.00, +∞]'
    """
    if math.isnan(low) and math.isnan(high):
        return NONE
    return f"[{plain_number(low, unit, signed=signed)}, {plain_number(high, unit, signed=signed)}]"


def p_value(p: float | None) -> str:
    """Print a p-value as the verdict sentences do; a dash where nothing was tested.

    >>> p_value(0.0421), p_value(None), p_value(float("nan"))
    ('0.042', '–', '–')
    """
    return NONE if p is None or math.isnan(p) else p_text(p)


def effect_text(effect: float, low: float, high: float, unit: str, *, delta: float = 0.0) -> str:
    """Print an effect with its interval, rounded as the verdict sentences round it, no number as a `delta` it is not.

    >>> effect_text(0.2131, 0.195, 0.231, "fraction")
    '+21.3 [+19.5, +23.1] pp'
    """
    texts = amounts([effect, low, high], unit, width=high - low, delta=delta)
    signed = [
        ("+" if value > 0 and text.strip("0.") else "") + text
        for text, value in zip(texts, (effect, low, high), strict=True)
    ]
    return f"{signed[0]} [{signed[1]}, {signed[2]}]{difference_unit(unit)}"


def verdict_effect(verdict: Verdict, *, named: bool = True) -> str:
    """Print a verdict's effect with its interval in the unit of its scale; empty where it has none.

    An interval that decides nothing, because there are too few pairs, is named, unless what stands around it says so.
    """
    if verdict.effect is None:
        return ""
    low, high = (math.nan if end is None else end for end in (verdict.interval_low, verdict.interval_high))
    if verdict.scale != "difference":
        text = two_part_text(verdict, verdict.effect, low, high)
    else:
        text = effect_text(verdict.effect, low, high, verdict.unit, delta=verdict.delta)
    return tr("{effect} by Student's t", effect=text) if verdict.so_far and named else text


def few_caption(verdicts: Sequence[Verdict]) -> str:
    """Say under a figure which of its intervals decide nothing; empty where all may."""
    few = list(dict.fromkeys(too_few(v) for v in verdicts if v.so_far))
    if not few:
        return ""
    return tr(" By Student's t, which assumes normal differences and decides nothing here: {why}", why=few[0])


def detectable_text(v: Verdict) -> str:
    """Print what so many seeds find, beyond δ; that they find nothing where there are too few."""
    if v.detectable is None or math.isnan(v.detectable):
        return NONE
    if math.isinf(v.detectable):
        return tr("nothing: too few pairs")
    return scaled_number(v.detectable, v)


def scaled_number(value: float, verdict: Verdict, *, signed: bool = False) -> str:
    """Print one number on the scale of a verdict's effect: a ratio, a share, a slope, decades, a difference."""
    if math.isnan(value):
        return NONE
    match verdict.scale:
        case "log ratio":
            return f"×{ratio_text(value)}"
        case "share":
            return f"{share_text(value)} %"
        case "slope":
            return plain_number(value, signed=signed)
        case "decades":
            return decades(value, signed=signed)
        case "difference" if signed:
            return difference(value, unit(verdict.unit))
        case "difference":
            return plain_number(value, unit(verdict.unit)) + difference_unit(verdict.unit)
    assert_never(verdict.scale)


def delta_text(verdict: Verdict) -> str:
    """Print the δ of a verdict on the scale of its effect: of a ratio the ratio itself, and not its logarithm."""
    if verdict.scale == "difference":
        return amount(verdict.delta, verdict.unit)
    return scaled_number(verdict.delta, verdict)


def joint_interval(verdict: Verdict) -> str:
    """Print the interval that holds together with those of its claim's other cells, rounded as the verdict's own."""
    joint = verdict.joint
    if joint is None:
        return NONE
    if verdict.scale != "difference" or verdict.interval_low is None or verdict.interval_high is None:
        return scaled_interval(joint.low, joint.high, verdict)
    width = verdict.interval_high - verdict.interval_low
    ends = amounts([joint.low, joint.high], verdict.unit, width=width)
    low, high = (("+" if end > 0 and text.strip("0.") else "") + text
                 for text, end in zip(ends, (joint.low, joint.high), strict=True))  # fmt: skip
    return f"[{low}, {high}]{difference_unit(verdict.unit)}"


def scaled_interval(low: float, high: float, verdict: Verdict) -> str:
    """Print an interval on the scale of a verdict's effect, the unit once."""
    if verdict.scale == "decades":
        return f"[{decades_text(low, signed=True)}, {decades_text(high, signed=True)}]" + tr(" decades")
    if verdict.scale != "difference":
        return f"[{scaled_number(low, verdict)}, {scaled_number(high, verdict)}]"
    return interval(low, high, unit(verdict.unit)) + difference_unit(verdict.unit)


def seconds(value: float) -> str:
    """Print a duration.

    >>> seconds(0.0421), seconds(3.21), seconds(754.0)
    ('0.042 s', '3.2 s', '12.6 min')
    """
    if value is None or math.isnan(value):
        return NONE
    if value >= 120:
        return tr("{minutes:.1f} min", minutes=value / 60)
    return f"{value:.1f} s" if value >= 1 else f"{value:.3f} s"


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *head, last = words
    return tr("{head} and {last}", head=tr(", ").join(head), last=last) if head else last


def seeds_text(tables: StudyTables) -> str:
    """Return how many seeds the arms have: `8 seeds`, or from how few to how many."""
    counts = tables.seeds.groupby("arm_id")["seed"].nunique()
    most = counted(int(counts.max()), "seed")
    return most if counts.min() == counts.max() else tr("{low} to {most}", low=int(counts.min()), most=most)


def capitalised(text: str) -> str:
    """Return a text with its first letter as a capital, the rest as it is; a name (`val_rmse`) stays as it is."""
    return text if "_" in text.split(" ", 1)[0] else text[:1].upper() + text[1:]


def significant(value: float, digits: int) -> str:
    """Write a number that is not negative with so many significant digits, the zeros at its end too."""
    if value == 0:
        return "0"
    if not 1e-5 <= value < 1e7:
        return f"{value:.{digits - 1}e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(value)))
    return f"{value:.{decimals}f}"
