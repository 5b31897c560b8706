"""Toggling a component leaves all other draws of a seed as they were."""

from itertools import islice

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.identity import describe
from ablate.nn import BatchNorm, BernoulliDropout
from ablate.streams import streams
from ablate.train import loop
from ablate.train.batches import evaluation_steps, minibatches, steps_per_epoch, total_steps
from ablate.train.loop import train_blocks
from ablate.train.numpy_program import network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper


def recorded(config, monkeypatch):
    """Return the positions of all minibatches of a run."""
    seen = []

    def noted(*arguments):
        for positions in minibatches(*arguments):
            seen.append(positions.copy())
            yield positions

    monkeypatch.setattr(loop, "minibatches", noted)
    train_blocks(config, network_of(config), PartSource.of(config.dataset, config.dtype), [0, 1])
    monkeypatch.undo()
    return np.array(seen)


def test_dropout_and_norm_leave_the_order_of_examples_alone(config, monkeypatch):
    plain = recorded(config(), monkeypatch)
    assert plain.shape == (4 * 7, 2, 16)
    with_both = recorded(config(dropout=BernoulliDropout(), norm=BatchNorm()), monkeypatch)
    np.testing.assert_array_equal(plain, with_both)


@pytest.mark.parametrize("sampling", ["shuffle", "replacement"])
def test_minibatches_hold_training_examples_of_their_own_block_only(config, sampling):
    arm = config(sampling=sampling)
    parts = Parts.of(arm.dataset, [0, 1])
    batches = np.array(list(islice(minibatches(arm, parts.train, streams([0, 1], "shuffle")), 30)))
    for block in range(2):
        assert set(batches[:, block].ravel()) <= set(parts.train[block])
        assert not set(batches[:, block].ravel()) & set(parts.test[0])


def test_shuffling_draws_no_example_twice_within_an_epoch(config):
    arm, parts = config(), Parts.of(config().dataset, [0])
    epochs = np.array(list(islice(minibatches(arm, parts.train, streams([0], "shuffle")), 14))).reshape(2, -1)
    assert all(len(set(epoch)) == 7 * 16 for epoch in epochs)
    assert list(epochs[0]) != list(epochs[1])


def test_replacement_draws_some_example_twice(config):
    arm, parts = config(sampling="replacement"), Parts.of(config().dataset, [0])
    epoch = np.array(list(islice(minibatches(arm, parts.train, streams([0], "shuffle")), 7))).ravel()
    assert len(set(epoch)) < len(epoch)


def test_a_part_all_seeds_share_is_held_once(config):
    parts = Parts.of(config().dataset, [0, 1, 2])
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (3, 3, 1)


def test_float32_source_is_a_view_of_the_dataset(config):
    examples = config().dataset.examples()

    class Held:
        def examples(self):
            return examples

    assert np.shares_memory(PartSource.of(Held(), "float32").images, examples.images)
    assert PartSource.of(Held(), "float64").images.dtype == "float64"


@pytest.mark.parametrize(
    ("changed", "grid"),
    [
        ({}, [0, 7, 14, 21, 28]),
        ({"steps": 10}, [0, 7, 10]),
        ({"evaluate_from": 1}, [1, 8, 15, 22, 28]),
        ({"evaluate_every": 13}, [0, 13, 26, 28]),
        ({"evaluate_from": 99}, [28]),
        ({"batch_size": 500, "sampling": "replacement", "epochs": 2}, [0, 1, 2]),
    ],
)
def test_evaluation_grid_ends_at_the_last_step(config, changed, grid):
    assert evaluation_steps(config(**changed), 120) == grid
    assert total_steps(config(**changed), 120) == grid[-1]


def test_batch_larger_than_the_training_part_is_named(config):
    with pytest.raises(UserError) as caught:
        steps_per_epoch(config(batch_size=121), 120)
    assert str(caught.value) == "`batch_size` must be <= 120 (the training examples) with sampling=shuffle, got 121."


def test_a_redraw_has_the_seeds_data_and_draws_all_else_anew(config, monkeypatch):
    program = config().program
    arms = [config(dropout=BernoulliDropout(), redraw=redraw) for redraw in (0, 1, 2)]
    orders = [recorded(arm, monkeypatch) for arm in arms]
    rows = [Parts.of(arm.dataset, [0, 1]).train for arm in arms]
    for block in range(2):
        assert {*orders[1][:, block].ravel()} <= {*rows[0][block]}
    starts = [Stepper(arm, network_of(arm), PartSource.of(arm.dataset, arm.dtype), [0, 1]).start for arm in arms]
    losses = [[run.metrics["final/train_loss"] for run in program.run(arm, [0, 1])] for arm in arms]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not (orders[one] == orders[other]).all()
        assert not (starts[one] == starts[other]).all()
        assert losses[one] != losses[other]
    assert "redraw" not in describe(arms[0])
    assert describe(arms[1])["redraw"] == 1


def test_nets_of_a_redrawn_ensemble_are_nobody_elses(config):
    arm = config(ensemble=3, redraw=1)
    starts = Stepper(arm, network_of(arm), PartSource.of(arm.dataset, arm.dtype), [0]).start
    first = config(ensemble=3)
    all_of = [*starts, *Stepper(first, network_of(first), PartSource.of(first.dataset, first.dtype), [0]).start]
    assert len({row.tobytes() for row in all_of}) == 6
