"""A verdict in a few words: what its claim is called in a picture or a table, and the change with its sign."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ablate.claims.kinds import KINDS
from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.report.level_texts import shortened
from ablate.report.metric_names import metric_title
from ablate.report.wording import scaled_number, verdict_effect
from ablate.sweep.found.compared import plain_id
from ablate.sweep.found.derived import REACH
from ablate.words.amounts import amounts, difference_unit
from ablate.words.twoparts import is_gain, says_nothing, without_interval


def claim_title(v: Verdict) -> str:
    """Return what a claim is called beside its number: its id, as whoever stated it wrote it, with short numbers.

    The id of a comparison that nobody stated (`lr-0-1-2`) is made from its levels, and is for files; a reader gets the
    levels (`lr=0.1 against 0.01`), and the metric where the same levels are compared on another one, too.
    """
    if not KINDS[v.kind].exploratory or "[" in v.claim_id:
        return shortened(v.claim_id)
    at = f" at {v.where_text}" if v.where_text else ""
    stems = (plain_id(v.arm_text + at), plain_id(f"{v.arm_text} vs {v.against_text}"))
    stem = next((one for one in stems if re.fullmatch(rf"{re.escape(one)}(-\d+)?", v.claim_id)), None)
    if stem is None:
        return shortened(v.claim_id)
    factor, _, level = v.against_text.partition("=")
    against = level if level and v.arm_text.startswith(f"{factor}=") else v.against_text
    where = tr(" at {where}", where=shortened(v.where_text)) if v.where_text else ""
    sides = tr("{arm} against {against}", arm=shortened(v.arm_text), against=shortened(against)) + where
    metric = tr("steps to the target") if v.metric.startswith(REACH) else metric_title(v.metric)
    return sides if v.claim_id == stem else sides + tr(", ") + metric


def falls(v: Verdict) -> bool:
    """Tell whether the effect is how far a metric falls: a number with a plus sign would read as if it rose."""
    return is_gain(v)


def change_text(v: Verdict, *, named: bool = True) -> str:
    """Print a verdict's effect with its interval as the change of the metric: where it should fall, in words.

    The number is the same wherever it stands: `lower by 4.42 [1.20, 7.64] steps` is no `+4.42`. An interval that
    decides nothing is named, unless what stands around it says so (`verdict_effect`).
    """
    if not falls(v) or v.effect is None:
        return verdict_effect(v, named=named)
    low, high = (math.nan if end is None else end for end in (v.interval_low, v.interval_high))
    effect = v.effect
    ends = (effect, low, high) if effect >= 0 else (-effect, -high, -low)
    size, *around = amounts(ends, v.unit, width=high - low, delta=v.delta)
    size = f"{size} [{around[0]}, {around[1]}]{difference_unit(v.unit)}"
    if effect == 0:
        text = size  # neither higher nor lower
    else:
        text = tr("lower by {size}", size=size) if effect > 0 else tr("higher by {size}", size=size)
    return tr("{effect} by Student's t", effect=text) if v.so_far and named else text


def range_text(members: Sequence[Verdict]) -> str:
    """Print the smallest and the largest change of a claim's members, each rounded as beside its own interval.

    Empty where none is known, one number where all read alike.
    """
    known = [(-v.effect if falls(v) else v.effect, v) for v in members if v.effect is not None]
    ends = sorted((one for one in known if math.isfinite(one[0])), key=lambda one: one[0])
    if not ends:
        return ""
    low, high = (_rounded(value, v) for value, v in (ends[0], ends[-1]))
    text = low if low == high else tr("{low} to {high}", low=low, high=high)
    return text + (difference_unit(members[0].unit) if members[0].scale == "difference" else "")


def _rounded(value: float, v: Verdict) -> str:
    if v.scale != "difference":
        return scaled_number(value, v)
    low, high = (math.nan if end is None else end for end in (v.interval_low, v.interval_high))
    text = amounts([value, low, high], v.unit, width=high - low, delta=v.delta)[0]
    return ("+" if value > 0 and text.strip("0.") else "") + text


def first_text(v: Verdict) -> str:
    """Print a verdict's change for a first look: without an interval that says nothing, which `change_text` has."""
    return without_interval(change_text(v, named=False)) if says_nothing(v) else change_text(v)
