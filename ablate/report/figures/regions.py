"""Figure: interval against region, for claims that are not "more than δ": equivalences, shares, slopes, ratios.

Each claim of the study file has axes of its own, in its own unit; the region it is right about is shaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.claims.kinds import KINDS
from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.registry import register
from ablate.report.claim_text import change_text, claim_title
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.jointly import draw_joint, joint_caption, joint_ends, joint_keys
from ablate.report.figures.margins import SIZE, Margin, margin, text_width
from ablate.report.figures.style import BAND, HUES, INK, LOOKS, PAPER, RULE, SOFT, Drawn, drawing
from ablate.report.figures.ticks import ratio_ticks
from ablate.report.figures.titles import fitted
from ablate.report.level_texts import shortened
from ablate.report.metric_names import metric_title
from ablate.report.wording import NONE, p_value, unit, unit_on, with_unit
from ablate.words.amounts import percent
from ablate.words.rulings import ruling_of

_ROW = 0.3  # inches
_WIDTH, _PLOT = 10.4, 4.1
_NAMES = {
    "trend": msg("slope"),
    "proportion": msg("share (%)"),
    "win_probability": msg("P(arm wins), % of seeds"),
    "exact": msg("held (%)"),
    "exchange_rate": msg("exchange rate k"),
    "basin_width": msg("how much wider, decades"),
    "variance_ratio": msg("how many times less it varies"),
    "noninferiority": msg("how much better"),
    "noninferiority_unpaired": msg("how much better"),
    "over_datasets": msg("how much better"),
}


@register("figure", "equivalence")
@dataclass(frozen=True)
class Equivalence(Kind):
    """Claims of equivalence: intervals against ±δ."""

    place, order, unasked = "verdicts", 20, True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return equivalence(material.verdicts, name=name)


@register("figure", "regions")
@dataclass(frozen=True)
class Regions(Kind):
    """Claims on shares, slopes, wins, exchange rates and widths."""

    place, order, unasked = "verdicts", 30, True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return regions(material.verdicts, name=name)


def equivalence(verdicts: Sequence[Verdict], *, name: str = "equivalence") -> Drawn | None:
    """Draw the equivalence claims: interval against ±δ; None where there is none."""
    return _figure(
        [v for v in verdicts if KINDS[v.kind].two_sided],
        name,
        tr("Equivalence: intervals against ±δ"),
        tr(
            "Shaded: less than δ either way. A claim of equivalence is supported where the whole interval lies "
            "inside, and refuted where the whole interval lies outside. Where it crosses an end the claim is "
            "open: not finding a difference is not enough."
        ),
    )


def regions(verdicts: Sequence[Verdict], *, name: str = "regions") -> Drawn | None:
    """Draw the claims on shares, slopes, wins, exchange rates, widths; None where there is none."""
    return _figure(
        [v for v in verdicts if not KINDS[v.kind].at_a_glance and not KINDS[v.kind].two_sided],
        name,
        tr("Intervals against what the claim says"),
        tr(
            "Shaded: the values the claim is right about, fixed beforehand. Supported where the whole interval "
            "lies inside, refuted where the whole interval lies outside."
        ),
    )


def _figure(verdicts: Sequence[Verdict], name: str, title: str, rule: str) -> Drawn | None:
    if not verdicts:
        return None
    families: dict[str, list[Verdict]] = {}
    for v in verdicts:
        families.setdefault(v.source_id, []).append(v)
    with drawing():
        figure = _draw(list(families.values()))
    levels = sorted({v.interval_level for v in verdicts if v.effect is not None})
    spread = ""
    if levels:
        low, high = percent(levels[0]), percent(levels[-1])
        spread = tr(" at {level}", level=low) if low == high else tr(" at {low} to {high}", low=low, high=high)
    caption = tr(
        "{rule} Bar: the verdict's interval{spread}; ticks below it: the seeds, where an effect is a mean of seeds.",
        rule=rule,
        spread=spread,
    )
    caption += joint_caption(verdicts)
    words = [
        f"{claim_title(v)} {tr(LOOKS[ruling_of(v)][0])}" + tr(" ({text})", text=change_text(v) or tr("no value"))
        for v in verdicts
    ]
    return Drawn(name, title, figure, caption, title + tr(": ") + tr("; ").join(words) + tr("."), floor=640)


def _draw(families: Sequence[Sequence[Verdict]]) -> Figure:
    heights = [_ROW * len(members) + 0.95 for members in families]
    total = sum(heights) + 0.45
    every = [v for members in families for v in members]
    columns = _columns(every)
    left, right = max(2.1, max(text_width(_name(v)) for v in every) / 72 + 0.25), columns.width / 72
    width = max(_WIDTH, left + _PLOT + right)  # what long texts need, the figure is wider by
    figure = Figure(figsize=(width, total))
    top = total - 0.45
    for members, height in zip(families, heights, strict=True):
        box = (left / width, (top - height + 0.55) / total, (width - left - right) / width,
               _ROW * len(members) / total)  # fmt: skip
        _strip(figure.add_axes(box), members, columns, left=left, width=width)
        top -= height
    handles: list[Line2D | Patch] = []
    for outcome in dict.fromkeys(ruling_of(v) for members in families for v in members):
        word, marker, filled, colour = LOOKS[outcome]
        handles.append(Line2D([], [], marker=marker, color=colour, markersize=6.5, markeredgewidth=1.5, linewidth=1.7,
                              markerfacecolor=colour if filled else PAPER, label=tr(word)))  # fmt: skip
    handles.append(Patch(color=BAND, label=tr("what the claim says")))
    handles += joint_keys([joint_ends(v.joint, 1.0) for members in families for v in members])
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles), fontsize=8.6,
                  columnspacing=1.6, borderaxespad=0.1)  # fmt: skip
    return figure


def _strip(ax: Axes, members: Sequence[Verdict], columns: Margin, *, left: float, width: float) -> None:
    first = members[0]
    factor = unit_on(first.scale, first.unit).scale
    region = (first.region_low * factor, first.region_high * factor)
    low, high = _limits(members, region, factor)
    ax.set_xlim(low, high)
    ax.set_ylim(len(members) - 0.4, -0.65)
    ax.axvspan(max(region[0], low), min(region[1], high), color=BAND, linewidth=0, zorder=0)
    for end in region:
        if low < end < high:
            ax.axvline(end, color=SOFT, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1)
    if first.scale in ("difference", "log ratio", "slope", "decades") and low < 0 < high:
        ax.axvline(0, color=SOFT, linewidth=0.9, zorder=1)
    for at, v in enumerate(members):
        _bar(ax, at, v, factor)
        _margin(ax, at, v, columns, left=left)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.set_yticks([])
    ax.grid(visible=True, axis="x", color=RULE, linewidth=0.5)
    _ticks(ax, first, low, high)
    says, size = fitted(first.says, (width - 0.2) / 1.1, size=9.0, lines=1)
    ax.annotate(says, (0, 1), (-left * 72 + 4, 7), xycoords="axes fraction", textcoords="offset points", fontsize=size,
                fontweight="bold", color=INK, va="bottom", annotation_clip=False)  # fmt: skip


def _bar(ax: Axes, at: int, v: Verdict, factor: float) -> None:
    _, marker, filled, colour = LOOKS[ruling_of(v)]
    low, high = ax.get_xlim()
    if v.scale != "share":
        diffs = np.array(list(v.differences.values())) * factor
        diffs = diffs[(diffs >= low) & (diffs <= high)]
        ax.plot(diffs, np.full(diffs.size, at + 0.24), linestyle="none", marker="|", markersize=4.5, color=colour,
                markeredgewidth=0.8, alpha=0.55, zorder=2)  # fmt: skip
    if v.effect is None or not math.isfinite(v.effect):
        return
    draw_joint(ax, at, joint_ends(v.joint, factor))
    ends = [math.nan if end is None else end * factor for end in (v.interval_low, v.interval_high)]
    ax.plot(
        [max(ends[0], low), min(ends[1], high)], [at, at], color=colour, linewidth=1.7, solid_capstyle="butt", zorder=3
    )
    for end, edge, arrow in ((ends[0], low, "<"), (ends[1], high, ">")):
        if end < low or end > high:
            ax.plot(
                [edge], [at], marker=arrow, markersize=6, color=colour, clip_on=False, zorder=4, gid="open-interval"
            )
    ax.plot([min(max(v.effect * factor, low), high)], [at], marker=marker, markersize=7, markeredgewidth=1.5,
            clip_on=False, markerfacecolor=colour if filled else PAPER, markeredgecolor=colour, zorder=5)  # fmt: skip


def _columns(verdicts: Sequence[Verdict]) -> Margin:
    """Return where the columns of text stand, as wide as their texts."""
    return margin({
        "verdict": [(tr(LOOKS[ruling_of(v)][0]), True) for v in verdicts],
        "effect": [(change_text(v, named=False) or NONE, False) for v in verdicts],
        "p": [(_p(v), False) for v in verdicts],
        "failed": [(_failed(v), True) for v in verdicts if _failed(v)],
    })  # fmt: skip


def _margin(ax: Axes, at: int, v: Verdict, columns: Margin, *, left: float) -> None:
    def write(side: int, x: float, words: str, **look: object) -> None:
        ax.annotate(words, (side, at), (x, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
                    va="center", fontsize=SIZE, annotation_clip=False, **look)  # type: ignore[arg-type]  # fmt: skip

    word, _, _, colour = LOOKS[ruling_of(v)]
    write(0, -left * 72 + 4, _name(v), ha="left", color=INK)
    write(1, columns.begins["verdict"], tr(word), ha="left", color=colour, fontweight="bold")
    write(1, columns.begins["effect"], change_text(v, named=False) or NONE, ha="left", color=INK)
    write(1, columns.begins["p"], _p(v), ha="left", color=SOFT)
    write(1, columns.begins["failed"], _failed(v), ha="left", color=HUES[1], fontweight="bold")


def _name(v: Verdict) -> str:
    """Return what a row is called, whole: cut names of levels are the same name."""
    return shortened(v.claim_id.split("[", 1)[1].removesuffix("]")) if "[" in v.claim_id else claim_title(v)


def _p(v: Verdict) -> str:
    return f"p {p_value(v.p_adjusted)}" if v.p_adjusted is not None else ""


def _failed(v: Verdict) -> str:
    failed = sum(count for count, _ in v.filled.values())
    # A level at which the target is missed is not a failure of a width.
    return f"×{failed}" if failed and v.scale != "decades" else ""


def _ticks(ax: Axes, v: Verdict, low: float, high: float) -> None:
    label = tr(_NAMES[v.kind]) if v.kind in _NAMES else ""
    if label and v.scale == "difference":
        label = with_unit(label, unit(v.unit).difference)
    if v.scale == "log ratio":
        ratio_ticks(ax.xaxis, low, high)
        label = label or tr("ratio of {metric}", metric=metric_title(v.metric))
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
        shown = unit(v.unit)
        label = label or with_unit(tr("difference of {metric}", metric=metric_title(v.metric)), shown.difference)
    ax.set_xlabel(label, fontsize=8.6, color=INK)


def _limits(members: Sequence[Verdict], region: tuple[float, float], factor: float) -> tuple[float, float]:
    if members[0].scale == "share":
        return -3.0, 103.0
    values = [end for end in region if math.isfinite(end)]
    values += [0.0] if members[0].scale != "slope" else []
    for v in members:
        bounds = (v.effect, v.interval_low, v.interval_high)
        values += [x * factor for x in bounds if x is not None and math.isfinite(x)]
        values += [x for x in joint_ends(v.joint, factor) if math.isfinite(x)]
        values += [d * factor for d in v.differences.values()]
    width = (max(values) - min(values)) or 1.0
    return min(values) - 0.12 * width, max(values) + 0.12 * width
