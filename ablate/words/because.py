"""Sentences of reasons that need more than a template: where intervals lie, why nothing was tested, what gates found.

Each takes the numbers of its reason (see `claims.reason.CODES`); the table is in `words.reasons`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ablate.judge.comparable import NOT_TOLD
from ablate.lang import counted, msg, tr
from ablate.stats.mean import Method
from ablate.words.amounts import amount, amounts, difference_unit, listed_numbers, on_scale, p_text, percent
from ablate.words.rulings import SEEN, ruling_word

Numbers = Mapping[str, Any]

METHODS = (msg("none"), msg("sign-flip"), msg("Clopper–Pearson"), msg("random spacings"), msg("sign test"),
           msg("partial conjunction"), msg("jackknife"), msg("resampled seeds"), msg("sign bets"),
           msg("bets on scores"), msg("prediction over data sets"), msg("Welch's t"), msg("Student's t"))  # fmt: skip
_NOT_TOLD = msg("not told")


def method_text(method: Method) -> str:
    """Name the method an interval was made by.

    >>> method_text(Method("sign-flip", widened=True))
    'sign-flip, wider because a few seeds lie far out'
    """
    text = tr(method.name)
    if method.draws:
        text = tr("sign-flip over {draws:,} random patterns", draws=method.draws)
    return text if not method.widened else tr("{text}, wider because a few seeds lie far out", text=text)


# --- where the interval of a tested claim lies


def against_delta(message: str, turned: str = "") -> Callable[[Numbers], str]:
    """Return what says where an interval lies relative to δ; `turned`: in the direction of the metric, if it is less.

    Then less than 0 is what the claim predicts, and its threshold is the `end`.
    """

    def say(m: Numbers) -> str:
        unit, delta = m["unit"], m["delta"]
        interval = (-m["high"], -m["low"]) if m.get("turned") else (m["low"], m["high"])
        ends = amounts(interval, unit, width=m["high"] - m["low"], delta=delta)
        shown = f"[{ends[0]}, {ends[1]}]{difference_unit(unit)}"
        said = {
            "interval": tr("The {level} interval {found}", level=percent(m["level"]), found=shown),
            "threshold": f"δ = {amount(delta, unit)}" if delta else "0",
            "end": f"−δ = {amount(-delta, unit)}" if delta else "0",
            "level": p_text(1.0 - m["level"]),
        }
        if "smallest" in m:
            said |= {"pairs": m["pairs"], "p": p_text(m["smallest"])}
        return tr(turned if m.get("turned") and turned else message, **said)

    return say


REVERSED = against_delta(
    msg("{interval} lies below {end}: the effect goes the other way."),
    msg("{interval} lies above {threshold}: the effect goes the other way."),
)
HARMFUL = against_delta(
    msg("{interval} lies below 0: the effect goes the other way, but is not shown to be larger than {threshold}."),
    msg("{interval} lies above 0: the effect goes the other way, but is not shown to be larger than {threshold}."),
)


def against_region(message: str) -> Callable[[Numbers], str]:
    """Return what says where an interval lies relative to what is claimed."""

    def say(m: Numbers) -> str:
        values = [m["effect"], m["low"], m["high"]]
        text = on_scale(m["scale"], values, unit=m["unit"], symbol=m["symbol"], delta=m["delta"])
        return tr(message, level=percent(m["level"]), found=text)

    return say


def copied(message: str) -> Callable[[Numbers], str]:
    """Return what says by how much the copy of a baseline differs from it."""

    def say(m: Numbers) -> str:
        unit = m["unit"]
        middle, low, high = amounts([m["effect"], m["low"], m["high"]], unit, width=m["high"] - m["low"])
        said = {name: amount(float(f"{m[name]:.3g}"), unit) for name in ("delta", "apart", "most") if name in m}
        return tr(message, metric=m["metric"], found=f"{middle} [{low}, {high}]{difference_unit(unit)}", **said)

    return say


CLAIM_AN_ACCURACY = msg(
    "Put the claim on an accuracy, in which a failed run counts as chance, or find out why runs fail."
)
SAY_WHAT_FAILURES_COUNT_AS = msg(
    "Say what a run that failed counts as: `--failed-counts-as VALUE` (of an accuracy, that of guessing); in a study "
    "file `failed_counts_as` of the metric; in a table a column `majority_rate`, for an accuracy. Or say that the "
    "machine lost it: `--lost WORD`, the word for how it ended (crashed, failed, …), in a study file `lost: [WORD]`; "
    "its pair is dropped then. Or find out why runs fail."
)

# --- why nothing was tested

WITHOUT_VALUE = (
    msg(
        "{runs} failed or have no finite value of {metric}, and nothing says what they count as; leaving them out "
        "would favour the arm that fails."
    ),
    msg(
        "{runs} failed or has no finite value of {metric}, and nothing says what it counts as; leaving it out would "
        "favour the arm that fails."
    ),
)
WITHOUT_STEPS = (
    msg(
        "{runs} have no number of steps: they did not reach the target within a budget that is not known, or "
        "nothing says when they reached it."
    ),
    msg(
        "{runs} has no number of steps: it did not reach the target within a budget that is not known, or "
        "nothing says when it reached it."
    ),
)


def runs_that(message: str, of_one: str = "") -> Callable[[Numbers], str]:
    """Return what says something of `n` runs; `of_one` where that reads otherwise of one."""

    def say(m: Numbers) -> str:
        return tr(of_one if of_one and m["n"] == 1 else message, **{**m, "runs": counted(m["n"], "run")})

    return say


def too_few_pairs(m: Numbers) -> str:
    """Say how many pairs there are, and from how many on a test can decide."""
    test = tr("an exact sign-flip test") if m["by_signs"] else tr("its test")
    return tr("{have}; {test} can decide from {needed} pairs on.", have=_have(m), test=test, needed=m["needed"])


def _have(m: Numbers) -> str:
    n, planned = m["n"], m["planned"]
    if 0 < n < planned:
        one = tr("Only 1 of {planned} planned pairs has been run", planned=planned)
        return one if n == 1 else tr("Only {n} of {planned} planned pairs have been run", n=n, planned=planned)
    one = tr("Only 1 pair was planned") if n else tr("No pair has been run")
    return one if n < 2 else tr("{n} pairs have been run", n=n)


def nothing_so_far(m: Numbers) -> str:
    """Say of an interval of too few pairs, which is wider than what is possible, that they cannot tell."""
    text = on_scale("difference", [m["effect"], m["low"], m["high"]], unit=m["unit"], symbol=tr("gain"))
    begin, _, rest = text.partition(" [")
    return tr(
        "{have}; at least {needed} are needed. So far {found}; these pairs cannot tell: their interval is wider than "
        "what is possible. The report has its numbers.",
        have=_have(m), needed=m["needed"], found=begin + rest.partition("]")[2],
    )  # fmt: skip


def so_far(message: str) -> Callable[[Numbers], str]:
    """Return what shows an interval of too few runs for a verdict, as `found`."""

    def say(m: Numbers) -> str:
        numbers = [m["effect"], m["low"], m["high"]]
        interval = on_scale("difference", numbers, unit=m["unit"], symbol=tr("gain"))
        told = {**m, "found": interval, "level": percent(m.get("level", 0.95))}  # stored ones of 95 % do not say it
        return tr(message, **told | ({"have": _have(m)} if "planned" in m else {}))

    return say


def silent(m: Numbers) -> str:
    """Say that pairs say nothing of speed, what they count as, and how many seeds are left."""
    text = silence(m) + tr(" Each counts as {text}.", text=m["rule"])
    if m["left"] == 1:
        return text + tr(" 1 seed is left; a test can decide from {needed} on.", needed=m["needed"])
    if m["left"]:
        return text + tr(
            " {left} seeds are left; a test can decide from {needed} on.", left=m["left"], needed=m["needed"]
        )
    return text


def decided_by_silence(m: Numbers) -> str:
    """Say what a claim would be without the pairs that say nothing."""
    return silence(m) + tr(" Without them the claim would be {outcome}.", outcome=ruling_word(m["outcome"]))


def silence(m: Numbers) -> str:
    """Say that pairs say nothing of speed."""
    if m["pairwise"]:
        return tr(
            "In {n} of {of} pairs neither side reached the target, which says nothing about their speed.",
            n=m["n"], of=m["of"],
        )  # fmt: skip
    return tr(
        "In {n} of {of} comparisons runs on both sides did not reach the target, which says nothing about their "
        "speed.",
        n=m["n"], of=m["of"],
    )  # fmt: skip


def by_steps(message: str) -> Callable[[Numbers], str]:
    """Return what says something of different numbers of steps, as `text`."""
    return lambda m: tr(message, **{**m, "text": listed_numbers(m["steps"])})


def failing_is_better(m: Numbers) -> str:
    """Say that failed runs count as better than those that did not fail."""
    return tr(
        "Failed runs are declared to count as {text} in {metric}, which is better than {n} of {of} runs that did "
        "not fail.",
        **{**m, "text": f"{m['value']:g}"},
    )


# --- what gates found


def gate_failed(m: Numbers) -> str:
    """Say which gates failed, and what the verdict would be without them; `gates` are sentences."""
    gates, outcome = tr("; ").join(m["gates"]), ruling_word(m["outcome"])
    if m["outcome"] in SEEN:
        return tr("A gate failed: {gates}. Without it the verdict would be “{outcome}”.", gates=gates, outcome=outcome)
    return tr("A gate failed: {gates}. Without it the claim would be {outcome}.", gates=gates, outcome=outcome)


def control(m: Numbers) -> str:
    """Say what a positive control was to be, and is."""
    return tr(
        "the positive control {claim} must be {wanted}; it is {outcome}",
        claim=m["claim"],
        wanted=ruling_word(m["wanted"]),
        outcome=ruling_word(m["outcome"]),
    )


def checked(message: str) -> Callable[[Numbers], str]:
    """Return what says how a manipulation check came out, its bounds as `bound`."""

    def say(m: Numbers) -> str:
        return tr(
            message, **{**m, "cells": m["cells"] or tr("all cells"), "bound": _bound(m.get("low"), m.get("high"))}
        )

    return say


def _bound(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return tr("between {low:.6g} and {high:.6g}", low=low, high=high)
    if low is not None:
        return tr("at least {low:.6g}", low=low)
    return tr("at most {high:.6g}", high=high) if high is not None else ""


def on_the_edge(m: Numbers) -> str:
    """Name the tuned values that lie on the edge of their grids."""
    edges = [tr("{key}={chosen} of {side}", **one) for one in m["tuned"]]
    return tr("the best value lies on the edge of its grid: {edges}", edges=tr(", ").join(edges))


def confounded(m: Numbers) -> str:
    """Say which setting differs together with what is compared, and how."""
    sides = [tr("{values} at {side}", values="|".join(one["values"]), side=one["side"]) for one in m["sides"]]
    return tr(
        "{setting} is not a factor of the study, but differs together with {factors}: {sides}",
        setting=m["setting"],
        factors=tr(", ").join(m["factors"]),
        sides=tr(", ").join(sides),
    )


def mixture(m: Numbers) -> str:
    """Say in which fact the arms of a comparison differ beside its factors."""
    return tr(
        "claim {claim_id} compares arms with different {fact}: {values}.",
        claim_id=m["claim_id"],
        fact=m["fact"],
        values=tr(", ").join(tr(_NOT_TOLD) if value == NOT_TOLD else value for value in m["values"]),
    )


def more_pairs(m: Numbers) -> str:
    """Say how many more pairs would decide an open claim."""
    message = msg("About {more} more pairs ({total} in all) would decide it at 80 % power, if the effect is as seen.")
    if m["more"] == 1:
        message = msg("About 1 more pair ({total} in all) would decide it at 80 % power, if the effect is as seen.")
    return tr(message, **m)
