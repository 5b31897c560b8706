"""Small measures against known values and other implementations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import TTestPower

from ablate.errors import UserError
from ablate.stats.anova import factorial_shares, importances
from ablate.stats.equivalence import tost_p, tost_t_p
from ablate.stats.exchange import exchange_rate
from ablate.stats.noise import aa_differences, blocks_needed, blocks_table, noise_floor
from ablate.stats.power import t_power
from ablate.stats.proportions import (
    clopper_pearson,
    partial_conjunction_p,
    share_p,
    sign_test_p,
    win_interval,
    won_cells_bounds,
)
from ablate.stats.resampled import resampled_least, resampling
from ablate.stats.tuning_budget import expected_best


def test_blocks_needed_are_the_house_table():
    effects = (0.7, 1.0, 1.5, 2.0)
    assert [blocks_needed(d, 1.0) for d in effects] == [21, 12, 7, 6]
    assert [blocks_needed(d, 1.0, alpha=0.05 / 16) for d in effects] == [35, 20, 12, 11]
    assert blocks_table(effects, (1, 16))[0] == {"d_z": 0.7, "claims=1": 21.0, "claims=16": 35.0}
    assert blocks_needed(0.01, 1.0) == np.inf
    assert blocks_needed(9.0, 1.0) == 6  # the sign-flip test needs six whatever the effect


@pytest.mark.parametrize(("d", "n", "alpha"), [(0.3, 8, 0.05), (1.0, 20, 0.05), (2.0, 6, 0.05 / 16), (0.7, 34, 0.003)])
def test_power_is_that_of_statsmodels(d, n, alpha):
    assert t_power(d, n, alpha=alpha) == pytest.approx(TTestPower().power(d, n, alpha), abs=1e-9)


@pytest.mark.parametrize("d", [20.0, 200.0, 5000.0])
def test_power_of_a_huge_effect_is_one(d):
    assert t_power(d, 10, alpha=1e-3) == pytest.approx(1.0)


def test_noise_floor_of_identical_arms(rng):
    d = aa_differences(0.01 * rng.normal(size=(40, 4)))
    floor = noise_floor(d, seeds=20, claims=16)
    assert len(d) == 80
    assert floor.sd_low < 0.01 * np.sqrt(2) < floor.sd_high
    assert floor.mean_low < 0 < floor.mean_high
    attained = int(0.05 / 16 * 2**19) / 2**19  # the largest p of sign flips that is at most the level
    by_t = TTestPower().solve_power(nobs=20, alpha=attained, power=0.8)
    assert by_t < floor.detectable / floor.sd < 1.02 * by_t
    with pytest.raises(UserError, match="three pairs"):
        noise_floor([0.1, 0.2], seeds=20)


def test_tost_by_t_is_that_of_statsmodels_and_ours_agrees_with_its_interval(rng):
    from statsmodels.stats.weightstats import ttost_paired

    for _ in range(20):
        d = rng.normal(0.2, 0.6, size=12)
        assert tost_t_p(d, within=0.5) == pytest.approx(ttost_paired(d, np.zeros(12), -0.5, 0.5)[0], abs=1e-12)
    assert tost_p(0.01 * rng.normal(size=12), within=0.5) < 0.001
    assert tost_p(0.6 + 0.01 * rng.normal(size=12), within=0.5) == 1.0


def test_equivalence_agrees_with_pingouin(rng):
    pingouin = pytest.importorskip("pingouin")
    d = rng.normal(0.1, 0.6, size=15)
    theirs = pingouin.tost(d, np.zeros(15), bound=0.5, paired=True)
    assert tost_t_p(d, within=0.5) == pytest.approx(float(theirs.filter(regex="(?i)^p").iloc[0, 0]), abs=1e-6)


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 20), (13, 20), (20, 20)])
def test_clopper_pearson_is_that_of_statsmodels_and_inverts_the_binomial_test(k, n):
    from statsmodels.stats.proportion import proportion_confint

    low, high = clopper_pearson(k, n)
    assert (low, high) == pytest.approx(proportion_confint(k, n, method="beta"), abs=1e-12)
    for end in {low, high} - {0.0, 1.0}:
        assert share_p(k, n, end) == pytest.approx(0.05)


def test_cells_won_in_truth_are_bounded_both_ways():
    clear, none = [1e-6] * 15, 1.0
    assert partial_conjunction_p([*clear, none], 15) == pytest.approx(16e-6)  # Holm
    assert partial_conjunction_p([*clear, none], 16) == 1.0
    assert won_cells_bounds([*clear, none], [1.0] * 15 + [1e-6], alpha=0.05) == (15, 15)
    assert won_cells_bounds([0.5] * 4, [0.5] * 4, alpha=0.05) == (0, 4)


def test_partial_conjunction_keeps_its_level(rng):
    # 14 of 16 real: "at least 15" is false.
    p = np.concatenate((np.full((4000, 14), 1e-9), rng.random((4000, 2))), axis=1)
    assert np.mean([partial_conjunction_p(row, 15) <= 0.05 for row in p]) <= 0.06


def test_expected_best_is_the_mean_over_all_subsets(rng):
    scores = rng.normal(size=9)
    for k, best in enumerate(expected_best(scores), start=1):
        assert best == pytest.approx(np.mean([max(s) for s in itertools.combinations(scores, k)]))
    assert len(expected_best(scores)) == 4
    assert expected_best(-scores, higher_is_better=False) == pytest.approx(-expected_best(scores))


def test_shares_of_a_full_factorial_sum_to_one_and_find_what_was_planted(rng):
    a, b = np.array([0.0, 2.0, 4.0])[:, None], np.array([0.0, 1.0])[None, :]
    pure = factorial_shares(a + b, ["a", "b"])
    assert pure == pytest.approx({"a": 32 / 35, "b": 3 / 35, "a:b": 0.0}, abs=1e-12)
    assert factorial_shares(a * b, ["a", "b"])["a:b"] > 0.1
    assert sum(factorial_shares(rng.normal(size=(2, 3, 4)), ["a", "b", "c"]).values()) == pytest.approx(1.0)


@pytest.mark.parametrize("interactions", [True, False])
def test_importance_is_the_type_two_anova_of_statsmodels(rng, interactions):
    import statsmodels.formula.api as smf
    from statsmodels.stats.anova import anova_lm

    cells = list(itertools.product(["x", "y"], [1, 2, 3]))[0 if interactions else 1 :]  # else a cell is left out
    y = rng.normal(size=(7, len(cells))) + np.array([1.0 * (a == "x") + 0.3 * b for a, b in cells])
    factors = {"a": [c[0] for c in cells], "b": [c[1] for c in cells]}
    ours = {i.term: i for i in importances(y, factors, rng=rng, resamples=50, interactions=interactions)}
    rows = [{"a": a, "b": b, "block": s, "y": y[s, i]} for i, (a, b) in enumerate(cells) for s in range(7)]
    model = f"y ~ C(a) {'*' if interactions else '+'} C(b) + C(block)"
    table = anova_lm(smf.ols(model, pd.DataFrame(rows)).fit(), typ=2)
    terms = {"a": "C(a)", "b": "C(b)"} | ({"a:b": "C(a):C(b)"} if interactions else {})
    for term, row in terms.items():
        df, f = table.loc[row, "df"], table.loc[row, "F"]
        assert (ours[term].f, ours[term].p) == pytest.approx((f, table.loc[row, "PR(>F)"]), rel=1e-8)
        assert ours[term].omega2 == pytest.approx(df * (f - 1) / (df * (f - 1) + len(rows)))
        assert ours[term].low <= ours[term].high
    assert ours.keys() == terms.keys()


@pytest.mark.parametrize("n", [8, 20])
def test_the_sign_test_keeps_its_level_whatever_the_chance_of_a_tie(n):
    from scipy.stats import multinomial

    counts = np.array([(won, lost, n - won - lost) for won in range(n + 1) for lost in range(n + 1 - won)])
    p = np.array([sign_test_p(*map(int, row)) for row in counts])
    untied = np.array([sign_test_p(int(won), int(lost)) for won, lost, _ in counts])
    for ties in (0.0, 0.013, 0.2, 0.5, 0.8):
        chance = multinomial.pmf(counts, n, [(1 - ties) / 2, (1 - ties) / 2, ties])
        for level in (0.05, 0.005):
            assert chance[p <= level].sum() <= level + 1e-9
    assert chance[p <= 0.05].sum() > 3 * chance[untied <= 0.05].sum()  # at 80 % ties


@pytest.mark.parametrize(("ties", "q"), [(0.1, 0.97), (0.3, 1.0), (0.6, 0.6), (0.9, 0.75)])
def test_the_interval_of_the_chance_to_win_holds_it(rng, ties, q):
    held = 0
    for _ in range(500):
        untied = rng.binomial(12, 1 - ties)
        wins = rng.binomial(untied, q)
        low, high = win_interval(wins, untied - wins, 12 - untied, level=0.95)
        held += low <= 0.5 + (1 - ties) * (q - 0.5) <= high
    assert held >= 475


def test_exchange_rate_inverts_the_reference_curve():
    n = np.array([50.0, 100, 200, 400, 800, 1600])
    reference = 0.5 + 0.05 * np.log(n) * np.ones((5, 1))
    rate = exchange_rate(reference + 0.05 * np.log(1.5), reference, n)
    assert rate.k == pytest.approx([1.5] * 5, rel=0.01)
    assert not rate.beyond[:4].any()
    assert rate.jackknife.mean() == pytest.approx(rate.log_k)
    far = exchange_rate(reference + 1.0, reference, n)
    assert far.k == pytest.approx(1600 / n[:-1])  # only a bound, and it says so
    assert (far.beyond == 1).all()
    assert far.resampled.interval(0.95)[1] == math.inf
    assert far.resampled.p_value(far.log_k + 1.0) == 1.0  # nothing is refuted by what is only a lower bound


def test_below_the_reference_k_is_read_off_its_continuation_and_then_is_a_bound():
    n = np.array([50.0, 100, 200, 400, 800, 1600])
    reference = 0.5 + 0.05 * np.log(n) * np.ones((8, 1))
    assert exchange_rate(reference + 0.05 * np.log(0.7), reference, n).k == pytest.approx([0.7] * 5, rel=0.01)
    worse = exchange_rate(reference + 0.05 * np.log(0.3), reference, n)
    assert worse.beyond.tolist() == [-1, 0, 0, 0, 0]
    assert worse.k == pytest.approx([0.5] + [0.3] * 4, rel=0.01)
    assert worse.resampled.interval(0.95)[0] == -math.inf
    assert worse.resampled.p_value(-9.0) == 1.0


@pytest.mark.parametrize("k", [0.7, 1.2])
def test_resampled_seeds_give_intervals_of_k_that_hold_it(rng, k):
    n = np.array([50.0, 100, 200, 500, 1000, 2000])
    held = 0
    for _ in range(120):
        own = 0.005 * rng.normal(size=(10, 1))
        arm, reference = (
            0.5 + 0.05 * np.log(n * worth / 50) + own + 0.01 * rng.normal(size=(10, 6)) for worth in (k, 1.0)
        )
        rate = exchange_rate(arm, reference, n)
        low, high = rate.resampled.interval(0.95, about=math.log(k))
        inside = low <= math.log(k) <= high
        held += inside
        assert inside == (rate.resampled.p_value(math.log(k)) > 0.05)
    assert held >= 107


def test_few_seeds_or_a_strict_level_decide_nothing():
    n = np.array([50.0, 100, 200])
    curves = [np.log(n * worth) + 0.01 * np.random.default_rng(3).normal(size=(12, 3)) for worth in (1.5, 1.0)]
    assert exchange_rate(*(curve[:5] for curve in curves), n).resampled.p_value(0.0) == 1.0
    rate = exchange_rate(*curves, n)
    assert rate.resampled.p_value(0.0) <= 0.0025
    assert resampled_least(rate.resampled.p_value(0.0) * 1.01) == 12
    assert rate.resampled.interval(1 - 1e-6) == (-math.inf, math.inf)


def test_jackknife_and_bootstrap_of_the_exchange_rate_agree(rng):
    n = np.array([50.0, 100, 200, 400, 800])
    curves = [0.5 + 0.05 * np.log(n * worth) + 0.004 * rng.normal(size=(20, 5)) for worth in (1.4, 1.0)]
    rate = exchange_rate(*curves, n)
    drawn = rate.at(resampling(20, 1_999)).mean(axis=1)
    assert rate.jackknife.std(ddof=1) / np.sqrt(20) == pytest.approx(drawn.std(), rel=0.2)
