"""Prediction for a new data set: against Student's interval, statsmodels, brute force and simulation."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from ablate.errors import UserError
from ablate.stats.datasets import new_data_set, standard_error

EFFECTS, ERRORS = [0.021, 0.034, 0.012, 0.027, 0.019], [0.002, 0.003, 0.002, 0.002, 0.004]


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_with_exact_effects_it_is_students_prediction_interval(level):
    y = np.array([1.0, 2.0, 4.0, 3.0, 7.0])
    half = stats.t.ppf((1 + level) / 2, 4) * y.std(ddof=1) * np.sqrt(1 + 1 / 5)
    low, high = new_data_set(y, [1e-4] * 5).confidence_interval(level)
    assert [low, high] == pytest.approx([y.mean() - half, y.mean() + half], rel=1e-4)


def test_given_the_spread_mean_and_error_are_those_of_statsmodels():
    combine_effects = pytest.importorskip("statsmodels.stats.meta_analysis").combine_effects
    y, v = np.array(EFFECTS), np.array(ERRORS) ** 2
    new = new_data_set(EFFECTS, ERRORS)
    at = int(np.argmax(new.weights))
    tau2 = _tau2_at(new, at, v)
    oracle = combine_effects(y, v + tau2, method_re="chi2")
    assert new.means[at] == pytest.approx(oracle.mean_effect_fe, rel=1e-6)
    assert new.sds[at] ** 2 - tau2 == pytest.approx(oracle.var_eff_w_fe, rel=1e-5)


def _tau2_at(new, at, v):
    from scipy.optimize import brentq

    return brentq(lambda t: 1 / (1 / (v + t)).sum() + t - new.sds[at] ** 2, 0.0, 1.0, xtol=1e-16)


def test_chances_are_those_of_the_formula_integrated_otherwise():
    y, s = np.array(EFFECTS), np.array(ERRORS)

    def density(tau):
        w = 1 / (s**2 + tau**2)
        m = (w @ y) / w.sum()
        prior = np.sqrt(((tau * w) ** 2).sum())
        return prior * np.sqrt(w.prod() / w.sum()) * np.exp(-0.5 * (w * (y - m) ** 2).sum())

    def above(tau):
        w = 1 / (s**2 + tau**2)
        return stats.norm.sf(0.01, (w @ y) / w.sum(), np.sqrt(1 / w.sum() + tau**2))

    breaks = {"points": [0.002, 0.01, 0.05], "limit": 500}
    whole = quad(density, 0, 1, **breaks)[0]
    assert new_data_set(y, s).above(0.01) == pytest.approx(
        quad(lambda t: density(t) * above(t), 0, 1, **breaks)[0] / whole, rel=1e-4
    )


@pytest.mark.parametrize(("tau", "lowest", "highest"), [(0.0, 0.99, 1.0), (0.5, 0.93, 0.995), (3.0, 0.93, 0.975)])
def test_the_interval_holds_the_effect_on_a_new_data_set(tau, lowest, highest):
    rng, held = np.random.default_rng(51), 0
    for _ in range(600):
        truth = tau * rng.normal(size=5)
        d = truth + rng.uniform(0.5, 2.0, size=5) * rng.normal(size=(10, 5))
        low, high = new_data_set(d.mean(axis=0), [standard_error(column) for column in d.T]).confidence_interval()
        held += low <= tau * rng.normal() <= high
    assert lowest <= held / 600 <= highest


def test_turning_the_sign_turns_the_interval_and_a_scale_scales_it():
    low, high = new_data_set(EFFECTS, ERRORS).confidence_interval()
    turned = new_data_set([-y for y in EFFECTS], ERRORS).confidence_interval()
    scaled = new_data_set([100 * y for y in EFFECTS], [100 * s for s in ERRORS]).confidence_interval()
    assert turned == pytest.approx((-high, -low), rel=1e-6)
    assert scaled == pytest.approx((100 * low, 100 * high), rel=1e-6)


def test_errors_of_zero_and_of_very_different_size_are_no_trouble():
    for effects, errors in (([1.0] * 4, [0.0] * 4), ([0.0, 1.0, 2.0], [0.0, 1e-5, 1.0])):
        low, high = new_data_set(effects, errors).confidence_interval(0.99)
        assert low < np.mean(effects) < high


@pytest.mark.parametrize(
    ("effects", "errors", "said"),
    [([1.0, 2.0], [1.0, 1.0], "at least 3"), ([1.0, 2.0, np.nan], [1.0] * 3, "be finite"),
     ([1.0, 2.0, 3.0], [1.0, 1.0, -1.0], "at least 0"), ([0.0] * 3, [0.0] * 3, "other than 0")],
)  # fmt: skip
def test_what_says_nothing_is_refused(effects, errors, said):
    with pytest.raises(UserError, match=said):
        new_data_set(effects, errors)


def test_a_level_outside_0_to_1_is_refused():
    with pytest.raises(UserError, match="level"):
        new_data_set(EFFECTS, ERRORS).confidence_interval(1.0)
    with pytest.raises(UserError, match="at least four"):
        standard_error([1.0, 2.0, 3.0])
