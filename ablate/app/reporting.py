"""Judging what is tracked, and writing its report."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from ablate.app.console import advance, root_folder, say, shown
from ablate.app.judging import judge_tracked, say_verdicts


def judge_and_report(name: str, key: str | None, root: Path, *, out: Path | None = None) -> None:
    """Judge a tracked study, print its verdicts and write its report."""
    from ablate.report.write import write_report
    from ablate.track.attach import attach_folder

    judged = judge_tracked(name, key, root)
    say()
    say_verdicts(judged)
    out = out or Path("reports") / name
    with tqdm(desc="report", unit="part", ncols=100, leave=False) as bar:
        paths = write_report(
            judged.study,
            judged.tables,
            judged.verdicts,
            out,
            extended=judged.extended,
            progress=lambda done, total, what: advance(bar, done, total, what),
        )
    attach_folder(root, name, judged.tables.study["key"], out, "report")
    say(f"\nreport:           {shown(paths.html)}")
    say(f"as Markdown:      {shown(paths.markdown)}")


def report_study(name: str | None, *, out: Path | None) -> None:
    """Judge a tracked study again and write its report; None takes the study run last."""
    from ablate.track.read import list_studies

    root = root_folder()
    name = list_studies(root)[0].name if name is None else name
    judge_and_report(name, None, root, out=out)
