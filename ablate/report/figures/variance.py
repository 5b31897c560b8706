"""Figure: how much of the variance each factor and each pair of factors explains: partial ω² with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ablate.claims.capped import at_common_budget
from ablate.errors import UserError
from ablate.judge.comparable import horizons
from ablate.judge.endpoint import endpoint
from ablate.lang import tr
from ablate.registry import register
from ablate.report.arms import arm_levels, varying
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material, metric_stem
from ablate.report.figures.style import HUES, INK, SOFT, Drawn, bare_axes, drawing
from ablate.report.metric_names import metric_title
from ablate.report.wording import p_value
from ablate.stats.anova import Importance, importances
from ablate.track.record import StudyTables

MOST_TERMS = 14
_SEED = 0x0E6A  # fixed: the same runs always give the same interval


@register("figure", "variance")
@dataclass(frozen=True)
class Variance(Kind):
    """Which factor matters, for the first metric that is claimed or drawn."""

    place, order, unasked = "evidence", 60, True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return variance(material.tables, material.ends[0], name=name) if material.ends else None


def variance(tables: StudyTables, metric: str, *, name: str = "variance") -> Drawn | None:
    """Draw partial ω² of every factor and two-way interaction of a balanced design; None where that says nothing.

    Needs two varying factors, two seeds with a value in every arm, and spare degrees of freedom.
    """
    factors = varying(tables)
    if len(factors) < 2:
        return None
    terms = explained_variance(tables, metric)
    if not terms:
        return None
    shown = sorted(terms, key=lambda term: -term.omega2)[:MOST_TERMS]
    with drawing():
        figure = _draw(shown)
    left = tr(" The {n} smallest are not drawn.", n=len(terms) - len(shown)) if len(terms) > len(shown) else ""
    caption = tr(
        "Partial ω² on {metric}: the share of variance a term explains of what it and the rest leave, "
        "from a type II analysis with the seed as a block. Bar: 95 % interval from resampling whole "
        "seeds. A failed run counts with the value that stands for it. A share depends on which levels were "
        "chosen, and small shares can matter.{left}",
        metric=metric_title(metric),
        left=left,
    )
    words = [f"{_name(t)} {_share(t.omega2)} [{_share(t.low)}, {_share(t.high)}]" for t in shown]
    name = f"{name}-{metric_stem(metric)}"
    return Drawn(name, tr("Which factor matters: {metric}", metric=metric_title(metric)), figure, caption,
                 tr("Partial omega squared per term: ") + tr("; ").join(words) + tr("."), floor=480)  # fmt: skip


def explained_variance(tables: StudyTables, metric: str) -> list[Importance]:
    """Return the importances over the seeds that have a value in every arm; empty where the design has no answer."""
    try:
        end = endpoint(tables, metric)
    except UserError:
        return []
    every = np.arange(len(end.arm_ids))[None, :]
    if horizons(tables, end, every):
        return []
    end = at_common_budget(end, every)
    complete = np.isfinite(end.value).all(axis=1)
    arms = arm_levels(tables)
    levels = {factor: [str(arms[arm][factor]) for arm in end.arm_ids] for factor in varying(tables)}
    if complete.sum() < 2 or end.undefined.any() or float(np.ptp(end.value[complete])) == 0.0:
        return []
    full = len(set(zip(*levels.values(), strict=True)))
    if full < len(end.arm_ids) or full < math.prod(len(set(of)) for of in levels.values()):
        return []  # a fractional or repeated design confounds terms: no share would be of one factor
    try:
        return importances(
            end.value[complete],
            levels,
            rng=np.random.default_rng(_SEED),
            interactions=len(levels) <= 5,
            resamples=299,
        )
    except UserError:
        return []


def _draw(terms: Sequence[Importance]) -> Figure:
    figure = Figure(figsize=(8.2, 0.36 * len(terms) + 1.0), layout="constrained")
    ax = figure.subplots()
    bare_axes(ax, grid="x")
    for row, term in enumerate(terms):
        single = ":" not in term.term
        colour = HUES[0] if single else SOFT
        ax.barh(row, max(term.omega2, 0.0), height=0.56, color=colour, alpha=0.35 if single else 0.25, linewidth=0)
        ax.plot([term.low, term.high], [row, row], color=INK, linewidth=1.7, zorder=3)
        ax.plot([term.omega2], [row], marker="D" if single else "o", markersize=5, color=INK, zorder=4)
        words = f"{_share(term.omega2)}   p {p_value(term.p)}"
        ax.annotate(words, (1.0, row), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                    va="center", fontsize=8.4, annotation_clip=False)  # fmt: skip
    ax.axvline(0, color=SOFT, linewidth=0.9)
    ax.set_yticks(range(len(terms)), [_name(term) for term in terms])
    ax.set_ylim(len(terms) - 0.45, -0.55)
    ax.set_xlim(min(0.0, *(end for term in terms for end in (term.low, term.omega2))) - 0.02, 1.02)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(tr("partial ω²"))
    return figure


def _share(value: float) -> str:
    """Write a share with a true minus.

    >>> _share(-0.021), _share(-0.001), _share(0.5)
    ('−0.02', '0.00', '0.50')
    """
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", "−")


def _name(term: Importance) -> str:
    return term.term.replace(":", " × ")
