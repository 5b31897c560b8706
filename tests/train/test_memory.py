import tracemalloc
from dataclasses import replace

import pytest

from ablate.data.augment import Baked
from ablate.errors import UserError
from ablate.nn import BatchNorm, BernoulliDropout, ConvNet, Inception, Mlp
from ablate.optim import Adam
from ablate.train import memory
from ablate.train.gan import Gan
from ablate.train.memory import chunks, footprint
from ablate.train.numpy_program import NumpyProgram, network_of


def sizes(config, seeds):
    return [len(group) for group in chunks(config, network_of(config), list(range(seeds)))]


def peak(arm, seeds):
    """Return the most bytes that training so many seeds holds at a time."""
    tracemalloc.start()
    NumpyProgram().run(arm, list(range(seeds)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize(
    "changed",
    [
        {"model": Mlp([64, 64]), "batch_size": 100},
        {"model": ConvNet([8], kernel=3, padding=1), "batch_size": 50},
        {"model": Inception(8, 1, [4]), "norm": BatchNorm(), "batch_size": 20, "optimizer": Adam()},
        {"model": ConvNet([8], kernel=3, padding=1), "keep": "best", "observe": ["activations"]},
        {"augment": Baked(copies=200, of="none"), "batch_size": 20},
        {"augment": Baked(copies=200, of="noise"), "batch_size": 20},
        {"augment": Gan(steps=2, hidden=64), "batch_size": 20},
        {"model": Mlp([256, 256]), "batch_size": 100, "compiled": True},
        {"model": Inception(8, 1, [4]), "norm": BatchNorm(), "batch_size": 20, "optimizer": Adam(), "compiled": True},
        {"model": Mlp([64, 64]), "batch_size": 100, "dropout": BernoulliDropout(), "compiled": True, "steps": 1},
    ],
    ids=[
        "mlp",
        "convnet",
        "inception",
        "observed",
        "duplicates",
        "baked",
        "gan",
        "compiled mlp",
        "compiled inception",
        "compiled dropout",
    ],
)
def test_a_footprint_is_what_a_run_really_holds(config, changed):
    """Of one more block, so that what does not grow with the blocks (the images, Python) falls out."""
    arm = config(**{"steps": 3, **changed})
    peak(arm, 1)  # what is made once in a process
    assert sizes(arm, 4) == [4]
    growth = (peak(arm, 4) - peak(arm, 2)) / 2
    # Less where several blocks share the buffer of a convolution's columns, which is cut to the cache's size.
    assert 0.6 < growth / footprint(arm, network_of(arm)).held < 1.1


def test_the_work_space_of_compiled_steps_is_counted_once(config):
    arm = config(model=ConvNet([16], kernel=3, padding=1), batch_size=20, compiled=True)
    found = footprint(arm, network_of(arm))
    assert found.shared >= 2 * 16 * 12 * 20 * 4  # what the convolution returned, and its gradient
    one = footprint(replace(arm, compiled=False), network_of(arm))
    assert one.shared == 0
    assert one.step == found.step
    assert found.held < one.held  # the buffers are not each block's own
    for most, expected in [(4.5, [3, 3, 3]), (1.0, [1] * 9), (9.5, [9])]:
        room = (found.shared + most * found.held) / 2**30
        assert sizes(replace(arm, memory_gb=room), 9) == expected
        assert sizes(replace(arm, memory_gb=room - found.shared / 2**30), 9) == [1] * 9


def test_a_convolutions_columns_are_counted(config):
    """3x3 windows of 8 channels, 4x3 of them, of 50 examples: seen in the difference that the second layer makes."""
    one, two = (config(model=ConvNet([8] * n, kernel=3, padding=1, pool=1), batch_size=50) for n in (1, 2))
    columns = 8 * 9 * 4 * 3 * 50 * 4
    assert footprint(two, network_of(two)).step - footprint(one, network_of(one)).step >= columns


def test_groups_are_even_and_stay_within_the_memory_that_is_given(config):
    arm = config()
    held = footprint(arm, network_of(arm)).held
    for most, expected in [(4.5, [3, 3, 3]), (1.0, [1] * 9), (9.5, [9])]:
        assert sizes(config(memory_gb=most * held / 2**30), 9) == expected


def test_training_holds_no_more_than_the_memory_that_is_given(config):
    arm = config(model=Mlp([256, 256]), batch_size=100, steps=3)
    held = footprint(arm, network_of(arm)).held
    beside = min(peak(arm, 1) for _ in range(2)) - held  # the images, and Python
    assert sizes(arm, 8) == [4, 4]
    assert peak(arm, 8) - beside > 3 * held
    for blocks in (1, 2):
        tight = replace(arm, memory_gb=(blocks + 0.5) * held / 2**30)
        assert (blocks - 1) * held < peak(tight, 8) - beside < (blocks + 0.5) * held


def test_a_block_that_needs_more_than_is_given_is_trained_alone(config):
    assert sizes(config(memory_gb=1e-9), 2) == [1, 1]


def test_groups_are_as_large_as_is_fast(config, monkeypatch):
    arm = config()
    step = footprint(arm, network_of(arm)).step
    monkeypatch.setattr(memory, "CACHE", 6 * step)
    assert sizes(arm, 12) == [6, 6]
    monkeypatch.setattr(memory, "CACHE", 0)
    assert sizes(arm, 12) == [4, 4, 4]
    monkeypatch.setattr(memory, "SPILL", 3 * step)
    assert sizes(arm, 3) == [1, 1, 1]


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
def test_memory_must_be_positive(config, wrong):
    with pytest.raises(UserError, match="`memory_gb` must be > 0"):
        config(memory_gb=wrong)
