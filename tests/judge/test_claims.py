from __future__ import annotations

import math

import pytest

from ablate.claims.comparison import arm_key, arm_text, where_text
from ablate.errors import UserError
from ablate.judge.expand import check_claims, expand

from .conftest import BN, make_study

FACTORS = {"norm": ["none", "batch"], "init.std": [0.01, 0.1, 1.0], "dropout": [None, 0.5]}


def test_every_other_factor_is_matched():
    (comparison,) = expand(make_study(FACTORS, {**BN, "where": {"init.std": [0.01, 1.0]}}))
    assert comparison.cells == tuple({"init.std": s, "dropout": d} for s in (0.01, 1.0) for d in (None, 0.5))
    assert comparison.arms(comparison.cells[0]) == (
        {"init.std": 0.01, "dropout": None, "norm": "batch"},
        {"init.std": 0.01, "dropout": None, "norm": "none"},
    )


def test_each_makes_a_claim_of_every_level_within_where():
    study = make_study(FACTORS, {**BN, "each": ["init.std", "dropout"], "where": {"init.std": [0.1, 1]}})
    assert [c.id for c in expand(study)] == [
        "c0[init.std=0.1,dropout=null]",
        "c0[init.std=0.1,dropout=0.5]",
        "c0[init.std=1,dropout=null]",
        "c0[init.std=1,dropout=0.5]",
    ]
    assert all(len(c.cells) == 1 for c in expand(study))


def test_without_other_factors_there_is_one_cell():
    (comparison,) = expand(make_study({"norm": ["none", "batch"]}, BN))
    assert comparison.cells == ({},)


def test_levels_read_back_from_a_table_are_the_same_levels():
    assert arm_key({"a": 1}, ["a"]) == arm_key({"a": 1.0}, ["a"])
    assert arm_key({"a": None}, ["a"]) == arm_key({"a": math.nan}, ["a"])
    assert arm_key({"a": True}, ["a"]) != arm_key({"a": 1}, ["a"])
    assert arm_key({"a": "1"}, ["a"]) != arm_key({"a": 1}, ["a"])


def test_levels_are_written_as_on_the_command_line():
    assert arm_text({"norm": None, "bias": True, "init.std": 0.1}) == "norm=null, bias=true, init.std=0.1"
    assert where_text({"init.std": (0.1, 1.0)}) == "init.std=0.1|1.0"


def test_only_cells_that_run_both_sides_are_compared():
    study = make_study(FACTORS, BN)
    arms = [
        {"norm": "none", "init.std": 0.01, "dropout": None},
        {"norm": "batch", "init.std": 0.01, "dropout": None},
        {"norm": "batch", "init.std": 0.1, "dropout": None},
    ]
    (comparison,) = expand(study, arms=arms)
    assert comparison.cells == ({"init.std": 0.01, "dropout": None},)
    with pytest.raises(UserError) as error:
        check_claims(study, arms=arms[1:])
    assert str(error.value) == (
        "claim c0: the design runs norm=batch and norm=none together in no cell it ranges over."
    )


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"arm": {"nrom": "batch"}, "against": {"norm": "none"}},
            "claim c0, `arm`: unknown factor 'nrom': expected one of dropout, init.std, norm; nearest match: norm",
        ),
        (
            {"arm": {"norm": "bach"}, "against": {"norm": "none"}},
            "claim c0, `arm`: unknown level of norm 'bach': expected one of batch, none; nearest match: batch",
        ),
        (
            {"arm": {"init.std": 0.1}, "against": {"init.std": 0.2}},
            "claim c0, `against`: unknown level of init.std '0.2': expected one of 0.01, 0.1, 1.0; nearest match: 0.1",
        ),
        (
            {"arm": {"norm": "batch", "dropout": 0.5}, "against": {"norm": "none"}},
            "claim c0: `arm` and `against` must name the same factors, dropout is on one side only.",
        ),
        (
            {"arm": {"norm": "none"}, "against": {"norm": "none"}},
            "claim c0: `arm` and `against` are the same arm, norm=none.",
        ),
        (
            {**BN, "where": {"init.sdt": 0.1}},
            (
                "claim c0, `where`: unknown factor 'init.sdt': expected one of dropout, init.std, norm; "
                "nearest match: init.std"
            ),
        ),
        (
            {**BN, "where": {"dropout": 0.6}},
            "claim c0, `where`: unknown level of dropout '0.6': expected one of 0.5, null; nearest match: 0.5",
        ),
        ({**BN, "where": {"norm": "batch"}}, "claim c0, `where`: norm is fixed by `arm` and `against` already."),
        (
            {**BN, "where": {"dropout": []}},
            "claim c0, `where`: dropout has no levels, which leaves no cell to compare in.",
        ),
        (
            {**BN, "each": "dropout", "where": {"dropout": []}},
            "claim c0, `where`: dropout has no levels, which leaves no cell to compare in.",
        ),
        ({**BN, "each": "norm"}, "claim c0, `each`: norm is fixed by `arm` and `against` already."),
        (
            {**BN, "each": "std"},
            "claim c0, `each`: unknown factor 'std': expected one of dropout, init.std, norm; nearest match: init.std",
        ),
        ({**BN, "each": ["dropout", "dropout"]}, "claim c0, `each`: a factor is named twice: dropout, dropout."),
        (
            {**BN, "metric": "final/tset_accuracy"},
            (
                "claim c0: unknown metric 'final/tset_accuracy': expected one of aulc/train_accuracy, "
                "final/test_accuracy; nearest match: final/test_accuracy"
            ),
        ),
    ],
)
def test_a_claim_the_design_cannot_answer_is_refused_when_planning(claim, message):
    with pytest.raises(UserError) as error:
        check_claims(make_study(FACTORS, claim), metrics=["final/test_accuracy", "aulc/train_accuracy"])
    assert str(error.value) == message


def test_two_claims_with_one_id_are_refused():
    with pytest.raises(UserError) as error:
        check_claims(make_study(FACTORS, {**BN, "id": "same"}, {**BN, "id": "same"}))
    assert str(error.value) == "claim same: the id is used 2 times; give each claim its own."


def test_good_claims_pass():
    check_claims(make_study(FACTORS, BN, {**BN, "each": "init.std"}), metrics=["final/test_accuracy"])
