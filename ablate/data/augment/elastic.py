"""Elastic deformation: bend each image by a smooth random field."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, Images, Labels, flat_images, one_each
from ablate.data.augment.gaussian import normals
from ablate.data.augment.sample import resampled
from ablate.errors import must
from ablate.registry import register


@functools.lru_cache(maxsize=32)
def smooth_factor(size: int, sigma: float) -> NDArray[np.float32]:
    """Return L with L Lᵀ ≈ K, the correlations of white noise along `size` pixels after a Gaussian blur.

    K_ij = exp(-(i - j)² / (4 σ²)). Its smoothness makes it of low rank: L is Nyström's approximation on knots
    1¼ σ apart, with rows scaled to length 1 so that every pixel has variance 1.

    Returns
    -------
    NDArray[np.float32]
        (size, knots); K is met to 0.01.
    """
    apart = 1.25 * sigma
    count = math.ceil((size - 1) / apart) + 3
    knots = (size - 1) / 2 + apart * (np.arange(count) - (count - 1) / 2)

    def correlation(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
        gaussian: NDArray[np.float64] = np.exp(-((a[:, None] - b) ** 2) / (4 * sigma**2))
        return gaussian

    root = np.linalg.cholesky(correlation(knots, knots) + 1e-6 * np.eye(count))
    factor = np.linalg.solve(root, correlation(knots, np.arange(size))).T
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    return factor.astype(np.float32)


@register("augment", "elastic")
@dataclass(frozen=True)
class Elastic(Augmentation):
    """Read each pixel from where a smooth random field points; bilinear interpolation, zeros outside.

    The fields (one down, one right) are Gaussian white noise blurred with standard deviation `sigma`, as in the
    paper, scaled to a standard deviation of `displacement` at every pixel. They are drawn as L Z Lᵀ with few
    normal numbers Z (see `smooth_factor`), which has the same law and no blur to compute.

    Attributes
    ----------
    displacement
        In pixels, >= 0. The paper's α = 34 with σ = 4 and noise uniform on [-1, 1] is
        α / (σ √(12 π)) = 1.4 pixels.
    sigma
        In pixels, >= 1: how far the field keeps its direction.

    Raises
    ------
    UserError
        A field is out of its range.

    References
    ----------
    Simard, Steinkraus, Platt (2003), Best practices for convolutional neural networks applied to visual document
    analysis, section 2.
    """

    displacement: float = 1.4
    sigma: float = 4.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.displacement < math.inf:
            raise must("Elastic.displacement", "be >= 0", self.displacement)
        if not 1.0 <= self.sigma < math.inf:
            raise must("Elastic.sigma", "be >= 1", self.sigma)

    def __call__(self, images: Images, labels: Labels, rngs: Sequence[np.random.Generator]) -> tuple[Images, Labels]:
        """Return bent images; labels are kept."""
        one_each(images, rngs)
        blocks, batch, (height, width) = *images.shape[:2], images.shape[3:]
        down, right = smooth_factor(height, self.sigma), smooth_factor(width, self.sigma)
        knots, scaled = (batch, 2, right.shape[1], down.shape[1]), (down * np.float32(self.displacement)).T
        left = np.empty((blocks * batch, *knots[1:-1], height), np.float32)
        for block, rng in enumerate(rngs):
            # One product per block, so that its last bits do not hang on how many blocks there are.
            rows = left[block * batch : (block + 1) * batch].reshape(-1, height)
            np.matmul(normals(rng, knots).reshape(-1, knots[-1]), scaled, out=rows)
        return resampled(flat_images(images), left=left, right=right.T).reshape(images.shape), labels
