import numpy as np
import pytest

from ablate.nn import BatchNorm, Mlp, Step, StepSTE
from ablate.optim import SGD, Adam, AdamW, InverseSqrt, Momentum
from ablate.streams import streams
from ablate.train.batches import minibatches
from ablate.train.hidden import hidden_mask
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, PartSource
from ablate.train.step import Stepper


def stepper_of(arm, seeds=(0, 1)):
    return Stepper(arm, network_of(arm), PartSource.of(arm.dataset, arm.arithmetic), list(seeds))


def trained(arm, steps, seeds=(0, 1)):
    stepper = stepper_of(arm, seeds)
    batches = minibatches(arm, Parts.of(arm.dataset, list(seeds)).train, streams(list(seeds), "shuffle"))
    for _ in range(steps):
        stepper(next(batches))
    return stepper


@pytest.mark.parametrize("optimizer", [SGD(0.1), Momentum(0.1), Adam(), AdamW(weight_decay=0.5)])
@pytest.mark.parametrize("norm", [None, BatchNorm()])
def test_frozen_hidden_layers_stay_bit_identical_while_the_last_learns(config, optimizer, norm):
    changed = {"norm": norm} if norm else {}
    arm = config(freeze="hidden", optimizer=optimizer, l2=0.1, clip_norm=1.0, **changed)
    stepper = trained(arm, 6)
    hidden = hidden_mask(stepper.replicas.network)
    np.testing.assert_array_equal(stepper.replicas.params[:, hidden], stepper.start[:, hidden])
    assert (stepper.replicas.params[:, ~hidden] != stepper.start[:, ~hidden]).any()


def test_frozen_layers_do_not_use_up_the_clipped_gradient(config):
    free, frozen = (trained(config(freeze=f, clip_norm=1e-3, optimizer=SGD(1.0)), 1) for f in ("none", "hidden"))
    lengths = [np.linalg.norm(s.replicas.params - s.start, axis=1) for s in (free, frozen)]
    np.testing.assert_allclose(lengths, 1e-3, rtol=1e-2)


@pytest.mark.parametrize(
    ("changed", "moves"),
    [
        ({"freeze": "hidden"}, False),
        ({"activation": Step()}, False),
        ({"activation": StepSTE()}, True),
        ({}, True),
    ],
)
def test_hidden_moved_is_zero_exactly_where_nothing_hidden_learns(config, changed, moves):
    for result in NumpyProgram().run(config(**changed), [0, 1]):
        assert (result.metrics["observe/hidden_moved"] > 0) is moves


def test_step_and_frozen_step_are_the_same_run(config):
    one, other = (NumpyProgram().run(config(activation=Step(), freeze=f), [0])[0] for f in ("none", "hidden"))
    np.testing.assert_array_equal(one.curves["train/loss"].values, other.curves["train/loss"].values)


def test_a_net_without_hidden_layers_has_nothing_hidden_to_move(config):
    (result,) = NumpyProgram().run(config(model=Mlp([])), [0])
    assert "observe/hidden_moved" not in result.metrics


def test_half_precision_keeps_every_parameter_a_half(config):
    stepper = trained(config(dtype="float16"), 5)
    params = stepper.replicas.params
    assert params.dtype == "float32"
    np.testing.assert_array_equal(params, params.astype(np.float16))
    np.testing.assert_array_equal(stepper.start, stepper.start.astype(np.float16))
    assert (params != stepper.start).any()


def test_half_precision_learns_about_as_well_and_not_the_same(config):
    single, half = (
        NumpyProgram().run(config(dtype=d), [0])[0].curves["train/loss"].values for d in ("float32", "float16")
    )
    assert (single != half).any()
    np.testing.assert_allclose(single, half, rtol=0.02)


def test_an_update_below_half_the_spacing_is_lost_in_half_precision_only(config):
    def unmoved(dtype):
        stepper = trained(config(dtype=dtype, optimizer=SGD(1e-6)), 1)
        return (stepper.replicas.params == stepper.start)[:, : stepper.replicas.network.layout.decayed].mean()

    assert unmoved("float16") > 0.9
    assert unmoved("float64") < 0.6  # dead ReLU units have no gradient


def test_a_schedule_scales_each_update(config):
    plain, decayed = (trained(config(dtype="float64", **c), 1) for c in ({}, {"schedule": InverseSqrt()}))
    np.testing.assert_array_equal(plain.replicas.params, decayed.replicas.params)  # 1/√1
    plain, decayed = (trained(config(dtype="float64", **c), 9) for c in ({}, {"schedule": InverseSqrt()}))
    moved = [np.abs(s.replicas.params - s.start).sum() for s in (plain, decayed)]
    assert moved[1] < 0.8 * moved[0]


def test_hidden_moved_is_of_the_last_step_also_where_earlier_parameters_are_kept(config):
    last, best = (NumpyProgram().run(config(keep=keep), [0])[0].metrics for keep in ("last", "best"))
    assert last["observe/hidden_moved"] == best["observe/hidden_moved"] > 0
