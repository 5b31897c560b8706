"""Parts of a report by themselves, for tests: a figure on one sheet, verdicts out of a `runs.csv`."""

from __future__ import annotations

from pathlib import Path

from ablate.judge.planned import judge_planned
from ablate.judge.verdict import Verdict
from ablate.report.figures.curve_grid import grid_sheets
from ablate.report.figures.endings import ending_sheets
from ablate.report.figures.learning_curves import curve_sheets
from ablate.report.figures.style import Drawn
from ablate.report.runs_csv import tables_from_csv
from ablate.sweep.study import CurveGrid, Study
from ablate.track.record import StudyTables


def learning_curves(
    tables: StudyTables, metric: str, *, contrast: str | None = None, name: str = "curves"
) -> Drawn | None:
    """Draw one metric over training on one sheet; None where no run logged it."""
    return next(iter(curve_sheets(tables, metric, contrast=contrast, name=name)), None)


def curve_grid(tables: StudyTables, wanted: CurveGrid, *, name: str = "curve-grid") -> Drawn | None:
    """Draw the grid a study asks for on one sheet; None where no run logged its metric."""
    return next(iter(grid_sheets(tables, wanted, name=name)), None)


def draw_endings(tables: StudyTables, metric: str, *, contrast: str | None = None, name: str = "seeds") -> Drawn | None:
    """Draw one row per arm on one sheet; None where no run has a value."""
    return next(iter(ending_sheets(tables, metric, contrast=contrast, name=name)), None)


def recompute(path: Path, study: Study) -> list[Verdict]:
    """Judge a study by its committed `runs.csv`."""
    return judge_planned(study, tables_from_csv(path, study))
