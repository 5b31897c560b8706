"""The claim that an arm wins more than a share of the seeds.

Reaching the target beats not reaching it, fewer steps win, ties go by another metric.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ablate.claims.anytime import anytime_share_estimate
from ablate.claims.comparison import arm_text
from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Meanings
from ablate.claims.estimate import Scale, share_least, win_estimate
from ablate.claims.measured import Endpoint
from ablate.claims.parts import Levels, Region
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import because
from ablate.stats.anytime import least_share_runs


class WinClaim(ClaimKind):
    """P(`arm` beats `against` with the same seed) > `more_than`.

    Who reached the target beats who did not; both: fewer steps win; ties and neither: the higher `ties_by`.
    """

    scale: ClassVar[Scale] = "share"
    by_means: ClassVar[bool] = False
    by_signs: ClassVar[bool] = False
    imputes: ClassVar[bool] = False
    unturned: ClassVar[str] = "the metric says which way is better, and `arm` is to win"

    kind: Literal["win_probability"] = "win_probability"
    metric: str = "ttt/steps"
    ties_by: str = "aulc/train_accuracy"
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    more_than: float = Field(default=0.5, gt=0.0, lt=1.0)

    @property
    def region(self) -> Region:
        """Above the threshold."""
        return self.more_than, math.inf

    @property
    def metrics(self) -> tuple[str, ...]:
        """What ties go by, too."""
        return (*super().metrics, self.ties_by)

    def check_metrics(self, meanings: Meanings) -> None:
        """Refuse ties that nobody can decide."""
        super().check_metrics(meanings)
        meanings.direction(self.ties_by, where=f"claim {self.id}, `ties_by`")

    def least_seeds(self, alpha: float, cells: int) -> int:
        """Of a share."""
        del cells
        return share_least(alpha, self.region)

    def least_to_support(self, alpha: float, cells: int) -> int:
        """Return how many wins without a loss show it."""
        del cells
        return share_least(alpha, self.region, supporting=True)

    def least_at_any_time(self, alpha: float, cells: int) -> int:
        """Return the same for a study that may stop at any time."""
        del cells
        return least_share_runs(alpha, self.more_than)

    def contradicts(self, other: ClaimKind, *, swapped: bool, meanings: Meanings) -> bool:
        """Both arms win, in more than all of the seeds together."""
        if isinstance(other, WinClaim) and swapped and self.more_than + other.more_than < 1.0:
            return False
        return self.turned_against(other, swapped=swapped, meanings=meanings)

    def read(self, runs: LoggedRuns) -> Reading:
        """Score the pairs; where sides ran for different numbers of steps, nothing decides a tie."""
        ties_by = runs.of(self.ties_by)
        lengths = runs.lengths(ties_by)
        predict = runs.meanings.direction(self.ties_by, where=f"claim {self.id}, `ties_by`")
        sides = runs.sides
        seeds, scores, open_pairs = win_scores(
            runs.endpoint, None if lengths else ties_by, sides.columns, predicts=sides.predicts, ties_predict=predict
        )
        means = scores.mean(axis=1)
        won = scores.mean(axis=0) if seeds else np.full(scores.shape[1], np.nan)
        by_cell = dict(zip(map(arm_text, runs.comparison.cells), won.tolist(), strict=True))
        evidence = dataclasses.replace(
            runs.evidence, differences=dict(zip(seeds, means.tolist(), strict=True)), undefined=0, per_cell=by_cell
        )
        if open_pairs.any():
            n, of = int(open_pairs.sum()), open_pairs.size
            if lengths:
                return Reading(evidence, None, because("ties_by_length", n=n, of=of, steps=lengths))
            return Reading(evidence, None, because("ties_without_value", n=n, of=of))
        if not seeds:
            return Reading(evidence, None)
        if runs.batches is not None:
            return Reading(evidence, anytime_share_estimate(evidence.differences, self.region, runs.batches))
        return Reading(evidence, win_estimate(means, self.region))


def win_scores(
    endpoint: Endpoint,
    ties_by: Endpoint | None,
    columns: NDArray[np.int64],
    *,
    predicts: str,
    ties_predict: str,
) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.bool_]]:
    """Return the seeds, their scores (seeds, cells), and which pairs nobody can score, bool (seeds, cells).

    Scores are 1 where the arm wins, 0 where it loses, ½ where the pair is tied. A seed is there only where both sides
    ran in every cell.

    Parameters
    ----------
    ties_by
        What decides a tie; None where the sides cannot be compared by it.
    columns
        Columns of (arm, against) in the endpoints, int (cells, 2).
    predicts, ties_predict
        Which values of the metric win, and of the one that decides ties.
    """
    first = _places(endpoint, predicts)
    left, right = first[:, columns[:, 0]], first[:, columns[:, 1]]
    with np.errstate(invalid="ignore"):  # -inf - -inf: neither reached the target
        gap = np.where(left == right, 0.0, left - right)
    tie = np.full(gap.shape, np.nan)
    if ties_by is not None:
        second = _places(ties_by, ties_predict)
        with np.errstate(invalid="ignore"):
            tie = second[:, columns[:, 0]] - second[:, columns[:, 1]]
    decided = np.where(gap == 0.0, tie, gap)
    score = 0.5 + 0.5 * np.sign(decided)
    ran: NDArray[np.bool_] = np.asarray(endpoint.ran[:, columns].all(axis=(1, 2)))
    seeds = tuple(int(seed) for seed, here in zip(endpoint.seeds, ran, strict=True) if here)
    return seeds, np.nan_to_num(np.asarray(score[ran]), nan=0.5), np.asarray(np.isnan(score[ran]))


def _places(endpoint: Endpoint, predicts: str) -> NDArray[np.float64]:
    """Return values of which the higher wins; -inf where the target was not reached."""
    value = endpoint.value if predicts == "higher" else -endpoint.value
    if endpoint.declared.counts_to_target:
        value = np.where(endpoint.filled, -np.inf, value)
    return np.asarray(value)
