"""Choosing among tuning trials: what a run scores, which trial wins, whether it lies on the edge of what was tried.

Tables of tuning runs have one row per run: `arm_id, arm` (the tuned cell and its label), `serves` (ids of the arms
that take its values), `metric, trial, seed, outcome, score` (more is better, failures filled), `chosen` (of the
trial), then one column per tuned key.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ablate.errors import UserError
from ablate.train.metric import PERCENT, Metric, accuracy, declare_it, loss  # noqa: F401  # some for the examples
from ablate.train.outcome import FAILED

HEAD = ("arm_id", "arm", "serves", "metric", "trial", "seed", "outcome", "score", "chosen")
WORST = -math.inf
EDGE_SHARE = 0.1
"""Where every seed chooses for itself, noise alone sends some to the edge of a grid: so many of them are let pass."""


def tuned_keys(runs: pd.DataFrame) -> list[str]:
    """Return the tuned hyperparameters of a table of tuning runs."""
    return [str(column) for column in runs.columns if column not in HEAD]


def run_score(outcome: str, value: float, metric: Metric, facts: Mapping[str, Any]) -> float:
    """Return what a run counts as, more is better: losses and the like are negated.

    A run that failed counts as it does in every analysis (an accuracy as the majority rate, steps as the
    whole budget); where no value would be honest (a loss), and where a run has none, it is worse than any other. The
    budget among the facts is the largest of any trial: one that gave up early was not faster for it.

    >>> run_score("diverged", float("nan"), accuracy("final/validation_accuracy"), {"majority_rate": 0.1})
    0.1
    >>> run_score("reached", 0.25, loss("final/validation_loss"), {})
    -0.25

    Raises
    ------
    UserError
        The metric's direction is not declared.
    """
    if metric.better is None:
        raise UserError(f"tuning by {metric.name}: its name does not tell which way is better: "
                        f"{declare_it(metric.name)}.")  # fmt: skip
    sign = 1.0 if metric.better == "higher" else -1.0
    kind = metric.failed_counts_as
    failed = outcome in FAILED and not (kind == "as_logged" and math.isfinite(value))
    if failed or (metric.counts_to_target and math.isnan(value)):
        rate = float(facts.get("majority_rate", math.nan)) * (100.0 if metric.unit == PERCENT else 1.0)
        whole = 100.0 if metric.unit == PERCENT else 1.0
        fills = {
            "chance": rate,
            "one_minus_chance": whole - rate,
            "budget": float(facts.get(metric.budget) or math.nan),
        }
        value = fills.get(kind, math.nan) if isinstance(kind, str) else kind
    return WORST if math.isnan(value) else sign * value


def largest_budget(facts: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    """Return the largest of the budgets that trials had, under its name; empty where one is not known.

    >>> largest_budget([{"steps": 20}, {"steps": 100}], "steps")
    {'steps': 100}
    """
    known = [found.get(name) for found in facts]
    return {name: max(steps for steps in known if steps)} if known and all(known) else {}


def worst_for_failures(scores: Sequence[float], outcomes: Sequence[str]) -> list[float]:
    """Return the scores of a cell's runs in which one that failed is no better than any that did not.

    A run that never learned can score below the majority rate, by which a failed one is filled.

    >>> worst_for_failures([0.9, 0.08, 0.1], ["reached", "stalled", "diverged"])
    [0.9, 0.08, 0.08]
    """
    own = [score for score, outcome in zip(scores, outcomes, strict=True) if outcome not in FAILED]
    floor = min(own, default=math.inf)
    return [min(s, floor) if outcome in FAILED else s for s, outcome in zip(scores, outcomes, strict=True)]


def best_trial(
    scores: Sequence[Sequence[float]],
    values: Sequence[Sequence[Any]],
    failed: Sequence[int] | None = None,
    ties: Sequence[float] | None = None,
) -> int:
    """Return the number of the trial with the best mean score.

    Ties go to fewer failures, then to the better mean of a smoother score if there is one, then to the smaller value.

    Parameters
    ----------
    scores
        (trials, seeds), more is better; minus infinity for a run without a value.
    values
        (trials, keys): what was tried. Numbers are compared as numbers, anything else by the order it came in.
    failed
        (trials,): how many runs failed.
    ties
        (trials,): the mean of the smoother score, more is better.
    """
    order: list[dict[str, int]] = [{} for _ in values[0]]
    for row in values:
        for seen, value in zip(order, row, strict=True):
            seen.setdefault(repr(value), len(seen))

    def rank(trial: int) -> tuple[Any, ...]:
        mean = float(np.mean(scores[trial]))
        lost = sum(not math.isfinite(score) for score in scores[trial]) + (failed[trial] if failed else 0)
        place = tuple(
            float(value) if _is_number(value) else float(seen[repr(value)])
            for value, seen in zip(values[trial], order, strict=True)
        )
        smooth = -ties[trial] if ties and not math.isnan(ties[trial]) else math.inf
        return (-round(mean, 12) if math.isfinite(mean) else math.inf, lost, smooth, place)

    return min(range(len(scores)), key=rank)


def on_edge(chosen: Any, tried: Sequence[Any]) -> bool:
    """Say whether a value is the least or the most of those tried, so that a better one may lie beyond.

    Words and switches have no edge. Nor is 0 one where nothing less was tried: it means "without it" (no decay, no
    dropout, no momentum), and nothing lies beyond.

    >>> on_edge(0.1, [0.01, 0.1]), on_edge(0.1, [0.01, 0.1, 1.0]), on_edge(0.0, [0.0, 1e-4, 1e-2]), on_edge("a", ["a"])
    (True, False, False, False)
    """
    return edge_of(chosen, tried) != 0


def edge_of(chosen: Any, tried: Sequence[Any]) -> int:
    """Return on which edge of those tried a value lies: -1 the lower, 1 the upper, 0 none (see `on_edge`)."""
    if not all(_is_number(value) for value in [chosen, *tried]):
        return 0
    return 1 if chosen == max(tried) else -1 if chosen == min(tried) and chosen != 0 else 0


def ordered(tried: Sequence[Any]) -> list[Any]:
    """Return the different values tried, ascending where they are numbers."""
    values = list({repr(value): value for value in tried}.values())
    return sorted(values) if all(_is_number(value) for value in values) else values


def filled(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a table of tuning runs in which runs without a value have the worst value any run has; NaN if none has."""
    finite = runs["score"][np.isfinite(runs["score"])]
    return runs.assign(score=runs["score"].where(np.isfinite(runs["score"]), finite.min() if len(finite) else np.nan))


