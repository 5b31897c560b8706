"""The interval that holds together with those of other cells, beside the one that decides: its mark, key and caption.

A verdict's own interval is a thick bar, and decides. The joint one (`judge.jointly`) is a thin line with end marks in
the ink of the page; it is what cells are compared by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ablate.judge.endpoint import endpoint
from ablate.judge.jointly import Joint
from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.report.figures.style import INK
from ablate.report.wording import plain_number, unit_of
from ablate.stats.joint import joint_level
from ablate.stats.student import t_interval
from ablate.track.record import StudyTables
from ablate.words.amounts import percent

_LINE, _CAP = 0.8, 8.5


def joint_ends(joint: Joint | None, factor: float) -> tuple[float, float]:
    """Return the ends of a joint interval in drawn units; NaN where there is none."""
    return (math.nan, math.nan) if joint is None else (joint.low * factor, joint.high * factor)


def draw_joint(ax: Axes, at: float, ends: tuple[float, float]) -> None:
    """Draw a joint interval at a height; beyond the axis it has no end mark."""
    low, high = ax.get_xlim()
    if math.isnan(ends[0]):
        return
    shown = (max(ends[0], low), min(ends[1], high))
    if shown[0] < shown[1]:
        ax.plot(shown, (at, at), color=INK, linewidth=_LINE, solid_capstyle="butt", zorder=2.5, gid="joint-interval")
    inside = [end for end in ends if low <= end <= high]
    ax.plot(inside, [at] * len(inside), linestyle="none", marker="|", markersize=_CAP, markeredgewidth=1.0, color=INK,
            zorder=4.5)  # fmt: skip


def joint_keys(ends: Sequence[tuple[float, float]]) -> list[Line2D]:
    """Return the legend's handle; none where no interval is joint."""
    if all(math.isnan(low) for low, _ in ends):
        return []
    return [Line2D([], [], color=INK, linewidth=_LINE, marker="|", markersize=_CAP, label=tr("joint over its cells"))]


def joint_levels(verdicts: Sequence[Verdict]) -> str:
    """Return the chance that joint intervals hold together, and the levels that each has: `95 %, each at 99.7 %`."""
    joints = [v.joint for v in verdicts if v.joint is not None]
    together = percent(min(one.together for one in joints))
    low, high = (percent(end(one.level for one in joints)) for end in (min, max))
    each = low if low == high else tr("{low} to {high}", low=low, high=high)
    return tr("{together}, each at {each}", together=together, each=each)


def joint_caption(verdicts: Sequence[Verdict]) -> str:
    """Return what a figure says of the joint intervals that it shows; empty where there are none."""
    if not any(v.joint for v in verdicts):
        return ""
    return tr(
        " Thin line with end marks, for claims with several cells: the interval that holds together with those of all "
        "cells of its claim ({levels}), by which cells are compared. The thick bar, which is written beside it, "
        "decides.",
        levels=joint_levels(verdicts),
    )


def means_together(tables: StudyTables, metric: str, arms: Sequence[str]) -> str:
    """Say how far the true means may lie from the squares, all of them at once; empty where that is not known."""
    if metric == "outcome":
        return ""
    end = endpoint(tables, metric)
    values = end.value[:, [end.arm_ids.index(arm) for arm in arms]]
    if len(arms) < 2 or end.undefined.any() or not np.isfinite(values).all() or len(values) < 2:
        return ""
    level = joint_level(values, level=0.95)
    half = max((high - low) / 2.0 for low, high in (t_interval(column, level=level) for column in values.T))
    shown = unit_of(tables, metric)
    return tr(
        " All {n} means lie within ±{half} of what is written at once, at 95 % (Student's t at {level} each).",
        n=len(arms),
        half=f"{plain_number(half, shown)} {shown.difference}".strip(),
        level=percent(level),
    )
