"""Calibration of the kinds of claims beside effects: studies whose truth lies at the end of what is claimed.

There neither `supported` nor `refuted` may be said, so that every verdict is a wrong one, whatever its direction.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from ablate.judge.rule import judge
from ablate.judge.simulated import BASE, METRIC, rate_of, runs_of
from ablate.judge.trials import Counted, Row, Trial, TrialPart
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

ALPHA = 0.05
_PAIR = ({"part": "off"}, {"part": "on"})
_SIDES = {"arm": {"part": "on"}, "against": {"part": "off"}}


@dataclass(frozen=True)
class Case:
    """One row: a claim, and how the runs of a study are drawn.

    Attributes
    ----------
    data, seeds
        As the table shows them.
    limit
        The largest share of studies that may be decided; None where it is shown and known not to be kept.
    part
        One in so many studies of other rows.
    """

    claim: dict[str, Any]
    data: str
    seeds: int
    draw: Callable[[np.random.Generator, int], StudyTables]
    factors: dict[str, list[Any]]
    limit: float | None = ALPHA
    part: int = 2

    @property
    def name(self) -> str:
        """By which the row is asked for."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.claim['kind']} {self.data} {self.seeds}".lower())
        return words.strip("-")

    @property
    def study(self) -> Study:
        """The study of this one claim."""
        claim = {"id": "it", "says": "it does", "metric": METRIC, **_SIDES, **self.claim}
        metrics = {METRIC: {"bounds": [None, None]}}  # normal draws know no [0, 1]
        return Study.model_validate(
            {"title": "simulated", "metrics": metrics, "factors": self.factors, "claims": [claim]}
        )


def _at_the_margin(rng: np.random.Generator, seeds: int) -> StudyTables:
    off = BASE + 0.01 * rng.normal(size=(seeds, 1))
    return runs_of(_PAIR, METRIC, np.hstack((off, off + 0.005 + 0.003 * rng.normal(size=(seeds, 1)))))


def _as_often(rng: np.random.Generator, seeds: int, *, ties: float = 0.0) -> StudyTables:
    gap = rng.choice([-0.01, 0.01], size=(seeds, 1)) * (rng.random((seeds, 1)) >= ties)
    return runs_of(_PAIR, METRIC, np.hstack((np.full((seeds, 1), BASE), BASE + gap)))


def _as_often_in_cells(rng: np.random.Generator, seeds: int) -> StudyTables:
    arms = [{"part": part, "cell": cell} for part in ("off", "on") for cell in range(4)]
    seed_noise = 0.01 * rng.normal(size=(seeds, 2)).repeat(4, axis=1)
    return runs_of(arms, METRIC, BASE + seed_noise + 0.01 * rng.normal(size=(seeds, 8)))


def _as_fast(rng: np.random.Generator, seeds: int, *, missed: float) -> StudyTables:
    """One side takes 1.25 times the steps, with a spread of 30 %, and misses the target in a share of its runs."""
    budget = 1000
    last = budget * np.exp(-0.3 * float(ndtri(1.0 - missed)))  # what half of the slow runs take
    steps = last * np.exp(0.3 * rng.normal(size=(seeds, 2))) / np.array([1.0, 1.25])
    return runs_of(_PAIR, "ttt/steps", steps, budget=budget)


def _not_paired(rng: np.random.Generator, seeds: int, *, spread: float, skewed: bool = False) -> StudyTables:
    """Arms that share nothing, the one with `spread` times the noise of the other, at the margin of 0.005."""
    noise = rng.normal(size=(seeds, 2))
    if skewed:
        noise = (np.exp(noise) - np.exp(0.5)) / np.sqrt((np.e - 1.0) * np.e)
    return runs_of(_PAIR, METRIC, BASE + np.array([0.0, 0.005]) + 0.005 * np.array([1.0, spread]) * noise)


_SIZES = [50, 100, 200, 500, 1000, 2000]


def _worth(rng: np.random.Generator, seeds: int, *, levels_off: bool = False) -> StudyTables:
    """Learning curves in which n examples are worth 1.2 n; they are straight in log n or level off."""
    arms = [{"part": part, "n": n} for part in ("off", "on") for n in _SIZES]
    n = np.array([size * (1.2 if part == "on" else 1.0) for part in ("off", "on") for size in _SIZES]) / 50.0
    truth = 0.9 - 0.4 * n**-0.8 if levels_off else 0.5 + 0.05 * np.log(n)
    seed_noise = 0.005 * rng.normal(size=(seeds, 1))
    return runs_of(arms, METRIC, truth + seed_noise + 0.01 * rng.normal(size=(seeds, len(arms))))


