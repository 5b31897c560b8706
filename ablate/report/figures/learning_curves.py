"""Figure: learning curves of every arm, one thin line per seed, with failures drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ablate.judge.verdict import Verdict
from ablate.lang import tr
from ablate.registry import register
from ablate.report.arms import baseline_arm
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material, metric_stem
from ablate.report.figures.layout import layout
from ablate.report.figures.panels import Panel, draw_panels, limits_note
from ablate.report.figures.series import Series, majority_rates, series
from ablate.report.figures.sheets import MOST_PANELS, left_out, numbered_sheets, sheets
from ablate.report.figures.style import Drawn, drawing
from ablate.report.metric_names import metric_heading, metric_title
from ablate.report.vouched import steps_title, vouched
from ablate.report.wording import unit
from ablate.sweep.figures import CurveGrid
from ablate.sweep.metrics import metrics_in
from ablate.track.record import StudyTables
from ablate.train.metric import Metric
from ablate.train.vouched import Fact


@register("figure", "curves")
@dataclass(frozen=True)
class LearningCurves(Kind):
    """Learning curves of every arm, a figure for each metric worth one; those of a curve grid are not drawn again."""

    place, order, unasked = "curves", 10, True
    recorded = True

    def draw(self, material: Material, *, name: str) -> list[Drawn]:
        """Draw them."""
        return [one for piece in self.pieces(material, name=name) for one in piece()]

    def pieces(self, material: Material, *, name: str) -> list[Callable[[], list[Drawn]]]:
        """Return what draws each metric."""
        tables, contrast = material.tables, material.contrast
        grids = {wanted.metric for wanted in material.study.figures if isinstance(wanted, CurveGrid)}
        metrics = [metric for metric in curve_metrics(tables, material.verdicts) if metric not in grids]
        return [
            partial(curve_sheets, tables, metric, contrast=contrast, name=name, whole=material.whole)
            for metric in metrics
        ]


def curve_metrics(tables: StudyTables, verdicts: Sequence[Verdict], *, most: int = 3) -> list[str]:
    """Return the curves worth drawing: those behind the claims, then held-out accuracy, train accuracy, loss."""
    # Coordinates of a path are not learning curves: they are drawn against each other.
    logged = {metric for metric in tables.curves["metric"].unique() if not str(metric).startswith("path/")}
    behind = [v.metric for v in verdicts]  # of runs made elsewhere a curve has the name of its last value
    behind += [v.metric.rpartition("/")[2].replace("_", "/", 1) for v in verdicts]
    usual = ["test/accuracy", "validation/accuracy", "train/accuracy", "train/loss"]
    # The loss is always among them: it shows a divergence long before the accuracy does.
    chosen = [m for m in dict.fromkeys([*behind, *usual, *sorted(logged)]) if m in logged]
    if "train/loss" in chosen[most:]:
        return [*chosen[: most - 1], "train/loss"]
    return chosen[:most]


def curve_sheets(
    tables: StudyTables, metric: str, *, contrast: str | None = None, name: str = "curves", whole: bool = False
) -> list[Drawn]:
    """Draw one metric over training; nothing where no run logged it.

    Parameters
    ----------
    contrast
        The factor told apart by hue (the one the claims speak of); every combination of the other factors
        gets its own panel once there are more than four arms.
    whole
        Draw every panel, on as many sheets as that takes; else one sheet of them (see `sheets`). The axes are those of
        all panels on each.
    """
    lines = series(tables, metric)
    if not any(one.runs.size for one in lines.values()):
        return []
    panels, hues, hue_title = _panels(tables, lines, contrast)
    base, every = baseline_arm(tables), list(lines.values())
    pages = sheets(
        panels, MOST_PANELS, keep=lambda panel: any(one.arm_id == base for _, one in panel.arms), whole=whole
    )
    declared, drawn = metrics_in(tables).of(metric), []
    for page in pages:
        with drawing():
            figure = draw_panels(
                page, hues, declared, steps=steps_title(tables), hue_title=hue_title,
                every=every,
            )  # fmt: skip
        notes = [limits_note(page, declared, every)]
        if len(pages) == 1 and len(page) < len(panels):
            what = tr("{n} of {all} panels", n=len(page), all=len(panels))
            notes.append(left_out(tables, {one.arm_id for panel in page for _, one in panel.arms}, what=what))
        drawn.append(
            Drawn(
                name=f"{name}-{metric_stem(metric)}",
                title=tr("Learning curves: {metric}", metric=metric_title(metric)),
                figure=figure,
                caption=caption(tables, declared, " ".join(filter(None, notes))),
                alt=alt(declared, page, hues),
                floor=520 if len(page) <= 2 else 640,
            )
        )
    return numbered_sheets(drawn)


def caption(tables: StudyTables, metric: Metric, note: str = "") -> str:
    """Return what the marks of a curve figure mean."""
    chance = metric.failed_counts_as == "chance" and any(map(math.isfinite, majority_rates(tables).values()))
    failed = (
        tr("a failed run counts at the majority rate from there on")
        if chance
        else tr("the mean ends at an arm's first failure, because a mean over survivors would flatter it")
    )
    by_rules = vouched(tables, Fact.ENDINGS)
    parts = [
        tr("Thin lines: one seed each. Thick line: mean over the seeds that were run."),
        tr("Band: pointwise 95 % t interval over seeds (it holds for each step on its own, not for the whole curve)."),
        tr("×: a run became non-finite, exceeded ten times its first loss, or crashed; {rule}.", rule=failed)
        if by_rules
        else tr("×: a run failed; {rule}.", rule=failed),
        tr("Numbers above a panel: seeds that learned / seeds planned, ×: failed, ∅: missing.")
        if by_rules
        else tr("Numbers above a panel: seeds not recorded as failed / seeds planned, ×: failed, ∅: missing."),
        tr("Dotted: rate of always answering the most frequent class.") if chance else "",
        note,
    ]
    return " ".join(part for part in parts if part)


def alt(metric: Metric, panels: list[Panel], hues: list[str]) -> str:
    """Return the end of every mean curve and every failure count, in words."""
    words, shown = [], unit(metric.unit)
    for panel in panels:
        arms = []
        for position, one in panel.arms:
            last = one.mean[-1] if one.mean.size else math.nan
            ends = (
                tr("ends at {value:.3g}{unit}", value=last * shown.scale, unit=f" {shown.value}".rstrip())
                if math.isfinite(last)
                else tr("no mean at the end")
            )
            arms.append(
                tr(
                    "{arm} {ends}, {n} of {planned} failed",
                    arm=hues[position],
                    ends=ends,
                    n=one.failed,
                    planned=one.planned,
                )
            )
        words.append((f"{panel.title}: " if panel.title else "") + tr("; ").join(arms))
    return tr("{metric} over training. ", metric=metric_heading(metric.name)) + tr(". ").join(words) + tr(".")


def _panels(tables: StudyTables, lines: dict[str, Series], contrast: str | None) -> tuple[list[Panel], list[str], str]:
    plan = layout(tables, contrast)
    panels = [Panel(p.title, tuple((hue, lines[arm]) for hue, arm in p.arms)) for p in plan.panels]
    return panels, list(plan.hues), plan.hue_title
