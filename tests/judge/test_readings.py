"""A label depends on the verdicts that a rule names, and on no other."""

import dataclasses
import itertools
import random

import pytest

from ablate.errors import UserError
from ablate.judge.readings import check_rules, decide_reading, decide_rule, sentence_label
from ablate.judge.rule import judge
from ablate.sweep.sentence_rules import read_rule
from ablate.sweep.sentences import Sentence

from .conftest import make_study, make_tables

OUTCOMES = ("supported", "refuted", "inconclusive", "not_tested")


FACTORS = {"norm": ["none", "batch"], "std": [0.01, 0.1]}
SIDES = {"arm": {"norm": "batch"}, "against": {"norm": "none"}, "by_at_least": 0.005}
STUDY = make_study(FACTORS, {**SIDES, "id": "faster", "each": "std"}, {**SIDES, "id": "better"})


@pytest.fixture(scope="module")
def verdict():
    tables = make_tables(FACTORS, lambda levels, seed: 0.8 + 0.1 * (levels["norm"] == "batch") + 0.001 * seed)
    return dataclasses.replace(judge(STUDY, tables)[0], claim_id="c", gates=())


@pytest.fixture(scope="module")
def fallen(verdict):
    """Verdicts ``name=outcome`` of the study `s`; a name with brackets is a cell."""

    def of(label="", **outcomes):
        ids = {name: name.replace("__", "[x=") + ("]" if "__" in name else "") for name in outcomes}
        one = dataclasses.replace(verdict, label=label)
        return {"s": [dataclasses.replace(one, claim_id=ids[n], outcome=outcome) for n, outcome in outcomes.items()]}

    return of


def leaf(claim, outcome="supported", **rest):
    return {"claim": f"s/{claim}", "outcome": outcome, **rest}


def sentence(strong, weak, gates=()):
    reading = {"says": "x", "says_zh": "x"}
    return Sentence.model_validate({
        "id": "1", "zh": "x", "en": "x", "who": "book", "kind": "empirical",
        "strong": {**reading, "rule": strong, "gates": list(gates)}, "weak": {**reading, "rule": weak},
        "headlines": [{"label": "right", "en": "x", "zh": "x"}],
    })  # fmt: skip


@pytest.mark.parametrize(("must", "outcome", "fell"), [
    ("supported", "supported", "right"), ("supported", "refuted", "wrong"), ("supported", "inconclusive", "open"),
    ("refuted", "refuted", "right"), ("refuted", "supported", "wrong"), ("refuted", "not_tested", "open"),
])  # fmt: skip
def test_one_claim_decides_by_its_outcome(fallen, must, outcome, fell):
    assert decide_rule(read_rule(leaf("a", must)), fallen(a=outcome)).fell == fell


def test_a_refutation_of_another_kind_leaves_the_rule_open(fallen):
    rule = read_rule(leaf("a", "refuted", label="reversed"))
    assert decide_rule(rule, fallen("reversed", a="refuted")).fell == "right"
    assert decide_rule(rule, fallen("negligible", a="refuted")).fell == "open"
    assert decide_rule(rule, fallen(a="supported")).fell == "wrong"


def test_a_count_is_decided_exactly_when_the_open_parts_cannot_change_it(fallen):
    meaning = {"supported": True, "refuted": False}
    for outcomes in itertools.product(OUTCOMES, repeat=4):
        found = fallen(**{f"a__{i}": outcome for i, outcome in enumerate(outcomes)})
        for n in (1, 2, 3, 4):
            rule = read_rule(leaf("a", cells=f"{n} of 4"))
            filled = itertools.product(*[[meaning[o]] if o in meaning else [True, False] for o in outcomes])
            possible = {sum(one) >= n for one in filled}
            expected = "open" if len(possible) == 2 else "right" if possible == {True} else "wrong"
            assert decide_rule(rule, found).fell == expected
        assert decide_rule(read_rule(leaf("a", cells="all")), found) == decide_rule(
            read_rule(leaf("a", cells="4 of 4")), found
        )
        assert decide_rule(read_rule(leaf("a", cells="any")), found).fell == decide_rule(
            read_rule({"any": [leaf(f"a[x={i}]") for i in range(4)]}), found
        ).fell  # fmt: skip


def test_what_was_not_run_or_has_another_number_of_cells_leaves_a_rule_open(fallen):
    assert decide_rule(read_rule(leaf("a")), {}).open == ("s/a",)
    assert decide_rule(read_rule(leaf("a", cells="2 of 3")), fallen(a__1="supported", a__2="supported")).fell == "open"
    assert decide_rule(read_rule(leaf("a")), fallen(a__1="supported", a__2="supported")).fell == "open"


