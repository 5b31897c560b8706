"""Figure: share of seeds that have reached the target, step by step; what never reached it keeps the curve below 1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from ablate.judge.endpoint import MISSING
from ablate.lang import msg, tr
from ablate.registry import register
from ablate.report.arms import baseline_arm
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.layout import PanelLayout, layout
from ablate.report.figures.panels import columns_for, legend, room_for
from ablate.report.figures.sheets import MOST_PANELS, left_out, numbered_sheets, row_height, sheets
from ablate.report.figures.style import DASHES, HUES, INK, MARKERS, PAPER, Drawn, bare_axes, drawing
from ablate.report.figures.titles import head, side_title
from ablate.report.vouched import steps_title, vouched
from ablate.report.wording import NONE
from ablate.track.record import StudyTables
from ablate.train.metric import STEPS_TO_TARGET
from ablate.train.outcome import FAILED
from ablate.train.vouched import Fact

_HELD = msg(
    "Share of the seeds that were run which have reached the target (held at two evaluations in a "
    "row) by each step. Seeds that never reach it, and those that failed, stay in the denominator, so a "
    "curve ends at its success share, written above each panel as reached / run (×: failed). No seed "
    "is left out; ticks at the end mark the share."
)
_REACHED = msg(
    "Share of the seeds that were run which have reached the target by each step. Seeds that never reach it, and those "
    "that failed, stay in the denominator, so a curve ends at its success share, written above each panel as reached / "
    "run (×: failed). No seed is left out; ticks at the end mark the share."
)


@register("figure", "reach")
@dataclass(frozen=True)
class Reach(Kind):
    """Who reaches the target, and when."""

    place, order, unasked = "evidence", 50, True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        return reach_sheets(material.tables, contrast=material.contrast, name=name, whole=material.whole)


def reach(tables: StudyTables, *, contrast: str | None = None, name: str = "reach") -> Drawn | None:
    """Draw it on one sheet (see `reach_sheets`); None where no run reached the target."""
    return next(iter(reach_sheets(tables, contrast=contrast, name=name)), None)


def reach_sheets(
    tables: StudyTables, *, contrast: str | None = None, name: str = "reach", whole: bool = False
) -> list[Drawn]:
    """Draw, per arm, the empirical distribution of the steps to the target; nothing where no run reached it.

    `whole` draws every panel, on as many sheets as that takes; else there is one (see `sheets`).

    A run that diverged, crashed or ran out of budget never reaches: it stays in the denominator. Where the task
    changes, steps count from the change; arms with and without a change have no axis in common, and are not drawn.
    """
    logged = [metric for metric in STEPS_TO_TARGET if metric in tables.metrics and tables.seeds[metric].notna().any()]
    if len(logged) != 1:
        return []
    (metric,) = logged
    changed = metric == "ttt/recovery_steps"
    arms = {
        str(arm): _Reached.of(rows, metric, tables.facts.get(str(arm), {}))
        for arm, rows in tables.seeds.groupby("arm_id", sort=False)
    }
    plan, base = layout(tables, contrast), baseline_arm(tables)
    pages = sheets(
        plan.panels, MOST_PANELS, keep=lambda panel: any(arm == base for _, arm in panel.arms), whole=whole
    )  # fmt: skip
    end = max((one.steps[-1] for one in arms.values() if one.steps.size), default=1.0) * 1.04
    caption = tr(_HELD if vouched(tables, Fact.ENDINGS) else _REACHED)
    if len({one.budget for one in arms.values()}) > 1:
        caption += tr(" An arm's curve ends where its budget ends.")
    caption += tr(" Steps count from the change of task.") if changed else ""
    if len(pages) == 1 and len(pages[0]) < len(plan.panels):
        what = tr("{n} of {all} panels", n=len(pages[0]), all=len(plan.panels))
        caption += " " + left_out(tables, {arm for panel in pages[0] for _, arm in panel.arms}, what=what)
    drawn = []
    for page in pages:
        page_plan = replace(plan, panels=tuple(page))
        with drawing():
            figure = _draw(page_plan, arms, _steps_title(tables, changed=changed), end)
        drawn.append(
            Drawn(name, tr("Who reaches the target, and when"), figure, caption, _alt(page_plan, arms), floor=600)
        )
    return numbered_sheets(drawn)


class _Reached:
    """Steps at which the seeds of one arm reached the target, ascending, how many were run and failed, its budget."""

    def __init__(self, steps: NDArray[np.float64], run: int, failed: int, budget: float) -> None:
        self.steps, self.run, self.failed, self.budget = steps, run, failed, budget

    @classmethod
    def of(cls, rows: pd.DataFrame, metric: str, facts: Mapping[str, Any]) -> _Reached:
        run = rows[rows["outcome"].astype(str) != MISSING]
        failed = run["outcome"].astype(str).isin(FAILED)
        steps = pd.to_numeric(run.loc[~failed, metric]).dropna().to_numpy(np.float64)
        budget = facts.get(STEPS_TO_TARGET[metric])
        return cls(np.sort(steps), len(run), int(failed.sum()), math.inf if budget is None else float(budget))

    @property
    def share(self) -> float:
        return self.steps.size / self.run if self.run else math.nan

    @property
    def text(self) -> str:
        return f"{self.steps.size}/{self.run}" + (f" ×{self.failed}" if self.failed else "")


def _steps_title(tables: StudyTables, *, changed: bool) -> str:
    return tr("{steps} since the change of task", steps=steps_title(tables)) if changed else steps_title(tables)


def _draw(plan: PanelLayout, arms: dict[str, _Reached], steps: str, end: float) -> Figure:
    columns = columns_for(len(plan.panels))
    rows = math.ceil(len(plan.panels) / columns)
    width = 7.6 if columns == 1 else min(10.6, 1.2 + 2.5 * columns if columns > 2 else 9.0)
    height = row_height(3.6 if columns == 1 else 1.75 if columns > 2 else 2.6, rows, around=1.05) * rows + 1.05
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    axes: list[Axes] = list(grid.flat)
    room = room_for(width, columns)
    shared = axes[0]  # each panel would hand on to all others what is set on it
    shared.set_ylim(-0.03, 1.05)
    shared.set_xlim(0, end)
    shared.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}"))
    shared.set_yticks([0, 0.5, 1.0])
    shared.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for ax, panel in zip(axes, plan.panels, strict=False):
        bare_axes(ax)
        for position, arm in panel.arms:
            _curve(ax, arms[arm], position, min(end, arms[arm].budget))
        head(ax, panel.title, [(position, arms[arm].text) for position, arm in panel.arms], inches=room)
    for ax in axes[len(plan.panels) :]:
        ax.set_visible(False)
    for position in range(len(plan.panels)):
        if position + columns >= len(plan.panels):
            axes[position].tick_params(labelbottom=True)
    figure.supxlabel(steps, fontsize=9.5, color=INK)
    side_title(figure, tr("reached the target (% of seeds)"))
    shown = sorted({position for panel in plan.panels for position, _ in panel.arms})
    legend(figure, [(i, plan.hues[i]) for i in shown], plan.hue_title, failures=False)
    return figure


def _curve(ax: Axes, one: _Reached, position: int, end: float) -> None:
    if not one.run:
        return
    colour, marker = HUES[position % len(HUES)], MARKERS[position % len(MARKERS)]
    dash = DASHES[position % len(DASHES)]
    x = np.concatenate([[0.0], one.steps, [end]])
    y = np.concatenate([[0.0], np.arange(1, one.steps.size + 1) / one.run, [one.share]])
    ax.plot(x, y, drawstyle="steps-post", color=colour, linewidth=1.7, linestyle=(0, dash) if dash else "-", zorder=3)
    if one.steps.size:
        middle = one.steps[(one.steps.size - 1) // 2]
        at = np.searchsorted(one.steps, middle, side="right") / one.run
        ax.plot([middle], [at], marker=marker, markersize=4.6, color=colour, markeredgecolor=PAPER, zorder=4)
    ax.plot([end], [one.share], marker=marker, markersize=4.6, color=colour, markeredgecolor=PAPER, clip_on=False,
            zorder=4, gid="share")  # fmt: skip


def _alt(plan: PanelLayout, arms: dict[str, _Reached]) -> str:
    words = []
    for panel in plan.panels:
        each = []
        for position, arm in panel.arms:
            one = arms[arm]
            median = f"{one.steps[(one.run - 1) // 2]:.0f}" if one.steps.size > one.run / 2 else NONE
            each.append(
                tr(
                    "{arm} {share} reached, median step {median}",
                    arm=plan.hues[position],
                    share=one.text,
                    median=median,
                )
            )
        words.append((f"{panel.title}: " if panel.title else "") + tr("; ").join(each))
    return tr("Share of seeds that reached the target over training. ") + tr(". ").join(words) + tr(".")