_SCALES = [10.0**e for e in (-4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0)]


def _as_wide(rng: np.random.Generator, seeds: int) -> StudyTables:
    """Equal true times, with a spread of 30 % on one side and 10 % on the other."""
    arms = [{"part": part, "scale": scale} for part in ("off", "on") for scale in _SCALES]
    away = np.tile(0.29 * np.abs(np.arange(9) - 4), 2)
    spread = np.repeat([0.3, 0.1], 9)
    return runs_of(arms, "ttt/steps", 100.0 * np.exp(away + spread * rng.normal(size=(seeds, 18))), budget=10_000)


_WIDTH = {"kind": "basin_width", "metric": "ttt/steps", "over": "scale", "by_at_least": 0.0}
_APART = {"kind": "difference_unpaired", "by_at_least": 0.005}
_K = {"kind": "exchange_rate", "over": "n", "ratio": 1.2}
_TIME = {"kind": "time_to_target", "metric": "ttt/steps", "ratio": 1.25}
_WINS = {"kind": "win_probability", "ties_by": METRIC}
_PARTS = {"part": ["off", "on"]}
CASES = (
    Case({"kind": "equivalence", "within": 0.005}, "normal", 20, _at_the_margin, _PARTS),
    Case({"kind": "equivalence", "within": 0.005}, "normal", 8, _at_the_margin, _PARTS),
    Case(_WINS, "no ties", 20, _as_often, _PARTS),
    Case(_WINS, "half of the pairs tied", 20, functools.partial(_as_often, ties=0.5), _PARTS),
    Case(_WINS, "averaged over 4 cells", 20, _as_often_in_cells, {**_PARTS, "cell": [0, 1, 2, 3]}),
    Case(_WIDTH, "noise of 10 % against 30 %", 20, _as_wide, {**_PARTS, "scale": list(_SCALES)}),
    Case(_K, "straight in log n", 10, _worth, {**_PARTS, "n": list(_SIZES)}, part=4),
    Case(_K, "straight in log n", 20, _worth, {**_PARTS, "n": list(_SIZES)}, part=4),
    Case(_K, "levelling off", 20, functools.partial(_worth, levels_off=True), {**_PARTS, "n": list(_SIZES)}, part=4),
    *(
        Case(
            _APART,
            f"not paired, {what}",
            seeds,
            functools.partial(_not_paired, spread=spread, skewed=skewed),
            _PARTS,
            limit=None if skewed and spread > 1.0 else ALPHA,  # Welch's t does not keep it there
        )
        for what, spread, skewed in (
            ("normal", 1.0, False),
            ("normal, 4 times the noise", 4.0, False),
            ("lognormal", 1.0, True),
            ("lognormal, 4 times the noise", 4.0, True),
        )
        for seeds in (6, 20)
    ),
    *(
        Case(
            _TIME, f"{100 * share:.0f} % of the slow side missed", 20, functools.partial(_as_fast, missed=share), _PARTS
        )
        for share in (0.1, 0.3, 0.5, 0.8)
    ),
)


def kinds_part(cases: Iterable[Case] = CASES) -> TrialPart:
    """Return the check: a row per case, in which share of the studies it was decided, which may be α at most."""
    trials = tuple(
        Trial(case.name, functools.partial(_judged, case), functools.partial(_told, case), case.part) for case in cases
    )
    return TrialPart(
        "kinds",
        "Claims of other kinds, where neither answer is right",
        trials,
        "The true effect lies at the end of what is claimed, so that a verdict either way is wrong.",
    )


def _judged(case: Case, rng: np.random.Generator, studies: int) -> Counted:
    study = case.study
    said = [judge(study, case.draw(rng, case.seeds), alpha=ALPHA, extras=False)[0].outcome for _ in range(studies)]
    return {"outcome": np.array(said, dtype=object)}


def _told(case: Case, outcomes: Counted) -> list[Row]:
    of = len(outcomes["outcome"])
    counts = {name: int((outcomes["outcome"] == name).sum()) for name in ("supported", "refuted")}
    row = {"kind": case.claim["kind"], "data": case.data, "seeds": case.seeds}
    row |= {name: count / of for name, count in counts.items()}
    return [row | rate_of(sum(counts.values()), of, at_most=case.limit)]
