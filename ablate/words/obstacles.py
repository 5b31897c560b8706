"""Why a claim is not tested, or held back although its interval would decide it: in words, with what to do about it."""

from __future__ import annotations

from ablate.claims.capped import Objection, objection
from ablate.claims.reading import Obstacle
from ablate.judge.evidence import Collected
from ablate.judge.verdict import ruling_word
from ablate.lang import msg, tr

_MORE_STEPS = msg(
    "Give both sides more steps, or an easier target, or claim the share of runs that reach it (`kind: proportion`)."
)


def untested_says(found: Collected) -> tuple[str, str]:
    """Return why nothing was tested, and what to do."""
    evidence = found.evidence
    if evidence.undefined:
        runs = tr("1 run") if evidence.undefined == 1 else tr("{n} runs", n=evidence.undefined)
        return _without_value(found, runs)
    if found.obstacle is not None:
        return _obstacle_says(found, found.obstacle)
    have, n = tr("No pair has been run"), len(evidence.differences)
    if n:
        have = tr("Only {n} of {planned} planned pairs have been run", n=n, planned=evidence.planned_pairs)
    by_signs = found.comparison.claim.by_signs
    test = tr("an exact sign-flip test") if by_signs else tr("its test")
    why = tr("{have}; {test} can decide from {needed} pairs on.", have=have, test=test, needed=found.least)
    return why, tr("Run at least {needed} seeds of both arms.", needed=found.least)


def held_back(found: Collected, *, level: float, outcome: str) -> tuple[str, str] | None:
    """Return why an interval that would decide a claim may not, and what to do; None where it may."""
    gaps = found.gaps
    if outcome == "inconclusive" or gaps is None:
        return None
    why = objection(gaps.values, gaps.known, found.region, level=level, outcome=outcome, least=found.least)
    return None if why is None else _objection_says(found, why)


def _obstacle_says(found: Collected, obstacle: Obstacle) -> tuple[str, str]:
    """Return why nothing was tested, and what to do."""
    claim = found.comparison.claim
    said = {"n": obstacle.count, "of": obstacle.of, "text": obstacle.text, "metric": claim.metric}
    if obstacle.code == "silent":
        why = _silence(found, obstacle.count, obstacle.of) + tr(" Each counts as {text}.", **said)
        left = len(found.evidence.differences)
        if left == 1:
            why += tr(" 1 seed is left; a test can decide from {needed} on.", needed=found.least)
        elif left:
            why += tr(" {left} seeds are left; a test can decide from {needed} on.", left=left, needed=found.least)
        return why, tr(_MORE_STEPS)
    if obstacle.code == "horizon":
        why = tr(
            "{metric} is a mean over a whole run, and the sides were run for different numbers of steps ({text}): "
            "what is longer is not faster.",
            **said,
        )
        return why, tr("Give all sides the same `steps`, or claim the value at the end (`final/…`).")
    if obstacle.code == "failed":
        why = tr(
            "In {n} of {of} pairs every side failed, so that they differ by nothing but the rule for failed runs (each "
            "counts as {text}).",
            **said,
        )
        return why, tr("Find out why runs fail, or claim the share of runs that do (`kind: proportion`).")
    if obstacle.code == "rule":
        why = tr(
            "Failed runs are declared to count as {text} in {metric}, which is better than {n} of {of} runs that did "
            "not fail.",
            **said,
        )
        return why, tr("Let `failed_counts_as` be no better than what a run that fails is worth.")
    if obstacle.code == "curve":
        why = tr("{n} of {of} runs did not reach the target: a curve through their budgets is no curve.", **said)
        return why, tr(_MORE_STEPS)
    if obstacle.code == "cut spread":
        why = tr("{n} of {of} runs did not reach the target: how much their steps vary is not known.", **said)
        return why, tr(_MORE_STEPS)
    if obstacle.code == "flat":
        why = tr("One side does not vary over its {n} seeds, or in one of them only: no ratio to it exists.", **said)
        return why, tr("Claim a metric that tells the seeds apart.")
    if obstacle.code == "ties":
        by_length = msg(
            "{n} of {of} pairs are tied, and what decides ties is a mean over different numbers of steps ({text})."
        )
        why = tr(by_length if obstacle.text else msg("{n} of {of} pairs cannot be scored: a run has no value."), **said)
        return why, tr("Give all sides the same `steps`, or another `ties_by`.")
    if obstacle.code == "no target":
        why = tr("{n} of {of} runs had no target that they could have reached.", **said)
        return why, tr("Set `target_accuracy`, or let the function return an `outcome`.")
    why = tr("How {n} of {of} runs ended is not known.", **said)
    return why, tr("Give their `outcome` (of a file: a column of that name).")


def _without_value(found: Collected, runs: str) -> tuple[str, str]:
    """Return why runs without a value stand in the way of a test, and what to do."""
    metric = found.comparison.claim.metric
    if found.counts_steps:
        why = tr(
            "{runs} have no number of steps: they did not reach the target within a budget that is not known, or it is "
            "not told when they reached it.",
            runs=runs,
        )
        return why, tr("Give the budget (of a file: a column `budget`), or claim the share of runs that reach it.")
    why = tr(
        "{runs} ended without a value for {metric}, and leaving them out would favour the arm that fails.",
        runs=runs, metric=metric,
    )  # fmt: skip
    return why, tr("Put the claim on an accuracy, in which a failed run counts as chance, or find out why runs fail.")


def _objection_says(found: Collected, why: Objection) -> tuple[str, str]:
    """Return why an interval may not decide a claim, and what to do."""
    if why.code == "cut":
        text = tr(
            "In {n} of {of} seeds a run was cut off by its budget before it reached the target: it takes longer than "
            "it counts as, so the difference may be larger than it looks.",
            n=why.count, of=why.of,
        )  # fmt: skip
        return text, tr(_MORE_STEPS)
    text = _silence(found, why.count, why.of)
    text += tr(" Without them the claim would be {outcome}.", outcome=ruling_word(why.otherwise))
    return text, tr(_MORE_STEPS)


def _silence(found: Collected, count: int, of: int) -> str:
    known = found.gaps.known if found.gaps is not None else None
    if known is None or known.pairwise:
        return tr(
            "In {n} of {of} pairs neither side reached the target, which says nothing about their speed.",
            n=count, of=of,
        )  # fmt: skip
    return tr(
        "In {n} of {of} comparisons runs that did not reach the target stand on both sides, which says nothing about "
        "their speed.",
        n=count, of=of,
    )  # fmt: skip
