"""A study as it was judged, and as it is told in the current language."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.judge.verdict import Verdict
from ablate.report.findings.earlier import Earlier
from ablate.report.findings.folder import same_question, written_study
from ablate.report.write import Progress, ReportPaths, make_report, write_report
from ablate.sweep.quick import SUFFIX
from ablate.sweep.study import Study
from ablate.sweep.translated import Words
from ablate.track.record import StudyTables

Parts = tuple[Sequence[Verdict], Sequence[Verdict]]


@dataclass(frozen=True)
class Told:
    """What a report is written from.

    Attributes
    ----------
    study, tables, verdicts, extended
        In the language that is set, under the names that a reader meets; `extended` as in `write_report`.
    recorded
        The same verdicts and extended ones as they were judged, their claims in the study's first words: what
        `verdicts.json` holds.
    original
        The study in English and under its own keys, where `study` is not.
    kept
        The tables under the study's own keys, where `tables` are not: what `runs.csv` and `verdicts.json` hold.
    untranslated
        What of the study's own words has no translation: `claims.faster.says`.
    earlier
        What is kept of the report written before, where the tables come from its `runs.csv`.
    whole
        Draw every arm in figures of many arms.
    """

    study: Study
    tables: StudyTables
    verdicts: Sequence[Verdict]
    extended: Sequence[Verdict]
    recorded: Parts
    original: Study | None = None
    kept: StudyTables | None = None
    untranslated: Sequence[str] = ()
    earlier: Earlier | None = None
    whole: bool = False


def write_told(told: Told, out: Path, *, words: Sequence[str] = (), progress: Progress | None = None) -> ReportPaths:
    """Write a report (see `write_report`) of what is told."""
    return write_report(
        told.study, told.tables, told.verdicts, out, extended=told.extended, words=words,
        recorded=told.recorded, kept=told.kept, untranslated=told.untranslated, whole=told.whole,
        progress=progress,
    )  # fmt: skip


def make_told(
    told: Told, *, words: Sequence[str] = (), dots_per_inch: int, progress: Progress | None = None
) -> dict[str, bytes | str]:
    """Return the files of a report without its page (see `make_report`) of what is told."""
    return make_report(
        told.study, told.tables, told.verdicts, extended=told.extended, words=words, recorded=told.recorded,
        kept=told.kept, untranslated=told.untranslated, whole=told.whole, dots_per_inch=dots_per_inch, page_too=False,
        earlier=told.earlier, progress=progress,
    )  # fmt: skip


def reworded(verdicts: Sequence[Verdict], study: Study) -> list[Verdict]:
    """Return the verdicts with what their claims say in the words of `study`."""
    says = {claim.id: claim.says for claim in study.claims}
    return [dataclasses.replace(v, says=says.get(v.source_id, v.says)) for v in verdicts]


def words_of(name: str, study: Study) -> Words | None:
    """Return a study's words in Chinese: as its file has them now, else as it was tracked.

    Words change nothing that is judged, so a translation may come after the runs, or be corrected then. The file may be
    of another study, or may say something else by now than what was tracked: then its translation is of that.
    """
    now = written_study(name.removesuffix(SUFFIX))
    if now is None or now.zh is None or not same_question(now, study):
        return study.zh
    return now.zh if study.zh is None or _said(now) == _said(study) else study.zh


def _said(study: Study) -> tuple[Any, ...]:
    """Return what a study's translation is of."""
    claims = [(claim.id, claim.says, claim.why_delta) for claim in study.claims]
    figures = [figure.model_dump(mode="json") for figure in study.figures]
    texts = (study.title, study.question, study.background)
    return (*texts, list(study.confounds), list(study.not_concluded), figures, claims)
