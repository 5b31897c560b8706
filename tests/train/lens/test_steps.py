import numpy as np
import pytest

from ablate.nn import Mlp, NoDropout, NoNorm, ReLU
from ablate.optim import SGD, AdaGrad, InverseSqrt, RMSProp
from ablate.train.lens.steps import StepLens, alive_weights, log_steps
from ablate.train.numpy_program import NumpyProgram, network_of
from ablate.train.parts import Parts, PartSource


def walk(optimizer, *, steps, blocks=2, dtype="float64", gradients=None):
    """Let a StepLens watch an optimizer on gradients of constant size: N(0, 1)."""
    network = Mlp([5]).build((1, 1, 4), 3, activation=ReLU(), norm=NoNorm(), dropout=NoDropout())
    source = PartSource(np.ones((6, 4)), np.zeros(6, np.int64), (1, 1, 4))
    lens = StepLens(network, source, np.tile(np.arange(6), (blocks, 1)), steps=steps)
    rng = np.random.default_rng(0)
    params = rng.normal(size=(blocks, network.layout.size)).astype(dtype)
    slots = optimizer.init(params)
    for step in range(1, steps + 1):
        grads = rng.normal(size=params.shape).astype(dtype) if gradients is None else gradients(params.shape, dtype)
        lens.before(step, params, grads)
        optimizer.update(grads, slots, params, step)
        lens.after(params, optimizer, slots)
    return lens


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 100, 2000])
def test_the_grid_runs_from_one_to_the_last_step_evenly_in_log(steps):
    grid = log_steps(steps)
    assert (grid[0], grid[-1]) == (1, steps)
    assert (np.diff(grid) > 0).all()
    assert len(grid) <= 8 * np.log10(max(steps, 10)) + 2


def test_adagrad_slows_as_one_over_the_root_of_t_under_persistent_noise():
    lens = walk(AdaGrad(0.1), steps=2000)
    assert lens.slope(0) == pytest.approx(-0.5, abs=0.01)
    assert lens.slope(1) == pytest.approx(-0.5, abs=0.01)


def test_rmsprop_does_not_once_its_average_has_settled():
    assert walk(RMSProp(0.1, old_weight=0.5), steps=2000).slope(0) == pytest.approx(0.0, abs=0.05)


def test_plain_descent_keeps_its_step_size():
    lens = walk(SGD(0.3), steps=50)
    np.testing.assert_allclose(lens.effective, 0.3)
    assert lens.slope(0) == pytest.approx(0.0, abs=1e-12)


def test_too_short_a_run_has_no_slope():
    assert np.isnan(walk(SGD(0.3), steps=9).slope(0))


def test_changes_are_medians_of_what_moved():
    lens = walk(SGD(0.5), steps=1, gradients=lambda shape, dtype: np.full(shape, 2.0, dtype))
    np.testing.assert_allclose(lens.change, 1.0)
    assert lens.layers == ["dense1", "dense2", "all"]


@pytest.mark.parametrize(("dtype", "unchanged"), [("float32", 1.0), ("float64", 0.0)])
def test_updates_below_the_spacing_of_a_dtype_leave_values_unchanged(dtype, unchanged):
    lens = walk(SGD(1e-12), steps=4, dtype=dtype, gradients=np.ones)
    assert lens.unchanged_share(0) == unchanged


def test_coordinates_without_gradient_are_not_counted():
    def half(shape, dtype):
        grads = np.zeros(shape, dtype)
        grads[:, ::2] = 1.0
        return grads

    assert walk(SGD(0.1), steps=3, gradients=half).unchanged_share(0) == 0.0
    lens = walk(SGD(0.1), steps=3, gradients=np.zeros)
    assert np.isnan(lens.unchanged).all()


def test_weights_of_inputs_that_are_always_zero_are_left_out(config):
    arm = config()
    images = PartSource.of(arm.dataset, "float32").images.copy()
    parts = Parts.of(arm.dataset, [0, 1])
    images[:, 3] = 0.0
    images[parts.train[0], 5] = 0.0
    alive = alive_weights(network_of(arm), PartSource(images, np.zeros(300, np.int64), (1, 3, 4)), parts.train)
    assert alive.shape == (2, 12 * 8 + 8 * 6 + 6 * 3)
    rows = alive[:, : 12 * 8].reshape(2, 12, 8)
    assert not rows[:, 3].any()
    assert not rows[0, 5].any()
    assert rows[1, 5].all()
    assert alive[:, 12 * 8 :].all()


def test_a_schedule_is_part_of_the_effective_step(config):
    arm = config(optimizer=SGD(0.1), schedule=InverseSqrt(), observe=["steps"], epochs=30)
    (result,) = NumpyProgram().run(arm, [0])
    assert result.metrics["observe/step_slope"] == pytest.approx(-0.5, abs=1e-6)
    np.testing.assert_allclose(result.arrays["steps/effective"][:, -1], 0.1 / np.sqrt(result.arrays["steps/step"]))


def test_half_precision_leaves_more_unchanged_than_single(config):
    found = {
        dtype: NumpyProgram().run(config(dtype=dtype, optimizer=AdaGrad(1e-4), observe=["steps"]), [0])[0].metrics
        for dtype in ("float16", "float32", "float64")
    }
    shares = [found[d]["observe/unchanged_share"] for d in ("float16", "float32", "float64")]
    assert shares[0] > 0.2
    assert shares[0] > shares[1] >= shares[2]
