"""What a kind of claim keeps to: a region, sides that can be told apart, seeds that rise with the level, words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

import numpy as np

from ablate.claims.contract import ClaimKind, Factors
from ablate.sweep.metrics import Metrics
from ablate.sweep.sentence_rules import VerdictLabel
from ablate.testing.base import Check, require, suite
from ablate.words.kinds import CLAUSES
from ablate.words.rulings import INSTEAD, LABELS

_LEVELS = (0.05, 0.01, 0.001)


@dataclass(frozen=True)
class _Tried:
    claim: ClaimKind
    factors: Factors


def claim_checks(claim: ClaimKind, factors: Factors) -> list[Check]:
    """Return the checks for a kind of claim, by an example of it in a study with `factors`."""
    at_any_time = [("a stricter level needs no fewer seeds at any time", _any_time)] if claim.anytime else []
    return suite(
        ("has a clause of its own", _clause),
        ("every label of a refutation has words", _labels),
        ("its region is an interval that leaves something to refute", _region),
        ("a stricter level needs no fewer seeds", _seeds),
        ("every side has a weight and belongs to an arm", _sides),
        ("it contradicts itself, turned round or not, with a plain yes or no", _contradicts),
        *at_any_time,
        of=_Tried(claim, factors),
    )


def _clause(tried: _Tried) -> None:
    require(tried.claim.kind in CLAUSES, f"no @clause({tried.claim.kind!r}) says what it states")


def _labels(tried: _Tried) -> None:
    low, high = tried.claim.region
    ends = [end for end in (low, high) if math.isfinite(end)]
    near = sorted({0.0, *ends, *(-end for end in ends)})
    steps = [near[0] - 1.0, *((a + b) / 2 for a, b in pairwise(near)), near[-1] + 1.0]
    outside = [(a, b) for a in steps for b in steps if a <= b and (a > high or b < low)]
    labels = {tried.claim.label(a, b) for a, b in outside} - {""}
    for where, words in (("LABELS", LABELS), ("INSTEAD", INSTEAD)):
        missing = ", ".join(sorted(labels - words.keys()))
        require(not missing, f"{where} of ablate/words/rulings.py has no words for {missing}")
    missing = ", ".join(sorted(labels - set(get_args(VerdictLabel))))
    require(not missing, f"VerdictLabel of ablate/sweep/sentence_rules.py has no {missing}")


def _region(tried: _Tried) -> None:
    low, high = tried.claim.region
    require(low < high, f"got ({low}, {high})")
    require(math.isfinite(low) or math.isfinite(high), "every effect lies in it")


def _seeds(tried: _Tried) -> None:
    seeds = [tried.claim.least_seeds(alpha, 2) for alpha in _LEVELS]
    require(seeds == sorted(seeds) and seeds[0] >= 1, f"at α = 0.05, 0.01 and 0.001: {seeds}")


def _any_time(tried: _Tried) -> None:
    seeds = [tried.claim.least_at_any_time(alpha, 2) for alpha in _LEVELS]
    require(seeds == sorted(seeds) and seeds[0] >= 1, f"at α = 0.05, 0.01 and 0.001: {seeds}")


def _sides(tried: _Tried) -> None:
    claim = tried.claim
    over = claim.over_levels(tried.factors)
    arms = claim.arms_in({}, over)
    numbers = np.array([float(level) for level in over if isinstance(level, int | float)])
    sides = claim.sides_of(np.arange(len(arms))[None, :], "higher", numbers)
    told = f"{len(arms)} arms, {len(claim.is_arm(len(arms)))} in `is_arm`, {len(sides.weights)} weights"
    require(len(claim.is_arm(len(arms))) == len(arms) == len(sides.weights), told)
    for group in claim.pairs(len(arms), len(over)):
        require(all({i, j} <= set(range(len(arms))) for i, j in group), f"an arm that is not there: {group}")


def _contradicts(tried: _Tried) -> None:
    meanings = Metrics({})
    for swapped in (False, True):
        said = tried.claim.contradicts(tried.claim, swapped=swapped, meanings=meanings)
        require(isinstance(said, bool), f"got {said!r}")
