"""One sentence on the board: what is said of it, the verdicts that decide it, and those that stand beside."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.judge.readings import Fell, Settled
from ablate.judge.verdict import Verdict
from ablate.lang import language, msg, tr
from ablate.report.families import Badge, Tally, tally
from ablate.report.findings.words import shown_value
from ablate.report.level_texts import shortened
from ablate.report.scoreboard.headline import label_badge
from ablate.report.wording import NONE, listed, verdict_effect
from ablate.sweep.sentence_rules import rule_text
from ablate.sweep.sentences import Kind, Sentence, SentenceLabel, SentenceReading

VOICES = {"book": msg("copied from the book"), "reader": msg("the reader's own")}
KINDS: dict[Kind, str] = {
    "empirical": msg("empirical"), "definitional": msg("definitional"), "historical": msg("historical"),
    "normative": msg("normative"), "taste": msg("a matter of taste"),
}  # fmt: skip
_READINGS = (msg("Strong reading"), msg("Weak reading"))
_FELL: dict[Fell, SentenceLabel] = {"right": "right", "wrong": "wrong", "open": "open"}


@dataclass(frozen=True)
class ClaimLine:
    """Verdicts on one claim of one study.

    Attributes
    ----------
    picture
        Stem of its picture, unique on the board.
    """

    study: str
    title: str
    claim: str
    says: str
    verdicts: tuple[Verdict, ...]
    picture: str
    quick: bool = False

    @property
    def tally(self) -> Tally:
        """Count per outcome."""
        return tally(self.verdicts)

    @property
    def effect(self) -> str:
        """The effect with its interval; of several verdicts the range of their effects."""
        if len(self.verdicts) == 1:
            return verdict_effect(self.verdicts[0]) or NONE
        estimated = sorted((v for v in self.verdicts if v.effect is not None), key=lambda v: v.effect or 0.0)
        if not estimated:
            return NONE
        low, high = verdict_effect(estimated[0]), verdict_effect(estimated[-1])
        return tr("{value} in each", value=low) if low == high else tr("from {low} to {high}", low=low, high=high)

    @property
    def cells(self) -> str:
        """The range over the cells that the effect is an average of; empty where it is one of none."""
        averages = [v for v in self.verdicts if v.scale in ("difference", "log ratio") and len(v.per_cell) > 1]
        ends = [(value, v) for v in averages for value in v.per_cell.values() if math.isfinite(value)]
        if not ends:
            return ""
        low, high = (shown_value(*which(ends, key=lambda end: end[0])) for which in (min, max))
        return tr("an average: its {n} cells lie from {low} to {high}", n=len(ends), low=low, high=high)

    @property
    def post_hoc(self) -> bool:
        """Whether the claim was changed after it was registered."""
        return any(v.post_hoc for v in self.verdicts)


@dataclass(frozen=True)
class ReadingView:
    """A reading in words, how it came out, and the rule that decides it as its file states it."""

    name: str
    says: str
    outcome: Badge
    rule: str
    gates: str
    gate: bool  # a gate keeps it from being decided


@dataclass(frozen=True)
class SentenceEntry:
    """One sentence with everything that answers it.

    Attributes
    ----------
    label, headline, readings
        What is said of it, and why.
    decisive
        The verdicts that the rules, the gates and the headline rest on.
    lines
        All other claims that answer it: context, which decides nothing.
    rules
        When its rules were fixed: before the runs or after.
    waiting
        Studies that are to test it and have no findings yet.
    found
        ``(study, first paragraph in plain words)``, each study's where the board first comes to it.
    told
        ``(study, sentence id)`` of the paragraphs that stand at an earlier sentence.
    same_as
        Id of an earlier sentence with the same context, which is not repeated.
    """

    sentence: Sentence
    label: SentenceLabel
    headline: str
    readings: tuple[ReadingView, ...]
    decisive: tuple[ClaimLine, ...]
    lines: tuple[ClaimLine, ...]
    rules: str = ""
    waiting: tuple[str, ...] = ()
    found: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    same_as: str = ""

    @property
    def badge(self) -> Badge:
        """The label, in the current language."""
        return label_badge(self.label)

    @property
    def voice(self) -> str:
        """Whose sentence it is."""
        return tr(VOICES[self.sentence.who])

    @property
    def kind(self) -> str:
        """What kind of sentence it is."""
        return tr(KINDS[self.sentence.kind])


def reading_views(sentence: Sentence, settled: Sequence[Settled]) -> tuple[ReadingView, ...]:
    """Return the strong and the weak reading of a sentence, in the current language."""
    return tuple(
        _view(tr(name), reading, one)
        for name, reading, one in zip(_READINGS, sentence.readings, settled, strict=bool(settled))
    )


def _view(name: str, reading: SentenceReading, settled: Settled) -> ReadingView:
    says = reading.says_zh if language() == "zh" else reading.says
    gates = "; ".join(rule_text(gate) for gate in reading.gates)
    badge = label_badge(_FELL[settled.fell])
    return ReadingView(name, says, badge, shortened(rule_text(reading.rule)), shortened(gates), settled.gate)


def rules_note(sentence: Sentence, registrations: Mapping[str, Mapping[str, object]]) -> str:
    """Say whether a sentence's rules were registered before the runs of the studies that decide it.

    Parameters
    ----------
    registrations
        Study -> what its findings hold as registered; studies without findings are left out.
    """
    late, changed = [], []
    for study in sentence.registered():
        if study not in registrations:
            continue
        hashes = registrations[study].get("sentences")
        sha = hashes.get(sentence.id) if isinstance(hashes, Mapping) else None
        if sha is None or registrations[study].get("runs_before"):
            late.append(study)
        elif sha != sentence.sha256:
            changed.append(study)
    notes = []
    if late:
        notes.append(tr("Post hoc: its rules were fixed after the runs of {studies}.", studies=listed(late)))
    if changed:
        notes.append(
            tr("Post hoc: its rules were changed after they were registered with {studies}.", studies=listed(changed))
        )
    if not notes and any(study in registrations for study in sentence.registered()):
        notes.append(tr("Its rules were registered before the runs and not changed since."))
    return " ".join(notes)


def each_once(entries: Sequence[SentenceEntry]) -> list[SentenceEntry]:
    """Leave every paragraph and every list of claims at the first sentence it answers, and point there from others."""
    at: dict[str, str] = {}
    answered: dict[tuple[str, ...], str] = {}
    pruned = []
    for entry in entries:
        sentence_id = entry.sentence.id
        pictures = tuple(sorted(line.picture for line in entry.lines))
        pruned.append(
            dataclasses.replace(
                entry,
                found=tuple((study, text) for study, text in entry.found if study not in at),
                told=tuple((study, at[study]) for study, _ in entry.found if study in at),
                same_as=answered.get(pictures, "") if pictures else "",
            )
        )
        at = {study: sentence_id for study, _ in entry.found} | at
        answered.setdefault(pictures, sentence_id)
    return pruned
