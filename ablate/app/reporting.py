"""Judging what is tracked, and writing its report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from ablate.app.console import MARKS, advance, root_folder, say, shown
from ablate.sweep.study import Study
from ablate.sweep.study_file import parse_study

if TYPE_CHECKING:
    from ablate.stats.verdict import Verdict
    from ablate.track.record import StudyTables


def read_verdicts(name: str, key: str | None, root: Path) -> tuple[Study, StudyTables, list[Verdict]]:
    """Read a tracked study back and judge it by the claims it was tracked with."""
    from ablate.stats.judge import judge
    from ablate.track.read import read_study

    tables = read_study(root, name, key=key)
    study = parse_study(tables.study["definition"], where=f"study {name!r} in {root}")
    return study, tables, judge(study, tables)


def judge_and_report(name: str, key: str | None, root: Path, *, out: Path | None = None) -> None:
    """Judge a tracked study, print its verdicts and write its report."""
    from ablate.report.write import write_report
    from ablate.track.attach import attach_folder

    study, tables, verdicts = read_verdicts(name, key, root)
    say()
    for verdict in verdicts:
        say(f"{MARKS[verdict.outcome]} {verdict.sentence()}")
    if not verdicts:
        say("no claims in this study: the report compares every arm with the baseline")
    out = out or Path("reports") / name
    with tqdm(desc="report", unit="part", ncols=100, leave=False) as bar:
        paths = write_report(
            study, tables, verdicts, out, progress=lambda done, total, what: advance(bar, done, total, what)
        )
    attach_folder(root, name, tables.study["key"], out, "report")
    say(f"\nreport:           {shown(paths.html)}")
    say(f"as Markdown:      {shown(paths.markdown)}")


def report_study(name: str | None, *, out: Path | None) -> None:
    """Judge a tracked study again and write its report; None takes the study run last."""
    from ablate.track.read import list_studies

    root = root_folder()
    name = list_studies(root)[0].name if name is None else name
    judge_and_report(name, None, root, out=out)
