"""Why something is as it is: a code, with the numbers and names that a sentence about it needs.

What is read off runs is told by codes alone, so that it is the same in every language: `words.reasons` makes a sentence
of each. Codes are a closed set, and so are the names of the numbers of each: a new one stands here and there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AS_WRITTEN = "as_written"
"""Of a file of an earlier release, which holds a sentence and no code: the sentence."""

_ENDS = ("level", "low", "high", "delta", "unit")
_BOUND = ("level", "unit", "scale", "n", "of", "effect", "trained_low", "trained_high")
_ON_SCALE = ("level", "effect", "low", "high", "scale", "unit", "symbol")

CODES: dict[str, tuple[str, ...]] = {
    AS_WRITTEN: ("text",),
    # --- where the interval of a tested claim lies
    "above": _ENDS,
    "negligible": _ENDS,
    "reversed": _ENDS,
    "harmful": _ENDS,
    "below": _ENDS,
    "holds_delta": _ENDS,
    "too_few_to_decide": (*_ENDS, "pairs", "smallest"),
    "inside": _ON_SCALE,
    "outside": _ON_SCALE,
    "crosses": _ON_SCALE,
    # --- what was counted
    "no_run": (),
    "counterexamples": ("n", "runs"),
    "held_so_far": ("runs", "missing", "planned"),
    "no_counterexample": ("runs", "rate"),
    # --- why nothing was tested
    "without_value": ("n", "metric"),
    "without_steps": ("n",),
    "too_few_pairs": ("n", "planned", "needed", "by_signs"),
    "few_pairs_so_far": ("n", "planned", "needed", "effect", "low", "high", "unit"),  # of earlier releases, at 95 %
    "few_pairs_by_now": ("n", "planned", "needed", "effect", "low", "high", "unit", "level"),
    "few_runs_so_far": ("n", "needed", "effect", "low", "high", "unit"),
    "too_few_runs": ("n", "needed"),
    "too_few_trained": ("n", "of", "needed"),
    "silent": ("n", "of", "pairwise", "rule", "left", "needed"),
    "other_lengths": ("metric", "steps"),
    "both_failed": ("n", "of", "rule"),
    "failing_is_better": ("value", "metric", "n", "of"),
    "cut_curve": ("n", "of"),
    "cut_spread": ("n", "of"),
    "unreachable": ("side", "over"),
    "flat": ("n",),
    "ties_by_length": ("n", "of", "steps"),
    "ties_without_value": ("n", "of"),
    "no_target": ("n", "of"),
    "endings_unknown": ("n", "of"),
    "other_code": ("files",),
    "unread": ("factors",),
    "identical_arms": ("factors",),
    "identical_seeds": (),
    "before_first_look": ("n",),
    # --- why no more seeds were run for it, in a study that may stop at any time
    "decided_after": ("n", "most"),
    "held_by_its_gate": ("n", "most"),
    "open_at_the_most": ("most",),
    "goes_on": ("n", "most"),
    # --- why an interval that would decide a claim may not
    "cut_by_budget": ("n", "of"),
    "decided_by_silence": ("n", "of", "pairwise", "outcome"),
    "mostly_missed": ("n", "of", "side"),
    "left_out_too_many": ("n", "of", "most"),
    "bound_is_open": (*_BOUND, "low", "high"),
    "bound_is_missing": (*_BOUND, "metric"),
    "gate_failed": ("gates", "outcome"),
    # --- what a gate found
    "control": ("claim", "wanted", "outcome"),
    "check_unknown": ("metric", "cells"),
    "check_missed": ("metric", "cells", "low", "high", "n", "runs"),
    "check_mean": ("metric", "cells", "low", "high", "mean"),
    "check_runs": ("metric", "cells", "low", "high", "wrong", "runs"),
    "fixed_on_purpose": (),
    "not_tuned": ("n", "arms"),
    "on_the_edge": ("tuned",),
    "not_on_the_edge": (),
    "unfinished": ("n",),
    "copy_alike": ("metric", "n", "delta", "unit", "effect", "low", "high"),
    "copy_apart": ("metric", "n", "delta", "unit", "effect", "low", "high"),
    "copy_small": ("metric", "n", "delta", "unit", "effect", "low", "high", "apart", "most"),
    "copy_too_few": ("metric", "n", "delta", "unit", "needed"),
    "confounded": ("setting", "factors", "sides"),
    # --- what to do
    "run_it": (),
    "run_the_rest": ("n", "planned"),
    "run_the_rest_of_it": (),
    "run_seeds": ("needed",),
    "run_again": (),
    "run_to_the_first_look": (),
    "more_seeds": (),
    "more_data_sets": (),
    "more_seeds_at_any_time": (),
    "more_pairs": ("more", "total"),
    "more_pairs_than": ("n",),
    "no_number_of_pairs": (),
    "more_steps": (),
    "same_steps": (),
    "same_steps_or_ties": (),
    "give_the_budget": (),
    "give_the_outcome": (),
    "give_a_target": (),
    "claim_an_accuracy": (),
    "say_what_failures_count_as": (),
    "give_the_majority_rate": (),
    "claim_the_failures": (),
    "name_the_population": (),
    "claim_ranks_or_reach": (),
    "claim_what_tells_seeds_apart": (),
    "lower_failed_counts_as": (),
    "read_the_factors": ("factors",),
    "see_the_factors": ("factors",),
    "see_the_seed": (),
    "see_the_gate": (),
    "say_what_was_lost": (),
    # --- what a failed run counts as
    "common_budget": ("low", "high"),
    "budget": ("low", "high"),
    "declared": ("value",),
    "majority_rate": ("low", "high"),
    "one_minus_majority_rate": ("low", "high"),
    "not_good": (),
    # --- what an effect is an effect of
    "runs_that_train": ("sides",),
    "runs_that_reach": ("sides",),
    "pairs_that_train": ("n", "of"),
    "all_runs_bounded": (),
    "all_runs_failed": (),
    "all_runs_missed": (),
    "levels_run": ("over", "low", "high", "cells", "sides"),
    "data_sets": ("sets", "new", "unit"),
    "and_also": ("first", "second"),
    # --- other choices
    "delta_halved": (),
    "delta_doubled": (),
    "failures_worst": (),
    "failures_best": (),
    "basin_stricter": (),
    "basin_looser": (),
    "basin_unbroken": (),
    "target_easier": (),
    "target_harder": (),
    "student_t": (),
    "bootstrap_t": (),
    "test_items": (),
    # --- what belongs beside verdicts and numbers
    "mixture": ("claim_id", "fact", "values"),
    "unread_factor": ("factor",),
    "unread_key": ("key",),
    "unread_cells": ("claim_id", "factors"),
    "copies": ("n", "pairs", "factor"),
    "still_arms": ("n", "arms"),
    "below_one_percent": ("metric", "most"),
    "below_one_percent_in_some": ("metric", "n", "arms", "most"),
    "counts_as": ("n", "all", "rule"),
    "no_value": ("n",),
    "not_run": ("n",),
}
"""Code -> the names of its numbers."""

FLOATS = frozenset(
    {"level", "low", "high", "delta", "effect", "smallest", "rate", "mean", "value", "trained_low", "trained_high"}
)
"""Names of numbers that may be infinite, which JSON writes as text; None where there is none."""


@dataclass(frozen=True)
class Reason:
    """A code with its numbers.

    Attributes
    ----------
    code
        One of `CODES`.
    numbers
        Numbers and names, and other reasons, by the names that `CODES` asks for.

    Raises
    ------
    ValueError
        Another code, or other names.
    """

    code: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in CODES or set(self.numbers) != set(CODES[self.code]):
            raise ValueError(f"no reason {self.code!r} with the numbers {', '.join(self.numbers) or 'none'}")

    def __getitem__(self, name: str) -> Any:
        """Return one of its numbers."""
        return self.numbers[name]


def because(code: str, /, **numbers: Any) -> Reason:
    """Return a reason.

    >>> because("run_seeds", needed=6)
    Reason(code='run_seeds', numbers={'needed': 6})
    """
    return Reason(code, numbers)
