from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from ablate.errors import UserError
from ablate.stats.multiplicity import holm, holm_levels


def test_holm_agrees_with_statsmodels_and_hand_values(rng):
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    p = rng.uniform(size=20) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm([]).size == 0


def test_a_p_is_within_its_level_exactly_where_holm_rejects(rng):
    for _ in range(300):
        p = np.round(rng.uniform(size=rng.integers(1, 9)) ** 4, int(rng.integers(1, 4)))  # ties are common
        rejected = multipletests(p, alpha=0.05, method="holm")[0]
        assert ((p <= holm_levels(p, alpha=0.05)) == rejected).all()


def test_levels_stop_growing_where_holm_stops():
    # .04 would pass its own step of .05, but .03 > .025 has stopped the procedure.
    assert holm_levels([0.01, 0.03, 0.04]) == pytest.approx([0.05 / 3, 0.025, 0.025])


def test_equal_p_values_share_the_strictest_level():
    assert holm_levels([0.01, 0.01, 0.01]) == pytest.approx([0.05 / 3] * 3)


def test_one_claim_is_judged_at_alpha():
    assert holm([0.04]) == pytest.approx([0.04])
    assert holm_levels([0.9], alpha=0.1) == pytest.approx([0.1])


def test_bad_input_is_refused():
    with pytest.raises(UserError, match="`p` must be a vector of probabilities"):
        holm([0.1, 1.2])
    with pytest.raises(UserError, match="`p` must be a vector of probabilities"):
        holm_levels([0.1, float("nan")])
    with pytest.raises(UserError, match="`alpha` must lie between 0 and 1, got 5"):
        holm_levels([0.1], alpha=5)
