"""Figure: every seed's value of a metric, arm by arm, with mean and interval: the raw data behind the table."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from scipy import stats

from ablate.claims.measured import Endpoint
from ablate.judge.endpoint import endpoint
from ablate.lang import tr
from ablate.registry import register
from ablate.report.arms import arm_levels, arm_titles, baseline_arm, factor_levels, varying
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material, metric_stem
from ablate.report.figures.series import chance_level, majority_rates
from ablate.report.figures.sheets import MOST_ROWS, left_out, numbered_sheets, row_height, sheets
from ablate.report.figures.style import DASHES, HUES, INK, MARKERS, PAPER, SOFT, Drawn, bare_axes, drawing
from ablate.report.figures.titles import told_apart
from ablate.report.metric_names import metric_heading, metric_title
from ablate.report.wording import plain_number, unit, with_unit
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED
from ablate.words.reasons import said


@register("figure", "seeds")
@dataclass(frozen=True)
class Seeds(Kind):
    """Every seed of every arm, a figure for each of the first claimed metrics."""

    place, order, unasked = "endings", 10, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw them."""
        tables, contrast = material.tables, material.contrast
        return [
            one
            for metric in material.ends
            for one in ending_sheets(tables, metric, contrast=contrast, name=name, whole=material.whole)
        ]


def ending_sheets(
    tables: StudyTables, metric: str, *, contrast: str | None = None, name: str = "seeds", whole: bool = False
) -> list[Drawn]:
    """Draw one row per arm: a dot per seed, × where one failed (at what it counts as), the mean with its interval.

    Nothing where no run has a value. `contrast` is the factor told apart by hue and marker. `whole` draws every arm, on
    as many sheets as that takes; else there is one (see `sheets`).
    """
    end = endpoint(tables, metric)
    if not np.isfinite(end.value).any():
        return []
    silent = (end.ran & ~_failed(tables, end) & ~np.isfinite(end.value)).sum(axis=0) == end.planned.sum(axis=0)
    # Arms whose every run ended well without the metric are left out: their program does not measure it.
    rows = [arm for arm, without in zip(end.arm_ids, silent, strict=True) if not without]
    base = baseline_arm(tables)
    pages = sheets(rows, MOST_ROWS, keep=lambda arm: arm == base, whole=whole)
    what = tr("{n} of {all} arms", n=len(pages[0]), all=len(rows)) if len(pages) == 1 < len(rows) else ""
    logs = _of_arms(tables, rows)
    positions = dict(zip(logs.planned["arm_id"].astype(str), _hues(logs, contrast), strict=True))
    return numbered_sheets(
        [
            _sheet(
                logs if len(page) == len(rows) else _of_arms(logs, page), metric, [positions[arm] for arm in page],
                name, left_out(logs, page, what=what) if what else "",
            )
            for page in pages
        ]
    )  # fmt: skip


def _sheet(tables: StudyTables, metric: str, positions: list[int], name: str, note: str) -> Drawn | None:
    end = endpoint(tables, metric)
    if not np.isfinite(end.value).any():
        return None
    with drawing():
        figure = _draw(tables, end, positions)
    failed = _failed(tables, end)
    rule = tr("×: the run failed.") if failed.any() else ""
    if (failed & ~np.isfinite(end.value)).any():
        rule += tr(
            " One without a value stands at the edge; its arm has no mean, because that would be a mean "
            "of the survivors only."
        )
    rule += tr(" What failed or has no value counts as {rule}.", rule=said(end.rule)) if end.filled.any() else ""
    if _chances(tables, end):
        rule += (" " if rule else "") + tr("Dotted: rate of always answering the most frequent class.")
    caption = tr(
        "{metric}, one small mark per seed. Large mark and bar: mean and 95 % t interval over the "
        "seeds that were run (each arm on its own; the verdicts use the differences within a seed). "
        "{rule}",
        metric=metric_heading(metric),
        rule=rule,
    )
    return Drawn(
        name=f"{name}-{metric_stem(metric)}",
        title=tr("Every seed: {metric}", metric=metric_title(metric)),
        figure=figure,
        caption=f"{caption.strip()} {note}".strip(),
        alt=_alt(tables, end),
        floor=560,
    )


def _of_arms(tables: StudyTables, kept: list[str]) -> StudyTables:
    if len(kept) == len(tables.planned):
        return tables
    planned, seeds = tables.planned, tables.seeds
    return dataclasses.replace(
        tables,
        planned=planned[planned["arm_id"].astype(str).isin(kept)].reset_index(drop=True),
        seeds=seeds[seeds["arm_id"].astype(str).isin(kept)].reset_index(drop=True),
    )


