"""Figure: one small panel of learning curves for each level of a factor (the book's figure 6-19)."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.lang import tr
from ablate.registry import register
from ablate.report.arms import arm_levels, baseline_arm, factor_levels, varying
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.learning_curves import alt, caption
from ablate.report.figures.panels import Panel, draw_panels, limits_note
from ablate.report.figures.series import series
from ablate.report.figures.sheets import MOST_PANELS, left_out, numbered_sheets, sheets
from ablate.report.figures.style import Drawn, drawing
from ablate.report.level_texts import level_title, level_titles, short_levels
from ablate.report.metric_names import metric_heading
from ablate.report.vouched import steps_title
from ablate.report.wording import capitalised, listed
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import CurveGrid
from ablate.track.record import Level, StudyTables


@register("figure", "curve_grid")
@dataclass(frozen=True)
class CurveGrids(Kind):
    """Learning curves, a panel per level of a factor, as a study asks for them."""

    place, order, unasked = "own", 10, False
    recorded = True
    wanted: CurveGrid | None = None

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw it."""
        if self.wanted is None:
            return []
        return grid_sheets(material.tables, self.wanted, name=name, whole=material.whole)


def grid_sheets(
    tables: StudyTables, wanted: CurveGrid, *, name: str = "curve-grid", whole: bool = False
) -> list[Drawn]:
    """Draw the grid a study asks for; nothing where no run logged its metric.

    Factors that are neither panel nor hue are held at the baseline's level, and title and caption say so. `whole`
    draws every panel, on as many sheets as that takes; else there is one (see `sheets`).
    """
    lines = series(tables, wanted.metric)
    if not any(one.runs.size for one in lines.values()):
        return []
    levels = factor_levels(tables)
    panel_texts, hue_texts = short_levels(levels[wanted.panel]), short_levels(levels[wanted.hue])
    names = list(hue_texts.values())
    arms, fixed = _at_baseline(tables, wanted)
    panels = [
        Panel(
            level_title(wanted.panel, text),
            tuple(
                (names.index(hue_texts[at[wanted.hue]]), lines[arm])
                for arm, at in arms.items()
                if at[wanted.panel] == level
            ),
        )
        for level, text in panel_texts.items()
    ]
    metric, base = metrics_in(tables).of(wanted.metric), baseline_arm(tables)
    every = [one for panel in panels for _, one in panel.arms]
    pages = sheets(
        panels, MOST_PANELS, keep=lambda panel: any(one.arm_id == base for _, one in panel.arms), whole=whole
    )  # fmt: skip
    heading = metric_heading(wanted.metric)
    title = capitalised(wanted.title) or tr("{metric} for each {panel}", metric=heading, panel=wanted.panel)
    title += tr(" ({text})", text=listed(fixed)) if fixed else ""
    note = tr("Shown at {titles}.", titles=listed(fixed)) + " " if fixed else ""
    drawn = []
    for page in pages:
        with drawing():
            figure = draw_panels(
                page, names, metric, steps=steps_title(tables), hue_title=wanted.hue,
                every=every,
            )  # fmt: skip
        limits = limits_note(page, metric, every)
        if len(pages) == 1 and len(page) < len(panels):
            what = tr("{n} of {all} panels", n=len(page), all=len(panels))
            shown = {one.arm_id for panel in page for _, one in panel.arms} | (set(lines) - {o.arm_id for o in every})
            limits = f"{limits} {left_out(tables, shown, what=what)}".strip()
        marks = caption(tables, metric, limits)
        drawn.append(Drawn(name, title, figure, note + marks, alt(metric, page, names), floor=680))
    return numbered_sheets(drawn)


def _at_baseline(tables: StudyTables, wanted: CurveGrid) -> tuple[dict[str, dict[str, Level]], list[str]]:
    arms = arm_levels(tables)
    base = arms[baseline_arm(tables) or next(iter(arms))]
    fixed = {f: base[f] for f in varying(tables) if f not in (wanted.panel, wanted.hue)}
    kept = {arm: at for arm, at in arms.items() if all(at[f] == level for f, level in fixed.items())}
    titles = level_titles({factor: short_levels([level])[level] for factor, level in fixed.items()})
    return kept, titles
