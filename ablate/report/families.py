"""Verdicts as a reader meets them: one card per claim of the study file, its members (`each`) in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ablate.claims.comparison import arm_key
from ablate.claims.kinds import KINDS
from ablate.judge.expand import expand
from ablate.judge.verdict import Verdict
from ablate.lang import msg, tr
from ablate.report.answers import Answer, answer
from ablate.report.arms import arm_levels
from ablate.report.claim_text import change_text, claim_title, range_text
from ablate.report.level_texts import short_lists, shortened
from ablate.report.metric_names import metric_title
from ablate.report.templating import Column, Table, TextRow
from ablate.report.wording import NONE, capitalised, detectable_text, joint_interval, listed, p_value
from ablate.sweep.study import Quote, Study
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED, Outcome
from ablate.words.amounts import amount, percent
from ablate.words.kinds import statement
from ablate.words.reasons import said
from ablate.words.rulings import RULINGS, SEEN, label_of, ruled, ruling_of, seen
from ablate.words.sentence import sentence_of, speaks_of, why_of
from ablate.words.sizes import for_which_delta
from ablate.words.twoparts import two_parts


@dataclass(frozen=True)
class Badge:
    """What is said of a claim in a word, a glyph and a CSS class: never in colour alone."""

    css: str
    word: str
    glyph: str


_MIXED = msg("mixed")
GLYPHS = {"supported": "✓", "refuted": "✕", "better": "▲", "worse": "▼",
          "raises": "↑", "lowers": "↓", "inconclusive": "?", "not_shown": "?",
          "not_tested": "–", "mixed": "±"}  # fmt: skip
_CLASSES = {"better": "shown", "worse": "shown", "raises": "shown", "lowers": "shown", "not_shown": "inconclusive"}


def badge_of(ruling: str) -> Badge:
    """Return the badge of what verdicts say (`words.rulings.ruling_of`), or of `mixed`, in the current language."""
    word = RULINGS.get(ruling, SEEN.get(ruling, _MIXED))
    return Badge(_CLASSES.get(ruling, ruling), tr(word), GLYPHS[ruling])


Tally = tuple[tuple[Badge, int], ...]


@dataclass(frozen=True)
class VerdictView:
    """A verdict's sentence and the sentences that explain it."""

    sentence: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """All verdicts of one claim of the study file.

    Attributes
    ----------
    single
        It has one verdict, whose sentence stands for it; else `headline` counts and `table` lists.
    answer
        The claim in one sentence, as the first screen gives it.
    terms
        The claim's metric, δ and the reason for it.
    quote
        What it answers; None where the claim before it answers the same.
    """

    id: str
    says: str
    outcome: Badge
    single: bool
    headline: str
    answer: Answer
    terms: str
    quote: Quote | None
    verdicts: tuple[VerdictView, ...]
    tally: Tally
    table: Table


