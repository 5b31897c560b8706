import pytest

from ablate.errors import UserError
from ablate.judge.expand import check_claims, expand
from ablate.judge.planning import check_seeds
from ablate.sweep.study_file import load_study, parse_study, quick_study, study_files
from ablate.train.config import seed_list

FULL = {
    "title": "t",
    "fixed": {"dataset": "digits", "epochs": 20},
    "factors": {"norm": ["none", "batch"], "init.std": [1.0, 0.1, 0.01]},
    "seeds": 20,
    "looks": [10, 20],
    "forecasts": {"book": {"a": 0.9}},
    "quotes": [{"zh": "甲", "en": "one", "claims": ["a", "b"]}],
    "claims": [
        {"id": "a", "says": "s", "metric": "m", "arm": {"norm": "batch"}, "against": {"norm": "none"},
         "where": {"init.std": [1.0, 0.1]}},
        {"id": "b", "says": "s", "metric": "m", "arm": {"norm": "batch"}, "against": {"norm": "none"},
         "each": "init.std"},
    ],
}  # fmt: skip


def quick(part, **changes):
    study = parse_study({**FULL, **changes, "quick": part}, where="studies/x.yaml")
    return quick_study(study, where="studies/x.yaml")


def test_it_is_the_study_with_what_quick_names_changed():
    made = quick({"seeds": 3, "fixed": {"epochs": 2}})
    assert made.seeds == 3
    assert made.fixed == {"dataset": "digits", "epochs": 2}
    assert made.budget == "quick"
    assert made.claims == parse_study(FULL, where="x").claims
    assert (made.looks, made.forecasts, made.quick) == ([], {}, None)


def test_levels_left_out_take_their_cells_along_and_nothing_else():
    made = quick({"factors": {"init.std": [0.01, 0.1]}})
    assert made.factors["init.std"] == [0.1, 0.01]  # in the study's order: the baseline stays the first level
    assert made.claims[0].where == {"init.std": [0.1]}
    assert [c.id for c in expand(made)] == ["a", "b[init.std=0.1]", "b[init.std=0.01]"]


def test_a_claim_can_be_left_out_or_changed_by_id():
    made = quick({"claims": {"a": None, "b": {"by_at_least": 0.5}}})
    assert [claim.id for claim in made.claims] == ["b"]
    assert made.claims[0].delta == 0.5
    assert made.quotes[0].claims == ["b"]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"seed": 3}, "unknown key 'seed'.*nearest match: seeds"),
        ({"title": "x"}, "unknown key 'title'"),
        ({"factors": {"nrom": ["none"]}}, "unknown factor 'nrom'.*nearest match: norm"),
        ({"factors": {"norm": ["none", "bacth"]}}, "unknown level of norm 'bacth'.*nearest match: batch"),
        ({"factors": {"init.std": []}}, "left without a level"),
        ({"claims": {"aa": None}}, "unknown claim 'aa'"),
        ({"claims": {"a": {"metrc": "x"}}}, "unknown key 'claims.0.metrc'.*nearest match: metric"),
        ({"factors": {"norm": ["none"]}}, "claim a compares norm=batch, which `factors` leaves out"),
        ({"factors": {"init.std": [0.01]}}, r"claim a is about init.std=1.0\|0.1, which `factors` leaves out"),
        ({"baseline": {"init.std": 5}}, "init.std has no level 5"),
        ({"seeds": "many"}, "`seeds"),
    ],
)  # fmt: skip
def test_a_mistake_in_quick_shows_before_it_is_asked_for(part, words):
    with pytest.raises(UserError, match=words):
        parse_study({**FULL, "quick": part}, where="studies/x.yaml")


def test_a_count_of_cells_must_be_said_again_where_cells_are_left_out():
    count = {"id": "most", "says": "s", "kind": "proportion", "of": "cells", "metric": "m", "at_least": 3,
             "arm": {"norm": "batch"}, "against": {"norm": "none"}}  # fmt: skip
    claims, fewer = [*FULL["claims"], count], {"init.std": [1.0, 0.1]}
    with pytest.raises(UserError, match="claim most counts cells"):
        quick({"factors": fewer}, claims=claims)
    made = quick({"factors": fewer, "claims": {"most": {"at_least": 2}}}, claims=claims)
    assert made.claims[-1].at_least == 2


def test_a_positive_control_cannot_be_left_out_alone():
    claims = [FULL["claims"][0], {**FULL["claims"][1], "gates": [{"kind": "positive_control", "claim": "a"}]}]
    with pytest.raises(UserError, match="a is the positive control of b"):
        quick({"claims": {"a": None}}, claims=claims, quotes=[])


def test_a_study_without_one_says_so():
    with pytest.raises(UserError, match="no `quick` budget"):
        quick_study(parse_study(FULL, where="x"), where="x")


@pytest.mark.parametrize("name", [name for name in study_files() if load_study(name).quick is not None])
def test_every_shipped_quick_budget_answers_its_claims(name):
    made = quick_study(load_study(name), where=name)
    assert made.claims
    check_claims(made)
    check_seeds(made, len(seed_list(made.seeds)))
