"""Looks at any time tried on simulated studies: how often they are wrong at any look, and how many seeds they take.

Thousands of studies are bet on at once by what `judge` bets with (`stats.bets`); that the way through tables gives the
same is checked on some of them.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from ablate.judge.anytime import follow
from ablate.judge.simulated import BASE, CHANCE, NOISES, SimulatedNoise, Vector, rate_of, simulated_tables, two_arms
from ablate.judge.trials import Counted, Row, Trial, TrialPart
from ablate.stats.bets import mean_wealth
from ablate.stats.looks import look_levels
from ablate.stats.mean import mean_p
from ablate.sweep.looks import AnyTime

Times = NDArray[np.int64]

MOST = 40
ONCE = 20
THREE = (10, 20, 30)
_LOOKS = AnyTime().counts(MOST)
_NEVER = 10**6
_SAVED = 0.7  # of the seeds of a fixed design
_SURE = 0.95  # power of the fixed design from which seeds are to be saved
_WRONG = (
    "Judged after 10, 12, … 40 seeds; a study is wrong that decides at any of them. A study that stops early has seen "
    "fewer failures: the row on all runs shows what reading its verdict as one on all runs would cost. With "
    "differences as skewed as lognormal and several claims the level is not kept, as it is not at one look (see the "
    "limits below)."
)
_TOOK = (
    f"Beside one look at {ONCE} seeds, and looks at 10, 20 and 30. The median is of a study that may go on until it "
    f"decides as often as one look does, to 1 %; it is to be at most {100 * _SAVED:.0f} % of the seeds of one look "
    f"where that decides {100 * _SURE:.0f} % of studies. Where one look decides fewer, and on the side of a long tail, "
    "less is saved, or nothing."
)


def any_time(*, delta: float, sd: float) -> list[TrialPart]:
    """Return both checks."""
    return [
        TrialPart("any-time", "Looks at any time, where the true effect is δ", _wrong_trials(delta, sd), _WRONG),
        TrialPart("any-time-seeds", "Seeds that looks at any time take", _seeds_trials(delta, sd), _TOOK),
    ]


def decided_at(d: Vector, delta: float, *, family: int = 1, alpha: float = 0.05) -> tuple[Times, Times]:
    """Return after how many seeds each study is supported, and refuted; `_NEVER` where it is not within the looks.

    Parameters
    ----------
    d
        Differences, float (studies, seeds).
    family
        Claims of the study: the strictest step of Holm is taken.
    """
    target = 2.0 * family / alpha
    times = []
    for sign in (1.0, -1.0):
        looks = [n for n in _LOOKS if n <= d.shape[1]]
        wealth = mean_wealth(sign * d, looks, null=sign * delta, target=target) >= target * (1 - 1e-9)
        times.append(np.where(wealth.any(axis=1), np.array(looks)[wealth.argmax(axis=1)], _NEVER))
    return times[0], times[1]


def _wrong_trials(delta: float, sd: float) -> tuple[Trial, ...]:
    """Return how often a verdict is wrong at any look from 10 to 40 seeds, where the true effect is δ exactly."""
    cases = [(number, 1) for number in range(len(NOISES))] + [(0, 4), (1, 4)]
    trials = [
        Trial(f"any-time-{number}-{claims}",
              functools.partial(_looked_at, number=number, claims=claims, delta=delta, sd=sd),
              functools.partial(_told_wrong, number, claims))
        for number, claims in cases
    ]  # fmt: skip
    return (*trials, Trial("any-time-judged", functools.partial(_agreement, delta, sd), _told_agreement, 20))


def _looked_at(rng: np.random.Generator, studies: int, *, number: int, claims: int, delta: float, sd: float) -> Counted:
    noise = NOISES[number]
    # As in the coverage: the mean over all runs is δ, that of the runs that train is above it.
    trains = (delta - noise.failures * (CHANCE - BASE)) / (1.0 - noise.failures)
    d, failed = draws(noise, trains, sd, rng, (studies * claims, MOST))
    supported, refuted = decided_at(d, delta, family=claims)
    seen = np.array([fail[: min(n, MOST)].any() for fail, n in zip(failed, supported, strict=True)])
    right = ~seen if noise.failures else np.zeros(len(d), dtype=np.bool_)
    wrong = ((supported < _NEVER) & ~right) | (refuted < _NEVER)
    outcomes = {"wrong": wrong, "supported": supported < _NEVER}
    return {name: np.asarray(hits.reshape(studies, claims).any(axis=1)) for name, hits in outcomes.items()}


def _told_wrong(number: int, claims: int, outcomes: Counted) -> list[Row]:
    noise, of = NOISES[number], len(outcomes["wrong"])
    promised = {"at_most": 0.05} if claims == 1 or number == 0 else {}
    row = {"data": noise.name, "claims": claims}
    rows = [{**row, "what": "false verdict at any look of 10 to 40 seeds"}
            | rate_of(int(outcomes["wrong"].sum()), of, **promised)]  # fmt: skip
    if noise.failures:
        rows.append({**row, "what": "supported although the mean over all runs is δ"}
                    | rate_of(int(outcomes["supported"].sum()), of))  # fmt: skip
    return rows


def _seeds_trials(delta: float, sd: float) -> tuple[Trial, ...]:
    """Return how many seeds looks at any time take, beside one look at 20 seeds and today's three looks."""
    cases = [(0, planted) for planted in (0.0, 1.5, 1.7, 2.0, 2.5)]
    cases += [(number, planted) for number in (1, 2) for planted in (0.0, 2.0)]
    return tuple(
        Trial(f"any-time-seeds-{number}-{planted:g}",
              functools.partial(_seeds_taken, number=number, planted=planted, delta=delta, sd=sd),
              functools.partial(_told_seeds, number, planted))
        for number, planted in cases
    )  # fmt: skip


