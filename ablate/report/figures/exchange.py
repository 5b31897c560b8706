"""Figure: what n examples are worth: learning curves of both sides with arrows to the equivalent n, and k(n)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import offset_copy

from ablate.judge.verdict import Verdict
from ablate.lang import counted, tr
from ablate.registry import register
from ablate.report.exchange import Rate, exchange_rates
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.panels import legend
from ablate.report.figures.style import BAND, DASHES, HUES, INK, MARKERS, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.ticks import apart
from ablate.report.level_texts import short_lists
from ablate.report.metric_names import metric_title
from ablate.report.wording import unit, verdict_effect, with_unit
from ablate.stats.exchange import rising_curve
from ablate.stats.student import t_interval
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.words.amounts import percent

_RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 2, 3, 4, 5, 7, 10, 20, 50, 100)
_LINE = 10.5  # points between two labels


@register("figure", "exchange")
@dataclass(frozen=True)
class Exchange(Kind):
    """What the examples of one side are worth in those of the other."""

    place, order, unasked = "evidence", 10, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        return exchange_figures(material.study, material.tables, material.verdicts, name=name)


def exchange_figures(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict], *, name: str = "exchange"
) -> list[Drawn]:
    """Draw one figure for each verdict on an exchange rate; none for a verdict without an estimate."""
    figures = []
    rates = exchange_rates(study, tables, verdicts)
    members = [rate.verdict.source_id for rate in rates]
    for position, rate in enumerate(rates):
        with drawing():
            figure = _draw(rate)
        claim = rate.verdict.source_id
        nth = members[: position + 1].count(claim)
        title = tr("{says}: exchange rate", says=rate.verdict.says)
        figures.append(
            Drawn(
                f"{name}-{claim}" + (f"-{nth}" if members.count(claim) > 1 else ""),
                title + (f" [{rate.verdict.claim_id.split('[', 1)[1]}" if "[" in rate.verdict.claim_id else ""),
                figure,
                _caption(rate),
                _alt(rate),
                floor=680,
            )
        )
    return figures


def _draw(rate: Rate) -> Figure:
    figure = Figure(figsize=(10.4, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.35, 1.0)})
    _curves(left, rate)
    _levels(right, rate)
    legend(
        figure,
        [(0, short_lists(rate.verdict.against_text)), (1, short_lists(rate.verdict.arm_text))],
        "",
        bool(rate.failed.any()),
    )
    apart(figure, names=[right])
    # Where the axes are is known only once the labels are: what must not touch is placed last.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    _arrows(left, rate)
    return figure


def _curves(ax: Axes, rate: Rate) -> None:
    shown, curves = unit(rate.verdict.unit), rate.curves
    factor = shown.scale * curves.sign
    n = curves.n
    ax.set_xscale("log")
    for position, values in enumerate((curves.reference, curves.arm)):
        colour, dash = HUES[position], DASHES[position]
        style = (0, dash) if dash else "-"
        ax.plot(n, (values * factor).T, color=colour, linewidth=0.6, alpha=0.35, zorder=2)
        means = values.mean(axis=0)
        if position:
            ax.plot(n, means * factor, color=colour, linewidth=1.6, linestyle=style, zorder=3)
        else:
            grid, curve = rising_curve(means[None], n)
            ax.plot(np.exp(grid), curve[0] * factor, color=colour, linewidth=1.6, linestyle=style, zorder=3,
                    gid="reference-curve")  # fmt: skip
        bounds = np.array([t_interval(column) for column in (values * factor).T])
        # Side by side, so that two intervals at one n can be told apart.
        beside = offset_copy(ax.transData, fig=ax.get_figure(root=True), x=2.2 * position - 1.1, units="points")
        ax.vlines(n, bounds[:, 0], bounds[:, 1], color=colour, linewidth=1.7, transform=beside, zorder=3.5)
        ax.plot(n, means * factor, color=colour, linestyle="none", marker=MARKERS[position], markersize=5.4,
                markeredgecolor=PAPER, zorder=4)  # fmt: skip
        seed, level = np.nonzero(rate.failed[1 - position])
        ax.plot(n[level], values[seed, level] * factor, color=colour, linestyle="none", marker="x", markersize=4.6,
                markeredgewidth=1.1, zorder=4, gid="failure")  # fmt: skip
    bare_axes(ax)
    ticks: list[float] = []
    for size in n:
        if not ticks or math.log(size / ticks[-1]) > math.log(n[-1] / n[0]) / 12:
            ticks.append(float(size))
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _size(value)))
    ax.set_xlim(min(float(n[0]), *rate.worth) * (n[0] / n[-1]) ** 0.05, n[-1] * (n[-1] / n[0]) ** 0.13)
    ax.set_xlabel(tr("{factor} (log scale)", factor=rate.over))
    ax.set_ylabel(with_unit(metric_title(rate.verdict.metric), shown.value), fontsize=9)


def _arrows(ax: Axes, rate: Rate) -> None:
    """Point from the arm's mean at n to k · n, and write what n is worth where the curves leave room."""
    curves = rate.curves
    factor = unit(rate.verdict.unit).scale * curves.sign
    means = curves.arm.mean(axis=0) * factor
    taken: list[tuple[float, float, float, float]] = []
    for i in range(len(rate.k)):
        start, end = (curves.n[i], means[i]), (rate.worth[i], means[i])
        side = 1 if (rate.beyond[i] or rate.k[i] - 1.0) >= 0 else -1
        if rate.beyond[i]:
            words = f"{'›' if side > 0 else '‹'} {_size(rate.worth[i])}"
            end, colour = start, HUES[1]
        else:
            words, colour = tr("worth {n}", n=_size(rate.worth[i])), INK
            ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>,head_width=0.2,head_length=0.4", "color": INK,
                        "linewidth": 0.9, "shrinkA": 3.5, "shrinkB": 0.0}, zorder=5, gid="arrow")  # fmt: skip
        # Free of curves: below the reference at the tip of an arrow to the right, above the arm where there is none.
        down = -side * curves.sign if not rate.beyond[i] else side * curves.sign
        x, y = ax.transData.transform(end) * 72.0 / ax.figure.dpi
        width = 4.6 * len(words)
        ha, dx = ("left", 4.0) if (side > 0) == (not rate.beyond[i]) else ("right", -4.0)
        dy = 7.0 * down
        if ha == "right" and x + dx - width < ax.bbox.x0 * 72.0 / ax.figure.dpi + 2.0:
            # It would stand in the numbers of the axis: on the other side the curves rise away from it.
            ha, dx, down = "left", 4.0, -down
            dy = 11.0 * down  # and clear of the arm's mark
        x_low = x + dx - (width if ha == "right" else 0.0)
        box = (x_low, x_low + width)
        while any(box[0] < b and a < box[1] and abs(y + dy - c) < _LINE for a, b, c, _ in taken):
            dy += 2.0 * down
        taken.append((*box, y + dy, 0.0))
        ax.annotate(words, end, (dx, dy), textcoords="offset points", ha=ha, va="center", fontsize=8.2, color=colour,
                    zorder=6, gid="beyond" if rate.beyond[i] else "worth")  # fmt: skip