def _draw(tables: StudyTables, end: Endpoint, positions: list[int]) -> Figure:
    failures = _failed(tables, end)
    names = told_apart(list(arm_titles(tables).values()))
    shown = unit(end.declared.unit)
    height = row_height(0.3, len(names), around=1.0) * len(names) + 1.0
    figure = Figure(figsize=(9.0, height), layout="constrained")
    ax = figure.subplots()
    bare_axes(ax, grid="x")
    edge = np.full(len(end.value), 0.994 if end.declared.better == "lower" else 0.006)  # of the axis: the worse side
    for row, position in enumerate(positions):
        values, failed = end.value[:, row] * shown.scale, failures[:, row]
        colour, marker = HUES[position % len(HUES)], MARKERS[position % len(MARKERS)]
        # Seeds keep their height within every row, so equal values do not hide each other and eyes can pair them.
        offset = row + 0.13 + 0.22 * np.linspace(-0.5, 0.5, len(values)) if len(values) > 1 else np.array([row + 0.13])
        good = np.isfinite(values) & ~failed
        ax.plot(values[good], offset[good], linestyle="none", marker=marker, markersize=3.2, color=colour, alpha=0.45,
                markeredgewidth=0, zorder=2)  # fmt: skip
        lost = failed & ~np.isfinite(values)
        for places, which, where in ((values, failed & ~lost, ax.transData), (edge, lost, ax.get_yaxis_transform())):
            ax.plot(places[which], offset[which], transform=where, linestyle="none", marker="x", markersize=4.6,
                    color=colour, markeredgewidth=1.1, zorder=2.5, gid="failure")  # fmt: skip
        mean, half = _mean(values, failed)
        if math.isfinite(mean):
            at = row - 0.17
            if math.isfinite(half):
                ax.plot([mean - half, mean + half], [at, at], color=colour, linewidth=1.8, zorder=3)
            ax.plot([mean], [at], marker=marker, markersize=6.4, color=colour, markeredgecolor=PAPER, zorder=4)
    chances = _chances(tables, end)
    for row, chance in chances.items():
        # One line where all arms have the same data; else each data set's own, beside its arms.
        reach = (-0.55, len(names) - 0.45) if len(set(chances.values())) == 1 else (row - 0.5, row + 0.5)
        ax.plot([chance * shown.scale] * 2, reach, color=SOFT, linewidth=0.9, linestyle=(0, DASHES[2]), zorder=1,
                gid="chance")  # fmt: skip
        if len(set(chances.values())) == 1:
            break
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    values = end.value[np.isfinite(end.value)]
    whole = bool((values == np.round(values)).all()) and shown.scale == 1.0
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=whole, min_n_ticks=1 if whole else 2))
    ax.set_xlabel(with_unit(metric_title(end.metric), shown.value))
    if failures.any():
        mark = Line2D([], [], linestyle="none", marker="x", color=INK, markersize=5, label=tr("failed run"))
        figure.legend(handles=[mark], loc="outside upper right", fontsize=8.6)
    return figure


def _chances(tables: StudyTables, end: Endpoint) -> dict[int, float]:
    """Return, by row, what knowing nothing gives on the data of the arm: of all rows, or of none.

    They are left out where they lie far from the values (half of their spread): the axis would be drawn for them, and
    the values would stand in a corner of it.
    """
    rates, values = majority_rates(tables), end.value[np.isfinite(end.value)]
    room = float(np.ptp(values)) / 2
    chances = {row: chance_level(end.declared, rates[str(arm)]) for row, arm in enumerate(end.arm_ids)}
    known = [chance for chance in chances.values() if math.isfinite(chance)]
    if not known or min(known) < values.min() - room or max(known) > values.max() + room:
        return {}
    return {row: chance for row, chance in chances.items() if math.isfinite(chance)}


def _failed(tables: StudyTables, end: Endpoint) -> NDArray[np.bool_]:
    """Return which runs failed, bool (seeds, arms): also those with a value of their own."""
    failed = tables.seeds[tables.seeds["outcome"].isin(FAILED)]
    marks = np.zeros(end.value.shape, dtype=np.bool_)
    seeds, arms = ({key: at for at, key in enumerate(keys)} for keys in (end.seeds, end.arm_ids))
    for arm, seed in zip(failed["arm_id"], failed["seed"], strict=True):
        marks[seeds[int(seed)], arms[str(arm)]] = True
    return marks


def _hues(tables: StudyTables, contrast: str | None) -> list[int]:
    factors = varying(tables)
    if not factors:
        return [0] * len(tables.planned)
    levels = factor_levels(tables)
    factor = contrast if contrast in factors else min(factors, key=lambda name: len(levels[name]))
    return [levels[factor].index(at[factor]) for at in arm_levels(tables).values()]


def _mean(values: NDArray[np.float64], failed: NDArray[np.bool_]) -> tuple[float, float]:
    """Return mean and half of the interval of an arm; none of one with a failed run that has no value."""
    finite = values[np.isfinite(values)]
    if not finite.size or (failed & ~np.isfinite(values)).any():
        return math.nan, math.nan
    if finite.size < 2:
        return float(finite[0]), math.nan
    half = stats.t.ppf(0.975, finite.size - 1) * finite.std(ddof=1) / math.sqrt(finite.size)
    return float(finite.mean()), float(half)


def _alt(tables: StudyTables, end: Endpoint) -> str:
    shown = unit(end.declared.unit)
    failures = _failed(tables, end)
    words = []
    for row, name in enumerate(arm_titles(tables).values()):
        mean, _ = _mean(end.value[:, row], failures[:, row])
        failed = int(failures[:, row].sum())
        text = f"{plain_number(mean, shown)} {shown.value}".strip() if math.isfinite(mean) else tr("none")
        words.append(tr("{arm} mean {mean}", arm=name, mean=text) + (tr(" ({n} failed)", n=failed) if failed else ""))
    return tr("{metric} per arm: ", metric=metric_heading(end.metric)) + tr("; ").join(words) + tr(".")
