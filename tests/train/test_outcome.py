import math

import numpy as np
import pytest

from ablate.train.outcome import Outcome, decide, stall_threshold
from ablate.train.program import Curve
from ablate.train.summary import area_under, first_reached


def decided(**changed):
    facts = {
        "first_nonfinite_step": None,
        "start_loss": 2.0,
        "final_loss": 0.5,
        "reached": False,
        "best_accuracy": 0.5,
        "final_accuracy": 0.5,
        "threshold": 0.13,
    }
    return decide(**{**facts, **changed})


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({}, Outcome.CENSORED),
        ({"reached": True}, Outcome.REACHED),
        ({"best_accuracy": 0.13}, Outcome.STALLED),
        ({"best_accuracy": 0.131}, Outcome.CENSORED),
        ({"final_loss": 20.0}, Outcome.CENSORED),
        ({"final_loss": 20.1}, Outcome.DIVERGED),
        ({"final_loss": math.nan}, Outcome.DIVERGED),
        ({"first_nonfinite_step": 0}, Outcome.DIVERGED),
        ({"first_nonfinite_step": 5, "reached": True}, Outcome.DIVERGED),
        ({"first_nonfinite_step": 5, "crashed": True}, Outcome.CRASHED),
        ({"reached": True, "final_accuracy": 0.13}, Outcome.COLLAPSED),
        ({"final_accuracy": 0.1}, Outcome.COLLAPSED),
        ({"final_accuracy": 0.1, "final_loss": 20.1}, Outcome.DIVERGED),
        ({"best_accuracy": 0.13, "final_accuracy": 0.1}, Outcome.STALLED),
        # A target below the stall threshold: reached comes first.
        ({"reached": True, "best_accuracy": 0.1}, Outcome.REACHED),
    ],
)
def test_first_rule_that_holds_decides(changed, outcome):
    assert decided(**changed) is outcome


def test_stall_threshold_is_three_standard_errors_above_the_majority_rate():
    assert stall_threshold(0.5, 100) == pytest.approx(0.5 + 3 * 0.05)


def curve(values, steps=None):
    return Curve(np.arange(len(values)) * 10 if steps is None else np.array(steps), np.array(values, float))


def test_area_is_the_mean_over_steps_not_over_evaluations():
    assert area_under(curve([0.0, 1.0, 1.0], steps=[0, 10, 100])) == pytest.approx((5 + 90) / 100)
    assert area_under(curve([0.3, 0.3, 0.3])) == pytest.approx(0.3)
    assert area_under(curve([0.7])) == 0.7
    assert area_under(curve([0.0, 1.0], steps=[5, 6])) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        ([0.1, 0.9, 0.9], 10),
        ([0.9, 0.9, 0.1], 0),
        ([0.9, 0.8, 0.9, 0.95, 0.2], 20),
        ([0.1, 0.9, 0.1, 0.9], None),
        ([0.1, 0.1, 0.9], None),
        ([0.95], None),
        ([0.1, math.nan, math.nan], None),
    ],
)
def test_target_counts_as_reached_at_the_first_of_two_evaluations(values, steps):
    assert first_reached(curve(values), 0.9) == steps