def _levels(ax: Axes, rate: Rate) -> None:
    verdict, k = rate.verdict, rate.k
    n = rate.curves.n
    x = np.array([*range(len(k)), len(k) + 0.45])  # the mean stands apart
    whole = [math.nan if v is None else math.exp(v) for v in (verdict.effect, verdict.interval_low,
                                                              verdict.interval_high)]  # fmt: skip
    marks = np.exp(np.array(list(verdict.differences.values())))
    ratio = math.exp(verdict.region_low)
    y_values = [*k, *rate.low, *rate.high, *(v for v in whole if math.isfinite(v) and v > 0), *marks, 1.0, ratio]
    pad = (max(y_values) / min(y_values)) ** 0.08 * 1.03
    low, high = min(y_values) / pad, max(y_values) * pad
    ax.set_yscale("log")
    ax.set_ylim(low, high)
    for i in range(len(k)):
        floor, ceiling = n[0] / n[i], n[-1] / n[i]
        for ends in ((low, floor), (ceiling, high)):
            if ends[0] < ends[1]:
                ax.fill_between([x[i] - 0.42, x[i] + 0.42], *ends, color=BAND, linewidth=0, zorder=0, gid="unknowable")
    ax.axhline(1.0, color=SOFT, linewidth=0.9, zorder=1)
    ax.axhline(ratio, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
    ax.vlines(x[:-1], rate.low, rate.high, color=HUES[1], linewidth=1.7, zorder=3)
    for i, at in enumerate(k):
        bound = bool(rate.beyond[i])
        ax.plot([x[i]], [at], linestyle="none", marker=MARKERS[1], markersize=6, markeredgewidth=1.3, color=HUES[1],
                markerfacecolor=PAPER if bound else HUES[1], markeredgecolor=HUES[1] if bound else PAPER, zorder=4,
                gid="clipped" if bound else "k")  # fmt: skip
        sign = {1: "› ", -1: "‹ ", 0: ""}[int(rate.beyond[i])]
        _label(ax, (x[i], at), f"{sign}{_ratio(at)}", (1.0, ratio))
    ax.plot(np.full(marks.size, x[-1] - 0.2), marks, linestyle="none", marker="_", markersize=5, color=SOFT, alpha=0.7,
            zorder=2, gid="pseudo-values")  # fmt: skip
    ax.vlines([x[-1]], max(whole[1], low), min(whole[2], high), color=INK, linewidth=1.9, zorder=3)
    ax.plot([x[-1]], [whole[0]], linestyle="none", marker="D", markersize=5.4, color=INK, markeredgecolor=PAPER,
            zorder=4)  # fmt: skip
    if math.isfinite(whole[0]):
        _label(ax, (x[-1], whole[0]), _ratio(whole[0]), (1.0, ratio))
    bare_axes(ax, grid="y")
    ax.axvline(x[-1] - 0.55, color=SOFT, linewidth=0.6)
    ticks = [r for r in _RATIOS if low <= r <= high]
    step = max(1, math.ceil(len(ticks) / 8))
    ax.yaxis.set_major_locator(FixedLocator([r for i, r in enumerate(ticks) if (i - ticks.index(1)) % step == 0]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"×{value:.3g}"))
    ax.set_xticks(x, [*map(_size, n[:-1]), tr("mean")])
    ax.set_xlim(-0.5, x[-1] + max(0.62, 0.14 * (len(k) + 1.5)))  # with the mean's number, beside which lines are named
    ax.set_xlabel(rate.over)
    ax.set_ylabel(tr("exchange rate k (log scale)"), fontsize=9)
    if ratio > 1.0:
        _beside(ax, 1.0, tr("no gain"), up=False)
    _beside(ax, ratio, tr("claim: > {ratio}", ratio=f"×{ratio:.3g}"), up=True)


def _beside(ax: Axes, y: float, words: str, *, up: bool) -> None:
    ax.annotate(words, (1, y), (4, 1 if up else -1), xycoords=("axes fraction", "data"), textcoords="offset points",
                fontsize=8.2, annotation_clip=False, va="bottom" if up else "top",
                color=INK if up else SOFT)  # fmt: skip


def _label(ax: Axes, place: tuple[float, float], words: str, lines: tuple[float, ...]) -> None:
    """Write k beside its mark, off the horizontal lines."""
    low, high = ax.get_ylim()
    near = [line for line in lines if abs(math.log(place[1] / line)) < 0.025 * math.log(high / low)]
    down = bool(near) and place[1] <= near[0]
    dy = (-7.5 if down else 7.5) if near else 0.0
    ax.annotate(words, place, (6, dy), textcoords="offset points", va="center", fontsize=8.2, color=INK, zorder=5)


def _size(value: float) -> str:
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def _ratio(value: float) -> str:
    return f"×{value:.2g}" if value < 10 else f"×{value:.3g}"


def _caption(rate: Rate) -> str:
    verdict = rate.verdict
    text = tr(
        "Left: thin lines: {seeds}; marks and bars: mean over the seeds and its 95 % t interval, each side on its "
        "own; × a run that failed, at the value it counts as. The line of {against} is the running best "
        "of its means, interpolated over log n (PCHIP); below its smallest n it counts as a straight line, for one "
        "step. An arrow leads from the mean of {arm} at n to the n that {against} needs for the same: k · n. Right: k "
        "at each n; bars: 2.5 and 97.5 % points of k when whole seeds are resampled; grey fields: beyond the curve of "
        "{against}. Diamond: mean of log k over the levels, with the verdict's {level} interval (whole seeds "
        "resampled); dashes: the seeds' pseudo-values.",
        seeds=counted(len(rate.curves.seeds), "seed"),
        against=short_lists(verdict.against_text),
        arm=short_lists(verdict.arm_text),
        level=percent(verdict.interval_level),
    )
    if (rate.beyond > 0).any():
        text += tr(
            " › and hollow: better than {against} at its largest n ({n}), so k is at least this.",
            against=short_lists(verdict.against_text),
            n=_size(rate.curves.n[-1]),
        )
    if (rate.beyond < 0).any():
        text += tr(
            " ‹ and hollow: worse than {against} one step below its smallest n ({n}), so k is at most this.",
            against=short_lists(verdict.against_text),
            n=_size(rate.curves.n[0]),
        )
    return text + (
        tr(" The mean takes such a bound as it is, and its interval is open to that side.") if rate.beyond.any() else ""
    )


def _alt(rate: Rate) -> str:
    words = []
    for size, worth_n, beyond in zip(rate.curves.n[:-1], rate.worth, rate.beyond, strict=True):
        n, worth = _size(size), _size(worth_n)
        if beyond:
            more = tr("{n} are worth more than {worth}", n=n, worth=worth)
            words.append(more if beyond > 0 else tr("{n} are worth less than {worth}", n=n, worth=worth))
        else:
            words.append(tr("{n} are worth {worth}", n=n, worth=worth))
    return (
        tr(
            "With {arm}, in units of {against}: ",
            arm=short_lists(rate.verdict.arm_text),
            against=short_lists(rate.verdict.against_text),
        )
        + tr("; ").join(words)
        + tr(". ")
        + verdict_effect(rate.verdict)
    ).strip()
