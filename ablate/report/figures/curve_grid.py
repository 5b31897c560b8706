"""Figure: one small panel of learning curves for each level of a factor (the book's figure 6-19)."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.lang import tr
from ablate.registry import register
from ablate.report.arms import arm_levels, baseline_arm, factor_levels, varying
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.learning_curves import alt, caption
from ablate.report.figures.panels import Panel, draw, limits_note
from ablate.report.figures.series import majority_rate, series
from ablate.report.figures.style import Drawn, drawing
from ablate.report.vouched import steps_title
from ablate.report.wording import capitalised, level_title, levels_text, listed, metric_title
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

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return None if self.wanted is None else curve_grid(material.tables, self.wanted, name=name)


def curve_grid(tables: StudyTables, wanted: CurveGrid, *, name: str = "curve-grid") -> Drawn | None:
    """Draw the grid a study asks for; None where no run logged its metric.

    Factors that are neither panel nor hue are held at the baseline's level, and title and caption say so.
    """
    lines = series(tables, wanted.metric)
    if not any(one.runs.size for one in lines.values()):
        return None
    levels = factor_levels(tables)
    panel_texts, hue_texts = levels_text(levels[wanted.panel]), levels_text(levels[wanted.hue])
    names = list(hue_texts.values())
    arms, held = _at_baseline(tables, wanted)
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
    metric = metrics_in(tables).of(wanted.metric)
    with drawing():
        figure = draw(
            panels, names, metric, chance=majority_rate(tables), steps=steps_title(tables), hue_title=wanted.hue
        )
    title = wanted.title or tr("{metric} for each {panel}", metric=metric_title(wanted.metric), panel=wanted.panel)
    title += tr(" ({text})", text=listed(held)) if held else ""
    note = tr("Shown at {titles}.", titles=listed(held)) + " " if held else ""
    marks = caption(tables, metric, limits_note(panels, metric))
    return Drawn(name, capitalised(title), figure, note + marks, alt(metric, panels, names), floor=680)


def _at_baseline(tables: StudyTables, wanted: CurveGrid) -> tuple[dict[str, dict[str, Level]], list[str]]:
    arms = arm_levels(tables)
    base = arms[baseline_arm(tables) or next(iter(arms))]
    held = {f: base[f] for f in varying(tables) if f not in (wanted.panel, wanted.hue)}
    kept = {arm: at for arm, at in arms.items() if all(at[f] == level for f, level in held.items())}
    titles = [level_title(factor, levels_text([level])[level]) for factor, level in held.items()]
    return kept, titles
