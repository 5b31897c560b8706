"""What a kind of claim may ask of the runs of a comparison, and what it reads off them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from ablate.claims.anytime import Batches
from ablate.claims.capped import Gaps
from ablate.claims.comparison import Comparison
from ablate.claims.contrast import Evidence, Meanings, Sides
from ablate.claims.estimate import Estimate
from ablate.claims.measured import Endings, Endpoint
from ablate.claims.parts import Region
from ablate.claims.reason import Reason


@dataclass(frozen=True)
class Reading:
    """What a claim reads off the runs.

    Attributes
    ----------
    evidence
        A number per seed.
    estimate
        None where there is nothing to estimate.
    obstacle
        Why nothing can be tested.
    region
        The claim's region in the unit of the estimate, where that depends on the design.
    details
        What stands beside the effect although there is no estimate.
    """

    evidence: Evidence
    estimate: Estimate | None
    obstacle: Reason | None = None
    region: Region | None = None
    details: dict[str, Any] = field(default_factory=dict)


class LoggedRuns(Protocol):
    """The runs of one comparison, as a kind may ask for them."""

    @property
    def comparison(self) -> Comparison:
        """The arms in every cell."""

    @property
    def sides(self) -> Sides:
        """Where their runs stand, and what they count."""

    @property
    def meanings(self) -> Meanings:
        """What the study's metrics mean."""

    @property
    def endpoint(self) -> Endpoint:
        """The claim's metric, all sides at one budget."""

    @property
    def evidence(self) -> Evidence:
        """The paired contrasts."""

    @property
    def gaps(self) -> Gaps:
        """The contrasts cell by cell."""

    @property
    def batches(self) -> Batches | None:
        """The looks so far of a study that may stop at any time; None where claims are judged once."""

    @property
    def obstacle(self) -> Reason | None:
        """What stands in the way of any test of them."""

    def of(self, metric: str) -> Endpoint:
        """Return another metric, as logged."""

    def lengths(self, endpoint: Endpoint) -> tuple[float, ...]:
        """Return the numbers of steps a metric was averaged over, where they differ between sides; else none."""

    def endings(self, outcomes: Collection[str]) -> Endings:
        """Return which runs ended in one of `outcomes`."""


@dataclass(frozen=True)
class NoisePlan:
    """How A/A differences bear on a claim.

    Attributes
    ----------
    gap
        Distance from the truth to the end of the region that is to be seen.
    logged
        Differences are of logarithms.
    factor
        What a difference of two arms is multiplied by to be as noisy as the claim's contrast.
    """

    gap: float
    logged: bool = False
    factor: float = 1.0
