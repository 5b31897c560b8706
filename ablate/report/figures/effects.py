"""Figure: the main effects of a sweep that claims nothing, largest first, with intervals that hold together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.judge.main_effects import Effect, Sweep
from ablate.lang import tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material, metric_stem
from ablate.report.figures.style import BAND, HUES, PAPER, RULE, SOFT, Drawn, drawing
from ablate.report.figures.titles import told_apart
from ablate.report.metric_names import metric_title
from ablate.report.sweep import effect_title
from ablate.report.wording import effect_text, unit, with_unit
from ablate.sweep.metrics import metrics_in

MOST_EFFECTS = 24


@register("figure", "effects")
@dataclass(frozen=True)
class Effects(Kind):
    """What each level changes, where a study claims nothing."""

    place, order, unasked = "verdicts", 5, True

    def applies(self, material: Material) -> bool:
        """Tell whether nothing is claimed and something was measured."""
        return not material.study.claims and bool(material.ends)

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw them."""
        metric = material.ends[0]
        sweep = material.effects
        if sweep is None:
            return None
        declared = metrics_in(material.tables).of(metric).unit
        shown = sorted(sweep.main, key=lambda one: -abs(one.effect))[:MOST_EFFECTS]
        with drawing():
            figure = _draw(shown, sweep, declared, metric_title(metric))
        words = [f"{effect_title(one)} {_number(one, declared)}" for one in shown]
        return Drawn(
            f"{name}-{metric_stem(metric)}", tr("What each level changes"), figure, _caption(sweep, shown),
            tr("Effects on {metric}: ", metric=metric_title(metric)) + tr("; ").join(words) + tr("."), floor=560,
        )  # fmt: skip


def _number(one: Effect, declared: str) -> str:
    return effect_text(one.effect, one.low, one.high, declared)


def _caption(sweep: Sweep, shown: Sequence[Effect]) -> str:
    left = (
        tr(" The {n} smallest are not drawn.", n=len(sweep.main) - len(shown)) if len(sweep.main) > len(shown) else ""
    )
    floor = tr(" Grey: the noise floor, smaller than what so many seeds can find.") if sweep.floor is not None else ""
    return (
        tr(
            "Mean difference within a seed between arms that differ in this level alone. Bar: interval that holds "
            "together with those of all other effects at 95 %; filled where it leaves out 0."
        )
        + floor
        + left
    )


def _draw(shown: Sequence[Effect], sweep: Sweep, declared: str, title: str) -> Figure:
    scale = unit(declared)
    figure = Figure(figsize=(8.2, 0.34 * len(shown) + 1.2), layout="constrained")
    ax = figure.subplots()
    if sweep.floor is not None:
        ax.axvspan(-sweep.floor * scale.scale, sweep.floor * scale.scale, color=BAND, linewidth=0, zorder=0)
    ax.axvline(0, color=SOFT, linewidth=0.9, zorder=1)
    for row, one in enumerate(shown):
        colour = HUES[0] if one.shown else SOFT
        low, effect, high = (end * scale.scale for end in (one.low, one.effect, one.high))
        ax.plot([low, high], [row, row], color=colour, linewidth=1.7, zorder=3)
        ax.plot([effect], [row], marker="o", markersize=7, markeredgewidth=1.5, markeredgecolor=colour,
                markerfacecolor=colour if one.shown else PAPER, zorder=4)  # fmt: skip
        ax.annotate(_number(one, declared), (1.0, row), (6, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", fontsize=8.4, annotation_clip=False)  # fmt: skip
    ax.set_yticks(range(len(shown)), told_apart([effect_title(one) for one in shown]))
    ax.set_ylim(len(shown) - 0.45, -0.55)
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x", color=RULE, linewidth=0.5)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    ax.set_xlabel(with_unit(tr("effect on {metric}", metric=title), scale.difference))
    return figure
