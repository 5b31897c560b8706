"""Every kind of claim keeps its contract: one file, words, ends that can be told apart, sides it can tell."""

import ast
import itertools
from pathlib import Path

import pytest

import ablate
from ablate.claims.contract import ClaimKind
from ablate.claims.kinds import KINDS
from ablate.sweep.study import Study
from ablate.testing import claim_checks
from ablate.testing.base import failures
from ablate.words import rulings

PACKAGE = Path(ablate.__file__).parent
FACTORS = {"norm": ["none", "batch"], "std": [0.1, 1.0]}
ARMS = {"arm": {"norm": "batch"}, "against": {"norm": "none"}}
LEAST = {  # what a kind needs beside its name
    "effect": ARMS,
    "difference": ARMS,
    "difference_unpaired": ARMS,
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
    "noninferiority_unpaired": ARMS | {"margin": 0.01},
    "basin_width": ARMS | {"over": "std", "by_at_least": 0.5},
}


def example(kind):
    claim = {"id": "c", "says": "s", "metric": "final/test_accuracy", "kind": kind, **LEAST[kind]}
    study = Study.model_validate({"title": "t", "factors": FACTORS, "claims": [claim]})
    return study.claims[0]


def test_there_is_an_example_of_every_kind():
    assert set(LEAST) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_file_of_its_own(kind):
    assert type(example(kind)).__module__ == f"ablate.claims.kinds.{kind}"


EVERY = [pytest.param(check, id=f"{kind}: {check}") for kind in KINDS for check in claim_checks(example(kind), FACTORS)]


@pytest.mark.parametrize("check", EVERY)
def test_a_kind_keeps_to_its_contract(check):
    check()


def test_a_kind_that_does_not_is_told_in_one_line(monkeypatch):
    claim = example("effect")
    monkeypatch.setattr(type(claim), "region", property(lambda self: (1.0, -1.0)))
    monkeypatch.setattr(type(claim), "least_seeds", lambda self, alpha, cells: round(100 * alpha))
    told = {str(check): why for check, why in failures(claim_checks(claim, FACTORS)) if why}
    assert told["its region is an interval that leaves something to refute"] == "got (1.0, -1.0)"
    assert told["a stricter level needs no fewer seeds"] == "at α = 0.05, 0.01 and 0.001: [5, 1, 0]"


def test_a_label_of_a_refutation_without_words_is_told(monkeypatch):
    """It would stand in English on a page in Chinese, and no sentence of a note could be about it."""
    claim = example("effect")
    monkeypatch.setattr(type(claim), "label", lambda self, low, high: "greater" if low > 0 else "negligible")
    told = {str(check): why for check, why in failures(claim_checks(claim, FACTORS)) if why}
    assert told == {}, "an effect that is greater than claimed is no refutation"
    monkeypatch.setattr(type(claim), "label", lambda self, low, high: "smaller" if high < 0 else "negligible")
    (why,) = [why for _, why in failures(claim_checks(claim, FACTORS)) if why]
    assert why == "LABELS of ablate/words/rulings.py has no words for smaller"
    monkeypatch.setitem(rulings.LABELS, "smaller", "smaller")
    monkeypatch.setitem(rulings.INSTEAD, "smaller", "It is smaller.")
    (why,) = [why for _, why in failures(claim_checks(claim, FACTORS)) if why]
    assert why == "VerdictLabel of ablate/sweep/sentence_rules.py has no smaller"


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(KINDS, 2)))
def test_contradictions_are_seen_from_either_claim_without_error(one, other):
    from ablate.sweep.metrics import Metrics

    a, b = example(one), example(other)
    meanings = Metrics({})
    for swapped in (False, True):
        assert {x.contradicts(y, swapped=swapped, meanings=meanings) for x, y in ((a, b), (b, a))} <= {True, False}


def test_nothing_outside_asks_which_kind_a_claim_is_of():
    """A figure of one kind may look for its own; nobody else, and nobody for several."""
    names = {one.__name__ for kind in KINDS.values() for one in kind.__mro__ if issubclass(one, ClaimKind)} - {
        "ClaimKind"
    }
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
