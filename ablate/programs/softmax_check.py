"""Softmax in floating point: overflow, sum, argmax, and what it costs at inference."""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.errors import must, unknown
from ablate.nn.losses import softmax
from ablate.programs.latency import share_of_latency
from ablate.programs.theory_check import PropertyCheck
from ablate.registry import register
from ablate.streams import stream
from ablate.train.metric import Metric, by_name, duration
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult

PRECISIONS = ("float16", "float32", "float64", "decimal")
CHECKS = (
    "overflow", "sum_trained", "sum_untrained", "argmax_integers", "argmax_trained", "argmax_untrained", "argmax_tiny",
    "latency", "latency_control",
)  # fmt: skip
SCALES = {"trained": 5.0, "untrained": 0.01, "tiny": 1e-20}
"""Standard deviation of the logits: as a trained net gives them, as an untrained one does, and one that was made up."""

NUMBERS = 1_000_000  # logits of one run at most: with very many classes there are fewer rows
DIGITS = 100  # of decimal arithmetic: enough to tell e^1e-20 from e^2e-20 with 79 digits to spare
DECIMAL_ROWS = 200

Logits = NDArray[np.floating[Any]]


@register("program", "softmax_check")
@dataclass(frozen=True)
class SoftmaxCheck(PropertyCheck):
    """Checks one property of softmax on random logits.

    | check | what it draws | what holds |
    |---|---|---|
    | `overflow` | rows uniform up to twice the largest argument of exp | the shifted softmax is finite |
    | `sum_trained`, `sum_untrained` | normal, standard deviation 5, 0.01 | abs(Σ y - 1) <= ε · classes |
    | `argmax_integers` | different whole numbers, so the largest leads by at least 1 | argmax is that of the logits |
    | `argmax_trained`, `…_untrained`, `…_tiny` | normal, standard deviation 5, 0.01, 1e-20 | the same |
    | `latency`, `latency_control` | see `ablate.programs.latency` | is measured only |

    Attributes
    ----------
    check
        One of the above.
    precision
        `float16`, `float32`, `float64` (logits are rounded to it first, and every operation is done in it), or, for
        the argmax only, `decimal`: 100 decimal digits, which stand in for exact arithmetic on 200 rows.
    classes
        Logits per row.
    batch
        Images per inference, for the latency.
    trials
        Rows per seed; fewer where rows · classes would pass a million.
    """

    METRICS: ClassVar[Mapping[str, Metric]] = by_name([
        *(Metric(name) for name in (
            "trials", "overflow/limit", "overflow/naive_rows", "overflow/shifted_rows", "sum/deviation", "sum/off",
            "flips/count", "flips/rate", "flips/low", "flips/high", "latency/share",
        )),
        *(duration(f"latency/{which}_seconds") for which in ("with", "without")),
    ])  # fmt: skip
    """Each check logs its own.

    - `trials`; `overflow/limit`: the largest argument whose exp is finite; `overflow/naive_rows`,
      `overflow/shifted_rows`: rows in which a probability is not finite.
    - `sum/off`: the largest abs(Σ y - 1); `sum/deviation`: the same in units of ε · classes.
    - `flips/count`, `flips/rate`, and `flips/low`, `flips/high`: the rate's 95 % Clopper–Pearson interval within
      the seed.
    - `latency/share`: of an inference with softmax that softmax takes; `latency/with_seconds`,
      `latency/without_seconds`: of one call.
    """

    check: str = "overflow"
    precision: str = "float32"
    classes: int = 10
    batch: int = 1
    trials: int = 10_000

    def __post_init__(self) -> None:
        for name, choices in (("check", CHECKS), ("precision", PRECISIONS)):
            if getattr(self, name) not in choices:
                raise unknown(f"SoftmaxCheck.{name}", getattr(self, name), choices)
        for name, low in (("classes", 2), ("batch", 1), ("trials", 1)):
            if getattr(self, name) < low:
                raise must(f"SoftmaxCheck.{name}", f"be >= {low}", getattr(self, name))
        if self.precision == "decimal" and not self.check.startswith("argmax"):
            raise must("SoftmaxCheck.precision", f"be a floating point type for check={self.check}", "decimal")

    def one(self, config: Any, seed: int) -> RunResult:
        """Check one draw."""
        del config
        rng = stream(seed, "program")
        if self.check.startswith("latency"):
            control = self.check == "latency_control"
            metrics = share_of_latency(
                rng, classes=self.classes, batch=self.batch, dtype=self.precision, control=control
            )
            return RunResult(seed, Outcome.REACHED, metrics)
        check = {"overflow": self._overflow, "sum": self._sum}.get(self.check.partition("_")[0], self._flips)
        with np.errstate(all="ignore"):  # overflow is what is looked for
            metrics, passed = check(rng)
        return RunResult(seed, Outcome.REACHED if passed else Outcome.CENSORED, metrics)

    def _rows(self) -> Iterator[int]:
        """Yield sizes of pieces of rows that fit the memory, all rows together."""
        left = max(1, min(self.trials, NUMBERS // self.classes))
        while left:
            piece = min(left, max(1, 500_000 // self.classes))
            left -= piece
            yield piece

    def _overflow(self, rng: np.random.Generator) -> tuple[dict[str, float], bool]:
        limit = largest_argument(self.precision)
        rows = naive = shifted = 0
        for piece in self._rows():
            logits = rng.uniform(0.0, 2.0 * limit, (piece, self.classes)).astype(self.precision)
            exponentials = np.exp(logits)
            naive += _bad_rows(exponentials / exponentials.sum(axis=1, keepdims=True))
            shifted += _bad_rows(softmax(logits))
            rows += piece
        counts = {
            "trials": rows,
            "overflow/limit": limit,
            "overflow/naive_rows": naive,
            "overflow/shifted_rows": shifted,
        }
        return {name: float(value) for name, value in counts.items()}, shifted == 0

    def _sum(self, rng: np.random.Generator) -> tuple[dict[str, float], bool]:
        worst, rows = 0.0, 0
        for piece in self._rows():
            y = softmax(self._logits(rng, piece).astype(self.precision))
            # Summed in float64: what is in question are the probabilities, not our sum of them.
            worst = max(worst, float(np.abs(y.sum(axis=1, dtype=np.float64) - 1.0).max()))
            rows += piece
        deviation = worst / (float(np.finfo(self.precision).eps) * self.classes)
        return {"trials": float(rows), "sum/deviation": deviation, "sum/off": worst}, deviation <= 1.0

    def _flips(self, rng: np.random.Generator) -> tuple[dict[str, float], bool]:
        from scipy.stats import binomtest

        flips = rows = 0
        for piece in self._rows():
            drawn = self._logits(rng, piece)
            if self.precision == "decimal":
                drawn = drawn[: DECIMAL_ROWS - rows]
                flips += sum(decimal_argmax(row) != int(row.argmax()) for row in drawn)
            else:
                logits = drawn.astype(self.precision)
                flips += int((softmax(logits).argmax(axis=1) != logits.argmax(axis=1)).sum())
            rows += len(drawn)
        interval = binomtest(flips, rows).proportion_ci(0.95, method="exact")
        counts = {"trials": rows, "flips/count": flips, "flips/rate": flips / rows}
        metrics = {name: float(value) for name, value in counts.items()}
        return {**metrics, "flips/low": float(interval.low), "flips/high": float(interval.high)}, flips == 0

    def _logits(self, rng: np.random.Generator, rows: int) -> Logits:
        """Return float64 logits, (rows, classes)."""
        if self.check == "argmax_integers":
            return rng.permuted(np.tile(np.arange(self.classes, dtype=np.float64), (rows, 1)), axis=1)
        return SCALES[self.check.rpartition("_")[2]] * rng.standard_normal((rows, self.classes))


def _bad_rows(y: Logits) -> int:
    return int((~np.isfinite(y).all(axis=1)).sum())


def largest_argument(precision: str) -> float:
    """Return the largest number of a floating point type whose exp is finite in it.

    >>> [round(largest_argument(name), 2) for name in ("float16", "float32", "float64")]
    [11.09, 88.72, 709.78]
    """
    dtype = np.dtype(precision).type
    at = dtype(math.log(float(np.finfo(dtype).max)))
    up, down = dtype(np.inf), dtype(-np.inf)
    with np.errstate(over="ignore"):
        while not np.isfinite(np.exp(at)):
            at = np.nextafter(at, down)
        while np.isfinite(np.exp(np.nextafter(at, up))):
            at = np.nextafter(at, up)
    return float(at)


def decimal_argmax(logits: Logits) -> int:
    """Return the argmax of softmax computed with 100 decimal digits from the exact values of the logits.

    >>> decimal_argmax(np.array([1e-20, 2e-20])), int(softmax(np.array([1e-20, 2e-20])).argmax())
    (1, 0)
    """
    with decimal.localcontext() as context:
        context.prec = DIGITS
        exact = [decimal.Decimal(float(value)) for value in logits]
        top = max(exact)
        exponentials = [(value - top).exp() for value in exact]
        total = sum(exponentials)
        y = [value / total for value in exponentials]
    return y.index(max(y))
