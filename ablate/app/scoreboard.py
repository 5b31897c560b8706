"""Several studies at once, and what goes beside a report: the scoreboard over all of them, a paper kit of one."""

from __future__ import annotations

from pathlib import Path

from ablate.app.console import say
from ablate.app.printing import bench
from ablate.errors import plural
from ablate.resources import findings_folder, sentences_file
from ablate.work.places import short_path
from ablate.work.reporting import report_study


def report_all(*, out: Path | None, tongue: str, findings: bool) -> None:
    """Write every tracked study's report again, then the scoreboard's page.

    Parameters
    ----------
    out
        Folder of the reports; `reports/` by default.
    findings
        Write what is committed too: the findings of tracked studies, where they are kept already, and the scoreboard
        in Markdown beside them. Without it nothing is written outside `out`: findings may be a checkout's elsewhere.
    """
    from ablate.lang import speaking
    from ablate.report.scoreboard.write import read_board, write_board, write_scoreboard
    from ablate.sweep.study_file import study_files

    terminal = bench()
    reports, kept = out or Path("reports"), findings_folder()
    tracked = [line.name for line in terminal.store.studies()]
    studies = {*study_files(), *(f"{name}-quick" for name in study_files())}
    for name in dict.fromkeys(name for name in tracked if name in studies):
        tail = "" if tongue == "en" else f".{tongue}"
        report_study(name, terminal, out=reports / f"{name}{tail}", tongue=tongue)
        if findings and (kept / name).is_dir():
            report_study(name, terminal, out=None, tongue=tongue, findings=True)
    with speaking(tongue):
        board = read_board(kept, sentences_file())
        markdown = write_board(board, kept) if findings else None
        page = write_scoreboard(
            board, reports / ("index.html" if tongue == "en" else f"index.{tongue}.html"), findings=kept
        )
    say(f"\nscoreboard:       {short_path(page)}")
    if markdown is not None:
        say(f"as Markdown:      {short_path(markdown)}")
    if board.waiting:
        say(f"not run yet:      {', '.join(board.waiting)}")


def write_kit(name: str | None, *, out: Path | None) -> None:
    """Write what a paper needs of one study, and say where it is; None takes the study run last."""
    from ablate.work.papers import write_paper

    paths = write_paper(name, bench(), out=out)
    whole = next(path for path in paths if path.name == "paper.tex")
    say(f"{plural(len(paths), 'file')}: {short_path(whole)} shows all of them")
