"""Every kind of claim keeps its contract: one file, words, ends that can be told apart, sides it can tell."""

import ast
import itertools
import math
from pathlib import Path

import numpy as np
import pytest

import ablate
from ablate.claims.kinds import KINDS
from ablate.sweep.study import Study
from ablate.words.kinds import CLAUSES

PACKAGE = Path(ablate.__file__).parent
ARMS = {"arm": {"norm": "batch"}, "against": {"norm": "none"}}
LEAST = {  # what a kind needs beside its name
    "effect": ARMS,
    "equivalence": ARMS | {"within": 0.01},
    "interaction": ARMS | {"at": {"std": 0.1}, "than_at": {"std": 1.0}},
    "trend": {"arm": {"norm": "batch"}, "over": "std", "slope": [0.0, None]},
    "time_to_target": ARMS,
    "win_probability": ARMS,
    "proportion": ARMS | {"of": "cells", "at_least": 2},
    "exact": {"arm": {"norm": "batch"}, "at_least": 0.0},
    "exchange_rate": ARMS | {"over": "std"},
    "variance_ratio": ARMS,
    "over_datasets": ARMS | {"over": "std", "about": "these"},
    "noninferiority": ARMS | {"margin": 0.01},
    "basin_width": ARMS | {"over": "std", "by_at_least": 0.5},
}


def example(kind):
    claim = {"id": "c", "says": "s", "metric": "final/test_accuracy", "kind": kind, **LEAST[kind]}
    study = Study.model_validate(
        {"title": "t", "factors": {"norm": ["none", "batch"], "std": [0.1, 1.0]}, "claims": [claim]}
    )
    return study.claims[0]


def test_there_is_an_example_of_every_kind():
    assert set(LEAST) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_file_and_words_of_its_own(kind):
    assert type(example(kind)).__module__ == f"ablate.claims.kinds.{kind}"
    assert kind in CLAUSES


@pytest.mark.parametrize("kind", KINDS)
def test_a_region_is_an_interval_that_leaves_something_to_refute(kind):
    low, high = example(kind).region
    assert low < high
    assert math.isfinite(low) or math.isfinite(high)


@pytest.mark.parametrize("kind", KINDS)
def test_stricter_levels_need_no_fewer_seeds(kind):
    seeds = [example(kind).least_seeds(alpha, 2) for alpha in (0.05, 0.01, 0.001)]
    assert seeds == sorted(seeds)
    assert seeds[0] >= 1


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.anytime])
def test_stricter_levels_need_no_fewer_seeds_at_any_time(kind):
    seeds = [example(kind).least_at_any_time(alpha, 2) for alpha in (0.05, 0.01, 0.001)]
    assert seeds == sorted(seeds)
    assert seeds[0] >= 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_side_has_a_weight_and_belongs_to_an_arm(kind):
    claim = example(kind)
    over = claim.over_levels({"std": [0.1, 1.0]})
    arms = claim.arms_in({}, over)
    columns = np.arange(len(arms))[None, :]
    sides = claim.sides_of(columns, "higher", np.array([float(level) for level in over]))
    assert len(claim.is_arm(len(arms))) == len(arms) == len(sides.weights)
    held = [{i, j} for group in claim.pairs(len(arms), len(over)) for i, j in group]
    assert all(pair < set(range(len(arms))) or pair == set(range(len(arms))) for pair in held)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(KINDS, 2)))
def test_contradictions_are_seen_from_either_claim_without_error(one, other):
    from ablate.sweep.metrics import Metrics

    a, b = example(one), example(other)
    meanings = Metrics({})
    for swapped in (False, True):
        assert {x.contradicts(y, swapped=swapped, meanings=meanings) for x, y in ((a, b), (b, a))} <= {True, False}


def test_nothing_outside_asks_which_kind_a_claim_is_of():
    """A figure of one kind may look for its own; nobody else, and nobody for several."""
    names = {kind.__name__ for kind in KINDS.values()}
    asked = {}
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name == "kinds" and path.parent.parent.name == "claims":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
                found = {one.id for one in ast.walk(node.args[1]) if isinstance(one, ast.Name)} & names
                if found:
                    asked.setdefault(path.relative_to(PACKAGE).as_posix(), set()).update(found)
    assert all(path.startswith("report/figures/") and len(found) == 1 for path, found in asked.items()), asked
