"""One sentence with the claims that answer it, and what their verdicts say of it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.report.families import Badge, Tally, badge_of, tally
from ablate.report.scoreboard.notes import Sentence
from ablate.report.wording import NONE, verdict_effect

# How a sentence fell -> (badge, words).
FELL = {
    "right": Badge("supported", msg("the evidence bears it out"), "✓"),
    "wrong": Badge("refuted", msg("the evidence is against it"), "✕"),
    "split": Badge("mixed", msg("right in part"), "±"),
    "open": Badge("inconclusive", msg("open"), "?"),
    "": Badge("not_tested", msg("not run yet"), "–"),
}

MEANING = {"right": msg("for the sentence"), "wrong": msg("against the sentence"), "open": msg("open")}
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
        return tr("{value} in each", value=low) if low == high else tr("from {low} to {high}", low=low, high=high)

    @property
    def picture(self) -> str:
        """Stem of the picture's file."""
        return f"{self.study}--{self.claim}"

    @property
    def meaning(self) -> str:
        """What the verdicts say of the sentence, in words; empty where all are open."""
        if self.stance == "beside":
            return tr("a control, which counts for neither")
        counts = self.fell()
        told = [(counts[name], tr(word)) for name, word in MEANING.items() if counts[name]]
        if len(told) == 1:
            return "" if counts["open"] else told[0][1]
        return tr(", ").join(f"{count} {word}" for count, word in told)

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
    found
        ``(study, first paragraph in plain words)``, each study's where the board first comes to it.
    told
        ``(study, sentence id)`` of the paragraphs that stand at an earlier sentence.
    same_as
        Id of an earlier sentence that the same claims answer; its lines are not repeated.
    """

    sentence: Sentence
    lines: tuple[Line, ...]
    waiting: tuple[str, ...] = ()
    found: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    same_as: str = ""

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
        return tr("Verdicts: {right} for it, {wrong} against it, {open} open",
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


def once(entries: Sequence[Entry]) -> list[Entry]:
    """Leave every paragraph and every list of claims at the first sentence it answers, and point there from others."""
    at: dict[str, str] = {}
    answered: dict[tuple[str, ...], str] = {}
    found = []
    for entry in entries:
        own = entry.sentence.id
        pictures = tuple(sorted(line.picture for line in entry.lines))
        found.append(
            dataclasses.replace(
                entry,
                found=tuple((study, text) for study, text in entry.found if study not in at),
                told=tuple((study, at[study]) for study, _ in entry.found if study in at),
                same_as=answered.get(pictures, "") if pictures else "",
            )
        )
        at = {study: own for study, _ in entry.found} | at
        answered.setdefault(pictures, own)
    return found
