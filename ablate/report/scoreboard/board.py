"""Gathering the scoreboard: sentences, the claims that answer them, and how they fell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ablate.claims.parts import Quote
from ablate.judge.fairness import FixedTuned, fixed_and_tuned
from ablate.judge.verdict import Verdict
from ablate.lang import language
from ablate.report.findings.folder import Finding
from ablate.report.findings.words import read_words
from ablate.report.runs_csv import tables_from_csv
from ablate.report.scoreboard.entries import Entry, Line, once
from ablate.report.scoreboard.notes import Sentence, same_sentence
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.translated import Words, translated


@dataclass(frozen=True)
class Board:
    """The whole scoreboard."""

    entries: tuple[Entry, ...]
    confounds: tuple[tuple[str, tuple[str, ...]], ...]
    differences: tuple[tuple[str, FixedTuned], ...]
    waiting: tuple[str, ...]
    studies: tuple[tuple[str, str], ...] = ()  # name, title
    rest: tuple[Line, ...] = ()  # claims that answer no quote

    def of(self, who: str, *fell: str) -> tuple[Entry, ...]:
        """Return the entries of one voice that fell in one of these ways."""
        return tuple(e for e in self.entries if e.sentence.who == who and e.fell in fell)

    def lines(self) -> list[Line]:
        """Return every line once."""
        quoted = (line for entry in self.entries for line in entry.lines)
        return list({line.picture: line for line in (*quoted, *self.rest)}.values())


def gather(
    sentences: Sequence[Sentence],
    findings: Sequence[Finding],
    words: dict[str, Words | None],
    quotes: dict[str, list[Quote]] | None = None,
) -> Board:
    """Put the findings to the sentences.

    A quote of a study belongs to the sentence it is a part of; quotes of no sentence follow with a place of their own.

    Parameters
    ----------
    words
        Study name -> its words in the language of the page, where it has them.
    quotes
        Study name -> its quotes as its file has them now: which claims answer a sentence is prose, not judged.
    """
    claimed: dict[str, list[Line]] = {}
    loose: list[Entry] = []
    first: dict[str, str] = {}
    every: dict[str, Line] = {}
    studies: dict[str, Study] = {}
    for finding in findings:
        study = finding.study
        if language() != "en":
            study, _ = translated(study, study.zh or words.get(finding.name))
        studies[finding.name] = study
        lines = _lines(finding, study)
        every |= {line.picture: line for line in lines}
        if paragraphs := read_words(finding.folder, finding.study, finding.verdicts):
            first[finding.name] = paragraphs[0]
        for quote, ids in _quoted(study, (quotes or {}).get(finding.name)):
            wanted = [line for line in lines if line.claim in ids]
            homes = [s.id for s in sentences if same_sentence(s.zh, quote.zh)]
            for home in homes:
                claimed.setdefault(home, []).extend(wanted)
            if not homes:
                _add_loose(loose, quote, wanted)
    known = {finding.name for finding in findings}
    entries = [_entry(s, claimed.get(s.id, []), known, first) for s in sentences]
    entries = once([*entries, *loose])
    quoted = {line.picture for entry in entries for line in entry.lines}
    waiting = dict.fromkeys(name for s in sentences for name in s.studies if name not in known)
    return Board(
        entries=tuple(entries),
        confounds=tuple(
            (name, tuple(study.confounds))
            for name, study in studies.items()
            if study.confounds and (name.startswith("book-") or study.fairness == "fixed")
        ),
        differences=tuple(
            (finding.name, one) for finding in findings for one in both_ways(finding, studies[finding.name])
        ),
        waiting=tuple(waiting),
        studies=tuple((name, study.title) for name, study in studies.items()),
        rest=tuple(line for name, line in every.items() if name not in quoted),
    )


def _entry(sentence: Sentence, lines: Iterable[Line], known: set[str], first: dict[str, str]) -> Entry:
    once = tuple({line.picture: line for line in lines}.values())
    waiting = tuple(name for name in sentence.studies if name not in known)
    names = dict.fromkeys(line.study for line in once if line.stance != "beside")
    return Entry(sentence, once, waiting, tuple((name, first[name]) for name in names if name in first))


def _add_loose(loose: list[Entry], quote: Quote, lines: Sequence[Line]) -> None:
    for i, entry in enumerate(loose):
        if same_sentence(entry.sentence.zh, quote.zh):
            merged = {line.picture: line for line in (*entry.lines, *lines)}
            loose[i] = Entry(entry.sentence, tuple(merged.values()))
            return
    sentence = Sentence(id=f"more-{len(loose) + 1}", zh=quote.zh, en=quote.en, who=quote.who)
    loose.append(Entry(sentence, tuple(lines)))


def _quoted(study: Study, now: Sequence[Quote] | None) -> list[tuple[Quote, list[str]]]:
    """Return every quote with the ids of the claims that answer it; `now` are the quotes of the study file."""
    own = [(claim.quote, [claim.id]) for claim in study.claims if claim.quote is not None]
    rest = [claim.id for claim in study.claims if claim.quote is None]
    return [*own, *((quote, quote.claims or rest) for quote in (study.quotes if now is None else now))]


def _lines(finding: Finding, study: Study) -> list[Line]:
    groups: dict[str, list[Verdict]] = {}
    for verdict in finding.verdicts:
        groups.setdefault(verdict.source_id, []).append(verdict)
    claims = {claim.id: claim for claim in study.claims}
    return [
        Line(
            study=finding.name,
            title=study.title,
            claim=name,
            says=claims[name].says if name in claims else members[0].says,
            stance=claims[name].stance if name in claims else "agrees",
            verdicts=tuple(members),
            quick=study.budget == "quick",
        )
        for name, members in groups.items()
    ]


def both_ways(finding: Finding, study: Study) -> list[FixedTuned]:
    """Return each claim with fixed and with tuned values, by the committed runs; empty where none was run both ways."""
    path = finding.folder / "runs.csv"
    if FAIRNESS not in study.factors or not path.is_file():
        return []
    return fixed_and_tuned(study, tables_from_csv(path, study))