def _seeds_taken(
    rng: np.random.Generator, studies: int, *, number: int, planted: float, delta: float, sd: float
) -> Counted:
    d, _ = draws(NOISES[number], planted * delta, sd, rng, (studies, MOST))
    sign = 1.0 if planted > 1.0 else -1.0
    three = np.full(studies, _NEVER)
    for seeds, level in zip(THREE, look_levels(THREE), strict=True):
        still = three == _NEVER
        three[still] = np.where(_once(d[still], delta, sign, seeds=seeds, level=level), seeds, _NEVER)
    return {
        "right": decided_at(d, delta)[0 if sign > 0 else 1],
        "once": _once(d, delta, sign, seeds=ONCE, level=0.05),
        "three": three,
    }


def _told_seeds(number: int, planted: float, outcomes: Counted) -> list[Row]:
    right, three, power = outcomes["right"], outcomes["three"], float(outcomes["once"].mean())
    enough = [n for n in _LOOKS if (right <= n).mean() >= power - 0.01]
    most = enough[0] if enough else MOST
    median = float(np.median(np.minimum(right, most)))
    row = {
        "data": NOISES[number].name, "planted": f"{planted:g} δ", "studies": len(right),
        "decided once, at 20": _percent(power),
        "by three looks": _percent(float((three < _NEVER).mean())),
        "their median seeds": int(np.median(np.minimum(three, THREE[-1]))),
        "at any time, up to 30": _percent(float((right <= 30).mean())),
        "up to as decided as once": str(most) if enough else f"more than {MOST}",
        "median seeds there": int(median),
        "mean seeds there": f"{np.minimum(right, most).mean():.1f}",
    }  # fmt: skip
    if power >= _SURE and number == 0:
        row["met"] = bool(enough) and median <= _SAVED * ONCE
    return [row]


def _agreement(delta: float, sd: float, rng: np.random.Generator, studies: int) -> Counted:
    """Return in which studies the way through tables and verdicts gives what the bets on arrays give."""
    study = two_arms(1, delta=delta).model_copy(update={"looks": AnyTime(), "seeds": MOST})
    agreed = []
    for number in range(studies):
        noise = NOISES[number % 3]
        d, _ = draws(noise, delta * (number % 4), sd, rng, (1, MOST))
        off = BASE + 0.01 * rng.normal(size=(MOST, 1))
        on = off + d.T
        supported, refuted = decided_at((on - off).T, delta)
        verdict = follow(study, simulated_tables(off, on), extras=False).verdicts[0]
        first = int(min(supported[0], refuted[0]))
        expected = "inconclusive" if first == _NEVER else "supported" if supported[0] < refuted[0] else "refuted"
        seeds = verdict.look[2] if verdict.look is not None else 0
        agreed.append(verdict.outcome == expected and seeds == min(first, MOST))
    return {"held": np.array(agreed)}


def _told_agreement(outcomes: Counted) -> list[Row]:
    agreed, of = int(outcomes["held"].sum()), len(outcomes["held"])
    return [{"what": "the same through tables and verdicts", "held": agreed, "studies": of, "met": agreed == of}]


def draws(
    noise: SimulatedNoise, trains: float, sd: float, rng: np.random.Generator, shape: tuple[int, ...]
) -> tuple[Vector, NDArray[np.bool_]]:
    """Return differences whose runs that train differ by `trains` on average, and which of them failed."""
    d = trains + sd * noise.draw(rng, shape)
    failed = rng.random(shape) < noise.failures
    return np.where(failed, CHANCE - BASE, d), np.asarray(failed)


def _once(d: Vector, delta: float, sign: float, *, seeds: int, level: float) -> NDArray[np.bool_]:
    """Return which studies a test of the first seeds decides on the side `sign`."""
    if 2.0 / 2.0**seeds > level:
        return np.zeros(len(d), dtype=np.bool_)
    decided = [sign * (row.mean() - delta) > 0 and mean_p(row, null=delta) <= level for row in d[:, :seeds]]
    return np.array(decided, dtype=np.bool_)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
