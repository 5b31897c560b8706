"""The rows of a forest of verdicts, and the axis they share: numbers in drawn units, texts as a reader meets them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.report.claim_text import change_text, claim_title, falls, first_text
from ablate.report.figures.jointly import joint_ends
from ablate.report.figures.titles import told_apart
from ablate.report.level_texts import shortened
from ablate.report.metric_names import metric_title
from ablate.report.wording import p_value, unit_on, with_unit
from ablate.words.rulings import ruling_of, seen
from ablate.words.twoparts import says_nothing


def by_axis(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Return verdicts by the axis they can share, in their order: percentage points and steps have none in common.

    Effects that can all be divided by their δ share one.
    """
    if all(v.delta > 0 for v in verdicts):
        return [list(verdicts)] if verdicts else []
    axes: dict[tuple[str, str], list[Verdict]] = {}
    for v in verdicts:
        axes.setdefault((v.scale, unit_on(v.scale, v.unit).difference or v.metric), []).append(v)
    return list(axes.values())


@dataclass(frozen=True)
class SharedAxis:
    """The axis that all rows share."""

    label: str
    delta: float  # half-width of the grey band, in drawn units; 0 draws none
    relative: bool
    claimed: bool = True
    ratio: bool = False  # effects are logarithms of ratios, and labels are the ratios


@dataclass(frozen=True)
class Row:
    """One verdict: its texts, and its numbers in drawn units."""

    label: str
    member: bool
    outcome: str
    effect: float
    low: float
    high: float
    joint: tuple[float, float]
    points: tuple[float, ...]
    numbers: str
    pairs: str
    failed: int
    p: str
    heading: str | None
    so_far: bool  # the interval is Student's t and decides nothing


def rows_of(verdicts: Sequence[Verdict], failed: Mapping[str, int]) -> tuple[list[Row], SharedAxis]:
    """Return a row per verdict, and the axis they share.

    Parameters
    ----------
    failed
        Claim id -> how many of the runs behind its verdict failed.
    """
    metrics = {v.metric for v in verdicts}
    deltas = {v.delta for v in verdicts}
    scales = {v.scale for v in verdicts}
    alike = len(metrics) == 1 and len(deltas) == 1 and len(scales) == 1
    relative = not alike and all(v.delta > 0 for v in verdicts)
    metric = next(iter(metrics))
    if relative:
        scale = SharedAxis(tr("effect / δ   (claim predicts > 1)"), 1.0, relative=True)
    elif len(metrics) == 1 and len(scales) == 1:
        shown = unit_on(verdicts[0].scale, verdicts[0].unit)
        scale = SharedAxis(
            with_unit(tr("effect on {metric}", metric=metric_title(metric)), shown.difference),
            max(deltas) * shown.scale if alike else 0.0,
            relative=False,
            claimed=not all(map(seen, verdicts)),
            ratio=scales == {"log ratio"},
        )
    else:
        shared = {unit_on(v.scale, v.unit).difference for v in verdicts}
        one = shared.pop() if len(shared) == 1 else ""
        in_units = "difference" in scales
        label = with_unit(
            tr("effect, each in the unit of its metric") if in_units else tr("effect on each metric"), one
        )
        claimed = not all(map(seen, verdicts))
        scale = SharedAxis(label, 0.0, relative=False, claimed=claimed, ratio=scales == {"log ratio"})
    if not relative and any(map(falls, verdicts)):
        turned = msg("{effect}; right is as predicted") if scale.claimed else msg("{effect}; right is better")
        scale = replace(scale, label=tr(turned, effect=scale.label))
    families, rows = [v.source_id for v in verdicts], []
    for i, v in enumerate(verdicts):
        factor = 1.0 / v.delta if relative else unit_on(v.scale, v.unit).scale
        several = families.count(families[i]) > 1
        effect, low, high = (math.nan if x is None else x * factor for x in (v.effect, v.interval_low, v.interval_high))
        rows.append(
            Row(
                label=_member(v.claim_id) if several else claim_title(v),
                member=several,
                outcome=ruling_of(v),
                effect=effect,
                low=low,
                high=high,
                joint=joint_ends(v.joint, factor),
                points=tuple(d * factor for d in v.differences.values()),
                numbers=first_text(v) if says_nothing(v) else change_text(v, named=False),
                pairs=f"{v.pairs}/{v.planned_pairs}",
                failed=failed.get(v.claim_id, 0),
                p=p_value(v.p_adjusted),
                heading=families[i] if several and (i == 0 or families[i - 1] != families[i]) else None,
                so_far=v.so_far,
            )
        )
    labels = told_apart([row.label for row in rows])
    return [replace(row, label=label) for row, label in zip(rows, labels, strict=True)], scale


def _member(claim_id: str) -> str:
    return shortened(claim_id.split("[", 1)[1].removesuffix("]")) if "[" in claim_id else claim_id
