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
from ablate.train.metric import Metric, accuracy, declare_it, loss  # noqa: F401  # some for the examples
from ablate.train.outcome import FAILED

HEAD = ("arm_id", "arm", "serves", "metric", "trial", "seed", "outcome", "score", "chosen")
WORST = -math.inf
EDGE_SHARE = 0.1
"""Where every seed chooses for itself, noise alone sends some to the edge of a grid: so many of them are let pass."""


def tuned_keys(runs: pd.DataFrame) -> list[str]:
    """Return the tuned hyperparameters of a table of tuning runs, without those that none of its arms has."""
    return [str(column) for column in runs.columns if column not in HEAD and not runs[column].map(absent).all()]


def having(runs: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return the tuning runs of the arms that have a key, its column of the type that their values have."""
    arms = {arm for arm, rows in runs.groupby("arm_id", sort=False) if key in tuned_keys(rows)}
    kept = runs[runs["arm_id"].isin(arms)]
    return kept.assign(**{key: kept[key].infer_objects()})


def join_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return tables of tuning runs as one; what an arm does not have is NaN, and whole numbers stay whole."""
    keys = [key for table in tables for key in table.columns if key not in HEAD]
    some = {key for key in keys if keys.count(key) < len(tables)}
    typed = [table.astype({key: object for key in some if key in table}) for table in tables]
    return pd.concat(typed, ignore_index=True)


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
        rate = float(facts.get("majority_rate", math.nan)) * metric.whole
        fills = {
            "chance": rate,
            "one_minus_chance": metric.whole - rate,
            "budget": float(facts.get(metric.budget) or math.nan),
        }
        value = fills.get(kind, math.nan) if isinstance(kind, str) else kind
    return WORST if math.isnan(value) else sign * value


def largest_budget(facts: Sequence[Mapping[str, Any]], name: str) -> dict[str, float]:
    """Return the largest of the budgets that trials had, under its name; empty where one is not known.

    >>> largest_budget([{"steps": 20}, {"steps": 100}], "steps")
    {'steps': 100}
    """
    budgets = [trial.get(name) for trial in facts]
    return {name: max(steps for steps in budgets if steps)} if budgets and all(budgets) else {}


def worst_for_failures(scores: Sequence[float], outcomes: Sequence[str]) -> list[float]:
    """Return the scores of a cell's runs in which one that failed is not better than any that did not.

    A run that never learned can score below the majority rate, by which a failed one is filled.

    >>> worst_for_failures([0.9, 0.08, 0.1], ["reached", "stalled", "diverged"])
    [0.9, 0.08, 0.08]
    """
    succeeded = [score for score, outcome in zip(scores, outcomes, strict=True) if outcome not in FAILED]
    floor = min(succeeded, default=math.inf)
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


def edge_of(chosen: Any, tried: Sequence[Any]) -> int:
    """Return on which edge of those tried a value lies, so that a better one may lie beyond: -1, 1, or 0 for none.

    Words and switches have no edge. Nor is 0 one where nothing less was tried: it means "without it" (no decay, no
    dropout, no momentum), and nothing lies beyond.

    >>> edge_of(0.1, [0.01, 0.1]), edge_of(0.1, [0.01, 0.1, 1.0]), edge_of(0.0, [0.0, 1e-4, 1e-2]), edge_of("a", ["a"])
    (1, 0, 0, 0)
    """
    if not all(_is_number(value) for value in [chosen, *tried]):
        return 0
    return 1 if chosen == max(tried) else -1 if chosen == min(tried) and chosen != 0 else 0


def ordered(tried: Sequence[Any]) -> list[Any]:
    """Return the different values tried, ascending where they are numbers."""
    values = list({repr(value): value for value in tried}.values())
    return sorted(values) if all(_is_number(value) for value in values) else values


def fill_failures(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a table of tuning runs in which runs without a value have the worst value any run has; NaN if none has."""
    finite = runs["score"][np.isfinite(runs["score"])]
    return runs.assign(score=runs["score"].where(np.isfinite(runs["score"]), finite.min() if len(finite) else np.nan))


def tuned_facts(rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return ``{key: {chosen, grid, edge}}`` from the tuning runs of one cell: what a `tuning_edge` gate looks at.

    Where seeds chose for themselves and not the same, `chosen` is the value that most did (the smaller of two), and
    `counts` has every value with the number of seeds that chose it, and `sides` the edges (see `edge_sides`).
    """
    by_key = {}
    won = rows[rows["chosen"].astype(bool)].drop_duplicates("seed")
    for key in tuned_keys(rows):
        tried = ordered([plain_value(value) for value in rows[key]])
        chosen = [plain_value(value) for value in won[key]]
        counts = [[value, sum(repr(one) == repr(value) for one in chosen)] for value in tried]
        counts = [[value, count] for value, count in counts if count]
        most = max((count for _, count in counts), default=0)
        first = next((value for value, count in counts if count == most), None)
        sides = edge_sides(rows, key)
        by_key[key] = {"chosen": first, "grid": tried, "edge": bool(sides)}
        if len(counts) > 1:
            by_key[key] |= {"counts": counts, **({"sides": sides} if sides else {})}
    return by_key


def edge_sides(rows: pd.DataFrame, key: str) -> list[int]:
    """Return the edges (-1, 1) of a key's values that the choices of one cell lie on, from its tuning runs.

    One choice for all: the edge it lies on. Where every seed chose for itself, choices scatter, the wider the less the
    value matters; one then lies on an edge that more than `EDGE_SHARE` of the seeds chose *and* that is the best value
    over the seeds: no value inside has as good a mean rank among the scores of a seed (of the trials with one value,
    the best counts).
    """
    tried = [plain_value(value) for value in rows[key]]
    won = rows[rows["chosen"].astype(bool)].drop_duplicates("seed")
    places = [edge_of(plain_value(value), tried) for value in won[key]]
    sides = [side for side in (-1, 1) if places.count(side) > EDGE_SHARE * len(places)]
    if not sides or len(set(map(repr, won[key]))) < 2:
        return sides
    ranks = _mean_ranks(rows, key)
    ends = {1: max(ranks), -1: min(ranks)}
    return [side for side in sides if all(ranks[ends[side]] > rank for at, rank in ranks.items() if at != ends[side])]


def _mean_ranks(rows: pd.DataFrame, key: str) -> dict[Any, float]:
    """Return value -> mean over seeds of the rank of its best trial among the values, the greater the better."""
    best = rows.pivot_table(index="seed", columns=key, values="score", aggfunc="max")
    ranks = best.replace(-math.inf, -np.finfo(np.float64).max).rank(axis=1).mean()
    return {plain_value(value): float(rank) for value, rank in ranks.items()}


def edge_values(choice: Mapping[str, Any]) -> list[Any]:
    """Return the chosen values that put a key on an edge, from what `tuned_facts` says of it.

    >>> edge_values({"chosen": 1, "grid": [1, 2, 3], "edge": True, "counts": [[1, 3], [2, 2], [3, 1]], "sides": [1]})
    [3]
    >>> edge_values({"chosen": 1.0, "grid": [0.1, 1.0], "edge": True})
    [1.0]
    """
    counts, tried = choice.get("counts"), choice.get("grid", ())
    if not counts:
        return [choice["chosen"]]
    return [value for value, _ in counts if edge_of(value, tried) in choice.get("sides", (-1, 1))]


def edges_of(runs: pd.DataFrame) -> dict[str, dict[str, list[int]]]:
    """Return id of an arm -> key -> the edges its choices lie on (see `edge_sides`), from a table of tuning runs."""
    by_arm: dict[str, dict[str, list[int]]] = {}
    for arm, rows in runs.groupby("arm_id", sort=False):
        for key in tuned_keys(rows):
            sides = edge_sides(rows, key)
            if sides:
                by_arm.setdefault(str(arm), {})[key] = sides
    return by_arm


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def absent(value: Any) -> bool:
    """Whether a cell says that the arm does not have the key."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def plain_value(value: Any) -> Any:
    """Return a value of a table as Python has it."""
    return value.item() if hasattr(value, "item") else value
