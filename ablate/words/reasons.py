"""The one table from codes to sentences: what is found of runs and claims (`claims.reason`), in words.

A code has a message, filled in with its numbers, or a function of them where a message is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ablate.claims.reason import AS_WRITTEN, Reason
from ablate.lang import msg, tr
from ablate.words import because, scope, twoparts

_MORE_STEPS = msg(
    "Give both sides more steps, or an easier target, or claim the share of runs that reach it (`kind: proportion`)."
)

_FEW_PAIRS = msg(
    "{have}; an exact sign-flip test can decide from {needed} pairs on. So far {found} by Student's t ({level}, "
    "which assumes normal differences): no verdict."
)

SENTENCES: dict[str, str | Callable[[Mapping[str, Any]], str]] = {
    AS_WRITTEN: lambda m: tr(m["text"]),
    # --- where the interval of a tested claim lies
    "above": because.against_delta(msg("{interval} lies above {threshold}.")),
    "negligible": because.against_delta(msg("{interval} lies within ±{threshold}.")),
    "reversed": because.REVERSED,
    "harmful": because.HARMFUL,
    "below": because.against_delta(msg("{interval} lies below {threshold}."), msg("{interval} lies above {end}.")),
    "holds_delta": because.against_delta(msg("{interval} contains {threshold}."), msg("{interval} contains {end}.")),
    "too_few_to_decide": because.against_delta(
        msg(
            "With {pairs} pairs the smallest possible p, {p}, is above the level {level} that Holm leaves, so "
            "they cannot decide anything. {interval} is Student's t, which assumes normal differences: no "
            "verdict."
        )
    ),
    "inside": because.against_region(msg("The {level} interval lies inside what is claimed: {found}.")),
    "outside": because.against_region(msg("The {level} interval lies outside what is claimed: {found}.")),
    "crosses": because.against_region(msg("The {level} interval crosses the end of what is claimed: {found}.")),
    # --- what was counted
    "no_run": msg("No run has a value."),
    "counterexamples": msg("{n} of {runs} runs are counterexamples."),
    "held_so_far": msg("It held in {runs} runs, but {missing} of {planned} planned runs have no value."),
    "no_counterexample": msg("No counterexample in {runs} runs, which bounds their rate at {rate:.2g} %, not at 0."),
    # --- why nothing was tested
    "without_value": because.runs_that(*because.WITHOUT_VALUE),
    "without_steps": because.runs_that(*because.WITHOUT_STEPS),
    "too_few_pairs": because.too_few_pairs,
    "few_pairs_so_far": because.so_far(_FEW_PAIRS),
    "few_pairs_by_now": because.so_far(_FEW_PAIRS),
    "few_runs_so_far": because.so_far(
        msg(
            "Runs of an arm so far: {n}; nothing is decided with fewer than {needed} of each. So far {found} by "
            "Welch's t (95 %, which assumes normal means): no verdict."
        )
    ),
    "too_few_runs": msg("Runs of an arm that have a value: {n}; nothing is decided with fewer than {needed} of each."),
    "too_few_trained": msg("All runs train in {n} of {of} pairs; a test of runs that train needs {needed} such pairs."),
    "silent": because.silent,
    "other_lengths": because.by_steps(
        msg(
            "{metric} is a mean over the length of a run, and the sides ran for different numbers of steps "
            "({text}): a longer run is not a faster one."
        )
    ),
    "both_failed": msg(
        "In {n} of {of} pairs every side failed, so they differ only by the rule for failed runs (each counts as "
        "{rule})."
    ),
    "failing_is_better": because.failing_is_better,
    "cut_curve": msg("{n} of {of} runs did not reach the target: a curve through their budgets is not a curve."),
    "cut_spread": msg("{n} of {of} runs did not reach the target: how much their steps vary is not known."),
    "unreachable": msg("{side} has no basin: at every level of {over}, half of its runs or more miss the target."),
    "flat": msg("One side does not vary over its {n} seeds, or in one of them only: no ratio to it exists."),
    "ties_by_length": because.by_steps(
        msg("{n} of {of} pairs are tied, and what decides ties is a mean over different numbers of steps ({text}).")
    ),
    "ties_without_value": msg(
        "{n} of {of} pairs cannot be scored: a run has no value, or did not reach its target within a budget that is "
        "not known."
    ),
    "no_target": msg("{n} of {of} runs had no target that they could have reached."),
    "endings_unknown": msg("How {n} of {of} runs ended is not known."),
    "other_code": msg("Its runs were made with different code of {files}."),
    "unread": msg("No run read {factors}, which is all that its arms differ in: is the factor read by that name?"),
    "identical_arms": msg("Its arms agree to the last bit in every seed: is the factor read ({factors})?"),
    "identical_seeds": msg(
        "In each of its arms all seeds agree to the last bit in every declared metric, as copies of one run do: is the "
        "seed used?"
    ),
    "before_first_look": msg("The first look is after {n} seeds of every arm; nothing is judged before."),
    # --- why no more seeds were run for it, in a study that may stop at any time
    "decided_after": msg("Decided after {n} of at most {most} seeds: no more were run for it."),
    "held_by_its_gate": msg(
        "Its interval decided it after {n} of at most {most} seeds; a gate holds it back, which more seeds do not fix."
    ),
    "open_at_the_most": msg("Still open after {most} seeds, the most that were planned."),
    "goes_on": msg("Open after {n} of at most {most} seeds: the study goes on."),
    # --- why an interval that would decide a claim may not
    "cut_by_budget": msg(
        "In {n} of {of} seeds a run was cut off by its budget before it reached the target: it takes longer than "
        "it counts as, so the difference may be larger than it looks."
    ),
    "decided_by_silence": because.decided_by_silence,
    "mostly_missed": msg(
        "{n} of {of} runs of {side} did not reach the target. The budget cut off more than half of a side, so "
        "these runs cannot say how many times as fast the other side is."
    ),
    "left_out_too_many": twoparts.left_out_too_many,
    "bound_is_open": twoparts.bound_is_open,
    "bound_is_missing": twoparts.bound_is_missing,
    "gate_failed": because.gate_failed,
    # --- what a gate found
    "control": because.control,
    "check_unknown": because.checked(msg("{metric} at {cells} is not known for every run")),
    "check_missed": because.checked(
        msg("{metric} at {cells} must be {bound}; {n} of {runs} runs did not reach the target")
    ),
    "check_mean": because.checked(msg("{metric} at {cells} is {mean:.4g} on average; it must be {bound}")),
    "check_runs": because.checked(msg("{metric} at {cells} must be {bound}; {wrong} of {runs} runs are not")),
    "fixed_on_purpose": msg("its arms are fixed on purpose, nothing was tuned"),
    "not_tuned": msg("{n} of {arms} arms were not tuned"),
    "on_the_edge": because.on_the_edge,
    "copy_alike": because.copied(
        msg(
            "a copy of the baseline, tuned with random draws of its own, is equivalent to it: {metric} differs "
            "by {found}, within ±{delta}"
        )
    ),
    "copy_apart": because.copied(
        msg(
            "a copy of the baseline, tuned with random draws of its own, is not shown to be equivalent to it: "
            "{metric} differs by {found}, and ±{delta} was asked for; this study cannot tell arms apart so finely"
        )
    ),
    "copy_small": because.copied(
        msg(
            "a copy of the baseline, tuned with random draws of its own, differs from it by {found} in {metric}; "
            "the effect is {apart} from the end of what is claimed, so that a difference of {most} would not "
            "change the verdict"
        )
    ),
    "copy_too_few": msg(
        "a copy of the baseline, tuned with random draws of its own, is not shown to be equivalent to it: {n} "
        "seeds are too few, {needed} are needed"
    ),
    "not_on_the_edge": msg("no tuned value lies on the edge of its grid"),
    "unfinished": because.runs_that(
        msg("{runs} did not finish, nobody said why, and if failed, would change the verdict")
    ),
    "confounded": because.confounded,
    # --- what to do
    "run_it": msg("Run it."),
    "run_the_rest": msg("{n} of {planned} planned pairs are missing: run the rest."),
    "run_the_rest_of_it": msg("Run the rest, or find out why they fail."),
    "run_seeds": msg("Run at least {needed} seeds of both arms."),
    "run_again": msg("Run the study again: runs whose code changed are made again."),
    "run_to_the_first_look": msg("Run the study up to its first look."),
    "more_seeds_at_any_time": msg(
        "More seeds may decide it, at the same level: `ablate extend` adds them, and nothing is lost by having looked."
    ),
    "more_seeds": msg("More seeds would narrow the interval."),
    "more_data_sets": msg("More data sets would narrow the interval; more seeds of these hardly do."),
    "more_pairs": because.more_pairs,
    "more_pairs_than": msg("More than {n:,} pairs would be needed: the effect is estimated too close to δ."),
    "no_number_of_pairs": msg("No number of pairs would decide it: the effect is estimated at δ."),
    "more_steps": _MORE_STEPS,
    "same_steps": msg("Give all sides the same `steps`, or claim the value at the end (`final/…`)."),
    "same_steps_or_ties": msg("Give all sides the same `steps` (of a file: a column `budget`), or another `ties_by`."),
    "give_the_budget": msg("Give the budget (of a file: a column `budget`), or claim the share of runs that reach it."),
    "give_the_outcome": msg("Give their `outcome` (of a file: a column of that name)."),
    "give_a_target": msg("Set `target_accuracy`, or let the function return an `outcome`."),
    "claim_an_accuracy": because.CLAIM_AN_ACCURACY,
    "say_what_failures_count_as": because.SAY_WHAT_FAILURES_COUNT_AS,
    "give_the_majority_rate": because.SAY_WHAT_FAILURES_COUNT_AS,
    "claim_the_failures": msg("Find out why runs fail, or claim the share of runs that do (`kind: proportion`)."),
    "name_the_population": msg(
        "To ask about runs that train, say `population: trained` before the next runs; on these it would be post "
        "hoc. A bound for the mean over all runs needs a metric with `bounds` and, for small effects, many more "
        "seeds."
    ),
    "claim_ranks_or_reach": msg(
        "Claim which side is first with the same seed (`kind: win_probability`), or the share of runs that reach the "
        "target (`kind: proportion`); or give both sides more steps."
    ),
    "claim_what_tells_seeds_apart": msg("Claim a metric that tells the seeds apart."),
    "lower_failed_counts_as": msg("Give `failed_counts_as` a value that is not better than a failed run deserves."),
    "read_the_factors": msg("Make the training read {factors}, or remove the claim."),
    "see_the_factors": msg(
        "Check that {factors} reaches the training as intended. If equality to the last bit is what is claimed, "
        "say `may_be_identical: true`."
    ),
    "see_the_seed": msg(
        "Check that the seed reaches the training. If it does, and the metrics are so coarse that seeds agree by "
        "chance, log a finer metric as well. Claim what has no randomness with `kind: exact`."
    ),
    "see_the_gate": msg("Fix what the gate found."),
    "say_what_was_lost": msg(
        "Run them again; or say that they were lost to the infrastructure (`outcome: lost`; `ablate judge --lost`), or "
        "that they failed (`outcome: crashed`)."
    ),
    # --- what a failed run counts as
    "common_budget": scope.steps(msg("the budget that all sides had ({steps} steps)")),
    "budget": scope.steps(msg("the whole budget ({steps} steps)")),
    "declared": scope.declared,
    "majority_rate": scope.rate(msg("the majority rate")),
    "one_minus_majority_rate": scope.rate(msg("one minus the majority rate")),
    "not_good": msg("not good (target missed)"),
    # --- what an effect is an effect of
    "runs_that_train": scope.unseen_failures(
        msg("No run of {sides} failed: what a failure would change is not part of the effect."), "failed"
    ),
    "runs_that_reach": scope.unseen_failures(
        msg("No run of {sides} missed the target: what a miss would change is not part of the effect."), "missed"
    ),
    "pairs_that_train": msg(
        "This is about runs that train: the {n} of {of} pairs in which every run did. It says nothing about runs "
        "that fail, and the pairs that are left were selected by their results."
    ),
    "all_runs_bounded": msg(
        "All runs, failed ones too: decided only where a bound agrees that asks nothing of their distribution."
    ),
    "all_runs_failed": msg("All runs; those that failed, at the share seen."),
    "all_runs_missed": msg("All runs; those that missed the target, at the share seen."),
    "levels_run": scope.levels_run,
    "data_sets": scope.data_sets,
    "and_also": msg("{first} {second}"),
    # --- other choices
    "delta_halved": msg("δ halved"),
    "delta_doubled": msg("δ doubled"),
    "failures_worst": msg("failed and missing runs at the value worst for the claim"),
    "failures_best": msg("failed and missing runs at the value best for the claim"),
    "basin_stricter": msg("half the allowance over the own best"),
    "basin_looser": msg("twice the allowance over the own best"),
    "basin_unbroken": msg("the unbroken stretch around the best alone"),
    "target_easier": msg("an easier target"),
    "target_harder": msg("a harder target"),
    "student_t": msg("Student's t interval"),
    "bootstrap_t": msg("bootstrap-t interval"),
    "test_items": msg("the test examples drawn again, too"),
    # --- what belongs beside verdicts and numbers
    "mixture": because.mixture,
    "unread_factor": msg("No run read the factor {factor}: its levels cannot make a difference."),
    "unread_key": msg("No run read {key}, which the study fixes: it has no effect on the runs."),
    "unread_cells": msg("Claim {claim_id} averages over cells in which no run read {factors}."),
    "copies": msg(
        "{n} of {pairs} pairs of arms that differ in {factor} alone agree to the last bit in every seed "
        "and declared metric: is it read?"
    ),
    "still_arms": msg(
        "In {n} of {arms} arms all seeds agree to the last bit in every declared metric: is the seed used? Copies "
        "of one run say nothing of how much runs differ."
    ),
    "below_one_percent": msg(
        "{metric} is declared in per cent, and no run has more than {most:.4g}: are these fractions? Then declare "
        "`unit: fraction`."
    ),
    "below_one_percent_in_some": msg(
        "{metric} is declared in per cent. In {n} of {arms} arms no run has more than {most:.4g}, in the others every "
        "run has more than 1: do some runs report fractions? Then make them report one unit."
    ),
    "counts_as": msg("{n} of {all} count as {rule}"),
    "no_value": msg("{n} ended without a value: no mean of the survivors is shown"),
    "not_run": msg("{n} planned, not run"),
}
"""Code -> its message, or what makes one."""


def said(reason: Reason | None, *, turned: bool = False, delta: float = 0.0) -> str:
    """Return the sentence of a reason in the current language; empty where there is none.

    `turned`: an interval of what the claim predicts is written as the change of a metric that is predicted to fall.
    `delta` is that of its verdict: no end of an interval is written as a δ that it is not.
    """
    if reason is None:
        return ""
    sentence, numbers = SENTENCES[reason.code], {name: _told(value) for name, value in reason.numbers.items()}
    if callable(sentence):
        return sentence({"delta": delta, **numbers, "turned": turned})
    return tr(sentence, **{name: tr(", ").join(v) if isinstance(v, tuple) else v for name, v in numbers.items()})


def _told(value: Any) -> Any:
    """Return a number as sentences take it: other reasons as their own sentences."""
    if isinstance(value, Reason):
        return said(value)
    return tuple(map(_told, value)) if isinstance(value, tuple) else value
