"""Quantitative predictions of theory, each put to the NumPy core on random draws.

Every function takes a generator and returns what it found; ``deviation`` is how far the core was from the prediction,
in the unit its docstring names.
"""

from __future__ import annotations

import numpy as np

from ablate.nn import (
    BatchNorm,
    BernoulliDropout,
    CrossEntropy,
    He,
    Identity,
    Initializer,
    Mlp,
    NoDropout,
    NoNorm,
    Norm,
    ReLU,
    Replicas,
    Sigmoid,
    Step,
    Xavier,
    softmax,
)
from ablate.nn.activations import Activation
from ablate.nn.arrays import Cache, Floats, Integers
from ablate.nn.losses import Loss
from ablate.optim import AdaGrad

Measured = dict[str, float]
Rng = np.random.Generator


def _net(
    hidden: list[int], width: int, *, activation: Activation, init: Initializer, rng: Rng, blocks: int = 1,
    norm: Norm | None = None,
) -> Replicas:  # fmt: skip
    """Return replicas of a float64 net with 10 outputs, all beginning at the same weights."""
    network = Mlp(hidden).build((1, 1, width), 10, activation=activation, norm=norm or NoNorm(), dropout=NoDropout())
    replicas = Replicas(network, blocks=blocks, dtype=np.float64)
    replicas.init(init, [rng] + [np.random.default_rng(0)] * (blocks - 1))
    replicas.params[1:] = replicas.params[0]
    return replicas


def _weights(replicas: Replicas, vector: Floats) -> list[Floats]:
    """Return the views of the weight matrices in a (blocks, parameters) array, layer after layer."""
    return [views["W"] for views in replicas.network.layout.views(vector) if "W" in views]


def _backward(replicas: Replicas, x: Floats, labels: Integers, loss: Loss) -> Floats:
    """Fill the gradients of one minibatch; return a copy of the scores."""
    scores = replicas.forward(x, train=True)
    kept = scores.copy()
    cache = Cache({}, dtype=replicas.dtype, train=True, overwrite=True)
    replicas.backward(loss.train(scores, labels, cache)[1])
    return kept


def linear_collapse(rng: Rng) -> Measured:
    """A deep linear net is one affine map: f(x) = x W₁W₂…W_L + b, b = f(0) (associativity).

    Eight layers of 64 with random biases, 200 inputs. Deviation: largest difference to the product of the matrices,
    relative to the largest output. Rounding alone gives about (layers · √width) ε = 1.4e-14.
    """
    replicas = _net([64] * 7, 64, activation=Identity(), init=Xavier(), rng=rng)
    for views in replicas.views:
        if "b" in views:
            views["b"][...] = rng.standard_normal(views["b"].shape)
    x = rng.standard_normal((1, 200, 64))
    outputs = replicas.forward(x, train=False).copy()
    bias = replicas.forward(np.zeros((1, 1, 64)), train=False).copy()
    product = np.linalg.multi_dot([weight[0] for weight in _weights(replicas, replicas.params)])
    return {"deviation": float(np.abs(x[0] @ product + bias[0] - outputs[0]).max() / np.abs(outputs).max())}


def zero_step_gradient(rng: Rng) -> Measured:
    """Through the step function no gradient passes: h'(x) = 0 wherever it exists, so the chain rule gives exactly 0.

    Deviation: the largest gradient of any hidden weight of a net with step activations. `control`: the same for the
    same net with sigmoids, which must not be 0.
    """
    labels = rng.integers(10, size=(1, 50))
    x = rng.standard_normal((1, 50, 30))
    largest = {}
    for name, activation in (("deviation", Step()), ("control", Sigmoid())):
        replicas = _net(
            [20, 20], 30, activation=activation, init=Xavier(), rng=np.random.default_rng(rng.integers(2**32))
        )
        _backward(replicas, x, labels, CrossEntropy())
        hidden = _weights(replicas, replicas.grads)[:-1]
        largest[name] = max(float(np.abs(grad).max()) for grad in hidden)
    return largest


