"""Judging what is tracked, and writing its report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tqdm import tqdm

from ablate.app.advice import warn
from ablate.app.console import advance, root_folder, say, shown
from ablate.app.judging import Judged, judge_tables, judge_tracked, say_verdicts
from ablate.lang import language, speaking
from ablate.resources import findings_folder

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
    """
    judged = judge_tracked(name, key, root)
    say()
    say_verdicts(judged)
    warn(judged.tables.study["copies"])
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

    with tqdm(desc="findings", unit="part", ncols=100, leave=False) as bar:
        path = write_findings(told, out or findings_folder() / name, progress=_moves(bar))
    say(f"\nfindings:         {shown(path)}")


def _write_report(name: str, told: Told, root: Path, out: Path | None) -> None:
    from ablate.report.findings.words import read_words
    from ablate.report.tell import write_told
    from ablate.track.attach import attach_folder

    tail = "" if language() == "en" else f".{language()}"
    out = out or Path("reports") / f"{name}{tail}"
    words = read_words(findings_folder() / name, told.original or told.study, told.recorded[0])
    with tqdm(desc="report", unit="part", ncols=100, leave=False) as bar:
        paths = write_told(told, out, words=words, progress=_moves(bar))
    attach_folder(root, name, told.tables.study["key"], out, f"report{tail}")
    say(f"\nreport:           {shown(paths.html)}")
    say(f"as Markdown:      {shown(paths.markdown)}")


def _moves(bar: tqdm[NoReturn]) -> Progress:
    return lambda done, total, what: advance(bar, done, total, what)


def report_study(name: str | None, *, out: Path | None, tongue: str = "en", findings: bool = False) -> None:
    """Judge a tracked study again and write its report or its findings; None takes the study run last."""
    from ablate.track.read import list_studies

    root = root_folder()
    name = list_studies(root)[0].name if name is None else name
    judge_and_report(name, None, root, out=out, tongue=tongue, findings=findings)
