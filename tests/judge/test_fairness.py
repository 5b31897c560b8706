import numpy as np
import pandas as pd
import pytest

from ablate.judge.fairness import fixed_and_tuned
from ablate.sweep.study_file import parse_study
from ablate.track.record import StudyTables

CLAIM = {
    "id": "better", "says": "B is better", "metric": "final/test_accuracy", "arm": {"norm": "batch"},
    "against": {"norm": "none"}, "by_at_least": 0.01,
}  # fmt: skip


def study_of(*claims):
    tune = {"space": {"l2": [0.0, 0.1]}}
    data = {"title": "t", "fairness": "both", "tune": tune, "factors": {"norm": ["none", "batch"]}, "seeds": 8}
    return parse_study({**data, "claims": list(claims)}, where="x")


@pytest.fixture
def tables():
    """Batch beats none by 0.10 fixed and by 0.02 tuned, with the same noise of a seed in every arm."""
    means = {("none", "fixed"): 0.7, ("none", "tuned"): 0.8, ("batch", "fixed"): 0.8, ("batch", "tuned"): 0.82}
    noise = np.random.default_rng(0).normal(0, 0.05, 8)
    own = np.random.default_rng(1).normal(0, 0.001, (4, 8))
    planned, rows = [], []
    for i, ((norm, fairness), mean) in enumerate(means.items()):
        planned.append({"arm_id": f"a{i}", "arm": f"a{i}", "baseline": i == 0, "norm": norm, "fairness": fairness})
        rows += [
            {"arm_id": f"a{i}", "seed": seed, "outcome": "reached", "norm": norm, "fairness": fairness,
             "majority_rate": 0.1, "final/test_accuracy": mean + noise[seed] + own[i, seed]} for seed in range(8)
        ]  # fmt: skip
    return StudyTables({}, pd.DataFrame(planned), pd.DataFrame(rows), pd.DataFrame(), {})


def test_a_claim_is_estimated_both_ways_and_the_change_is_paired_by_seed(tables):
    (one,) = fixed_and_tuned(study_of(CLAIM), tables)
    assert one.fixed.effect == pytest.approx(0.10, abs=0.001)
    assert one.tuned.effect == pytest.approx(0.02, abs=0.001)
    assert one.change.effect == pytest.approx(one.tuned.effect - one.fixed.effect)
    assert one.change.low < -0.08 < one.change.high
    assert one.change.high - one.change.low < 0.01  # the noise of a seed falls out
    assert one.change.pairs == 8


def test_claims_that_say_the_same_in_other_words_are_shown_once(tables):
    fixed = {**CLAIM, "id": "fixed", "where": {"fairness": "fixed"}, "by_at_least": 0.02}
    tuned = {**CLAIM, "id": "tuned", "where": {"fairness": "tuned"}}
    each = {**CLAIM, "each": "fairness"}
    assert [one.id for one in fixed_and_tuned(study_of(each, fixed, tuned), tables)] == ["better"]


def test_a_claim_about_tuning_itself_has_no_two_ways(tables):
    claim = {**CLAIM, "arm": {"fairness": "tuned"}, "against": {"fairness": "fixed"}}
    assert fixed_and_tuned(study_of(claim), tables) == []


def test_a_study_that_is_run_one_way_has_nothing_to_compare(tables):
    study = parse_study({"title": "t", "factors": {"norm": ["none", "batch"]}, "claims": [CLAIM]}, where="x")
    assert fixed_and_tuned(study, tables) == []
