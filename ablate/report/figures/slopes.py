"""Figure: paired slopes, one line per seed from the one side to the other, and a strip of their differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from ablate.lang import counted, msg, tr
from ablate.registry import register
from ablate.report.claim_text import change_text, claim_title, falls
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.style import BAND, HUES, INK, MARKERS, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import ratio_ticks
from ablate.report.figures.titles import beside, narrow, title, told_apart
from ablate.report.level_texts import short_levels, shortened
from ablate.report.metric_names import metric_title
from ablate.report.pairs import PairedValues
from ablate.report.wording import unit, unit_on, with_unit
from ablate.words.rulings import seen

MOST = 8
_SIDE = 2.05  # inches of a panel beside which its label stands
_UP, _DOWN = HUES[0], HUES[1]  # with the claim, against it; the slope says it too


@register("figure", "slopes")
@dataclass(frozen=True)
class Slopes(Kind):
    """Both sides of every claim, seed by seed."""

    place, order, unasked = "evidence", 30, True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return slopes(material.pairs, name=name)


def slopes(every: Sequence[PairedValues], *, most: int = MOST, name: str = "slopes") -> Drawn | None:
    """Draw one panel per paired claim, `most` at most: single claims first, then the members nearest to their δ.

    None where there is no pair; the caption says what is not drawn.
    """
    usable = [one for one in every if one.seeds and one.verdict.effect is not None]
    if not usable:
        return None
    chosen = _chosen(usable, most)
    with drawing():
        figure = _draw(chosen)
    left = len(usable) - len(chosen)
    rest = (
        tr(
            "Shown: {n} of {all} comparisons, single claims first, then those whose interval lies "
            "nearest to δ; the other {rest} are in verdicts.json and runs.csv.",
            n=len(chosen),
            all=len(usable),
            rest=counted(left, "comparison"),
        )
        if left
        else ""
    )
    caption = (
        tr(
            "Left in each panel: a line joins the two runs of a seed (mean over the cells that are compared); "
            "blue where the difference is positive, orange where it is negative, × is where a run failed, at the "
            "value that it counts as. Right: the same seeds as differences (more than 0 is better), with their mean "
            "and its interval. {rest}",
            rest=rest,
        )
        if all(seen(one.verdict) for one in chosen)
        else tr(
            "Left in each panel: a line joins the two runs of a seed (mean over the cells a claim ranges over); "
            "blue where the difference is positive, orange where it is negative, × is where a run failed, at the "
            "value that it counts as. Right: the same seeds as differences (more than 0 is what the claim predicts), "
            "with their mean and the verdict's interval; grey: within ±δ. {rest}",
            rest=rest,
        )
    )
    return Drawn(name, tr("Pair by pair"), figure, caption.strip(), _alt(chosen), floor=620)


def _chosen(usable: Sequence[PairedValues], most: int) -> list[PairedValues]:
    sizes = [one.verdict.source_id for one in usable]

    def rank(one: PairedValues) -> tuple[bool, float]:
        verdict = one.verdict
        ends = [b for b in (verdict.interval_low, verdict.interval_high) if b is not None and math.isfinite(b)]
        scale = (max(ends) - min(ends) if len(ends) == 2 else 0.0) or 1.0
        return sizes.count(verdict.source_id) > 1, abs((verdict.effect or 0.0) - verdict.delta) / scale

    kept = {id(one) for one in sorted(usable, key=rank)[:most]}
    return [one for one in usable if id(one) in kept]


def _draw(chosen: Sequence[PairedValues]) -> Figure:
    columns = min(len(chosen), 2 if len(chosen) in (2, 4) else 3 if len(chosen) in (3, 5, 6) else 4)
    rows = math.ceil(len(chosen) / columns)
    width = {1: 6.2, 2: 9.0, 3: 10.4, 4: 10.8}[columns]
    figure = Figure(figsize=(width, 2.75 * rows + 0.55), layout="constrained")
    grid = figure.add_gridspec(rows, columns)
    for i, one in enumerate(chosen):
        new = i % columns == 0 or one.verdict.metric != chosen[i - 1].verdict.metric  # else it is the row's
        cell = grid[i // columns, i % columns].subgridspec(1, 2, width_ratios=(1.7, 1.0), wspace=0.02)
        left, right = figure.add_subplot(cell[0]), figure.add_subplot(cell[1])
        _sides(left, one, label=new)
        _strip(right, one)
        title(left, _title(one), inches=width / columns - 0.45, size=8.6, bold=True)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=_UP, marker="o", markersize=3.5, linewidth=1.1, label=tr("seed with a difference > 0")),
        Line2D([], [], color=_DOWN, marker="s", markersize=3.5, linewidth=1.1, label="< 0"),
    ]
    if any(one.failed.any() for one in chosen):
        handles.append(Line2D([], [], linestyle="none", marker="x", color=INK, markersize=5, label=tr("failed run")))
    if any(one.verdict.delta for one in chosen):
        handles.append(Patch(color=BAND, label=tr("within ±δ")))
    figure.legend(handles=handles, loc="outside upper left", ncols=4, fontsize=8.4, handlelength=2.2)
    return figure


def _sides(ax: Axes, one: PairedValues, *, label: bool) -> None:
    shown = unit(one.verdict.unit)
    left, right = one.against * shown.scale, one.arm * shown.scale
    for rising, colour, marker in ((True, _UP, MARKERS[0]), (False, _DOWN, MARKERS[1])):
        mask = (one.sign * (right - left) >= 0) == rising
        lines = [[(0.0, a), (1.0, b)] for a, b in zip(left[mask], right[mask], strict=True)]
        ax.add_collection(LineCollection(lines, colors=colour, linewidths=0.9, alpha=0.6, zorder=2))
        for x, values, failed in ((0.0, left, one.against_failed), (1.0, right, one.arm_failed)):
            ok, bad = mask & ~failed, mask & failed
            ax.plot(np.full(ok.sum(), x), values[ok], linestyle="none", marker=marker, markersize=3.4, color=colour,
                    markeredgewidth=0, alpha=0.8, zorder=3)  # fmt: skip
            ax.plot(np.full(bad.sum(), x), values[bad], linestyle="none", marker="x", markersize=4.8, color=colour,
                    markeredgewidth=1.2, zorder=3.2, gid="failure")  # fmt: skip
    bare_axes(ax, grid="y")
    ax.autoscale_view()
    ax.set_xlim(-0.22, 1.22)
    ax.margins(y=0.06)
    factor, sides = _sides_of(one.verdict.against_text, one.verdict.arm_text)
    # Each side has half of the panel: longer names are broken where a reader would.
    sides = told_apart(sides, 48)
    ax.set_xticks([0, 1], [narrow(side, 11) if len(side) > 11 and "\n" not in side else side for side in sides])
    ax.tick_params(axis="x", labelsize=7.8)
    if factor:
        ax.set_xlabel(factor, fontsize=7.8)
    ax.tick_params(axis="x", length=0)
    ax.yaxis.set_major_locator(MaxNLocator(5))
    if label:
        ax.set_ylabel(beside(with_unit(metric_title(one.verdict.metric), shown.value), _SIDE, size=8.2), fontsize=8.2)


def _strip(ax: Axes, one: PairedValues) -> None:
    verdict, shown = one.verdict, unit_on(one.verdict.scale, one.verdict.unit)
    scale = shown.scale
    values = np.array([verdict.differences.get(seed, math.nan) for seed in one.seeds]) * scale
    delta = verdict.delta * scale
    if delta:
        ax.axhspan(-delta, delta, color=BAND, linewidth=0, zorder=0)
    ax.axhline(0, color=SOFT, linewidth=0.9, zorder=1)
    # Seeds keep their place from panel to panel, so equal differences do not hide each other.
    x = np.linspace(-0.34, -0.02, len(values)) if len(values) > 1 else np.array([-0.2])
    for rising, colour, marker in ((True, _UP, MARKERS[0]), (False, _DOWN, MARKERS[1])):
        mask = (values >= 0) == rising
        for failed, look in ((False, marker), (True, "x")):
            dot = mask & (one.failed == failed)
            ax.plot(x[dot], values[dot], linestyle="none", marker=look, markersize=4.4 if failed else 3.2, color=colour,
                    markeredgewidth=1.1 if failed else 0, alpha=0.85, zorder=2)  # fmt: skip
    low, high = (math.nan if b is None else b * scale for b in (verdict.interval_low, verdict.interval_high))
    limits = [*values[np.isfinite(values)], 0.0, delta, *(b for b in (low, high) if math.isfinite(b))]
    pad = 0.08 * ((max(limits) - min(limits)) or 1.0)
    ax.set_ylim(min(limits) - pad, max(limits) + pad)
    bottom, top = ax.get_ylim()
    ax.plot([0.22, 0.22], [max(low, bottom), min(high, top)], color=INK, linewidth=1.9, zorder=3)
    ax.plot([0.22], [(verdict.effect or 0.0) * scale], marker="D", markersize=5.2, color=INK, markeredgecolor=PAPER,
            zorder=4)  # fmt: skip
    bare_axes(ax, grid="y")
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.yaxis.tick_right()
    ax.tick_params(axis="y", length=0)
    end = top - 0.06 * (top - bottom)  # a number at the very top would stand in the title
    if verdict.scale == "log ratio":
        ratio_ticks(ax.yaxis, bottom, end, most=6)
    else:
        ticks = [at for at in MaxNLocator(5).tick_values(bottom, top) if bottom <= at <= end]
        ax.yaxis.set_major_locator(FixedLocator(ticks))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: ("+" if v > 0 else "") + f"{v:g}".replace("-", "−")))
    ax.set_xlim(-0.45, 0.42)
    what = shown.difference
    if verdict.scale == "difference":
        what = with_unit(tr("lower by") if falls(verdict) else tr("difference"), what)
    ax.set_xticks([-0.02], [what], fontsize=7.8)
    ax.tick_params(axis="x", length=0)


def _title(one: PairedValues) -> str:
    claim, _, levels = one.verdict.claim_id.partition("[")
    if not levels:
        return claim_title(one.verdict)
    return shortened(f"{claim}: {levels.removesuffix(']')}")


def _sides_of(against: str, arm: str) -> tuple[str, list[str]]:
    r"""Name both sides by what tells them apart: the factors once, a line each, and the levels beside each other.

    >>> _sides_of("norm=none, depth=2", "norm=batch, depth=2")
    ('norm', ['none', 'batch'])
    >>> _sides_of("ensemble=1, p=0.5", "ensemble=5, p=0.0")
    ('ensemble,\np', ['1\n0.5', '5\n0.0'])
    """
    parts = [text.split(", ") for text in (against, arm)]
    sides = [[part for part in mine if part not in theirs] or mine for mine, theirs in (parts, parts[::-1])]
    factors = [[part.partition("=")[0] for part in side] for side in sides]
    if factors[0] == factors[1] and all("=" in part for side in sides for part in side):
        return ",\n".join(factors[0]), ["\n".join(_text(part.partition("=")[2]) for part in side) for side in sides]
    return "", ["\n".join(_broken(part) for part in side) for side in sides]


def _text(level: str) -> str:
    return short_levels([level])[level]


def _broken(part: str) -> str:
    """Break `factor=level` into two lines where it is long."""
    factor, _, level = part.partition("=")
    return f"{factor}=\n{_text(level)}" if len(part) > 9 and level else part


def _alt(chosen: Sequence[PairedValues]) -> str:
    words = []
    for one in chosen:
        verdict = one.verdict
        with_it = int((np.array(list(verdict.differences.values())) > 0).sum())
        if seen(verdict):
            message = msg("{claim}: {n} of {pairs} pairs better, effect {effect}, {failed} with a failed run")
        else:
            message = msg(
                "{claim}: {n} of {pairs} pairs as the claim predicts, effect {effect}, {failed} with a failed run"
            )
        words.append(
            tr(
                message,
                claim=claim_title(verdict),
                n=with_it,
                pairs=len(one.seeds),
                effect=change_text(verdict),
                failed=int(one.failed.sum()),
            )
        )
    return tr("Paired slopes. ") + tr("; ").join(words) + tr(".")
