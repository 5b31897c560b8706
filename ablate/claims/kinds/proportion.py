"""The claim that something holds in a share of cells, or of runs."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from ablate.claims.anytime import anytime_cells_estimate, anytime_share_estimate
from ablate.claims.contract import ClaimKind
from ablate.claims.contrast import Evidence, Meanings
from ablate.claims.estimate import Scale, cells_estimate, share_estimate, share_least
from ablate.claims.parts import Delta, Region
from ablate.claims.reading import LoggedRuns, Reading
from ablate.claims.reason import because
from ablate.stats.anytime import least_mean_pairs, least_share_runs
from ablate.train.metric import Better

Ending = Literal["reached", "censored", "stalled", "collapsed", "diverged", "crashed", "finished"]


class ProportionClaim(ClaimKind):
    """A share of cells or of runs.

    `of: cells`: `arm` beats `against` by more than `by_at_least` in at least `at_least` cells (a count). `of: runs`:
    the share of `arm`'s runs that end in one of `outcomes` is at least `at_least`, or at most `at_most`; over several
    cells a seed counts where all of its cells do.
    """

    scale: ClassVar[Scale] = "share"
    by_means: ClassVar[bool] = False
    by_signs: ClassVar[bool] = False
    imputes: ClassVar[bool] = False

    kind: Literal["proportion"] = "proportion"
    of: Literal["cells", "runs"]
    metric: str = "outcome"
    outcomes: list[Ending] = Field(default=["reached"], min_length=1)
    by_at_least: Delta = 0.0
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if twice := [name for name, count in Counter(self.outcomes).items() if count > 1]:
            raise ValueError(f"given `outcomes` that name each outcome once, not {', '.join(twice)} more than once")
        if self.of == "cells":
            if not (self.arm and self.against):
                raise ValueError("given `arm` and `against`")
            if self.at_least is None or self.at_most is not None or self.at_least not in range(1, 10**6):
                raise ValueError("given `at_least`, a count of cells")
            if self.metric == "outcome":
                raise ValueError("given `metric`, by which a cell is won")
        else:
            bounds = [bound for bound in (self.at_least, self.at_most) if bound is not None]
            if self.against or len(bounds) != 1 or not 0.0 < bounds[0] < 1.0:
                raise ValueError("given `arm` and one of `at_least`, `at_most`, a share between 0 and 1")
        return self

    @property
    def region(self) -> Region:
        """From `at_least` up, or up to `at_most`."""
        return (-math.inf, self.at_most) if self.at_most is not None else (self.at_least or 0.0, math.inf)

    @property
    def reads_values(self) -> bool:
        """Shares of runs are of how they ended."""
        return self.of == "cells"

    def predicted(self, meanings: Meanings) -> Better:
        """Shares of runs have no direction."""
        return self.either_way(meanings) if self.of == "runs" else super().predicted(meanings)

    def least_seeds(self, alpha: float, cells: int) -> int:
        """One-sided 2^-n in every cell; or of a share of runs."""
        if self.of == "cells":
            return max(1, math.ceil(math.log2(cells / alpha) - 1e-9))
        return share_least(alpha, self.region)

    def least_to_support(self, alpha: float, cells: int) -> int:
        """Return how many runs without an exception show it."""
        if self.of == "cells":
            return self.least_seeds(alpha, cells)
        return share_least(alpha, self.region, supporting=True)

    def least_at_any_time(self, alpha: float, cells: int) -> int:
        """Return the same for a study that may stop at any time."""
        if self.of == "cells":
            return least_mean_pairs(alpha / cells)
        return least_share_runs(alpha, self.delta)

    def read(self, runs: LoggedRuns) -> Reading:
        """Read how the runs ended, or the cells' differences."""
        return super().read(runs) if self.of == "cells" else self._endings(runs)

    def measure(self, runs: LoggedRuns) -> Reading:
        """Count the cells that are won."""
        needed, gaps = int(self.at_least or 1), runs.gaps
        if runs.batches is not None:
            by_seed = dict(zip(gaps.seeds, gaps.values, strict=True))
            estimate = anytime_cells_estimate(by_seed, needed, self.by_at_least, runs.batches, known=gaps.known)
        else:
            estimate = cells_estimate(gaps.values, needed, self.by_at_least, known=gaps.known)
        return Reading(runs.evidence, estimate, region=((needed - 0.5) / gaps.values.shape[1], math.inf))

    def _endings(self, runs: LoggedRuns) -> Reading:
        endings, columns = runs.endings(self.outcomes), runs.sides.columns
        usable: NDArray[np.bool_] = np.asarray(endings.ran[:, columns].all(axis=(1, 2)))
        hit = np.asarray(endings.hit[:, columns].all(axis=(1, 2)))[usable]
        seeds = np.array(endings.seeds, dtype=np.int64)
        evidence = Evidence(
            predicts="higher" if self.at_most is None else "lower",
            differences={int(s): float(h) for s, h in zip(seeds[usable], hit, strict=True)},
            planned_pairs=len(seeds),
            filled_arm=(0, int(usable.sum())),
            filled_against=(0, 0),
            per_cell={},
            undefined=0,
        )
        ran, certain = endings.ran[:, columns], endings.known[:, columns]
        open_runs = ran & ~certain
        if open_runs.any():
            code = "no_target" if endings.untargeted[:, columns][open_runs].all() else "endings_unknown"
            none = dataclasses.replace(evidence, differences={}, filled_arm=(0, 0))
            return Reading(none, None, because(code, n=int(open_runs.sum()), of=int(ran.sum())))
        if not len(hit):
            return Reading(evidence, None)
        if runs.batches is not None:
            return Reading(evidence, anytime_share_estimate(evidence.differences, self.region, runs.batches))
        return Reading(evidence, share_estimate(int(hit.sum()), len(hit), self.region))