def ended_so(study: Study, tables: StudyTables, ends: Sequence[Outcome] = FAILED) -> dict[str, int]:
    """Return, by claim id (levels of `each` included), how many of the runs it compares ended so (failed)."""
    factors = tuple(study.factors)
    levels = {arm: {factor: at[factor] for factor in factors} for arm, at in arm_levels(tables).items()}
    arms = {arm_key(at, factors): arm for arm, at in levels.items()}
    runs = Counter(tables.seeds.loc[tables.seeds["outcome"].isin(ends), "arm_id"])
    counts = {}
    for comparison in expand(study, arms=list(levels.values())):
        sides = [side for cell in comparison.cells for side in comparison.arms(cell)]
        counts[comparison.id] = sum(runs[arms[arm_key(side, factors)]] for side in sides)
    return counts


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Count what verdicts say, in the order supported, refuted, inconclusive, not tested; zeros left out."""
    counts = Counter(ruling_of(v) for v in verdicts)
    return tuple((badge_of(name), counts[name]) for name in GLYPHS if counts[name])


def families(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> list[Family]:
    """Return one family per claim, in the order of the verdicts."""
    claims = {claim.id: claim for claim in study.claims}
    failed, stalled = ended_so(study, tables), ended_so(study, tables, [Outcome.STALLED])
    groups: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.source_id, []).append(verdict)
    family_list: list[Family] = []
    quote: Quote | None = None
    for name, members in groups.items():
        claim, first, counts = claims.get(name), members[0], tally(members)
        why = tr(" ({text})", text=claim.why_delta) if claim and claim.why_delta else ""
        before, quote = quote, claim.quote if claim else None
        ruling = ruling_of(first) if len(counts) == 1 else "mixed"
        outcome = badge_of(ruling)
        family_list.append(
            Family(
                id=name,
                says=first.says,
                outcome=outcome,
                single=len(members) == 1,
                headline=_headline(members, counts),
                answer=answer(members, ruling, outcome.css, outcome.glyph),
                terms=_terms(members, why),
                quote=quote if quote != before else None,
                verdicts=tuple(_view(v) for v in members),
                tally=counts,
                table=_table(members, failed, stalled),
            )
        )
    return family_list


def _delta(verdict: Verdict) -> str:
    sign = "±" if KINDS[verdict.kind].two_sided else ""
    return f"δ = {sign}{amount(verdict.delta, verdict.unit)}"


def _view(verdict: Verdict) -> VerdictView:
    sentence, why = short_lists(sentence_of(verdict)), why_of(verdict)
    gates = [said(gate.reason) for gate in verdict.gates_failed]
    notes = [] if why in sentence else [why]
    notes += [tr("Gate failed: {why}.", why=gate) for gate in gates if gate not in why]
    sizes = for_which_delta(verdict)
    parts = two_parts(verdict, beside=True)
    told = (*notes, "" if sizes in sentence else sizes, said(verdict.stop), speaks_of(verdict), parts)
    told += (_silence(verdict), said(verdict.advice))
    return VerdictView(sentence, tuple(short_lists(note) for note in told if note))


def _silence(verdict: Verdict) -> str:
    """Say how many pairs say nothing about speed, where a verdict stands without them."""
    if verdict.silent is None or not verdict.decided:
        return ""
    n, of = verdict.silent
    return tr(
        "Neither side reached the target in {n} of {of} pairs: these count as equally fast, and the verdict is "
        "the same without them.",
        n=n,
        of=of,
    )


def claim_cell(verdict: Verdict) -> str:
    """Return what a claim is called in a table."""
    return claim_title(verdict)


def _terms(members: Sequence[Verdict], why: str) -> str:
    first = members[0]
    metric, title = "", metric_title(first.metric)
    if first.metric != "outcome":
        metric = (
            tr("Metric: {metric}. ", metric=first.metric)
            if title == first.metric
            else tr("Metric: {metric}, {title}. ", metric=first.metric, title=title)
        )
    if seen(first):
        return metric + tr("No δ: no difference was said to be too small to matter.")
    if KINDS[first.kind].with_delta:
        return f"{metric}{_delta(first)}{why}" + tr(".")
    told = {"metric": metric, "statement": short_lists(statement(first)), "why": why}
    if len(members) > 1:
        return tr("{metric}Tested, here for the first of them: {statement}{why}.", **told)
    return tr("{metric}Tested: {statement}{why}.", **told)


def _headline(members: Sequence[Verdict], counts: Tally) -> str:
    first = members[0]
    parts = tr(", ").join(
        tr("{outcome} in {n} of {all}", outcome=badge.word, n=count, all=len(members)) for badge, count in counts
    )
    # The exceptions are what a reader asks for next: name them while they are few.
    exceptions = ""
    for badge, count in counts:
        if len(counts) > 1 and count <= min(4, len(members) // 2):
            cells = [_cell(v) + _labelled(v) for v in members if badge_of(ruling_of(v)) == badge]
            exceptions += tr(" {outcome} at {cells}.", outcome=capitalised(badge.word), cells=listed(cells))
    between = range_text(members)
    sizes = tr("; effects: {range}", range=between) if between else ""
    told = {"parts": capitalised(parts), "arm": short_lists(first.arm_text) or tr("all arms"),
            "metric": metric_title(first.metric), "against": short_lists(first.against_text),
            "sizes": sizes, "exceptions": exceptions}  # fmt: skip
    if first.against_text:
        return tr("{parts} comparisons of {arm} against {against} on {metric}{sizes}.{exceptions}", **told)
    return tr("{parts} comparisons of {arm} on {metric}{sizes}.{exceptions}", **told)


def _labelled(verdict: Verdict) -> str:
    label = label_of(verdict)
    return tr(" ({text})", text=label) if label else ""


def _cell(verdict: Verdict) -> str:
    return shortened(verdict.claim_id.split("[", 1)[-1].removesuffix("]"))


def _table(members: Sequence[Verdict], failed: dict[str, int], stalled: dict[str, int]) -> Table:
    levels = sorted({v.interval_level for v in members})
    level = tr("{level} interval", level=percent(levels[0])) if levels[0] == levels[-1] else tr("Holm-level interval")
    together = next((percent(v.joint.together) for v in members if v.joint), "")
    idle = any(stalled.get(v.claim_id) for v in members)
    rows = []
    for v in members:
        effect = change_text(v) or NONE
        badge = badge_of(ruling_of(v))
        rows.append(
            TextRow((
                _cell(v),
                f"{badge.glyph} {ruled(v)}" + (tr(" [post hoc]") if v.post_hoc else ""),
                effect, p_value(v.p_adjusted), f"{v.pairs}/{v.planned_pairs}", str(failed.get(v.claim_id) or NONE),
                *([str(stalled.get(v.claim_id) or NONE)] if idle else []),
                detectable_text(v),
                *([joint_interval(v)] if together else []),
            ))
        )  # fmt: skip
    columns = (
        Column(tr("at")),
        Column(tr("verdict"), "verdict"),
        Column(tr("effect [{level}]", level=level), "n"),
        Column(tr("Holm p"), "n"),
        Column(tr("pairs"), "n"),
        Column(tr("failed runs"), "n"),
        *([Column(tr("did not learn"), "n")] if idle else []),
        Column(tr("detectable beyond δ"), "n"),
        *([Column(tr("all cells jointly ({level})", level=together), "n")] if together else []),
    )
    return Table(members[0].says, columns, tuple(rows))
