"""What a kind of claim is: its fields, the arms it compares, its region, and what it reads off the runs.

A kind is one class in one file of `claims.kinds`. What a method here does is right for a claim about a mean over seeds
of a contrast between two arms; a kind overrides what is different. Nothing outside asks which kind a claim is of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from ablate.claims.anytime import anytime_mean_estimate
from ablate.claims.comparison import Comparison, arm_key, arm_text
from ablate.claims.contrast import Meanings, Sides
from ablate.claims.estimate import Scale, mean_estimate, mean_least
from ablate.claims.measured import Endpoint
from ablate.claims.parts import BaseClaim, Level, Levels, Population
from ablate.claims.reading import LoggedRuns, NoisePlan, Reading
from ablate.claims.reason import Reason
from ablate.errors import UserError
from ablate.stats.anytime import least_mean_pairs
from ablate.train.metric import FRACTION, Better, Metric

Pairs = list[tuple[int, int]]
Factors = Mapping[str, list[Level]]


class ClaimKind(BaseClaim):
    """A kind of claim.

    Attributes
    ----------
    kind
        Its name in a study file.
    scale
        Unit of its effect.
    by_means
        Its effect is a mean over seeds of contrasts, which may be held back by a budget and judged at other targets.
    sampled
        It is tested; else it is counted, and one counterexample refutes it.
    by_signs
        Its test is the exact sign-flip test.
    anytime
        It can be tested so that a study may stop at any time (`looks: anytime`).
    reads_values
        It reads a metric, and its test rests on how much that varies over seeds; else it is how runs ended that counts.
    imputes
        Failed and missing runs may be set to the worst and best value seen.
    to_target
        Its metric counts to a target, whatever it is called: fewer are better.
    unturned
        Why `predicts` is not given, where it is not.
    mapped
        Its effect is 0 where nothing differs, so that a map of it can be drawn.
    at_a_glance, paired
        Its verdict is a row of the first figure; it compares two arms within a seed, so that pairs can be drawn.
    with_delta, two_sided
        It is judged against a δ in the unit of its metric; its δ is a margin to both sides.
    directed, exploratory
        Its verdict says how much its arm raises or lowers the metric; it is post hoc by its nature.
    symbol
        What its effect is called, where it has a symbol.
    in_parts
        Its effect is told in two parts where some run does not train (see `twoparts`).
    failed_counts_as
        What a failed run counts as where the kind says so and not the metric, as a code of a reason.
    """

    scale: ClassVar[Scale] = "difference"
    by_means: ClassVar[bool] = True
    sampled: ClassVar[bool] = True
    by_signs: ClassVar[bool] = True
    anytime: ClassVar[bool] = True
    imputes: ClassVar[bool] = True
    to_target: ClassVar[bool] = False
    mapped: ClassVar[bool] = False
    at_a_glance: ClassVar[bool] = False
    paired: ClassVar[bool] = False
    with_delta: ClassVar[bool] = False
    two_sided: ClassVar[bool] = False
    directed: ClassVar[bool] = False
    exploratory: ClassVar[bool] = False
    unturned: ClassVar[str] = ""
    symbol: ClassVar[str] = ""
    in_parts: ClassVar[bool] = False
    failed_counts_as: ClassVar[str] = ""

    kind: str

    @model_validator(mode="after")
    def _check_turned(self) -> Self:
        if self.unturned and self.predicts is not None:
            raise ValueError(f"given without `predicts`: {self.unturned}")
        return self

    @property
    def reads_values(self) -> bool:
        """Whether it reads a metric."""
        return True

    @property
    def speaks_of(self) -> Population:
        """Which runs it is about: `all`, failed ones too, or those that `trained`."""
        return "all"

    @property
    def needs_bound(self) -> bool:
        """Whether what it says of all runs needs a bound beside the usual test, where an arm is mixed."""
        return False

    def most_left_out(self) -> float | None:
        """Return which share of its pairs may be left out, where it is about runs that train; else None."""
        return None

    def terms(self) -> dict[str, Any]:
        """Return what it states beside its sides, its metric and its cells, as JSON has it: what words need."""
        common = {*BaseClaim.model_fields, "kind", *self.named_sides()}
        return self.model_dump(exclude=common, mode="json")

    # --- the design

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it reads, its own first; `outcome`, which every run has, is none."""
        return (self.metric,) if self.metric != "outcome" else ()

    def arms_in(self, cell: Levels, over: tuple[Level, ...]) -> tuple[Levels, ...]:
        """Return the full levels of every side in one cell: (arm, against), or the arm alone."""
        arm, against = {**cell, **self.arm}, {**cell, **self.against}
        del over
        return (arm, against) if self.against else (arm,)

    def named_sides(self) -> dict[str, Levels]:
        """Return the parts of the claim that hold levels, by their names in the file."""
        return {"arm": self.arm, "against": self.against}

    def check_sides(self, factors: Factors) -> None:
        """Refuse parts that only this kind has; factors and levels of the sides are looked at elsewhere."""
        del factors

    def restricts(self, factor: str) -> bool:
        """Tell whether `where` may name a factor that the claim itself sets."""
        del factor
        return False

    def check_pair(self, one: str, other: str) -> None:
        """Refuse two sides that name different factors or are the same arm."""
        left, right = self.named_sides()[one], self.named_sides()[other]
        if left.keys() != right.keys():
            odd = ", ".join(sorted(left.keys() ^ right.keys()))
            raise UserError(
                f"claim {self.id}: `{one}` and `{other}` must name the same factors, {odd} is on one side only."
            )
        if arm_key(left, left) == arm_key(right, left):
            raise UserError(f"claim {self.id}: `{one}` and `{other}` are the same arm, {arm_text(left)}.")

    def over_levels(self, factors: Factors) -> tuple[Level, ...]:
        """Return the levels of the factor that varies within a side, ascending; empty where none does."""
        del factors
        return ()

    def pairs(self, sides: int, over: int) -> list[Pairs]:
        """Return which sides of a cell are held against each other, for every factor the claim is about."""
        del sides, over
        return [[(0, 1)]] if self.against else []

    # --- planning

    def predicted(self, meanings: Meanings) -> Better:
        """Return which way the claim predicts its metric to move.

        Raises
        ------
        UserError
            It needs a direction and nobody declares it.
        """
        if self.to_target:
            return "lower"
        return self.predicts or meanings.direction(self.metric, where=f"claim {self.id}")

    def either_way(self, meanings: Meanings) -> Better:
        """Return the same for a kind that looks both ways alike: an unknown direction keeps its sign."""
        return self.predicts or meanings.of(self.metric).better or "higher"

    def check_metrics(self, meanings: Meanings) -> None:
        """Refuse metrics whose direction is needed and declared nowhere, or that the kind cannot be about."""
        if self.metric != "outcome":
            self.predicted(meanings)
            self._check_delta(meanings.of(self.metric))

    def _check_delta(self, metric: Metric) -> None:
        """Refuse a δ as large as everything the metric can differ by: most often per cent where a share is meant."""
        low, high = metric.limits
        if self.scale != "difference" or not math.isfinite(high - low) or self.delta < high - low:
            return
        meant = f"; in per cent that is {self.delta / 100:g}" if metric.unit == FRACTION else ""
        raise UserError(
            f"claim {self.id}: δ = {self.delta:g} cannot be reached by {self.metric}, which lies in [{low:g}, {high:g}]"
            f"{meant}"
        )

    def least_seeds(self, alpha: float, cells: int) -> int:
        """Return the fewest seeds with which the claim can be decided at level α, one way or the other."""
        del cells
        return mean_least(alpha)

    def least_to_support(self, alpha: float, cells: int) -> int:
        """Return the fewest seeds with which the claim can be supported at level α: a share is refuted by fewer."""
        return self.least_seeds(alpha, cells)

    def least_at_any_time(self, alpha: float, cells: int) -> int:
        """Return the same for a study that may stop at any time."""
        del cells
        return least_mean_pairs(alpha)

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Tell whether two claims on the same arms and metric cannot both hold; `swapped`: with the sides exchanged."""
        del other, swapped, meanings
        return False

    def turned_against(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Tell whether two claims of one kind predict opposite signs."""
        return type(self) is type(other) and swapped == (self.predicted(meanings) == other.predicted(meanings))

    def noise_plan(self) -> NoisePlan | None:
        """Return how A/A differences bear on it; None where its effect is not a mean of differences."""
        return None

    # --- the runs

    def sides_of(self, columns: NDArray[np.int64], predicts: Better, over: NDArray[np.float64]) -> Sides:
        """Return what the runs of a comparison count: the arm minus what it is compared with, oriented."""
        del over
        return Sides(columns, self.pair(predicts)[: columns.shape[1]], False, predicts)

    def pair(self, predicts: Better) -> NDArray[np.float64]:
        """Return +1 for the arm and -1 for the other, turned where less is predicted."""
        return np.array([1.0, -1.0]) * (1.0 if predicts == "higher" else -1.0)

    def is_arm(self, sides: int) -> NDArray[np.bool_]:
        """Tell which sides are `arm`, bool (sides,); the rest are `against`."""
        if not self.against:
            return np.ones(sides, dtype=np.bool_)
        return np.asarray(np.arange(sides) < sides // 2, dtype=np.bool_)

    def obstacle(self, endpoint: Endpoint, sides: Sides) -> Reason | None:
        """Return what stands in the way of this kind only."""
        del endpoint, sides
        return None

    def reservation(self, endpoint: Endpoint, sides: Sides) -> Reason | None:
        """Return why no interval may decide the claim, although there is one; None where it may."""
        del endpoint, sides
        return None

    def read(self, runs: LoggedRuns) -> Reading:
        """Read the claim off the runs."""
        evidence = runs.evidence
        if not evidence.differences or evidence.undefined or runs.obstacle:
            return Reading(evidence, None, runs.obstacle)
        return self.measure(runs)

    def measure(self, runs: LoggedRuns) -> Reading:
        """Estimate the effect from runs in whose way nothing stands."""
        gaps = runs.evidence.differences
        if runs.batches is not None:
            estimate = anytime_mean_estimate(gaps, self.region, runs.batches, scale=self.scale)
        else:
            estimate = mean_estimate(list(gaps.values()), self.region, scale=self.scale)
        return Reading(runs.evidence, replace(estimate, details=self.details(runs)))

    def details(self, runs: LoggedRuns) -> dict[str, Any]:
        """Return what stands beside the effect."""
        del runs
        return {}

    def scope(self, comparison: Comparison, details: Mapping[str, Any]) -> Reason | None:
        """Return what its effect is an effect of, where that is not a matter of failures."""
        del comparison, details
        return None

    def elsewhere(self, sides: Sides) -> dict[str, Sides]:
        """Return other ways to measure the same thing, by the names their words stand under."""
        del sides
        return {}

    def advice(self) -> Reason | None:
        """Return what would decide it where it is open, if not more seeds."""
        return None

    def label(self, low: float, high: float) -> str:
        """Return how the claim was refuted, as a code; empty where the kind says it already."""
        del low, high
        return ""
