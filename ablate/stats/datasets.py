r"""Effects on several data sets: what holds for a new one like them.

Each data set has a true effect θ_i, measured with error; true effects vary from data set to data set:

    y_i ~ N(θ_i, σ_i²),   θ_i ~ N(μ, τ²).

With five data sets τ cannot be estimated well, and an interval that takes an estimate for the truth is too short. So τ
is integrated out, under the prior that Jeffreys' rule gives (Bodnar et al. 2017), with a flat one on μ:

    p(τ | y) ∝ √(Σ (τ / (σ_i² + τ²))²) · √(1 / Σ w_i) · Π √w_i · exp(-½ Σ w_i (y_i - m)²),   w_i = 1 / (σ_i² + τ²),

m the mean weighted by w. A new data set's effect, given τ, is N(m, 1 / Σ w_i + τ²), and this is averaged over τ on a
grid: no draws enter. Where the errors are small beside τ, it is Student's prediction interval with k - 1 degrees of
freedom, y ± t · s · √(1 + 1/k), which is exact; Benavoli et al. (2017) report the same three chances (better, within
the region of practical equivalence, worse) from a hierarchical model fitted by sampling.

References
----------
Bodnar, Link, Arendacká, Possolo, Elster (2017), Bayesian estimation in random effects meta-analysis using a
non-informative prior, Statistics in Medicine 36:378. Higgins, Thompson, Spiegelhalter (2009), A re-evaluation of
random-effects meta-analysis, JRSS A 172:137. Benavoli, Corani, Demšar, Zaffalon (2017), Time for a change, JMLR 18:77.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UserError, must

Vector = NDArray[np.float64]

FEWEST = 3
"""Data sets below which the spread between them says too little for a prediction."""

_GRID = 1_200  # values of τ; twice as many move an end by less than 1e-4 of the width
_FLOOR = 1e-6  # of the largest number: a measured error of 0 is one that few seeds did not show


@dataclass(frozen=True)
class NewDataSet:
    """What k measured effects say of the effect on a data set that was not among them; made by `new_data_set`.

    Attributes
    ----------
    means, sds, weights
        The predictive distribution as a mixture of normals, float (values of τ,); `weights` sum to 1.
    tau
        Posterior mean of τ, the standard deviation of true effects between data sets.
    """

    means: Vector
    sds: Vector
    weights: Vector
    tau: float

    @property
    def mean(self) -> float:
        """Expected effect."""
        return float(self.weights @ self.means)

    def below(self, value: float) -> float:
        """Return the chance that the new effect is at most `value`."""
        from scipy.special import ndtr

        return float(self.weights @ ndtr((value - self.means) / self.sds))

    def above(self, value: float) -> float:
        """Return the chance that the new effect is more than `value`."""
        from scipy.special import ndtr

        return float(self.weights @ ndtr((self.means - value) / self.sds))

    def confidence_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the prediction interval with equal tails.

        Raises
        ------
        UserError
            A level outside (0, 1).
        """
        if not 0.0 < level < 1.0:
            raise must("level", "lie between 0 and 1", level)
        tail = (1.0 - level) / 2.0
        return self._quantile(tail, upper=False), self._quantile(tail, upper=True)

    def _quantile(self, tail: float, *, upper: bool) -> float:
        from scipy.optimize import brentq

        chance = self.above if upper else self.below
        spread = float(self.weights @ self.sds)
        end, step = self.mean, spread if upper else -spread
        while chance(end) > tail:
            end, step = end + step, 2.0 * step
        return float(brentq(lambda x: chance(x) - tail, min(self.mean, end), max(self.mean, end), xtol=1e-9 * spread))


def new_data_set(effects: ArrayLike, errors: ArrayLike) -> NewDataSet:
    """Predict the effect on a new data set from those on k measured ones.

    Parameters
    ----------
    effects
        y, float (k,): the effect on each data set, in one unit.
    errors
        σ, float (k,): the standard error of each.

    Raises
    ------
    UserError
        Fewer than three data sets, or numbers that are not finite; errors below 0; all effects and errors are 0.

    Examples
    --------
    >>> new = new_data_set([0.021, 0.034, 0.012, 0.027, 0.019], [0.002, 0.003, 0.002, 0.002, 0.004])
    >>> low, high = new.confidence_interval(0.95)
    >>> round(low, 3), round(high, 3), round(new.above(0.005), 2)
    (-0.002, 0.048, 0.94)
    """
    y, sigma = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if y.ndim != 1 or y.shape != sigma.shape or len(y) < FEWEST:
        raise UserError(
            f"`effects` and `errors` must hold a number per data set, of at least {FEWEST}, got arrays of shape "
            f"{y.shape} and {sigma.shape}."
        )
    if not (np.isfinite(y).all() and np.isfinite(sigma).all() and (sigma >= 0).all()):
        raise must("effects", "be finite, and `errors` at least 0", (y.tolist(), sigma.tolist()))
    scale = max(float(np.ptp(y)), float(sigma.max()), _FLOOR * float(np.abs(y).max()))
    if scale == 0.0:
        raise must("effects", "hold an effect other than 0, or have an error above 0", y.tolist())
    sigma = np.maximum(sigma, _FLOOR * scale)
    tau = np.geomspace(1e-3 * float(sigma.min()), 1e4 * scale, _GRID)
    variance = sigma**2 + tau[:, None] ** 2
    w = 1.0 / variance
    total = w.sum(axis=1)
    m = (w @ y) / total
    log_prior = 0.5 * np.log(((tau[:, None] / variance) ** 2).sum(axis=1))
    residual = (w * (y - m[:, None]) ** 2).sum(axis=1)
    log_density = log_prior - 0.5 * np.log(total) + 0.5 * np.log(w).sum(axis=1) - 0.5 * residual
    density = np.exp(log_density + np.log(tau) - (log_density + np.log(tau)).max())  # the grid is even in log τ
    weights = density / density.sum()
    return NewDataSet(m, np.sqrt(1.0 / total + tau**2), weights, float(weights @ tau))


def standard_error(differences: ArrayLike) -> float:
    r"""Return the error of a mean of n differences, with what is not known of it: s / √n · √((n - 1) / (n - 3)).

    The factor makes it the standard deviation of Student's distribution with n - 1 degrees of freedom, which the mean
    follows; the model above takes errors for known. With fewer than four differences it is not known.

    >>> round(standard_error([1.0, 2.0, 3.0, 4.0, 5.0]), 3)
    1.0
    """
    d = np.asarray(differences, dtype=np.float64)
    if len(d) < 4:
        raise must("differences", "be at least four", len(d))
    n = len(d)
    return float(d.std(ddof=1)) / math.sqrt(n) * math.sqrt((n - 1) / (n - 3))
