"""Figures of the calibration page: false positives, coverage, the confusion of planted effects, looks.

Rates stand with the limit they must keep to and the band simulation error allows around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.errors import plural
from ablate.judge.calibration import CalibrationCheck, CalibrationResult
from ablate.judge.trials import Row
from ablate.report.figures.style import BAND, HUES, INK, PAPER, RULE, SOFT, Drawn, bare_axes, drawing
from ablate.stats.proportions import clopper_pearson

_ALLOWED = 2.5  # simulation errors a rate may lie beyond its limit, as the checks count it


@dataclass(frozen=True)
class _Rate:
    label: str
    rate: float
    studies: int
    limit: float | None
    met: bool
    at_most: bool


def calibration_figures(result: CalibrationResult) -> list[Drawn]:
    """Return the figures, in the order of the page; checks that have none are left out."""
    checks = {check.name: check for check in result.checks}
    figures = []
    if "false-positives" in checks and checks["false-positives"].rows:
        rates = [_rate(f"{_claims(row)}", row, at_most=True) for row in checks["false-positives"].rows]
        figures.append(
            _rates("false-positives", "False positives with identical arms", rates, "studies with a false verdict (%)")
        )
    if "coverage" in checks:
        rows = checks["coverage"].rows
        for name, title, word, most in (
            ("coverage", "Coverage of the intervals, by kind of data", "coverage", False),
            ("false-supported", "False “supported”, by kind of data", "supported", True),
        ):
            kind_rates = [_rate(_data(row), row, at_most=most) for row in rows if str(row["what"]).find(word) >= 0]
            if kind_rates:
                figures.append(
                    _rates(name, title, kind_rates, "held the truth (%)" if not most else "false supported (%)")
                )
    if "confusion" in checks and checks["confusion"].rows:
        figures.append(_confusion(checks["confusion"]))
    if "looks" in checks and checks["looks"].rows:
        rates = [_rate(f"{row['levels']}, {_claims(row)}", row, at_most=True) for row in checks["looks"].rows]
        figures.append(
            _rates("looks", "Type I error under looks", rates, "studies with a false verdict at any look (%)")
        )
    return figures


def _claims(row: Row) -> str:
    return plural(row["claims"], "claim")


def _data(row: Row) -> str:
    what = str(row["what"])
    every = " · all runs" if "mean over all runs" in what else ""
    return f"{row['data']}{every}"


def _rate(label: str, row: Row, *, at_most: bool) -> _Rate:
    return _Rate(label, float(row["rate"]), int(row["studies"]), row.get("limit"), bool(row.get("met", True)), at_most)


def _rates(name: str, title: str, rates: Sequence[_Rate], axis: str) -> Drawn:
    with drawing():
        figure = Figure(figsize=(8.6, 0.42 * len(rates) + 1.25), layout="constrained")
        ax = figure.subplots()
        bare_axes(ax, grid="x")
        for at, one in enumerate(rates):
            _bar(ax, at, one)
        ends = [end for one in rates for end in _interval(one)] + [one.limit for one in rates if one.limit is not None]
        low, high = 100 * min(ends), 100 * max(ends)
        pad = 0.08 * (high - low) or 1.0
        ax.set_xlim(0.0 if rates[0].at_most else max(0.0, low - pad), min(100.0 + pad, high + pad))
        ax.set_yticks(range(len(rates)), [one.label for one in rates])
        ax.set_ylim(len(rates) - 0.45, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.xaxis.set_major_locator(MaxNLocator(7))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.set_xlabel(axis)
        handles: list[Line2D | Patch] = [
            Line2D([], [], color=HUES[0], marker="o", markersize=6, label="keeps to its limit"),
            Line2D([], [], color=HUES[1], marker="D", markersize=6, label="does not"),
            Line2D([], [], color=SOFT, marker="o", markersize=6, markerfacecolor=PAPER, label="no limit: to compare"),
            Patch(color=BAND, label="limit ± simulation error"),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=4, fontsize=8.4)
    words = "; ".join(f"{one.label} {100 * one.rate:.2f} % of {one.studies}" for one in rates)
    caption = (
        "Mark: rate over the simulated studies of a row; bar: its exact 95 % binomial interval. Dark tick: the limit; "
        f"grey: what {_ALLOWED:g} simulation errors allow around it. Rows without one show what the engine does not "
        "promise, beside what it does."
    )
    return Drawn(name, title, figure, caption, f"{title}: {words}.", floor=560)


def _bar(ax: Axes, at: int, one: _Rate) -> None:
    if one.limit is not None:
        error = _ALLOWED * math.sqrt(one.limit * (1 - one.limit) / one.studies)
        ends = (one.limit, one.limit + error) if one.at_most else (one.limit - error, one.limit)
        ax.add_patch(Rectangle((100 * ends[0], at - 0.34), 100 * (ends[1] - ends[0]), 0.68, color=BAND, linewidth=0))
        ax.plot([100 * one.limit] * 2, [at - 0.34, at + 0.34], color=INK, linewidth=1.4, zorder=2)
    colour = SOFT if one.limit is None else HUES[0] if one.met else HUES[1]
    low, high = _interval(one)
    ax.plot([100 * low, 100 * high], [at, at], color=colour, linewidth=1.7, zorder=3)
    ax.plot([100 * one.rate], [at], marker="o" if one.met else "D", markersize=6.5, zorder=4, color=colour,
            markerfacecolor=PAPER if one.limit is None else colour)  # fmt: skip
    ax.annotate(f"{100 * one.rate:.1f} %", (1.0, at), (6, 0), xycoords=("axes fraction", "data"),
                textcoords="offset points", va="center", fontsize=8.6, annotation_clip=False)  # fmt: skip


def _interval(one: _Rate) -> tuple[float, float]:
    return clopper_pearson(round(one.rate * one.studies), one.studies)


def _confusion(check: CalibrationCheck) -> Drawn:
    outcomes = ("supported", "inconclusive", "refuted")
    with drawing():
        figure = Figure(figsize=(6.6, 0.62 * len(check.rows) + 1.0), layout="constrained")
        ax = figure.subplots()
        for i, row in enumerate(check.rows):
            for j, outcome in enumerate(outcomes):
                share = float(row[outcome])
                wrong = row.get("wrong") == outcome
                ax.add_patch(Rectangle((j - 0.48, i - 0.45), 0.96, 0.9, facecolor=HUES[1] if wrong else HUES[0],
                                       alpha=0.06 + 0.5 * share, linewidth=0))  # fmt: skip
                ax.add_patch(Rectangle((j - 0.48, i - 0.45), 0.96, 0.9, fill=False, linewidth=1.4 if wrong else 0.6,
                                       edgecolor=HUES[1] if wrong else RULE))  # fmt: skip
                text = f"{100 * share:.1f} %" + (f"\nmust be ≤ {100 * row['limit']:g} %" if wrong else "")
                ax.text(j, i, text, ha="center", va="center", fontsize=8.6, color=INK)
        ax.set_xlim(-0.52, len(outcomes) - 0.48)
        ax.set_ylim(len(check.rows) - 0.48, -0.52)
        ax.set_xticks(range(len(outcomes)), outcomes)
        ax.set_yticks(range(len(check.rows)), [str(row["planted"]) for row in check.rows])
        ax.tick_params(length=0, labeltop=True, labelbottom=False)
        ax.spines[:].set_visible(False)
        ax.grid(visible=False)
        ax.set_ylabel("planted effect")
    words = "; ".join(
        f"{row['planted']}: " + ", ".join(f"{o} {100 * float(row[o]):.1f} %" for o in outcomes) for row in check.rows
    )
    caption = (
        "Rows: the effect that was planted; cells: share of studies with each verdict; framed in orange: the verdict "
        f"that is wrong there. At δ itself neither is right, so “supported” must stay rare. {check.note}"
    )
    return Drawn("confusion", check.title, figure, caption.strip(), f"{check.title}: {words}.", floor=440)
