"""Simulated studies of two identical arms, each tuned by itself: what the choice of a value does to verdicts."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.judge.calibrated_means import agreed, first, one, outcomes_of
from ablate.judge.simulated import BASE, rate_of, simulated_tables, two_arms
from ablate.judge.trials import Counted, Row, Trial, TrialPart

Vector = NDArray[np.float64]
ALPHA = 0.05


@dataclass(frozen=True)
class TunedArms:
    """A grid, and the noise of a run: about what a small net on 500 validation images shows.

    Attributes
    ----------
    means
        True accuracy of every trial, less `BASE`.
    test, validation
        Standard deviation of a run's test and validation accuracy. The second is mostly that of 500 images,
        ``sqrt(0.9 * 0.1 / 500) = 0.013``.
    block
        What the trials of one seed have in common.
    """

    means: tuple[float, ...] = (-0.01, 0.0, -0.01)
    test: float = 0.005
    validation: float = 0.013
    block: float = 0.005

    def per_seed(self, rng: np.random.Generator, *, seeds: int) -> tuple[Vector, Vector]:
        """Return the runs of both arms, float (seeds, 1), where every seed of both chooses for itself."""
        off, on = (self._judged(rng, self._chosen(rng, seeds)) for _ in range(2))
        return off, on

    def per_study(self, rng: np.random.Generator, *, seeds: int, tuning_seeds: int) -> tuple[Vector, Vector]:
        """Return the runs of both arms, where each has the value with the best mean over its tuning seeds."""
        sides = []
        for _ in range(2):
            scores = self._validation(rng, tuning_seeds).mean(axis=0)
            sides.append(self._judged(rng, np.full(seeds, int(scores.argmax()))))
        off, on = sides
        return off, on

    def _validation(self, rng: np.random.Generator, seeds: int) -> Vector:
        common = rng.normal(size=(seeds, 1)) * self.block
        return np.array(self.means) + common + self.validation * rng.normal(size=(seeds, len(self.means)))

    def _chosen(self, rng: np.random.Generator, seeds: int) -> NDArray[np.int64]:
        return np.asarray(self._validation(rng, seeds).argmax(axis=1), dtype=np.int64)

    def _judged(self, rng: np.random.Generator, chosen: NDArray[np.int64]) -> Vector:
        runs = BASE + np.array(self.means)[chosen] + self.test * rng.normal(size=len(chosen))
        return np.asarray(runs[:, np.newaxis], dtype=np.float64)


TUNING_SEEDS = (2, 5, 10, 20)

TITLE = "Identical arms, each tuned by itself: studies judged “better by more than δ”"
NOTE = (
    "Three trials of which two are 0.01 worse, 500 validation images, δ = 0.005. A choice made once is in no interval: "
    "its rows have no limit, and show what a few tuning seeds do. New studies choose in every seed."
)


def tuning_part(*, delta: float, seeds: int) -> TrialPart:
    """Return the check: a row for the choice in every seed, and for one choice by each number of tuning seeds.

    Parameters
    ----------
    seeds
        Judging seeds of a study.
    """
    trials = tuple(
        Trial(
            f"tuning-{'seed' if few is None else few}",
            functools.partial(_tested, few, delta, seeds),
            functools.partial(_told, few),
        )
        for few in (None, *TUNING_SEEDS)
    )
    return TrialPart("tuning", TITLE, trials, NOTE)


def _tested(few: int | None, delta: float, seeds: int, rng: np.random.Generator, studies: int) -> Counted:
    arms = TunedArms()
    sides = [
        arms.per_seed(rng, seeds=seeds) if few is None else arms.per_study(rng, seeds=seeds, tuning_seeds=few)
        for _ in range(studies)
    ]
    outcomes = outcomes_of(np.stack([on - off for off, on in sides]), delta)
    judged = one(two_arms(1, delta=delta), simulated_tables(*sides[0])).outcome
    return {"outcome": np.array(outcomes, dtype=object), "agrees": first(studies, judged == outcomes[0])}


def _told(few: int | None, outcomes: Counted) -> list[Row]:
    of, said = len(outcomes["outcome"]), outcomes["outcome"]
    name = "every judging seed" if few is None else f"{few} tuning seeds, once"
    rate = rate_of(int((said == "supported").sum()), of, at_most=ALPHA if few is None else None)
    return agreed([{"chosen by": name, **rate, "rightly refuted": float((said == "refuted").mean())}], outcomes)
