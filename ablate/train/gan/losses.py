"""The two losses of a GAN, on the discriminator's logits."""

from __future__ import annotations

import numpy as np

from ablate.nn.arrays import Floats


def softplus(x: Floats) -> Floats:
    """Return log(1 + exp x) without overflow."""
    y: Floats = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return y


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) without overflow."""
    small = np.exp(-np.abs(x))
    y: Floats = np.where(x >= 0, 1.0, small) / (1.0 + small)
    return y.astype(x.dtype, copy=False)


def discriminator_loss(logits: Floats, *, real: int, smooth: float = 0.0) -> tuple[Floats, Floats]:
    """Return the discriminator's loss of each block and its gradient.

    ℓ = -mean over the real (1 - ε) log D + ε log(1 - D) - mean over the generated log(1 - D), with D = σ(logit) and
    ε = `smooth` (one-sided label smoothing, Salimans et al. 2016, section 3.4).

    Parameters
    ----------
    logits
        (blocks, batch, 1): the first `real` are of real images, the rest of generated ones.

    Returns
    -------
    tuple
        Loss (blocks,), gradient (blocks, batch, 1).
    """
    true, false = logits[:, :real], logits[:, real:]
    loss: Floats = (softplus(true) - (1.0 - smooth) * true).mean(axis=(1, 2)) + softplus(false).mean(axis=(1, 2))
    gradient = sigmoid(logits)
    gradient[:, :real] -= 1.0 - smooth
    gradient[:, :real] /= real
    gradient[:, real:] /= logits.shape[1] - real
    return loss, gradient


def generator_loss(logits: Floats) -> tuple[Floats, Floats]:
    """Return the generator's non-saturating loss -mean log D of each block and its gradient.

    Goodfellow et al. 2014, section 3: the same fixed point as minimising log(1 - D), and a gradient where the
    discriminator is sure.

    Parameters
    ----------
    logits
        (blocks, batch, 1), of generated images.
    """
    loss: Floats = softplus(-logits).mean(axis=(1, 2))
    gradient = (sigmoid(logits) - 1.0) / logits.shape[1]
    return loss, gradient.astype(logits.dtype, copy=False)