def test_a_sign_is_that_of_every_seed(verdict):
    rule = read_rule({"claim": "s/c", "sign": "negative"})

    def fell(values, **rest):
        one = dataclasses.replace(verdict, differences=dict(enumerate(values)), outcome="refuted", **rest)
        return decide_rule(rule, {"s": [one]}).fell

    assert fell([-0.1] * 8) == "right"
    assert fell([-0.1] * 7 + [0.1]) == "wrong"
    assert fell([-0.1] * 7 + [0.0]) == "wrong"
    assert fell([-0.1] * 5) == "open"  # all on one side by chance in 1 of 16


READINGS = {"right": "supported", "wrong": "refuted", "open": "inconclusive"}
TABLE = {
    ("right", "right"): "right", ("right", "open"): "right", ("right", "wrong"): "open",
    ("open", "right"): "open", ("open", "open"): "open", ("open", "wrong"): "wrong",
    ("wrong", "right"): "weak", ("wrong", "open"): "wrong", ("wrong", "wrong"): "wrong",
}  # fmt: skip


@pytest.mark.parametrize(("strong", "weak"), list(TABLE))
def test_the_label_is_the_outcome_of_both_readings(fallen, strong, weak):
    found = fallen(a=READINGS[strong], b=READINGS[weak])
    label, settled = sentence_label(sentence(leaf("a"), leaf("b")), found)
    assert label == TABLE[strong, weak]
    assert tuple(one.fell for one in settled) == (strong, weak)


def test_a_gate_that_does_not_hold_leaves_its_reading_open_and_is_named(fallen):
    asked = sentence(leaf("a"), leaf("b"), gates=[leaf("g")])
    for gate, label in (("supported", "right"), ("refuted", "open"), ("inconclusive", "open")):
        found = fallen(a="supported", b="supported", g=gate)
        assert sentence_label(asked, found)[0] == label
    settled = decide_reading(asked.strong, fallen(a="supported", g="refuted"))
    assert (settled.fell, settled.gate, settled.open) == ("open", True, ("s/g",))


def test_swapping_the_context_changes_nothing_and_swapping_what_decides_does(fallen):
    """Property over random rules: a label is a function of the verdicts that the rules and gates name."""
    draw = random.Random(3)
    changes = 0
    for _ in range(300):
        named = [f"c{i}" for i in range(5)]
        rules = [{draw.choice(("all", "any")): [leaf(name, draw.choice(("supported", "refuted"))) for name in part]}
                 for part in (named[:2], named[2:4])]  # fmt: skip
        asked = sentence(*rules, gates=[leaf("c4")] if draw.random() < 0.5 else [])
        decisive = {claim.claim for claim in asked.decisive()}
        names = [*named, *(f"x{i}" for i in range(6))]
        before = {name: draw.choice(OUTCOMES) for name in names}
        label = sentence_label(asked, fallen(**before))
        for _ in range(4):
            other = {name: outcome if name in decisive else draw.choice(OUTCOMES) for name, outcome in before.items()}
            mixed = list(other.items())
            draw.shuffle(mixed)
            assert sentence_label(asked, fallen(**dict(mixed))) == label
            assert sentence_label(asked, fallen(**{n: o for n, o in mixed if n in decisive})) == label
        swapped = before | {name: draw.choice(OUTCOMES) for name in decisive}
        changes += sentence_label(asked, fallen(**swapped))[0] != label[0]
    assert changes > 50


def test_a_rule_that_its_study_can_never_decide_is_refused_with_the_nearest_name():
    studies = {"quick": STUDY}

    def refused(rule, said):
        with pytest.raises(UserError, match=said) as error:
            check_rules([sentence(rule, {"claim": "quick/better", "outcome": "supported"})], studies, where="f.yaml")
        assert "f.yaml: sentence 1: " in str(error.value)

    one = {"claim": "quick/faster[std=0.1]", "outcome": "supported"}
    check_rules(
        [sentence(one, {"claim": "quick/faster", "outcome": "supported", "cells": "2 of 2"})], studies, where="f"
    )
    refused({"claim": "quik/faster", "outcome": "supported"}, "unknown study 'quik': .*nearest match: quick")
    refused({"claim": "quick/fastr", "outcome": "supported"}, "unknown claim 'fastr': .*nearest match: faster")
    refused({"claim": "quick/faster[std=0.2]", "outcome": "supported"}, "unknown cell .*nearest match: faster")
    refused({"claim": "quick/faster", "outcome": "supported"}, "it has 2 verdicts; say `cells: all`, any or n of 2")
    refused({"claim": "quick/faster", "outcome": "supported", "cells": "2 of 3"}, "a count of its 2 verdicts")
    refused(
        {"claim": "quick/better", "outcome": "supported", "cells": "all"}, "`cells` counts verdicts, and this is one"
    )
