"""What optimizers, schedules, initialisers and losses keep to."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ablate.nn.arrays import Cache, Floats
from ablate.nn.init import Initializer
from ablate.nn.losses import Loss
from ablate.optim.base import PIECE, Optimizer
from ablate.optim.schedule import Schedule
from ablate.testing.base import Check, close, require, suite

_STEP = 1e-6


def optimizer_checks(optimizer: Optimizer) -> list[Check]:
    """Return the checks for an optimizer."""
    return suite(
        ("it solves a parabola (learning rate 0.2, 5,000 steps)", _parabola),
        ("a block moves as it would alone, and no piece is missed", _alone),
        ("NaN in one block stays there", _nan),
        ("float32 stays float32, and what it keeps is its own", _kept),
        of=optimizer,
    )


def _parabola(optimizer: Optimizer) -> None:
    # f = x²/20 + y² from (-7, 2), Deep Learning from Scratch 6.1.3. To a hundredth of the start: RMSProp ends in a
    # cycle of ± η/2, which its uncorrected rule cannot leave.
    optimizer = dataclasses.replace(optimizer, lr=0.2)
    params = np.array([[-7.0, 2.0]])
    slots = optimizer.init(params)
    for step in range(1, 5001):
        optimizer.update(params * [[0.1, 2.0]], slots, params, step)
    left = (params**2 @ [0.05, 1.0]).item()
    require(left < 1e-2 * (49 / 20 + 4), f"f = {left:.3g} after 5,000 steps, from {49 / 20 + 4:.3g}")


def walk_updates(optimizer: Optimizer, params: Floats, gradients: Floats, *, decayed: int = 0) -> Floats:
    """Return where parameters (blocks, n) are after one update per gradient."""
    params = params.copy()
    slots = optimizer.init(params, decayed=decayed)
    for step, gradient in enumerate(gradients, start=1):
        optimizer.update(gradient.copy(), slots, params, step)
    return params


def _alone(optimizer: Optimizer) -> None:
    for dtype in ("float32", "float64"):
        rng = np.random.default_rng(0)
        size = PIECE // 2 + 37  # pieces end inside blocks
        params, gradients = rng.normal(size=(3, size)).astype(dtype), rng.normal(size=(4, 3, size)).astype(dtype)
        together = walk_updates(optimizer, params, gradients, decayed=100)
        require((together != params).all(), "some parameters do not move")
        for block in range(3):
            alone = walk_updates(optimizer, params[block : block + 1], gradients[:, block : block + 1], decayed=100)
            close(together[block], alone[0], f"block {block} among three and alone ({dtype})")


def _nan(optimizer: Optimizer) -> None:
    rng = np.random.default_rng(0)
    params, gradients = rng.normal(size=(2, 50)), rng.normal(size=(3, 2, 50))
    clean = walk_updates(optimizer, params, gradients)
    gradients[0, 0] = np.nan
    spoilt = walk_updates(optimizer, params, gradients)
    require(np.isnan(spoilt[0]).all(), "a block with NaN gradients does not become NaN: it would diverge unseen")
    close(spoilt[1], clean[1], "the other block")


def _kept(optimizer: Optimizer) -> None:
    params = np.ones((2, 3), np.float32)
    slots = optimizer.init(params)
    require(all(array.shape == params.shape for array in slots.arrays), "a running quantity has another shape")
    require(len(slots.arrays) == optimizer.running, f"`running` is {optimizer.running}, kept are {len(slots.arrays)}")
    require(all(array.dtype == np.float32 for array in slots.arrays), "a running quantity is not float32")
    optimizer.update(np.ones((2, 3), np.float32), slots, params, 1)
    require(params.dtype == np.float32 and np.isfinite(params).all(), "parameters are not finite float32 after a step")


def schedule_checks(schedule: Schedule) -> list[Check]:
    """Return the checks for a schedule."""
    return suite(("its factor is finite and >= 0 at every step", _factor), of=schedule)


def _factor(schedule: Schedule) -> None:
    for step in (1, 2, 10, 999, 100_000):
        value = schedule.factor(step)
        require(math.isfinite(value) and value >= 0, f"the factor at step {step} is {value!r}")
        require(schedule.factor(step) == value, f"the factor at step {step} is another one when asked again")


def init_checks(init: Initializer) -> list[Check]:
    """Return the checks for an initialiser."""
    return suite(
        ("draws float64 of the shape it is asked for", _drawn),
        ("draws what its generator gives, and nothing else", _from_generator),
        of=init,
    )


def _drawn(init: Initializer) -> None:
    for shape, fans in (((6, 4), (6, 4)), ((8, 3, 3, 3), (27, 72))):
        drawn = init.draw(np.random.default_rng(0), shape, fans)
        require(drawn.shape == shape, f"drawn for {shape} is {drawn.shape}")
        require(drawn.dtype == np.float64, f"drawn is {drawn.dtype}, expected float64")
        require(np.isfinite(drawn).all(), "what is drawn is not finite")


def _from_generator(init: Initializer) -> None:
    one, again, other = (init.draw(np.random.default_rng(seed), (6, 4), (6, 4)) for seed in (0, 0, 1))
    close(again, one, "drawn twice from the same seed")
    require((one != other).any(), "two seeds draw the same weights")


def loss_checks(loss: Loss) -> list[Check]:
    """Return the checks for a loss."""
    return suite(
        ("its gradient is that of its value", _loss_gradient),
        ("training and evaluation agree on its value", _loss_agrees),
        ("labels that blocks share count for each", _loss_shared),
        ("the mean prediction of equal members is theirs", _loss_mean),
        of=loss,
    )


def _loss_cache() -> Cache:
    return Cache({}, dtype=np.dtype("float64"), train=True, overwrite=True)


def _scores(seed: int = 0) -> tuple[Floats, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 8, 5)), rng.integers(5, size=(3, 8))


def _loss_gradient(loss: Loss) -> None:
    scores, labels = _scores()
    along = np.random.default_rng(1).standard_normal(scores.shape)
    ends = [loss.train(scores + sign * _STEP * along, labels, _loss_cache())[0].copy() for sign in (1, -1)]
    _, gradient = loss.train(scores.copy(), labels, _loss_cache())
    got = (np.asarray(gradient) * along).sum(axis=(1, 2))
    close(got, (ends[0] - ends[1]) / (2 * _STEP), "gradient in the scores", rtol=1e-6, atol=1e-8)


def _loss_agrees(loss: Loss) -> None:
    scores, labels = _scores()
    mean, _ = loss.train(scores.copy(), labels, _loss_cache())
    each = loss.per_example(scores.copy(), labels, _loss_cache())
    close(each.mean(axis=1), mean, "mean of per_example, against train", rtol=1e-9)


def _loss_shared(loss: Loss) -> None:
    scores, labels = _scores()
    shared = loss.per_example(scores.copy(), labels[:1], _loss_cache())
    each = loss.per_example(scores.copy(), np.repeat(labels[:1], 3, axis=0), _loss_cache())
    close(shared, each, "per_example with labels (1, batch)")


def _loss_mean(loss: Loss) -> None:
    scores, labels = _scores()
    members = np.stack([scores, scores], axis=1)
    mean = loss.mean_prediction(members.copy())
    got = loss.per_example(np.asarray(mean).copy(), labels, _loss_cache())
    close(
        got, loss.per_example(scores.copy(), labels, _loss_cache()), "loss of the mean of two equal members", rtol=1e-7
    )
