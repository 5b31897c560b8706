from __future__ import annotations

import json

import numpy as np
import pytest

from ablate.judge import calibration
from ablate.judge.anytime_calibration import seeds_rows
from ablate.judge.calibration import calibrate
from ablate.stats import mean


def test_a_small_calibration_with_a_fixed_seed_is_met():
    seen = []
    result = calibrate(16, seed=7, progress=lambda done, total: seen.append((done, total)))
    assert [check.name for check in result.checks] == [
        "false-positives", "coverage", "confusion", "looks", "any-time", "any-time-seeds", "label-swap", "block-order",
        "failures", "limits", "kinds", "tuning", "data-sets", "oracles",
    ]  # fmt: skip
    assert result.passed
    assert seen[-1][0] == seen[-1][1]
    data = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert data["checks"][2]["rows"][3]["planted"] == "2 δ"


def test_a_calibration_can_fail(monkeypatch):
    monkeypatch.setattr("ablate.claims.estimate.mean_p", lambda d, *, null=0.0: mean.mean_p(d, null=null) / 8)
    assert not calibration._false_positives(calibration._Steps(60, None), np.random.default_rng(7)).passed


def test_looks_at_any_time_take_fewer_seeds_where_one_look_is_sure():
    rows = seeds_rows(60, np.random.default_rng(5), delta=0.005, sd=0.005)
    plain = next(row for row in rows if row["planted"] == "2.5 δ")
    assert plain["met"]
    assert plain["median seeds there"] < 14 < plain["their median seeds"]


@pytest.mark.minutes
@pytest.mark.timeout(3600)
def test_the_calibration_over_two_thousand_studies_is_met():
    assert calibrate(2000).passed
