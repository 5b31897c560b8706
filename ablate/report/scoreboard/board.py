"""Gathering the scoreboard: sentences, the claims that answer them, and how they fell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ablate.lang import language, msg, tr
from ablate.report.families import Badge, Tally, badge_of, tally
from ablate.report.findings.folder import Finding
from ablate.report.findings.words import read_words
from ablate.report.runs_csv import tables_from_csv
from ablate.report.scoreboard.notes import Sentence, same_sentence
from ablate.report.wording import NONE, verdict_effect
from ablate.stats.fairness import FixedTuned, fixed_and_tuned
from ablate.stats.verdict import Verdict
from ablate.sweep.claim_parts import Quote
from ablate.sweep.study import FAIRNESS, Study
from ablate.sweep.translated import Words, translated

# How a sentence fell -> (badge, words).
FELL = {
    "right": Badge("supported", msg("the evidence bears it out"), "✓"),
    "wrong": Badge("refuted", msg("the evidence is against it"), "✕"),
    "split": Badge("mixed", msg("right in part"), "±"),
    "open": Badge("inconclusive", msg("open"), "?"),
    "": Badge("not_tested", msg("not run yet"), "–"),
}

VOICES = {"book": msg("copied from the book"), "reader": msg("the reader's own")}


@dataclass(frozen=True)
class Line:
    """All verdicts on one claim of one study.

    Attributes
    ----------
    stance
        What the claim is to the sentence: see `BaseClaim.stance`.
    picture
        Stem of its picture, unique on the board.
    """

    study: str
    title: str
    claim: str
    says: str
    stance: str
    verdicts: tuple[Verdict, ...]
    quick: bool = False

    @property
    def tally(self) -> Tally:
        """Count per outcome."""
        return tally(self.verdicts)

    @property
    def outcome(self) -> Badge:
        """The one outcome of all, or `mixed`."""
        return self.tally[0][0] if len(self.tally) == 1 else badge_of("mixed")

    @property
    def effect(self) -> str:
        """The effect with its interval; of several verdicts the range of their effects."""
        if len(self.verdicts) == 1:
            return verdict_effect(self.verdicts[0]) or NONE
        known = sorted((v for v in self.verdicts if v.effect is not None), key=lambda v: v.effect or 0.0)
        if not known:
            return NONE
        low, high = verdict_effect(known[0]), verdict_effect(known[-1])
        return tr("from {low} to {high}", low=low, high=high)

    @property
    def picture(self) -> str:
        """Stem of the picture's file."""
        return f"{self.study}--{self.claim}"

    def fell(self) -> Counter[str]:
        """Count what the verdicts mean for the sentence: `right`, `wrong`, `open`; a control counts for nothing."""
        if self.stance == "beside":
            return Counter()
        good, bad = ("supported", "refuted") if self.stance == "agrees" else ("refuted", "supported")
        return Counter({good: "right", bad: "wrong"}.get(v.outcome, "open") for v in self.verdicts)


@dataclass(frozen=True)
class Entry:
    """One sentence with everything that answers it.

    Attributes
    ----------
    waiting
        Studies that are to test it and have no findings yet.
    """

    sentence: Sentence
    lines: tuple[Line, ...]
    waiting: tuple[str, ...] = ()
    found: tuple[tuple[str, str], ...] = ()  # (study, first paragraph in plain words)

    def counts(self) -> Counter[str]:
        """Add up what the claims' verdicts mean for the sentence."""
        return sum((line.fell() for line in self.lines), Counter())

    @property
    def badge(self) -> Badge:
        """How the sentence fell, in the language of the moment."""
        known = FELL[self.fell]
        return Badge(known.css, tr(known.word), known.glyph)

    @property
    def voice(self) -> str:
        """Whose sentence it is."""
        return tr(VOICES[self.sentence.who])

    @property
    def sum(self) -> str:
        """What the badge stands on."""
        counts = self.counts()
        if not counts:
            return ""
        return tr("{right} verdicts for it, {wrong} against it, {open} open",
                  right=counts["right"], wrong=counts["wrong"], open=counts["open"])  # fmt: skip

    @property
    def fell(self) -> str:
        """How the sentence fell: `right`, `wrong`, `split`, `open`; empty where nothing was run."""
        counts = self.counts()
        if not counts:
            return "open" if self.lines else ""  # nothing but controls
        if counts["right"] and counts["wrong"]:
            return "split"
        return "right" if counts["right"] else "wrong" if counts["wrong"] else "open"


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


def gather(sentences: Sequence[Sentence], findings: Sequence[Finding], words: dict[str, Words | None]) -> Board:
    """Put the findings to the sentences.

    A quote of a study belongs to the sentence it is a part of; quotes of no sentence follow with a place of their own.

    Parameters
    ----------
    words
        Study name -> its words in the language of the page, where it has them.
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
        for quote, ids in _quoted(study):
            wanted = [line for line in lines if line.claim in ids]
            homes = [s.id for s in sentences if same_sentence(s.zh, quote.zh)]
            for home in homes:
                claimed.setdefault(home, []).extend(wanted)
            if not homes:
                _add_loose(loose, quote, wanted)
    known = {finding.name for finding in findings}
    entries = [_entry(s, claimed.get(s.id, []), known, first) for s in sentences]
    entries += loose
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


def _quoted(study: Study) -> list[tuple[Quote, list[str]]]:
    """Return every quote with the ids of the claims that answer it."""
    own = [(claim.quote, [claim.id]) for claim in study.claims if claim.quote is not None]
    rest = [claim.id for claim in study.claims if claim.quote is None]
    return [*own, *((quote, quote.claims or rest) for quote in study.quotes)]


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
