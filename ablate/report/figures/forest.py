"""Figure: the verdicts as a forest, one row per claim: effect, interval, the ±δ band, every pair's difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from ablate.lang import language, tr
from ablate.registry import register
from ablate.report.families import failed_runs
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.jointly import draw_joint, joint_caption, joint_ends, joint_keys
from ablate.report.figures.sheets import of_verdicts
from ablate.report.figures.style import BAND, HUES, INK, LOOKS, PAPER, RULE, SOFT, Drawn, drawing
from ablate.report.figures.titles import letters
from ablate.report.metric_names import metric_title
from ablate.report.wording import Unit, few_caption, p_value, shortened, unit, verdict_effect
from ablate.words.amounts import percent
from ablate.words.rulings import ruling_of, seen

_COLUMNS = {"verdict": 16, "effect": 94, "p": 222, "pairs": 292}  # points right of the axes
# Outcomes are shorter in Chinese, the unit and the headings longer.
_CHINESE = {"verdict": 12, "effect": 56, "p": 212, "pairs": 300}


@register("figure", "forest")
@dataclass(frozen=True)
class Forest(Kind):
    """Every verdict on an effect."""

    place, order, unasked = "verdicts", 10, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        draw = partial(forest, failed=failed_runs(material.study, material.tables), name=name)
        return of_verdicts([v for v in material.verdicts if KINDS[v.kind].at_a_glance], draw, whole=material.whole)


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
    rows, scale = _rows(verdicts, failed)
    with drawing():
        figure = _draw(rows, scale)
    return Drawn(name, tr("The verdicts at a glance"), figure,
                 _caption(verdicts, scale) + few_caption(verdicts), _alt(verdicts), floor=640)  # fmt: skip


@dataclass(frozen=True)
class _Scale:
    label: str
    delta: float  # half-width of the grey band, in drawn units; 0 draws none
    relative: bool
    claimed: bool = True


@dataclass(frozen=True)
class _Row:
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
    so_far: bool


def _rows(verdicts: Sequence[Verdict], failed: Mapping[str, int]) -> tuple[list[_Row], _Scale]:
    metrics = {v.metric for v in verdicts}
    deltas = {v.delta for v in verdicts}
    scales = {v.scale for v in verdicts}
    alike = len(metrics) == 1 and len(deltas) == 1 and len(scales) == 1
    relative = not alike and all(v.delta > 0 for v in verdicts)
    if relative:
        scale = _Scale(tr("effect / δ   (claim predicts > 1)"), 1.0, relative=True)
    elif len(metrics) == 1 and len(scales) == 1:
        shown = unit(verdicts[0].unit) if scales == {"difference"} else Unit(difference=tr("log ratio"))
        scale = _Scale(
            tr("effect on {metric}", metric=metric_title(verdicts[0].metric))
            + (f" ({shown.difference})" if shown.difference else ""),
            max(deltas) * shown.scale if alike else 0.0,
            relative=False,
            claimed=not all(map(seen, verdicts)),
        )
    else:
        scale = _Scale(tr("effect, each in the unit of its metric"), 0.0, relative=False)
    families, rows = [v.source_id for v in verdicts], []
    for i, v in enumerate(verdicts):
        shown = unit(v.unit) if v.scale == "difference" else Unit()
        factor = 1.0 / v.delta if relative else shown.scale
        several = families.count(families[i]) > 1
        effect, low, high = (math.nan if x is None else x * factor for x in (v.effect, v.interval_low, v.interval_high))
        rows.append(
            _Row(
                label=shortened(v.claim_id.split("[", 1)[-1].removesuffix("]") if several else v.claim_id),
                member=several,
                outcome=ruling_of(v),
                effect=effect,
                low=low,
                high=high,
                joint=joint_ends(v.joint, factor),
                points=tuple(d * factor for d in v.differences.values()),
                numbers=verdict_effect(v, named=False),
                pairs=f"{v.pairs}/{v.planned_pairs}",
                failed=failed.get(v.claim_id, 0),
                p=p_value(v.p_adjusted),
                heading=families[i] if several and (i == 0 or families[i - 1] != families[i]) else None,
                so_far=v.so_far,
            )
        )
    return rows, scale


def _draw(rows: Sequence[_Row], scale: _Scale) -> Figure:
    slots: list[tuple[float, _Row]] = []
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
    inch = 0.29
    height = y * inch + 1.35
    longest = max(*(letters(r.label) + 2 for r in rows), *(letters(heading) for _, heading in headings), 0)
    left = max(1.1, 0.075 * longest + 0.2)
    width, right = max(10.4, left + 7.4), 4.6  # what long names need, the figure is wider by
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
    _margins(ax, slots, headings)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.grid(visible=True, axis="x", color=RULE, linewidth=0.5)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    ax.set_xlabel(scale.label, color=INK, fontsize=9)
    ends = (tr("← against the claim"), tr("for the claim →")) if scale.claimed else (tr("← worse"), tr("better →"))
    for x, words, side in zip((0.0, 1.0), ends, ("left", "right"), strict=True):
        ax.annotate(words, (x, 0), (0, -39), xycoords="axes fraction", textcoords="offset points", ha=side, fontsize=8,
                    color=SOFT, annotation_clip=False)  # fmt: skip
    _legend(figure, rows, scale)
    return figure


def _row(ax: Axes, at: float, row: _Row, low: float, high: float) -> None:
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


def _margins(ax: Axes, slots: Sequence[tuple[float, _Row]], headings: Sequence[tuple[float, str]]) -> None:
    def write(x: float, at: float, words: str, **look: object) -> None:
        ax.annotate(words, (0 if x < 0 else 1, at), (x, 0), xycoords=("axes fraction", "data"),
                    textcoords="offset points", va="center", fontsize=8.6, annotation_clip=False, **look)  # type: ignore[arg-type]  # fmt: skip

    columns = _CHINESE if language() == "zh" else _COLUMNS
    left = -ax.get_position().x0 * ax.figure.get_size_inches()[0] * 72 + 2  # type: ignore[union-attr]
    for at, words in headings:
        write(left, at, words, ha="left", fontweight="bold", color=INK)
    for at, row in slots:
        word, _, _, colour = LOOKS[row.outcome]
        write(left + 10 * row.member, at, row.label, ha="left", color=INK, fontweight=("bold", "normal")[row.member])
        write(columns["verdict"], at, tr(word), ha="left", color=colour, fontweight="bold")
        write(columns["effect"], at, row.numbers, ha="left", color=INK)
        write(columns["p"], at, row.p, ha="left", color=INK)
        write(columns["pairs"], at, row.pairs, ha="right", color=INK)
        if row.failed:
            write(columns["pairs"] + 4, at, f"×{row.failed}", ha="left", color=HUES[1], fontweight="bold")
    head = -0.75
    for column, words, ha in (
        ("effect", tr("effect [interval]"), "left"),
        ("p", tr("Holm p"), "left"),
        ("pairs", tr("pairs"), "right"),
    ):
        write(columns[column], head, words, ha=ha, color=SOFT)


def _legend(figure: Figure, rows: Sequence[_Row], scale: _Scale) -> None:
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


def _limits(rows: Sequence[_Row], scale: _Scale) -> tuple[float, float]:
    values = [x for r in rows for x in (r.effect, r.low, r.high, *r.joint) if math.isfinite(x)] or [0.0]
    values += [0.0, -1.6 * scale.delta, 1.6 * scale.delta]
    every = sorted(x for r in rows for x in r.points if math.isfinite(x))
    if every:  # most pairs fit; the few beyond are in verdicts.json, and their mean and interval always show
        values += [every[int(0.02 * (len(every) - 1))], every[math.ceil(0.98 * (len(every) - 1))]]
    spread = (max(values) - min(values)) or 1.0
    return min(values) - 0.05 * spread, max(values) + 0.05 * spread


def _caption(verdicts: Sequence[Verdict], scale: _Scale) -> str:
    levels = sorted({v.interval_level for v in verdicts if v.effect is not None})
    low, high = (percent(levels[0]), percent(levels[-1])) if levels else ("", "")
    level = tr("its own Holm level ({low} to {high})", low=low, high=high) if levels else tr("its own Holm level")
    level = tr("{level} level", level=low) if levels and levels[0] == levels[-1] else level
    unit_note = tr("Effects are divided by their δ, so that 1 is the smallest effect of interest. ")
    ratio = {v.scale for v in verdicts} == {"log ratio"}  # there δ is the logarithm of what the study file names
    delta = f"log {math.exp(scale.delta):.3g}" if ratio else f"{scale.delta:g}"
    known = tr("Grey: within ±δ = {delta}. ", delta=delta) if scale.delta else ""
    band = tr("Grey: within ±δ. ") if scale.relative else known
    told = {"unit_note": unit_note if scale.relative else "", "level": level, "band": band,
            "how": tr("a confidence sequence") if any(v.stop for v in verdicts) else tr(
                "from inverting the sign-flip test")}  # fmt: skip
    if not scale.claimed:
        return tr(
            "Every effect is a mean difference within a seed, turned so that more than 0 is better. Nobody predicted "
            "it. Bar: interval of the mean at {level}, {how}; an arrow says that it goes on beyond the axis. Ticks "
            "below it: the pairs. Holm p: of “the effect is 0”. Pairs: used / planned, ×: runs behind it that failed "
            "(they count, see the method notes).",
            **told,
        ) + joint_caption(verdicts)
    return tr(
        "Every effect is a mean difference within a seed, turned so that the claim predicts a positive "
        "one. {unit_note}Bar: interval of the mean at {level}, {how}; "
        "an arrow says that it goes on beyond the axis. Ticks below it: the pairs. {band}Holm p: of “the "
        "effect is δ”. Pairs: used / planned, ×: runs behind it that failed (they count, "
        "see the method notes).",
        **told,
    ) + joint_caption(verdicts)


def _alt(verdicts: Sequence[Verdict]) -> str:
    words = []
    for v in verdicts:
        told = {"outcome": tr(LOOKS[ruling_of(v)][0]), "effect": verdict_effect(v) or tr("unknown")}
        words.append(tr("{claim} {outcome}, effect {effect}", claim=shortened(v.claim_id), **told))
    return tr("Forest of verdicts. ") + tr("; ").join(words) + tr(".")
