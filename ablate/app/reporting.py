"""Judging what is tracked, and writing its report."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tqdm import tqdm

from ablate.app.console import advance, root_folder, say, shown
from ablate.app.judging import Judged, judge_tables, judge_tracked, say_verdicts
from ablate.app.places import left_line, plain_name, report_folder, study_findings
from ablate.lang import language, speaking

if TYPE_CHECKING:
    from ablate.report.tell import Told

Progress = Callable[[int, int, str], None]


def judge_and_report(
    name: str, key: str | None, root: Path, *, out: Path | None = None, tongue: str = "en", findings: bool = False
) -> None:
    """Judge a tracked study, print its verdicts and write its report, or what is committed as its findings.

    Parameters
    ----------
    out
        The folder; by default `reports/NAME`, or `studies/findings/NAME`.
    tongue
        Language of the page; `verdicts.json` is the same in all.
    findings
        Write findings instead of a report.

    Raises
    ------
    UserError
        The study's name would lead out of the project's folders, or files would be replaced that ablate did not write;
        nothing is written then.
    """
    plain_name(name)
    judged = judge_tracked(name, key, root)
    say()
    say_verdicts(judged)
    with speaking(tongue):
        told = _tell(name, judged)
        if findings:
            _write_findings(name, told, out)
        else:
            _write_report(name, told, root, out)


def _tell(name: str, judged: Judged) -> Told:
    """Return a judged study in the language of the moment.

    The same study is judged again with the messages of that language; its own words are put in afterwards, for a
    claim in other words would read as one that was edited after it was registered.
    """
    from ablate.report.tell import Told, reworded, words_of
    from ablate.sweep.translated import translated

    recorded = (judged.verdicts, judged.extended)
    if language() == "en":
        return Told(judged.study, judged.tables, *recorded, recorded=recorded)
    spoken, left = translated(judged.study, words_of(name, judged.study))
    again = judge_tables(judged.study, judged.tables)
    verdicts, extended = (reworded(part, spoken) for part in (again.verdicts, again.extended))
    return Told(spoken, again.tables, verdicts, extended, recorded=recorded, original=judged.study, untranslated=left)


def _write_findings(name: str, told: Told, out: Path | None) -> None:
    from ablate.report.findings.write import write_findings

    folder = out or study_findings(name)
    with tqdm(desc="findings", unit="part", ncols=100, leave=False) as bar:
        done = write_findings(told, folder, progress=_moves(bar))
    _say_left(done.left)
    say(f"\nfindings:         {shown(done.paths[0])}")


def _write_report(name: str, told: Told, root: Path, out: Path | None) -> None:
    from ablate.report.findings.words import read_words
    from ablate.report.known import known_files
    from ablate.report.tell import write_told
    from ablate.track.attach import attach_files

    folder = report_folder(name, out)
    words = read_words(study_findings(name), told.original or told.study, told.recorded[0])
    with tqdm(desc="report", unit="part", ncols=100, leave=False) as bar:
        paths = write_told(told, folder, words=words, progress=_moves(bar))
    label = "report" if language() == "en" else f"report.{language()}"
    files = {path.relative_to(folder).as_posix(): path for path in paths.every}
    kept = attach_files(root, name, told.tables.study["key"], files, label, known=known_files)
    if kept is not None:
        sys.stderr.write(f"ablate: {kept}\n")
    _say_left(paths.left)
    say(f"\nreport:           {shown(paths.html)}")
    say(f"as Markdown:      {shown(paths.markdown)}")


def _say_left(left: Sequence[Path]) -> None:
    if line := left_line(left):
        sys.stderr.write(f"ablate: {line}\n")


def _moves(bar: tqdm[NoReturn]) -> Progress:
    return lambda done, total, what: advance(bar, done, total, what)


def report_study(name: str | None, *, out: Path | None, tongue: str = "en", findings: bool = False) -> None:
    """Judge a tracked study again and write its report or its findings; None takes the study run last."""
    from ablate.track.read import list_studies

    root = root_folder()
    name = list_studies(root)[0].name if name is None else name
    judge_and_report(name, None, root, out=out, tongue=tongue, findings=findings)
