"""Calibration of the kinds of claims beside effects: studies whose truth lies at the end of what is claimed.

There neither `supported` nor `refuted` may be said, so that every verdict is a wrong one, whatever its direction.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ablate.judge.rule import judge
from ablate.judge.simulated import BASE, METRIC, rate_of, runs_of
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

ALPHA = 0.05
_PAIR = ({"part": "off"}, {"part": "on"})
_SIDES = {"arm": {"part": "on"}, "against": {"part": "off"}}
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One row: a claim, and how the runs of a study are drawn.

    Attributes
    ----------
    data, seeds
        As the table shows them.
    """

    claim: dict[str, Any]
    data: str
    seeds: int
    draw: Callable[[np.random.Generator, int], StudyTables]
    factors: dict[str, list[Any]]

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
    own = 0.01 * rng.normal(size=(seeds, 2)).repeat(4, axis=1)
    return runs_of(arms, METRIC, BASE + own + 0.01 * rng.normal(size=(seeds, 8)))


def _as_fast(rng: np.random.Generator, seeds: int, *, missed: float) -> StudyTables:
    """One side takes 1.25 times the steps, with a spread of 30 %, and misses the target in a share of its runs."""
    budget = 1000
    last = budget * np.exp(-0.3 * float(ndtri(1.0 - missed)))  # what half of the slow runs take
    steps = last * np.exp(0.3 * rng.normal(size=(seeds, 2))) / np.array([1.0, 1.25])
    return runs_of(_PAIR, "ttt/steps", steps, budget=budget)


_SIZES = [50, 100, 200, 500, 1000, 2000]


def _worth(rng: np.random.Generator, seeds: int, *, levels_off: bool = False) -> StudyTables:
    """Learning curves in which n examples are worth 1.2 n; they are straight in log n or level off."""
    arms = [{"part": part, "n": n} for part in ("off", "on") for n in _SIZES]
    n = np.array([size * (1.2 if part == "on" else 1.0) for part in ("off", "on") for size in _SIZES]) / 50.0
    truth = 0.9 - 0.4 * n**-0.8 if levels_off else 0.5 + 0.05 * np.log(n)
    own = 0.005 * rng.normal(size=(seeds, 1))
    return runs_of(arms, METRIC, truth + own + 0.01 * rng.normal(size=(seeds, len(arms))))


_SCALES = [10.0**e for e in (-4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0)]


def _as_wide(rng: np.random.Generator, seeds: int) -> StudyTables:
    """Equal true times, with a spread of 30 % on one side and 10 % on the other."""
    arms = [{"part": part, "scale": scale} for part in ("off", "on") for scale in _SCALES]
    away = np.tile(0.29 * np.abs(np.arange(9) - 4), 2)
    spread = np.repeat([0.3, 0.1], 9)
    return runs_of(arms, "ttt/steps", 100.0 * np.exp(away + spread * rng.normal(size=(seeds, 18))), budget=10_000)


_WIDTH = {"kind": "basin_width", "metric": "ttt/steps", "over": "scale", "by_at_least": 0.0}
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
    Case(_K, "straight in log n", 10, _worth, {**_PARTS, "n": list(_SIZES)}),
    Case(_K, "straight in log n", 20, _worth, {**_PARTS, "n": list(_SIZES)}),
    Case(_K, "levelling off", 20, functools.partial(_worth, levels_off=True), {**_PARTS, "n": list(_SIZES)}),
    *(
        Case(
            _TIME, f"{100 * share:.0f} % of the slow side missed", 20, functools.partial(_as_fast, missed=share), _PARTS
        )
        for share in (0.1, 0.3, 0.5, 0.8)
    ),
)


def kind_rows(
    rng: np.random.Generator, steps: Callable[[int], Iterator[int]], studies: int, cases: Iterable[Case] = CASES
) -> list[dict[str, Any]]:
    """Return a row per case: in which share of the studies it was decided, which may be α at most.

    Parameters
    ----------
    steps
        Counts up to a number, and tells who waits.
    """
    rows = []
    for case in cases:
        study, said = case.study, {"supported": 0, "refuted": 0, "inconclusive": 0, "not_tested": 0}
        for _ in steps(studies):
            said[judge(study, case.draw(rng, case.seeds), alpha=ALPHA, extras=False)[0].outcome] += 1
        decided = said["supported"] + said["refuted"]
        shares = {name: said[name] / studies for name in ("supported", "refuted")}
        row = {"kind": case.claim["kind"], "data": case.data, "seeds": case.seeds, **shares}
        rows.append(row | rate_of(decided, studies, at_most=ALPHA))
    return rows
