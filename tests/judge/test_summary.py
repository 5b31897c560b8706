from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from ablate.errors import Failure
from ablate.judge.summary import ENDS, ledger, summary
from ablate.stats.signflip import sign_flip_interval, sign_flip_p
from ablate.stats.student import t_interval
from ablate.words.reasons import said

from .conftest import CHANCE, NORM, make_tables

OUTCOMES = ["reached", "censored", "stalled", "diverged", "crashed", "missing"]
RARE = ["finished", "unknown"]


def test_the_ledger_sums_exactly():
    tables = make_tables(NORM, lambda levels, seed: OUTCOMES[seed % (6 if levels["norm"] == "batch" else 3)], seeds=8)
    table = ledger(tables)
    assert table.columns.tolist() == [
        "arm_id",
        "arm",
        "planned",
        *OUTCOMES[:3],
        "collapsed",
        *OUTCOMES[3:-1],
        *RARE,
        "missing",
    ]
    assert table.loc[0, OUTCOMES].tolist() == [3, 3, 2, 0, 0, 0]
    assert table.loc[1, OUTCOMES].tolist() == [2, 2, 1, 1, 1, 1]
    assert (table[list(ENDS)].sum(axis=1) == table["planned"]).all()


def test_an_outcome_nobody_knows_is_a_failure():
    tables = make_tables(NORM, lambda levels, seed: "exploded" if seed == 3 else 0.5)
    with pytest.raises(Failure, match=r"^the run ledger does not add up: unknown outcome exploded\.$"):
        ledger(tables)


def test_runs_of_an_unplanned_arm_are_a_failure():
    tables = make_tables(NORM, lambda levels, seed: 0.5)
    with pytest.raises(Failure, match=r"^the run ledger does not add up: runs of an arm that is not planned\.$"):
        ledger(dataclasses.replace(tables, planned=tables.planned.iloc[:1]))


def test_means_differences_and_p_values_are_those_of_the_arrays(rng):
    factors = {"norm": ["none", "batch", "layer"]}
    noise = {(n, s): float(rng.normal(i * 0.02, 0.01)) for i, n in enumerate(factors["norm"]) for s in range(9)}
    tables = make_tables(factors, lambda levels, seed: 0.8 + noise[levels["norm"], seed], seeds=9)
    table = summary(tables, "final/test_accuracy").set_index("arm")
    own = np.array([0.8 + noise["batch", s] for s in range(9)])
    d = own - [0.8 + noise["none", s] for s in range(9)]
    row = table.loc["norm=batch"]
    assert (row["mean"], row["low"], row["high"]) == pytest.approx((own.mean(), *t_interval(own)))
    assert row["difference"] == pytest.approx(d.mean())
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(sign_flip_interval(d, level=0.95))
    assert (row["p"], row["pairs"], row["n"], row["seconds"]) == (sign_flip_p(d), 9, 9, 1.5)
    tested = table.drop("baseline")
    assert tested["p_adjusted"].tolist() == pytest.approx(multipletests(tested["p"], method="holm")[1])
    assert math.isnan(table.loc["baseline", "p"])
    assert table.loc["baseline", "pairs"] == 0


def test_filled_and_missing_runs_are_counted_and_noted():
    def value(levels, seed):
        return 0.9 if levels["norm"] == "none" else "diverged" if seed < 3 else "missing" if seed == 3 else 0.9

    row = summary(make_tables(NORM, value), "final/test_accuracy").iloc[1]
    assert (row["n"], row["filled"], row["diverged"], row["missing"], row["planned"]) == (7, 3, 3, 1, 8)
    assert row["mean"] == pytest.approx((3 * CHANCE + 4 * 0.9) / 7)
    assert "; ".join(map(said, row["notes"])) == "3 of 7 count as the majority rate (10 %); 1 planned, not run"


def test_no_mean_of_survivors_is_shown():
    row = summary(
        make_tables(
            NORM, lambda v, s: "diverged" if v["norm"] == "batch" and s == 0 else 0.2, metric="final/train_loss"
        ),
        "final/train_loss",
    ).iloc[1]
    assert math.isnan(row["mean"])
    assert math.isnan(row["difference"])
    assert "; ".join(map(said, row["notes"])) == "1 ended without a value: no mean of the survivors is shown"


def test_an_arm_that_always_diverges_and_a_single_seed_are_shown():
    table = summary(make_tables(NORM, lambda v, s: "crashed" if v["norm"] == "batch" else 0.9), "final/test_accuracy")
    assert table.loc[1, ["mean", "low", "high"]].tolist() == pytest.approx([CHANCE] * 3)
    one = summary(make_tables(NORM, lambda v, s: 0.9, seeds=1), "final/test_accuracy")
    assert one.loc[0, ["mean", "low", "high"]].tolist() == [0.9, -math.inf, math.inf]
    assert one.loc[1, "p"] == 1.0


def test_a_study_that_has_not_run_gives_an_empty_table():
    table = summary(make_tables(NORM, lambda v, s: "missing"), "final/test_accuracy")
    assert table["mean"].isna().all()
    assert table["seconds"].isna().all()
    assert table["p_adjusted"].isna().all()
    assert table["missing"].tolist() == [8, 8]


def test_without_a_baseline_no_differences_are_shown():
    tables = make_tables(NORM, lambda v, s: 0.9)
    none = dataclasses.replace(tables, planned=tables.planned.assign(baseline=False))
    assert summary(none, "final/test_accuracy")["difference"].isna().all()
