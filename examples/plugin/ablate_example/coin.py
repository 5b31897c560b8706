"""A program: `program=coin` tosses a coin instead of training a net."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ablate.errors import must
from ablate.programs.per_seed import PerSeed
from ablate.registry import register
from ablate.train.metric import Metric, by_name
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult


@register("program", "coin")
@dataclass(frozen=True)
class Coin(PerSeed):
    """Tosses a coin and counts. It owns its own settings and nothing else."""

    METRICS: ClassVar[Mapping[str, Metric]] = by_name([
        Metric("share/heads", better="higher", unit="fraction"),
    ])  # fmt: skip
    has_target: ClassVar[bool] = False

    heads: float = 0.5
    tosses: int = 100

    def __post_init__(self) -> None:
        """Check the settings."""
        if not 0.0 <= self.heads <= 1.0:
            raise must("Coin.heads", "be >= 0 and <= 1", self.heads)
        if self.tosses < 1:
            raise must("Coin.tosses", "be >= 1", self.tosses)

    def facts(self, config: Any) -> dict[str, Any]:
        """Return what is known before a run; there is no data."""
        del config
        return {"dataset": "none", "fingerprint": "coin"}

    def one(self, config: Any, seed: int) -> RunResult:
        """Toss once for one seed: everything random is drawn from it, so that arms are paired."""
        del config
        draws = np.random.default_rng(seed).random(self.tosses)
        return RunResult(seed, Outcome.FINISHED, {"share/heads": float((draws < self.heads).mean())})
