"""Whether a reading of a sentence is right, by the verdicts that its rule names and by nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ablate.errors import UserError, unknown
from ablate.judge.expand import expand
from ablate.judge.verdict import Verdict
from ablate.sweep.sentence_rules import Counts, Decides, Rule, counted_of, leaves, needed
from ablate.sweep.sentences import Sentence, SentenceLabel, SentenceReading
from ablate.sweep.study import Study

Fell = Literal["right", "wrong", "open"]
_FEWEST = 6  # seeds for a sign: of five, all lie on one side by chance in 6 % of cases


@dataclass(frozen=True)
class Settled:
    """How a rule or a reading came out.

    Attributes
    ----------
    open
        The claims that kept it from being decided, as the file names them.
    gate
        They are those of a gate: the reading itself was not looked at.
    """

    fell: Fell
    open: tuple[str, ...] = ()
    gate: bool = False


def decide_rule(rule: Rule, verdicts: Mapping[str, Sequence[Verdict]]) -> Settled:
    """Decide a rule by the verdicts of each study; what is not there, or not decided, leaves it open.

    A count is right once enough of its parts are, and wrong once too few are left that could be: an open part changes
    nothing then.
    """
    if isinstance(rule, Counts):
        parts = [decide_rule(one, verdicts) for one in rule.rules]
        return _counted(rule.need, [part.fell for part in parts], tuple(n for part in parts for n in part.open))
    members = verdicts_of(rule, verdicts)
    fell = [_leaf(rule, verdict) for verdict in members]
    if not rule.cells:
        one: Fell = fell[0] if len(fell) == 1 else "open"
        return Settled(one, (rule.name,) if one == "open" else ())
    if not members or counted_of(rule.cells) not in (None, len(members)):
        return Settled("open", (rule.name,))
    return _counted(needed(rule.cells, len(fell)), fell, (rule.name,))


def decide_reading(reading: SentenceReading, verdicts: Mapping[str, Sequence[Verdict]]) -> Settled:
    """Decide a reading: open while a gate does not hold, else as its rule comes out."""
    gates = [(gate, decide_rule(gate, verdicts)) for gate in reading.gates]
    closed = [leaf.name for gate, settled in gates if settled.fell != "right" for leaf in leaves(gate)]
    return Settled("open", tuple(dict.fromkeys(closed)), gate=True) if closed else decide_rule(reading.rule, verdicts)


def sentence_label(
    sentence: Sentence, verdicts: Mapping[str, Sequence[Verdict]]
) -> tuple[SentenceLabel, tuple[Settled, ...]]:
    """Return what is said of a sentence, and how its strong and its weak reading came out.

    Right: the strong reading is, and the weak one is not wrong. Right in the weak reading only: the weak one is right
    and the strong one wrong. Wrong: one of them is wrong and none is right. Not decided: the rest.
    """
    settled = tuple(decide_reading(reading, verdicts) for reading in sentence.readings)
    if not settled:
        return "none", ()
    strong, weak = (one.fell for one in settled)
    if strong == "right":
        # A weaker reading that is wrong: the two do not fit together.
        return ("open" if weak == "wrong" else "right"), settled
    if strong == "wrong":
        return ("weak" if weak == "right" else "wrong"), settled
    return ("wrong" if weak == "wrong" else "open"), settled


def verdicts_of(claim: Decides, verdicts: Mapping[str, Sequence[Verdict]]) -> list[Verdict]:
    """Return the verdicts a rule's claim names: one cell by its whole id, or all of the claim."""
    return [v for v in verdicts.get(claim.study, ()) if claim.claim in (v.claim_id, v.source_id)]


def check_rules(sentences: Sequence[Sentence], studies: Mapping[str, Study], *, where: str) -> None:
    """Refuse rules that these studies can never decide.

    Raises
    ------
    UserError
        A study, claim or cell that does not exist; `cells` where a claim has one verdict, or none where it has several;
        a count of another number of cells; a sign where seeds have no values.
    """
    ids: dict[str, dict[str, list[str]]] = {}
    for sentence in sentences:
        for name in sentence.studies:
            if name not in studies:
                raise UserError(f"{where}: sentence {sentence.id}: {unknown('study', name, studies)}")
        for claim in sentence.named():
            place = f"{where}: sentence {sentence.id}: {claim.name}"
            if claim.study not in studies:
                raise UserError(f"{place}: {unknown('study', claim.study, studies)}")
            if claim.study not in ids:
                ids[claim.study] = _ids(studies[claim.study])
            _check_claim(claim, ids[claim.study], studies[claim.study], place)


def _ids(study: Study) -> dict[str, list[str]]:
    ids: dict[str, list[str]] = {claim.id: [] for claim in study.claims}
    for comparison in expand(study):
        ids[comparison.claim.id].append(comparison.id)
    return ids


def _check_claim(claim: Decides, ids: Mapping[str, Sequence[str]], study: Study, place: str) -> None:
    source = claim.claim.split("[", 1)[0]
    if source not in ids:
        raise UserError(f"{place}: {unknown('claim', source, ids)}")
    cells = ids[source]
    if claim.claim != source and claim.claim not in cells:
        raise UserError(f"{place}: {unknown('cell', claim.claim, cells)}")
    number = 1 if claim.claim in cells else len(cells)
    if claim.cells and number == 1:
        raise UserError(f"{place}: `cells` counts verdicts, and this is one; leave it out")
    if not claim.cells and number > 1:
        raise UserError(
            f"{place}: it has {number} verdicts; say `cells: all`, any or n of {number}, or name one: {cells[0]}"
        )
    if claim.cells and counted_of(claim.cells) not in (None, number):
        raise UserError(f"{place}: `cells` must be a count of its {number} verdicts, got {claim.cells!r}")
    kind = next(one.kind for one in study.claims if one.id == source)
    if claim.sign and kind == "proportion":
        raise UserError(f"{place}: a proportion counts runs and has no value per seed; expected `outcome`, got `sign`")


def _leaf(rule: Decides, verdict: Verdict) -> Fell:
    if rule.sign:
        return _signed(rule.sign, verdict)
    if rule.outcome == "not_shown":
        return "wrong" if verdict.outcome == "supported" else "right"
    if verdict.outcome == rule.outcome:
        # A refutation of another kind shows something, but not what the rule asks for.
        return "open" if rule.label and verdict.label != rule.label else "right"
    return "wrong" if verdict.decided else "open"


def _signed(sign: str, verdict: Verdict) -> Fell:
    values = list(verdict.differences.values())
    if len(values) < _FEWEST or verdict.gates_failed or verdict.outcome == "not_tested":
        return "open"
    this_side = [value > 0 if sign == "positive" else value < 0 for value in values]
    return "right" if all(this_side) else "wrong"


def _counted(need: int, fell: Sequence[Fell], names: tuple[str, ...]) -> Settled:
    if fell.count("right") >= need:
        return Settled("right")
    if len(fell) - fell.count("wrong") < need:
        return Settled("wrong")
    return Settled("open", tuple(dict.fromkeys(names)))
