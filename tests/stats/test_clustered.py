"""Means of scores in clusters."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from ablate.errors import UserError
from ablate.stats.clustered import clustered_mean


@pytest.mark.parametrize("sizes", [[3] * 12, [1, 2, 3, 4, 5, 9, 1, 1]])
def test_error_and_interval_are_those_of_statsmodels(rng, sizes):
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    values = rng.normal(size=len(sizes))[clusters] + rng.normal(size=len(clusters))
    found = clustered_mean(values, clusters, level=0.95)
    fit = sm.OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    assert found.error == pytest.approx(fit.bse[0], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(fit.conf_int()[0]), rel=1e-9)
    assert found.p == pytest.approx(fit.pvalues[0], rel=1e-9)


@pytest.mark.parametrize(("wins", "loses"), [(0.05, 0.05), (0.3, 0.05), (0.4, 0.4), (0.02, 0.0), (0.15, 0.0)])
@pytest.mark.parametrize("seeds", [1, 4])
def test_intervals_hold_the_mean_with_twelve_items(rng, wins, loses, seeds):
    held = rejected = 0
    for _ in range(400):
        u = np.where(rng.random((12, seeds)) < 0.6, rng.random((12, 1)), rng.random((12, seeds)))
        d = (u < wins) * 1.0 - (u > 1 - loses)
        found = clustered_mean(d.ravel(), np.repeat(np.arange(12), seeds), level=0.95, bound=1.0)
        held += found.low <= wins - loses <= found.high
        rejected += found.p <= 0.05
    assert held >= 0.925 * 400
    if wins == loses:
        assert rejected <= 0.075 * 400


def test_items_that_do_not_differ_are_no_proof_of_equality():
    found = clustered_mean(np.zeros(12), np.arange(12), level=0.95, bound=1.0)
    assert (round(found.low, 3), round(found.high, 3), found.p) == (-0.265, 0.265, 1.0)
    assert clustered_mean([1.0, 0.0], [5, 5], level=0.95).high == np.inf
    with pytest.raises(UserError, match="lie between -1 and 1"):
        clustered_mean([2.0, 0.0], [0, 1], level=0.95, bound=1.0)
