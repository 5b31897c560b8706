import numpy as np
import pytest

from ablate.errors import UserError
from ablate.nn import Normal
from ablate.optim import Adam
from ablate.train.batches import evaluation_steps, total_steps
from ablate.train.change import changed, renaming
from ablate.train.numpy_program import NumpyProgram
from ablate.train.outcome import Outcome
from ablate.train.parts import PartSource


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_no_class_keeps_its_label_and_none_is_lost(classes):
    for seed in range(30):
        names = renaming(np.random.default_rng(seed), classes)
        assert sorted(names) == list(range(classes))
        assert (names != np.arange(classes)).all()


def test_one_class_cannot_be_renamed():
    with pytest.raises(UserError, match="change_at"):
        renaming(np.random.default_rng(0), 1)


def test_each_seed_has_its_own_renaming_and_keeps_it(config):
    source = PartSource.of(config().dataset, "float32")
    seeds = list(range(12))
    labels = changed(source, seeds, 3).labels
    assert labels.shape == (12, 300)
    assert len({tuple(row[:3]) for row in labels}) == 2  # both derangements of three
    np.testing.assert_array_equal(changed(source, [7], 3).labels[0], labels[7])
    np.testing.assert_array_equal(changed(source, seeds, 3).labels_at(np.array([[4, 2]])), labels[:, [4, 2]])


def test_training_goes_on_for_its_whole_length_and_is_evaluated_on_a_grid_of_its_own(config):
    arm = config(change_at=2, epochs=1, evaluate_every=3)
    assert total_steps(arm, 120) == 14 + 7
    assert evaluation_steps(arm, 120) == [0, 3, 6, 9, 12, 14, 17, 20, 21]


def test_until_the_change_it_is_the_run_without_one(config):
    plain = NumpyProgram().run(config(epochs=3), [0, 1])
    with_change = NumpyProgram().run(config(epochs=2, change_at=3), [0, 1])
    for one, other in zip(plain, with_change, strict=True):
        np.testing.assert_array_equal(one.curves["train/loss"].values[:3], other.curves["train/loss"].values[:3])
        assert other.metrics["change/accuracy_before"] == one.metrics["final/validation_accuracy"]
        assert other.curves["train/loss"].values[3] != one.curves["train/loss"].values[3]


def test_recovery_is_counted_from_the_change(config):
    (result,) = NumpyProgram().run(config(optimizer=Adam(0.01), change_at=60, epochs=80), [0])
    assert result.outcome is Outcome.REACHED
    assert "ttt/steps" not in result.metrics
    curve = result.curves["validation/accuracy"]
    at = list(curve.steps).index(60 * 7 + result.metrics["ttt/recovery_steps"])
    assert (curve.values[at : at + 2] >= 0.9).all()
    assert not ((curve.values[60:at] >= 0.9) & (curve.values[61 : at + 1] >= 0.9)).any()
    assert curve.values[60] < 0.2  # the new names are not those it learnt
    assert result.metrics["change/accuracy_before"] > 0.9
    facts = NumpyProgram().facts(config(change_at=60, epochs=80))
    assert (facts["steps"], facts["change_step"], facts["recovery_steps"]) == (140 * 7, 60 * 7, 80 * 7)


def test_reaching_the_target_before_the_change_only_does_not_count(config):
    (result,) = NumpyProgram().run(config(optimizer=Adam(0.01), change_at=60, epochs=1), [0])
    assert result.outcome is not Outcome.REACHED
    assert "ttt/recovery_steps" not in result.metrics


def test_a_change_does_not_couple_blocks(config):
    arm = config(change_at=1, epochs=2, init=Normal(0.3))
    together = NumpyProgram().run(arm, [3, 5])
    for result in together:
        (alone,) = NumpyProgram().run(arm, [result.seed])
        np.testing.assert_allclose(result.curves["train/loss"].values, alone.curves["train/loss"].values, rtol=1e-5)
