"""The files of a report, and whether a folder can take them. Light, so that it is asked before anything is run."""

from __future__ import annotations

from pathlib import Path

from ablate.manifest import check_free
from ablate.report.known import known_files

FIGURES = "figures"
TEXTS = ("report.html", "report.md", "verdicts.json", "runs.csv", "table.tex")
TUNING = "tuning.csv"
COPY = "copy.csv"


def check_report_folder(out: Path) -> None:
    """Refuse a folder in which a report would replace files of somebody else's, before anything is run.

    Raises
    ------
    UserError
        See `manifest.publish`.
    """
    check_free(out, (*TEXTS, TUNING, COPY), known=known_files)
