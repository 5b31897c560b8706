"""What claims about runs that share no seeds have in common: means of two groups, by Welch's t."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings
from ablate.claims.estimate import Estimate
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import because
from ablate.errors import UserError
from ablate.stats.mean import Method
from ablate.stats.welch import welch

FEWEST = 6
"""Runs of an arm below which nothing is decided: with fewer pairs an exact test could not either."""


class UnpairedClaim(ClaimKind):
    """A claim about the difference of two means, where runs of the two share nothing: no pairs are made.

    The effect is the difference of means, averaged over the cells; its interval is Welch's t (see `stats.welch`), which
    takes the means for normal and lets each arm have a spread of its own. What seeds would have had in common stays in
    the noise, so it needs more runs than pairs would. Its region begins at a finite end.
    """

    by_means: ClassVar[bool] = False  # not of pairs
    by_signs: ClassVar[bool] = False
    paired: ClassVar[bool] = False
    by_seeds: ClassVar[bool] = False
    imputes: ClassVar[bool] = False
    anytime: ClassVar[bool] = False

    def check_metrics(self, meanings: Meanings) -> None:
        """Refuse counts of steps to a target: what a budget cuts off has no mean, and pairs would be needed."""
        super().check_metrics(meanings)
        if meanings.of(self.metric).counts_to_target:
            raise UserError(
                f"claim {self.id}: {self.metric} counts steps to a target, which are compared seed by seed; expected a "
                "value at the end, or `kind: time_to_target` with seeds that the arms share"
            )

    def least_seeds(self, alpha: float, cells: int) -> int:
        """Six runs of each arm."""
        del alpha, cells
        return FEWEST

    def read(self, runs: LoggedRuns) -> Reading:
        """Estimate the difference of means; the evidence holds no pairs, but how many runs the smallest group has."""
        endpoint, columns = runs.endpoint, runs.sides.columns
        groups = [endpoint.value[:, column] for column in columns.ravel()]
        groups = [group[np.isfinite(group)] for group in groups]
        sizes = np.array(list(map(len, groups))).reshape(columns.shape)
        fewest = int(sizes.min())
        evidence = dataclasses.replace(runs.evidence, differences={}, unpaired=fewest, planned_pairs=fewest)
        details = {"unpaired": {"arm": int(sizes[:, 0].sum()), "against": int(sizes[:, 1].sum())}}
        lengths = runs.lengths(endpoint)
        if lengths:
            reason = because("other_lengths", metric=self.metric, steps=lengths)
            return Reading(evidence, None, reason, details=details)
        if evidence.undefined or fewest < 2:
            return Reading(evidence, None, details=details)
        weights = np.broadcast_to(runs.sides.weights / len(columns), columns.shape).ravel()
        test = welch(groups, weights.tolist())
        values = endpoint.value[:, columns]
        gaps = np.nanmean(values, axis=0) @ runs.sides.weights
        evidence = dataclasses.replace(
            evidence, per_cell=dict(zip(evidence.per_cell, gaps.tolist(), strict=True)),
            filled_arm=_filled(endpoint.filled[:, columns[:, 0]], sizes[:, 0]),
            filled_against=_filled(endpoint.filled[:, columns[:, 1]], sizes[:, 1]),
        )  # fmt: skip
        estimate = Estimate(
            effect=test.effect,
            p=test.p_value(self.region[0]),
            interval=test.confidence_interval,
            method=Method("Welch's t"),
            p_zero=test.p_value(),
            details=details,
        )
        return Reading(evidence, estimate)


def _filled(flags: NDArray[np.bool_], sizes: NDArray[np.int64]) -> tuple[int, int]:
    return int(flags.sum()), int(sizes.sum())