def tuned_facts(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return ``{key: {chosen, grid, edge}}`` from the tuning runs of one cell: what a `tuning_edge` gate looks at.

    Where seeds chose for themselves and not the same, `chosen` is the value that most did (the smaller of two), and
    `counts` has every value with the number of seeds that chose it; on the edge is then a key of which more than
    `EDGE_SHARE` of the seeds chose the least or the greatest value tried.
    """
    found = {}
    won = rows[rows["chosen"].astype(bool)].drop_duplicates("seed")
    for key in tuned_keys(rows):
        tried = ordered([_plain(value) for value in rows[key]])
        chosen = [_plain(value) for value in won[key]]
        counts = [[value, sum(repr(one) == repr(value) for one in chosen)] for value in tried]
        counts = [[value, count] for value, count in counts if count]
        most = max((count for _, count in counts), default=0)
        first = next((value for value, count in counts if count == most), None)
        found[key] = {"chosen": first, "grid": tried, "edge": bool(edge_sides(chosen, tried))}
        if len(counts) > 1:
            found[key]["counts"] = counts
    return found


def edge_sides(chosen: Sequence[Any], tried: Sequence[Any]) -> list[int]:
    """Return the edges (-1, 1) that more than `EDGE_SHARE` of the choices lie on.

    >>> edge_sides([0.1], [0.01, 0.1]), edge_sides([0.1] + 9 * [0.01], [0.001, 0.01, 0.1]), edge_sides([], [1, 2])
    ([1], [], [])
    """
    places = [edge_of(value, tried) for value in chosen]
    return [side for side in (-1, 1) if places.count(side) > EDGE_SHARE * len(places)]


def edges_of(runs: pd.DataFrame) -> dict[str, list[int]]:
    """Return key -> the edges that the choices of some arm lie on (see `edge_sides`), from a table of tuning runs."""
    found: dict[str, set[int]] = {}
    for _, rows in runs.groupby("arm_id", sort=False):
        won = rows[rows["chosen"].astype(bool)].drop_duplicates("seed")
        for key in tuned_keys(runs):
            tried = [_plain(value) for value in rows[key]]
            found.setdefault(key, set()).update(edge_sides([_plain(value) for value in won[key]], tried))
    return {key: sorted(sides) for key, sides in found.items() if sides}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
