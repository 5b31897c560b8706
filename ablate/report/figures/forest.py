"""Figure: the verdicts as a forest, one row per claim: effect, interval, the ±δ band, every pair's difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

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
from ablate.report.claim_text import claim_title, first_text
from ablate.report.families import ended_so
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.forest_rows import Row, SharedAxis, by_axis, rows_of
from ablate.report.figures.jointly import draw_joint, joint_caption, joint_keys
from ablate.report.figures.margins import SIZE, Margin, margin, text_width
from ablate.report.figures.sheets import of_verdicts, row_height
from ablate.report.figures.style import BAND, HUES, INK, LOOKS, PAPER, RULE, SOFT, Drawn, drawing
from ablate.report.figures.ticks import ratio_ticks
from ablate.report.wording import few_caption
from ablate.words.amounts import percent
from ablate.words.rulings import ruling_of

_HEADS = {"effect": msg("effect [interval]"), "p": msg("Holm p"), "pairs": msg("pairs")}
_INDENT = 10.0  # points that a level stands right of its claim
_PLOT = 2.8  # inches, the least that marks need


@register("figure", "forest")
@dataclass(frozen=True)
class Forest(Kind):
    """Every verdict on an effect."""

    place, order, unasked = "verdicts", 10, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        draw = partial(forest, failed=ended_so(material.study, material.tables), name=name)
        axes = by_axis([v for v in material.verdicts if KINDS[v.kind].at_a_glance])
        return [
            replace(one, name=one.name if at == 1 else f"{one.name}-axis-{at}")
            for at, on_axis in enumerate(axes, start=1)
            for one in of_verdicts(on_axis, draw, whole=material.whole)
        ]


def forest(
    verdicts: Sequence[Verdict], *, failed: Mapping[str, int] = MappingProxyType({}), name: str = "forest"
) -> Drawn | None:
    """Draw all verdicts on effects of which more is what the claim predicts; None where there is none.

    Other kinds (equivalences, shares, slopes) have a region of their own, see `regions`. Effects stand in the metric's
    unit where all claims share metric and δ; otherwise they are divided by their δ (a δ of zero has no such scale: then
    each metric keeps its unit). `failed` holds, by claim id, how many of the runs behind a verdict failed.
    """
    if not (verdicts := [v for v in verdicts if KINDS[v.kind].at_a_glance]):
        return None
    rows, scale = rows_of(verdicts, failed)
    with drawing():
        figure = _draw(rows, scale)
    caption = _caption(verdicts, scale) + few_caption(verdicts)
    return Drawn(name, tr("The verdicts at a glance"), figure, caption, _alt(verdicts), floor=640)


def _draw(rows: Sequence[Row], scale: SharedAxis) -> Figure:
    slots: list[tuple[float, Row]] = []
    headings: list[tuple[float, str]] = []
    y = 0.0
    for row in rows:
        if row.heading is not None:
            y += 0.25 if slots else 0.0
            headings.append((y, row.heading))
            y += 0.9
        elif not row.member and slots and slots[-1][1].member:
            y += 0.35
        slots.append((y, row))
        y += 1.0
    inch = row_height(0.29, y, around=1.35)
    height = y * inch + 1.35
    names = [text_width(r.label, bold=not r.member) + (_INDENT if r.member else 0.0) for r in rows]
    longest = max(*names, *(text_width(heading, bold=True) for _, heading in headings), 0.0)
    columns = _columns(rows)
    left, right = max(1.1, longest / 72 + 0.25), columns.width / 72
    width = max(10.4, left + _PLOT + right)  # what long texts need, the figure is wider by
    figure = Figure(figsize=(width, height))
    top, bottom = 0.5, 0.75
    ax = figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - top - bottom) / height)
    )
    ax.set_ylim(y - 0.4, -0.7)
    low, high = _limits(rows, scale)
    ax.set_xlim(low, high)
    if scale.delta:
        ax.axvspan(-scale.delta, scale.delta, color=BAND, linewidth=0, zorder=0)
    ax.axvline(0, color=SOFT, linewidth=0.9, zorder=1)
    for at, row in slots:
        _row(ax, at, row, low, high)
    _margins(ax, slots, headings, columns)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x", color=RULE, linewidth=0.5)
    if scale.ratio:
        ratio_ticks(ax.xaxis, low, high)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(6))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    ax.set_xlabel(scale.label, color=INK, fontsize=9)
    ends = (tr("← against the claim"), tr("for the claim →")) if scale.claimed else (tr("← worse"), tr("better →"))
    for x, words, side in zip((0.0, 1.0), ends, ("left", "right"), strict=True):
        ax.annotate(words, (x, 0), (0, -39), xycoords="axes fraction", textcoords="offset points", ha=side, fontsize=8,
                    color=SOFT, annotation_clip=False)  # fmt: skip
    _legend(figure, rows, scale)
    return figure


def _row(ax: Axes, at: float, row: Row, low: float, high: float) -> None:
    _, marker, filled, colour = LOOKS[row.outcome]
    points = np.array(row.points)
    inside = points[(points >= low) & (points <= high)]
    ax.plot(inside, np.full(inside.size, at + 0.22), linestyle="none", marker="|", markersize=4.5, color=colour,
            markeredgewidth=0.8, alpha=0.55, zorder=2)  # fmt: skip
    if not math.isfinite(row.effect):
        return
    draw_joint(ax, at, row.joint)
    start, end = (bound if math.isfinite(bound) else sign * math.inf for bound, sign in ((row.low, -1), (row.high, 1)))
    ax.plot([max(start, low), min(end, high)], [at, at], color=colour, linewidth=1.7, solid_capstyle="butt", zorder=3,
            linestyle=":" if row.so_far else "-")  # fmt: skip
    for bound, edge, arrow in ((start, low, "<"), (end, high, ">")):
        if bound < low or bound > high:
            ax.plot([edge], [at], marker=arrow, markersize=6, color=colour, clip_on=False, zorder=4,
                    gid="open-interval")  # fmt: skip
    ax.plot(
        [min(max(row.effect, low), high)], [at], marker=marker, markersize=7, markeredgewidth=1.5, clip_on=False,
        markerfacecolor=colour if filled else PAPER, markeredgecolor=colour, zorder=5,
    )  # fmt: skip


def _columns(rows: Sequence[Row]) -> Margin:
    """Return where the columns of text stand, as wide as their texts."""
    return margin({
        "verdict": [(tr(LOOKS[row.outcome][0]), True) for row in rows],
        **{key: [(tr(head), False), *((text, False) for text in texts)] for key, head, texts in (
            ("effect", _HEADS["effect"], [row.numbers for row in rows]),
            ("p", _HEADS["p"], [row.p for row in rows]),
            ("pairs", _HEADS["pairs"], [row.pairs for row in rows]),
        )},
        "failed": [(f"×{row.failed}", True) for row in rows if row.failed],
    })  # fmt: skip


def _margins(ax: Axes, slots: Sequence[tuple[float, Row]], headings: Sequence[tuple[float, str]], at: Margin) -> None:
    def write(x: float, y: float, words: str, **look: object) -> None:
        ax.annotate(words, (0 if x < 0 else 1, y), (x, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", fontsize=SIZE, annotation_clip=False, **look)  # type: ignore[arg-type]  # fmt: skip

    left = -ax.get_position().x0 * ax.figure.get_size_inches()[0] * 72 + 2  # type: ignore[union-attr]
    for y, words in headings:
        write(left, y, words, ha="left", fontweight="bold", color=INK)
    for y, row in slots:
        word, _, _, colour = LOOKS[row.outcome]
        weight = "normal" if row.member else "bold"
        write(left + (_INDENT if row.member else 0), y, row.label, ha="left", color=INK, fontweight=weight)
        write(at.begins["verdict"], y, tr(word), ha="left", color=colour, fontweight="bold")
        write(at.begins["effect"], y, row.numbers, ha="left", color=INK)
        write(at.begins["p"], y, row.p, ha="left", color=INK)
        write(at.ends["pairs"], y, row.pairs, ha="right", color=INK)
        if row.failed:
            write(at.ends["pairs"] + 4, y, f"×{row.failed}", ha="left", color=HUES[1], fontweight="bold")
    for column, words in _HEADS.items():
        if column == "pairs":
            write(at.ends[column], -0.75, tr(words), ha="right", color=SOFT)
        else:
            write(at.begins[column], -0.75, tr(words), ha="left", color=SOFT)


def _legend(figure: Figure, rows: Sequence[Row], scale: SharedAxis) -> None:
    handles: list[Line2D | Patch] = []
    for outcome in dict.fromkeys(row.outcome for row in rows):
        word, marker, filled, colour = LOOKS[outcome]
        handles.append(Line2D([], [], marker=marker, color=colour, markersize=6.5, markeredgewidth=1.5, linewidth=1.7,
                              markerfacecolor=colour if filled else PAPER, label=tr(word)))  # fmt: skip
    handles.append(Line2D([], [], linestyle="none", marker="|", color=SOFT, markersize=5, label=tr("one pair")))
    handles += joint_keys([row.joint for row in rows])
    if any(row.so_far for row in rows):
        handles.append(Line2D([], [], color=SOFT, linestyle=":", label=tr("Student's t, decides nothing")))
    if scale.delta:
        handles.append(Patch(color=BAND, label=tr("within ±δ")))
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles), fontsize=8.6,
                  handlelength=2.0, columnspacing=1.6, borderaxespad=0.1)  # fmt: skip


def _limits(rows: Sequence[Row], scale: SharedAxis) -> tuple[float, float]:
    values = [x for r in rows for x in (r.effect, r.low, r.high, *r.joint) if math.isfinite(x)] or [0.0]
    values += [0.0, -1.6 * scale.delta, 1.6 * scale.delta]
    every = sorted(x for r in rows for x in r.points if math.isfinite(x))
    if every:  # most pairs fit; the few beyond are in verdicts.json, and their mean and interval always show
        values += [every[int(0.02 * (len(every) - 1))], every[math.ceil(0.98 * (len(every) - 1))]]
    spread = (max(values) - min(values)) or 1.0
    return min(values) - 0.05 * spread, max(values) + 0.05 * spread


def _caption(verdicts: Sequence[Verdict], scale: SharedAxis) -> str:
    levels = sorted({v.interval_level for v in verdicts if v.effect is not None})
    low, high = (percent(levels[0]), percent(levels[-1])) if levels else ("", "")
    level = tr("its own Holm level ({low} to {high})", low=low, high=high) if levels else tr("its own Holm level")
    level = tr("{level} level", level=low) if levels and levels[0] == levels[-1] else level
    unit_note = tr("Effects are divided by their δ, so that 1 is the smallest effect of interest. ")
    unit_note = unit_note if scale.relative else tr("Effects are ratios: ×1 is an effect of 0. ") if scale.ratio else ""
    # There δ is the logarithm of what the study file names.
    delta = f"log {math.exp(scale.delta):.3g}" if scale.ratio else f"{scale.delta:g}"
    delta_band = tr("Grey: within ±δ = {delta}. ", delta=delta) if scale.delta else ""
    band = tr("Grey: within ±δ. ") if scale.relative else delta_band
    told = {"unit_note": unit_note, "level": level, "band": band,
            "how": tr("a confidence sequence") if any(v.stop for v in verdicts) else tr(
                "from inverting the sign-flip test")}  # fmt: skip
    if not scale.claimed:
        return tr(
            "Every effect is a mean difference within a seed. More than 0 is better; nobody predicted a "
            "direction. Bar: interval of the mean at {level}, {how}; an arrow: it continues beyond the axis. "
            "Ticks below the bar: the pairs. Holm p: of “the effect is 0”. Pairs: used / planned; ×: failed runs "
            "among them (they count, see the method notes).",
            **told,
        ) + joint_caption(verdicts)
    return tr(
        "Every effect is a mean difference within a seed. More than 0 is the direction that the claim predicts. "
        "{unit_note}Bar: interval of the mean at {level}, {how}; an arrow: it continues beyond the axis. Ticks "
        "below the bar: the pairs. {band}Holm p: of “the effect is δ”. Pairs: used / planned; ×: failed runs "
        "among them (they count, see the method notes).",
        **told,
    ) + joint_caption(verdicts)


def _alt(verdicts: Sequence[Verdict]) -> str:
    words = []
    for v in verdicts:
        told = {"outcome": tr(LOOKS[ruling_of(v)][0]), "effect": first_text(v) or tr("unknown")}
        words.append(tr("{claim} {outcome}, effect {effect}", claim=claim_title(v), **told))
    return tr("Forest of verdicts. ") + tr("; ").join(words) + tr(".")
