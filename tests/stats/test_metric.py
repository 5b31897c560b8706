from __future__ import annotations

import math

import pytest

from ablate.stats.metric import amount, amounts, direction_of, fill_of, unit_of


@pytest.mark.parametrize(
    ("metric", "direction", "fill", "unit"),
    [
        ("final/test_accuracy", "higher", "chance", " pp"),
        ("aulc/train_accuracy", "higher", "chance", " pp"),
        ("final/test_error", "lower", "chance error", " pp"),
        ("final/squared_error", "lower", "none", ""),
        ("final/train_loss", "lower", "none", ""),
        ("ttt/steps", "lower", "budget", ""),
        ("ttt/seconds", "lower", "none", ""),
        ("seconds", "lower", "none", ""),
        ("lossless/score", "higher", "none", ""),
    ],
)
def test_a_metrics_name_says_its_direction_fill_and_unit(metric, direction, fill, unit):
    assert (direction_of(metric), fill_of(metric), unit_of(metric)) == (direction, fill, unit)


def test_amounts_share_decimals_and_write_a_true_minus():
    assert amounts([0.0042, -0.0011, 0.0095], "final/test_accuracy", width=0.0096) == ["0.42", "−0.11", "0.95"]
    assert amounts([1234.5, 1200.0], "ttt/steps", width=34.5) == ["1234", "1200"]
    assert amounts([math.inf, 0.0], "final/train_loss") == ["∞", "0.0"]
    assert amount(0.005, "final/test_accuracy") == "0.5 pp"
    assert amount(-0.25, "final/train_loss") == "−0.25"


def test_a_generalisation_gap_is_better_small_and_has_no_value_for_a_failed_run():
    assert direction_of("final/generalisation_gap") == "lower"
    assert fill_of("final/generalisation_gap") == "none"
    assert amount(0.0312, "final/generalisation_gap") == "3.12 pp"
