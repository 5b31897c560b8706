"""How far the verdicts hold: other choices, what would have been detected, gates; every flip in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.claims.kinds import KINDS
from ablate.judge.sensitivity import Sensitivity
from ablate.judge.verdict import Verdict
from ablate.lang import counted, tr
from ablate.report.claim_text import claim_title, falls
from ablate.report.families import badge_of, claim_cell
from ablate.report.templating import Column, Table, TextRow
from ablate.report.wording import NONE, detectable_text, listed, scaled_interval, scaled_number
from ablate.words.choices import choice_words
from ablate.words.reasons import said
from ablate.words.rulings import ruling_of, ruling_word, seen

MOST_FLIPS = 12  # sentences; the rest are in the table


@dataclass(frozen=True)
class Robustness:
    """What the section prints: a sentence, the flips in words, one row per verdict, every other choice in full."""

    lead: str
    flips: tuple[str, ...]
    overview: Table
    choices: Table


def robustness(verdicts: Sequence[Verdict]) -> Robustness | None:
    """Return the section; None where nothing was tested."""
    tested = [v for v in verdicts if v.sensitivity or v.gates or v.detectable is not None]
    if not tested:
        return None
    flips = [(v, row) for v in verdicts for row in v.flips]
    sentences = [_flip(v, row) for v, row in flips]
    if len(sentences) > MOST_FLIPS:
        sentences[MOST_FLIPS:] = [tr("… and {n} more in the tables below.", n=len(sentences) - MOST_FLIPS)]
    return Robustness(_lead(tested, flips), tuple(sentences), _overview(tested), _choices(tested))


def _lead(tested: Sequence[Verdict], flips: Sequence[tuple[Verdict, Sensitivity]]) -> str:
    tried = list(dict.fromkeys(choice_words(v, row) for v in tested for row in v.sensitivity))
    parts = []
    if tried:
        shaky = len({v.claim_id for v, _ in flips})
        if len(tested) == 1:
            holding = tr("The one tested verdict does not change")
            if shaky:
                holding = tr("The one tested verdict would change")
        elif shaky:
            holding = tr("{n} of {verdicts} would change", n=shaky, verdicts=counted(len(tested), "verdict"))
        else:
            holding = tr("No verdict of {n} changes", n=len(tested))
        parts.append(
            tr(
                "{holding} under any of {choices}: {tried}.",
                holding=holding,
                choices=counted(len(tried), "other choice"),
                tried=listed(tried),
            )
        )
    gates = [gate for v in tested for gate in v.gates]
    if gates:
        bad = [gate for gate in gates if not gate.passed]
        parts.append(
            tr("All {gates} passed.", gates=counted(len(gates), "gate"))
            if not bad
            else tr(
                "{n} of {gates} failed, which leaves their claims inconclusive.",
                n=len(bad),
                gates=counted(len(gates), "gate"),
            )
        )
    return " ".join(parts)


def _flip(v: Verdict, row: Sensitivity) -> str:
    chosen = v.ungated or v.outcome
    effect, interval = _numbers(row, v)
    return tr(
        "{claim}: {outcome} as chosen, {other} with {choice} ({ends}).",
        claim=claim_title(v),
        outcome=ruling_word(ruling_of(v, chosen)),
        other=ruling_word(ruling_of(v, row.outcome)),
        choice=choice_words(v, row),
        ends=tr(", ").join((effect, interval)),
    )


def _numbers(row: Sensitivity, v: Verdict) -> tuple[str, str]:
    """Return effect and interval as the change of the metric: less than 0 where it falls, whatever is predicted."""
    effect, low, high = (-row.effect, -row.high, -row.low) if falls(v) else (row.effect, row.low, row.high)
    return scaled_number(effect, v, signed=True), scaled_interval(low, high, v)


def _what(tested: Sequence[Verdict]) -> str:
    """Return what a row is of, above its column."""
    return tr("comparison") if all(KINDS[v.kind].exploratory for v in tested) else tr("claim")


def _overview(tested: Sequence[Verdict]) -> Table:
    gated = any(v.gates for v in tested)
    bounded = any(v.bounds for v in tested)
    detectable = any(v.detectable is not None for v in tested) or not any(v.stop for v in tested)
    ruled = not all(map(seen, tested))
    columns = [
        Column(_what(tested), "name"), Column(tr("verdict"), "verdict"),
        *([Column(tr("detectable beyond δ") if ruled else tr("detectable"), "n")] if detectable else []),
        *([Column(tr("effect, failures at worst … best"), "n")] if bounded else []),
        *([Column(tr("gates"), "wrap")] if gated else []),
        Column(tr("other outcome with"), "wrap"),
    ]  # fmt: skip
    rows = []
    for v in tested:
        badge = badge_of(ruling_of(v))
        cells = [claim_cell(v), f"{badge.glyph} {badge.word}", *([detectable_text(v)] if detectable else [])]
        if bounded:
            ends = () if v.bounds is None else v.bounds
            turn = -1.0 if falls(v) else 1.0
            cells.append(" … ".join(scaled_number(turn * end, v, signed=True) for end in ends) or NONE)
        if gated:
            failed = [gate for gate in v.gates if not gate.passed]
            cells.append(
                tr("; ").join(f"✕ {said(gate.reason)}" for gate in failed) or (f"✓ {len(v.gates)}" if v.gates else NONE)
            )
        cells.append(
            tr("; ").join(choice_words(v, row) + tr(": ") + ruling_word(ruling_of(v, row.outcome)) for row in v.flips)
            or tr("none")
        )
        rows.append(TextRow(tuple(cells)))
    note = tr(
        "Detectable: how far the true effect must be from δ (the nearer end of what the claim says) so that this many "
        "seeds with this spread find it, with 80 % power at the verdict's level. A claim may be open because the study "
        "could not have seen less."
    )
    if not ruled:
        note = tr(
            "Detectable: the smallest true difference that this many seeds with this spread would find, with 80 % "
            "power at the verdict's level. A difference that is not shown may be smaller."
        )
    note = note if detectable else tr("Other choices are judged by the runs that the claim was decided by.")
    if bounded:
        claims = [not KINDS[v.kind].exploratory for v in tested if v.bounds is not None]
        if any(claims):
            note += tr(
                " Worst … best: every run that failed or is missing counts as the worst value for the claim, then as "
                "the best, of those that a run of the comparison has or a failed one counts as."
            )
        if not all(claims):
            note += tr(
                " Worst … best, of what nobody claimed: every run that failed or is missing counts as the worst value "
                "for the arm, then as the best, of those that a run of the comparison has or a failed one counts as."
            )
    return Table(tr("Verdict by verdict"), tuple(columns), tuple(rows), note)


def _choices(tested: Sequence[Verdict]) -> Table:
    columns = (
        Column(_what(tested)),
        Column(tr("with"), "wrap"),
        Column(tr("effect"), "n"),
        Column(tr("interval"), "n"),
        Column(tr("outcome")),
    )
    rows = []
    for v in tested:
        for row in v.sensitivity:
            badge = badge_of(ruling_of(v, row.outcome))
            rows.append(
                TextRow((
                    claim_cell(v), choice_words(v, row), *_numbers(row, v),
                    f"{badge.glyph} {badge.word}" + (tr(" (flips)") if row.flips else ""),
                ))
            )  # fmt: skip
    return Table(tr("Every other choice"), columns, tuple(rows), tr("All at the level of the verdict itself."))
