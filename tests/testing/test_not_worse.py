"""Assertions on a project's own metrics, and the gate for many edits in a row."""

import json
import unittest

import numpy as np
import pandas as pd
import pytest

from ablate.errors import UserError
from ablate.stats.spending import next_level, share
from ablate.testing import Gate, assert_not_worse

BASE = np.random.default_rng(0).normal(0.9, 0.01, 12)
NEAR = BASE + 0.001 * np.random.default_rng(1).normal(size=12)
NOISY = BASE + 0.03 * np.random.default_rng(2).normal(size=12)


def check(new, base=BASE, **asked):
    return assert_not_worse(new, base, **{"by_more_than": 0.005, "metric": "accuracy", **asked})


@pytest.mark.parametrize("kind", [list, np.asarray, lambda v: dict(enumerate(v)),
                                  lambda v: pd.DataFrame({"seed": range(len(v)), "accuracy": v})])  # fmt: skip
def test_what_is_not_worse_passes_and_what_is_fails_with_the_verdict(kind):
    assert check(kind(NEAR), kind(BASE)).judgement.verdicts[0].pairs == 12
    with pytest.raises(AssertionError, match=r"^Refuted \(worse by more than the margin\): .* on accuracy"):
        check(kind(BASE - 0.02), kind(BASE))


def test_of_a_loss_more_is_worse():
    with pytest.raises(AssertionError):
        check(BASE + 0.02, metric="loss")
    check(BASE - 0.02, metric="loss")
    check(BASE - 0.02, metric="score", better="lower")


def test_what_is_not_decided_fails_and_says_how_many_more_seeds_would_decide():
    with pytest.raises(AssertionError, match=r"About \d+ more pairs"):
        check(NOISY)
    with pytest.raises(AssertionError, match=r"3 pairs have been run; .* About \d+ more pairs"):
        check(NEAR[:3], BASE[:3])
    with pytest.raises(unittest.SkipTest, match="Inconclusive"):
        check(NOISY, inconclusive="skip")
    assert check(NOISY, inconclusive="pass").judgement.verdicts[0].outcome == "inconclusive"
    with pytest.raises(AssertionError):
        check(BASE - 0.02, inconclusive="pass")


def test_seeds_are_paired_by_name_and_runs_that_share_none_by_their_means():
    turned = dict(reversed(list(enumerate(NEAR))))
    assert check(turned, dict(enumerate(BASE))).judgement.verdicts[0].pairs == 12
    apart = check(NEAR, BASE[:9], pair=None, by_more_than=0.02)
    assert apart.judgement.verdicts[0].details["unpaired"] == {"arm": 12, "against": 9}


@pytest.mark.parametrize(
    ("new", "asked", "message"),
    [
        (NEAR[:5], {}, "a number per seed in the same order, got 5 and 12"),
        (NEAR, {"metric": "score"}, "which way is better is not known of score"),
        (NEAR, {"inconclusive": "ignore"}, "unknown inconclusive 'ignore'"),
        (dict(enumerate(NEAR)), {}, "both mappings of seeds, or both sequences"),
        (pd.DataFrame({"seed": [0], "accuracy": [1.0]}), {}, "both tables, or both numbers"),
        ([*NEAR[:11], float("nan")], {}, "`new` has no number for 11"),
        ([], {}, "must hold a number per run"),
    ],
)
def test_bad_input_is_one_line(new, asked, message):
    with pytest.raises(UserError, match=message):
        check(new, **asked)


def test_levels_sum_to_alpha_and_a_kept_edit_hands_its_level_on():
    assert sum(share(k) for k in range(1, 100_000)) < 1.0
    assert sum(share(k, tests=20) for k in range(1, 50)) == pytest.approx(1.0)
    levels = [next_level([False] * k) for k in range(200)]
    assert levels == sorted(levels, reverse=True)
    assert next_level([True, True], tests=10) == pytest.approx(0.015)
    assert next_level([True, False], tests=10) == pytest.approx(0.005)
    assert next_level([False] * 10, tests=10) == 0.0


def test_a_gate_counts_edits_and_keeps_what_is_better_at_the_level_of_its_own(tmp_path):
    gate = Gate(tmp_path / "edits.json", edits=20)
    assert gate.ledger.pairs == 10
    slight = BASE + 0.002 + 0.0035 * np.random.default_rng(5).normal(size=12)
    edit = gate.keep(slight, BASE, metric="accuracy", name="slight")
    assert (edit.number, edit.level, bool(edit)) == (1, pytest.approx(0.05 / 20), False)
    assert gate.keep(slight, BASE, metric="accuracy") == edit  # the same runs are the same edit
    better = gate.keep(NEAR + 0.01, BASE, metric="accuracy")
    assert (better.kept, better.number) == (True, 2)
    assert gate.ledger.level == pytest.approx(2 * 0.05 / 20)
    assert [one["kept"] for one in json.loads((tmp_path / "edits.json").read_text())["tried"]] == [False, True]
    other = gate.keep(NEAR + 0.01, BASE, metric="accuracy", better="lower")
    assert (other.kept, other.number) == (False, 3)  # the other direction is another question
    with pytest.raises(UserError, match="was begun with edits 20, got 30"):
        Gate(tmp_path / "edits.json", edits=30).keep(NOISY, BASE, metric="accuracy")


def test_a_ledger_that_is_used_up_or_is_none_is_refused(tmp_path):
    gate = Gate(tmp_path / "edits.json", edits=1)
    gate.keep(NOISY, BASE, metric="accuracy")
    with pytest.raises(UserError, match="the ledger was begun for 1 edit, and none is left: begin another"):
        gate.keep(NEAR, BASE, metric="accuracy")
    (tmp_path / "edits.json").write_text("{}")
    with pytest.raises(UserError, match="is not a ledger of edits"):
        gate.keep(NEAR, BASE, metric="accuracy")


def test_series_whose_labels_stand_in_another_order_are_not_paired_by_place():
    base = pd.Series(BASE)
    with pytest.raises(UserError, match=r"give `base` as `base.loc\[new.index\]`"):
        check(pd.Series(NEAR).iloc[::-1], base)
    assert check(pd.Series(NEAR), base).judgement.verdicts[0].outcome == "supported"
