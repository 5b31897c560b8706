"""Theory against the core: `program=theory_check program.check=bn_scale`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ablate.errors import unknown
from ablate.identity import digest
from ablate.programs import predictions
from ablate.programs.per_seed import PerSeed
from ablate.registry import register
from ablate.streams import stream
from ablate.train.metric import Metric, by_name
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.train.vouched import EVERYTHING, Fact

CHECKS: dict[str, tuple[Callable[[predictions.Rng], predictions.Measured], float]] = {
    "linear_collapse": (predictions.linear_collapse, 1e-12),
    "zero_step_gradient": (predictions.zero_step_gradient, 0.0),
    "softmax_shift": (predictions.softmax_shift, 2.0),
    "bn_scale": (predictions.bn_scale, 1e-4),
    "he_relu": (predictions.he_relu, 0.1),
    "xavier_linear": (predictions.xavier_linear, 0.1),
    "xavier_relu": (predictions.xavier_relu, 0.1),
    "dropout_linear": (predictions.dropout_linear, 0.02),
    "dropout_logistic": (predictions.dropout_logistic, 0.1),
    "adagrad_rate": (predictions.adagrad_rate, 0.02),
}
"""Check -> what computes it (its docstring has the derivation), and the largest deviation at which it holds."""


@dataclass(frozen=True)
class PropertyCheck(PerSeed):
    """A Program that checks a property on random draws; it owns nothing but its own settings.

    A seed is one draw, from its `program` stream. A run has `reached` its target where the property held.
    """

    vouches = EVERYTHING - {Fact.NETWORK, Fact.ENDINGS, Fact.STEPS}

    def facts(self, config: Any) -> dict[str, Any]:
        """Return what stands in for the data: draws of the seed, whatever is checked."""
        del config
        return {"dataset": "random draws", "fingerprint": digest("random draws"), "steps": 1}


@register("program", "theory_check")
@dataclass(frozen=True)
class TheoryCheck(PropertyCheck):
    """Compares the core with one quantitative prediction; which there are: `ablate.programs.predictions`.

    Attributes
    ----------
    check
        Name of the prediction.
    """

    METRICS: ClassVar[Mapping[str, Metric]] = by_name(
        Metric(name) for name in ("deviation", "control", "order", "ratio", "slope")
    )
    """`deviation` is that of every check; the others are measured by some checks beside it."""

    check: str = "linear_collapse"

    def __post_init__(self) -> None:
        if self.check not in CHECKS:
            raise unknown("TheoryCheck.check", self.check, CHECKS)

    def one(self, config: Any, seed: int) -> RunResult:
        """Check one draw."""
        del config
        compute, tolerance = CHECKS[self.check]
        metrics = compute(stream(seed, "program"))
        return RunResult(seed, Outcome.REACHED if metrics["deviation"] <= tolerance else Outcome.CENSORED, metrics)
