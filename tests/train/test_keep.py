"""Early stopping tests the parameters of the best evaluation, and changes nothing else."""

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import BatchNorm
from ablate.train.numpy_program import NumpyProgram

PROGRAM = NumpyProgram()


def test_the_curves_stay_and_the_final_values_are_those_of_the_best_evaluation(config):
    last, best = (PROGRAM.run(config(keep=keep, epochs=12, norm=BatchNorm()), [0, 1, 2]) for keep in ("last", "best"))
    for one, other in zip(last, best, strict=True):
        curve = other.curves["validation/accuracy"].values
        np.testing.assert_array_equal(one.curves["validation/accuracy"].values, curve)
        assert other.metrics["final/validation_accuracy"] == curve.max()
        row = int(curve.argmax())
        assert other.metrics["final/train_loss"] == other.curves["train/loss"].values[row]
    assert {run.metrics["final/train_loss"] for run in last} != {run.metrics["final/train_loss"] for run in best}


def test_what_is_tested_is_what_training_would_have_ended_with_at_that_step(config):
    best = PROGRAM.run(config(keep="best", epochs=12, norm=BatchNorm()), [4])[0]
    curve = best.curves["validation/accuracy"]
    steps = int(curve.steps[int(curve.values.argmax())])
    assert 0 < steps < int(curve.steps[-1])  # or the test would compare a run with itself
    stopped = PROGRAM.run(config(steps=steps, norm=BatchNorm()), [4])[0]
    np.testing.assert_array_equal(best.test_correct, stopped.test_correct)


def test_the_best_of_two_tasks_is_refused(config):
    with pytest.raises(UserError, match="`keep` must be `last` where the task changes"):
        config(keep="best", change_at=2)