def softmax_shift(rng: Rng) -> Measured:
    """softmax(s + c) = softmax(s): the factor e^c cancels (Deep Learning from Scratch, 3.5.2).

    1,000 rows of 10 logits of standard deviation 5, c normal of standard deviation 100. In float64 s + c is rounded
    by at most ε (|s| + |c|) / 2, and a relative change of softmax is at most twice the largest absolute change of a
    logit. Deviation: the largest relative change in units of ε (max |s| + |c|); the bound is 1, plus the few ε of
    exp and of the division.
    """
    scores = 5.0 * rng.standard_normal((1000, 10))
    shift = 100.0 * rng.standard_normal((1000, 1))
    before, after = softmax(scores), softmax(scores + shift)
    unit = np.finfo(np.float64).eps * (np.abs(scores).max(axis=1, keepdims=True) + np.abs(shift))
    return {"deviation": float((np.abs(after / before - 1.0) / unit).max())}


def bn_scale(rng: Rng) -> Measured:
    """Below BatchNorm, weights c·W with learning rate c²·η walk the same path, up to ε.

    BatchNorm's output does not change when its input is multiplied by c (for ε → 0), so f(cW) = f(W), and
    differentiating, ∇f(cW) = ∇f(W) / c. A step of SGD from cW is cW - c²η ∇f(W)/c = c (W - η ∇f(W)): by induction
    the two nets compute the same function after every step (van Laarhoven 2017, arXiv:1706.05350, section 3).

    Two layers of 32 with BatchNorm, c = 0.1, η = 0.1, 30 steps on random data, ε in 1e-5, 1e-7, 1e-9. Deviation:
    largest difference of the scores over the path, relative to the largest score, at ε = 1e-9. `order`: slope of the
    log deviation over log ε; where ε is the only cause, it is 1.
    """
    c, lr, steps = 0.1, 0.1, 30
    state = rng.integers(2**32)
    deviations = []
    epsilons = (1e-5, 1e-7, 1e-9)
    for eps in epsilons:
        same_rng = np.random.default_rng(state)
        replicas = _net([32, 32], 20, activation=ReLU(), init=He(), rng=same_rng, blocks=2, norm=BatchNorm(eps=eps))
        rate = np.full_like(replicas.params, lr)
        for weight, own_rate in list(zip(_weights(replicas, replicas.params), _weights(replicas, rate), strict=True))[
            :-1
        ]:  # the last layer has no BatchNorm above it
            weight[1] *= c
            own_rate[1] *= c**2
        worst = 0.0
        for _ in range(steps):
            x = np.repeat(same_rng.standard_normal((1, 64, 20)), 2, axis=0)
            labels = np.repeat(same_rng.integers(10, size=(1, 64)), 2, axis=0)
            scores = _backward(replicas, x, labels, CrossEntropy())
            worst = max(worst, float(np.abs(scores[1] - scores[0]).max() / np.abs(scores[0]).max()))
            replicas.params -= rate * replicas.grads
        deviations.append(worst)
    order = np.polyfit(np.log(epsilons), np.log(deviations), 1)[0]
    return {"deviation": deviations[-1], "order": float(order)}


def _variance(rng: Rng, activation: Activation, init: Initializer, predicted: float) -> Measured:
    """Mean factor per layer by which the mean square of the activations changes, over ten layers of 1,000."""
    width, layers = 1000, 10
    y: Floats = rng.standard_normal((100, width))
    first = float((y**2).mean())
    for _ in range(layers):
        y = activation.value(y @ init.draw(rng, (width, width), (width, width)))
    ratio = float(((y**2).mean() / first) ** (1 / layers))
    return {"deviation": abs(ratio / predicted - 1.0), "ratio": ratio}


def he_relu(rng: Rng) -> Measured:
    """He: with weights of variance 2 / fan-in, ReLU layers keep the mean square of their activations.

    E[y²] of z = Σ w x is Var(w) Σ x² = 2 mean(x²); ReLU keeps half of a symmetric z's mean square (He et al. 2015,
    section 2.2). Ten layers of 1,000, inputs standard normal. `ratio`: the geometric mean of the factor per layer,
    predicted 1. Deviation: its relative distance from that. The factor of one layer scatters over draws of the
    weights by √(5 / width) = 7 %, so the mean of ten by 2.2 %.
    """
    return _variance(rng, ReLU(), He(), 1.0)


def xavier_linear(rng: Rng) -> Measured:
    """Xavier: with weights of variance 1 / fan-in, linear layers keep the mean square (Glorot & Bengio 2010, eq. 10).

    As `he_relu`, predicted 1.
    """
    return _variance(rng, Identity(), Xavier(), 1.0)


