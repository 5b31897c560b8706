import pytest

from ablate.judge.forecasts import score_forecasts
from ablate.judge.rule import judge

from .conftest import BN, NORM, make_study, make_tables


def test_forecasts_are_scored_on_decided_claims_only():
    factors = {**NORM, "cell": [0, 1, 2]}
    gains = (0.05, -0.05, 0.0)
    tables = make_tables(
        factors, lambda v, s: 0.8 + (v["norm"] == "batch") * (gains[v["cell"]] + (-1) ** s * 0.01), seeds=12
    )
    verdicts = judge(make_study(factors, {**BN, "each": "cell"}), tables)
    book, reader = score_forecasts({"book": {"c0": 0.9}, "reader": {"c0[cell=1]": 0.2}}, verdicts)
    assert book.brier == pytest.approx((0.1**2 + 0.9**2) / 2)
    assert book.open == ("c0[cell=2]",)
    assert reader.brier == pytest.approx(0.04)
