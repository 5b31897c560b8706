"""Calibration where runs collapse: the mean over all runs is δ, so that neither answer about all of them is right."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np

from ablate.judge.rule import judge
from ablate.judge.simulated import BASE, CHANCE, METRIC, rate_of, simulated_tables, two_arms
from ablate.judge.trials import Counted, Row, Trial, TrialPart
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

SHARES = (0.05, 0.1, 0.2)
SETTINGS = (
    *(("all", "on", share) for share in SHARES),
    ("all", "off", 0.1),
    *(("all", "both", share) for share in SHARES[1:]),
    ("bounded", "on", 0.1),
    ("bounded", "both", 0.1),
    ("trained", "on", 0.1),
)
"""Population, the side that collapses, and the share of its runs that do."""

PAIRS = (6, 10, 20)
_PART = 4  # of the studies of other rows, one in so many
ALPHA, BOTH = 0.05, 0.07
WHAT = {"all": "population: all", "bounded": "population: all, bounded", "trained": "population: trained"}
TITLE = "Where runs collapse, and neither answer is right"
NOTE = (
    "Accuracies in [0, 1]; a run that collapses ends at chance. With `population: all` the mean over all runs is δ. A "
    "verdict is wrong if it is about all runs, or about runs that train and says the opposite of what these do. Where "
    "no run failed it is about runs that train, and says so; `read as all runs` is what reading it otherwise costs: "
    "what nobody saw collapse is in no interval. Where both arms collapse the usual test keeps no more than about 7 %; "
    "with `bounded: true` the bound for any distribution has to agree. With `population: trained` the effect of runs "
    "that train is δ, and any verdict is wrong."
)


def collapse_part(*, delta: float, sd: float) -> TrialPart:
    """Return the check: a row per population, side that collapses, share of its runs that do, and number of pairs.

    Parameters
    ----------
    delta, sd
        The δ of the claim, and the spread of differences between runs that train.
    """
    trials = tuple(
        Trial(
            f"collapses-{population}-{side}-{100 * share:g}-{pairs}",
            functools.partial(_judged, population=population, side=side, share=share, pairs=pairs, delta=delta, sd=sd),
            functools.partial(_told, population, side, share, pairs),
            _PART,
        )
        for population, side, share in SETTINGS
        for pairs in PAIRS
    )
    return TrialPart("collapses", TITLE, trials, NOTE)


def _judged(
    rng: np.random.Generator, studies: int, *,
    population: str, side: str, share: float, pairs: int, delta: float, sd: float,
) -> Counted:  # fmt: skip
    effect = delta if population == "trained" else _of_trained(side, share, delta)
    study = _study(population, delta)
    wrong, decided = [], []
    for _ in range(studies):
        tables = _runs(rng, pairs, share, effect, sd=sd, side=side)
        (verdict,) = judge(study, tables, alpha=ALPHA, extras=False)
        failed = bool((tables.seeds["outcome"] == "collapsed").any())
        decided.append(verdict.decided)
        of_all = population != "trained" and failed
        wrong.append(verdict.decided and (of_all or _false(verdict.outcome, effect, delta)))
    return {"wrong": np.array(wrong), "decided": np.array(decided)}


def _told(population: str, side: str, share: float, pairs: int, outcomes: Counted) -> list[Row]:
    of = len(outcomes["wrong"])
    data = f"{100 * share:g} % of {'both' if side == 'both' else f'`{side}`'} collapse"
    most = BOTH if (population, side) == ("all", "both") else ALPHA
    others = {} if population == "trained" else {"read as all runs": float(outcomes["decided"].mean())}
    rate = rate_of(int(outcomes["wrong"].sum()), of, at_most=most)
    return [{"data": data, "what": WHAT[population], "seeds": pairs, **rate, **others}]


def _of_trained(side: str, share: float, delta: float) -> float:
    """Return what runs that train differ by where the mean over all runs differs by δ."""
    lost = share * (BASE - CHANCE)
    return {"on": (delta + lost) / (1.0 - share), "off": delta - lost, "both": delta / (1.0 - share)}[side]


def _false(outcome: str, effect: float, delta: float) -> bool:
    """Tell whether a verdict on runs that train is wrong; at δ either one is."""
    if abs(effect - delta) < 1e-12:
        return True
    return (outcome == "supported") == (effect < delta)


def _study(population: str, delta: float) -> Study:
    study = two_arms(1, delta=delta, bounds=[0.0, 1.0])
    return study.model_copy(update={"claims": [claim.model_copy(update=_ASKED[population]) for claim in study.claims]})


_ASKED: dict[str, dict[str, Any]] = {
    "all": {},
    "bounded": {"bounded": True},
    "trained": {"population": "trained", "leaves_out_at_most": 0.5},  # so that all rows are judged
}


def _runs(rng: np.random.Generator, pairs: int, share: float, effect: float, *, sd: float, side: str) -> StudyTables:
    off = BASE + 0.01 * rng.normal(size=(pairs, 1))
    on = off + effect + sd * rng.normal(size=(pairs, 1))
    tables = simulated_tables(off, np.minimum(on, 1.0))
    falls = rng.random(len(tables.seeds)) < share
    if side != "both":
        falls &= tables.seeds["part"].to_numpy() == side
    seeds = tables.seeds.assign(outcome=tables.seeds["outcome"].mask(falls, "collapsed"))
    seeds[METRIC] = seeds[METRIC].mask(falls, CHANCE)
    return replace(tables, seeds=seeds)