def xavier_relu(rng: Rng) -> Measured:
    """Xavier under ReLU halves the mean square in every layer: a tenth of a percent is left after ten.

    As `he_relu`, predicted ½.
    """
    return _variance(rng, ReLU(), Xavier(), 0.5)


def _dropped(rng: Rng, x: Floats, w: Floats, p: float, masks: int) -> Floats:
    """Return x̃ w for every mask, (masks, examples), with the core's dropout."""
    layer = BernoulliDropout(p)
    cache = Cache({}, dtype=np.dtype(np.float64), train=True, overwrite=False)
    many = [layer.forward(x[None], {}, {}, cache, [rng])[0] @ w for _ in range(masks)]
    return np.stack(many)


def dropout_linear(rng: Rng) -> Measured:
    """Dropout on the inputs of linear regression is an L2 penalty that adapts to the data, exactly in expectation.

    With x̃ = x·mask/(1-p): E ½(t - x̃·w)² = ½(t - x·w)² + ½ p/(1-p) Σ_j x_j² w_j² (Wager, Wang & Liang 2013,
    arXiv:1307.1493, eq. 6 with A'' = 1; Srivastava et al. 2014, section 9.1). 50 examples of 20 inputs, p = ½,
    20,000 masks. Deviation: relative difference of the mean penalty found to the one predicted; the masks' sampling
    error is about 0.5 %.
    """
    x, w, p = rng.standard_normal((50, 20)), rng.standard_normal(20), 0.5
    t = x @ w + rng.standard_normal(50)
    noisy = _dropped(rng, x, w, p, 20_000)
    penalty = float((0.5 * (t - noisy) ** 2).mean() - (0.5 * (t - x @ w) ** 2).mean())
    predicted = 0.5 * p / (1.0 - p) * float((x**2 @ w**2).mean())
    return {"deviation": abs(penalty / predicted - 1.0), "ratio": penalty / predicted}


def dropout_logistic(rng: Rng) -> Measured:
    """Dropout on the inputs of logistic regression is about that penalty, weighted by the variance of the prediction.

    E A(x̃·w) - A(x·w) ≈ ½ p/(1-p) σ(1-σ) Σ_j x_j² w_j², with A(z) = log(1 + e^z) and σ = A'(x·w): the second-order
    term of a Taylor series (Wager, Wang & Liang 2013, eq. 6 and 9). 50 examples of 20 inputs, p = ½, w of standard
    deviation 0.3. Deviation: relative difference of the mean penalty to the one predicted. Higher-order terms are
    left out: the paper finds the approximation to hold up well, and gives no bound.
    """
    x, w, p = rng.standard_normal((50, 20)), 0.3 * rng.standard_normal(20), 0.5
    noisy, plain = _dropped(rng, x, w, p, 20_000), x @ w
    penalty = float(np.logaddexp(0.0, noisy).mean() - np.logaddexp(0.0, plain).mean())
    mean = 1.0 / (1.0 + np.exp(-plain))
    predicted = 0.5 * p / (1.0 - p) * float((mean * (1.0 - mean) * (x**2 @ w**2)).mean())
    return {"deviation": abs(penalty / predicted - 1.0), "ratio": penalty / predicted}


def adagrad_rate(rng: Rng) -> Measured:
    """AdaGrad's effective step falls as t^-½ under gradients that go on: η / √(Σ g²) → η / (σ √t).

    By the law of large numbers Σ g² ≈ σ² t for independent gradients of mean square σ² (Duchi et al. 2011).
    64 coordinates, standard normal gradients, 10,000 steps. `slope`: of the log of the median effective step over
    log t, from step 10 on, at steps evenly spaced in log t. Deviation: its distance from -½.
    """
    optimizer = AdaGrad(lr=0.01)
    params = np.zeros((1, 64))
    slots = optimizer.init(params)
    at = np.unique(np.geomspace(10, 10_000, 40).astype(int))
    effective = {}
    for step in range(1, 10_001):
        optimizer.update(rng.standard_normal((1, 64)), slots, params, step)
        if step in at:
            effective[step] = float(np.median(optimizer.lr / (np.sqrt(slots.arrays[0]) + optimizer.eps)))
    slope = float(np.polyfit(np.log(list(effective)), np.log(list(effective.values())), 1)[0])
    return {"deviation": abs(slope + 0.5), "slope": slope}
