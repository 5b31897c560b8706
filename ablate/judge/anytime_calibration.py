"""Looks at any time tried on simulated studies: how often they are wrong at any look, and how many seeds they take.

Thousands of studies are bet on at once by what `judge` bets with (`stats.bets`); that the way through tables gives the
same is checked on some of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.judge.anytime import follow
from ablate.judge.simulated import BASE, CHANCE, NOISES, Noise, Vector, tables_of, two_arms
from ablate.stats.bets import mean_wealth
from ablate.stats.looks import look_levels
from ablate.stats.mean import mean_p
from ablate.sweep.looks import AnyTime

Row = dict[str, Any]
Rate = Callable[..., Row]
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
    "fewer failures: the row on all runs shows what reading its verdict as one on all runs would cost."
)
_TOOK = (
    f"Beside one look at {ONCE} seeds, and looks at 10, 20 and 30. The median is of a study that may go on until it "
    f"decides as often as one look does, to 1 %; it is to be at most {100 * _SAVED:.0f} % of the seeds of one look "
    f"where that decides {100 * _SURE:.0f} % of studies. Where one look decides fewer, and on the side of a long tail, "
    "less is saved, or nothing."
)


def any_time(
    studies: int, seed: int, rate: Rate, *, delta: float, sd: float
) -> list[tuple[str, str, tuple[Row, ...], str]]:
    """Return name, title, rows and note of both checks.

    Parameters
    ----------
    seed
        Of a generator of its own: what other checks draw does not depend on this one.
    rate
        Makes a row of (wrong, of, at_most=…).
    """
    rng = np.random.default_rng([seed, 48])
    wrong = wrong_rows(studies, rng, rate, delta=delta, sd=sd)
    wrong.append(agreement_row(max(10, studies // 10), rng, delta=delta, sd=sd))
    took = seeds_rows(studies, rng, delta=delta, sd=sd)
    return [
        ("any-time", "Looks at any time, where the true effect is δ", tuple(wrong), _WRONG),
        ("any-time-seeds", "Seeds that looks at any time take", tuple(took), _TOOK),
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
    found = []
    for sign in (1.0, -1.0):
        looks = [n for n in _LOOKS if n <= d.shape[1]]
        wealth = mean_wealth(sign * d, looks, null=sign * delta, target=target) >= target * (1 - 1e-9)
        found.append(np.where(wealth.any(axis=1), np.array(looks)[wealth.argmax(axis=1)], _NEVER))
    return found[0], found[1]


def wrong_rows(studies: int, rng: np.random.Generator, rate: Rate, *, delta: float, sd: float) -> list[Row]:
    """Return how often a verdict is wrong at any look from 10 to 40 seeds, where the true effect is δ exactly."""
    rows = []
    for noise in NOISES:
        # As in the coverage: the mean over all runs is δ, that of the runs that train is above it.
        trains = (delta - noise.failures * (CHANCE - BASE)) / (1.0 - noise.failures)
        d, failed = draws(noise, trains, sd, rng, (studies, MOST))
        supported, refuted = decided_at(d, delta)
        seen = np.array([fail[: min(n, MOST)].any() for fail, n in zip(failed, supported, strict=True)])
        right = ~seen if noise.failures else np.zeros(studies, dtype=np.bool_)
        wrong = ((supported < _NEVER) & ~right) | (refuted < _NEVER)
        rows.append({"data": noise.name, "claims": 1, "what": "false verdict at any look of 10 to 40 seeds"}
                    | rate(int(wrong.sum()), studies, at_most=0.05))  # fmt: skip
        if noise.failures:
            rows.append({"data": noise.name, "claims": 1, "what": "supported although the mean over all runs is δ"}
                        | rate(int((supported < _NEVER).sum()), studies))  # fmt: skip
    d, _ = draws(NOISES[0], delta, sd, rng, (4 * studies, MOST))
    any_of_four = [(t < _NEVER).reshape(studies, 4).any(axis=1) for t in decided_at(d, delta, family=4)]
    rows.append({"data": NOISES[0].name, "claims": 4, "what": "false verdict at any look of 10 to 40 seeds"}
                | rate(int((any_of_four[0] | any_of_four[1]).sum()), studies, at_most=0.05))  # fmt: skip
    return rows


def seeds_rows(studies: int, rng: np.random.Generator, *, delta: float, sd: float) -> list[Row]:
    """Return how many seeds looks at any time take, beside one look at 20 seeds and today's three looks."""
    rows, levels = [], look_levels(THREE)
    cases = [(NOISES[0], planted) for planted in (0.0, 1.5, 1.7, 2.0, 2.5)]
    cases += [(noise, planted) for noise in NOISES[1:3] for planted in (0.0, 2.0)]
    for noise, planted in cases:
        d, _ = draws(noise, planted * delta, sd, rng, (studies, MOST))
        sign = 1.0 if planted > 1.0 else -1.0
        right = decided_at(d, delta)[0 if sign > 0 else 1]
        once = _once(d, delta, sign, seeds=ONCE, level=0.05)
        three = np.full(studies, _NEVER)
        for seeds, level in zip(THREE, levels, strict=True):
            still = three == _NEVER
            three[still] = np.where(_once(d[still], delta, sign, seeds=seeds, level=level), seeds, _NEVER)
        power = float(once.mean())
        enough = [n for n in _LOOKS if (right <= n).mean() >= power - 0.01]
        most = enough[0] if enough else MOST
        median = float(np.median(np.minimum(right, most)))
        row = {
            "data": noise.name, "planted": f"{planted:g} δ",
            "decided once, at 20": _percent(power),
            "by three looks": _percent(float((three < _NEVER).mean())),
            "their median seeds": int(np.median(np.minimum(three, THREE[-1]))),
            "at any time, up to 30": _percent(float((right <= 30).mean())),
            "up to as decided as once": str(most) if enough else f"more than {MOST}",
            "median seeds there": int(median),
            "mean seeds there": f"{np.minimum(right, most).mean():.1f}",
        }  # fmt: skip
        if power >= _SURE and noise is NOISES[0]:
            row["met"] = bool(enough) and median <= _SAVED * ONCE
        rows.append(row)
    return rows


def agreement_row(studies: int, rng: np.random.Generator, *, delta: float, sd: float) -> Row:
    """Return in how many studies the way through tables and verdicts gives what the bets on arrays give."""
    study = two_arms(1, delta=delta).model_copy(update={"looks": AnyTime(), "seeds": MOST})
    held = 0
    for number in range(studies):
        noise = NOISES[number % 3]
        d, _ = draws(noise, delta * (number % 4), sd, rng, (1, MOST))
        off = BASE + 0.01 * rng.normal(size=(MOST, 1))
        on = off + d.T
        supported, refuted = decided_at((on - off).T, delta)
        verdict = follow(study, tables_of(off, on), extras=False).verdicts[0]
        first = int(min(supported[0], refuted[0]))
        expected = "inconclusive" if first == _NEVER else "supported" if supported[0] < refuted[0] else "refuted"
        seeds = verdict.look[2] if verdict.look is not None else 0
        held += verdict.outcome == expected and seeds == min(first, MOST)
    return {"what": "the same through tables and verdicts", "held": held, "studies": studies, "met": held == studies}


def draws(
    noise: Noise, trains: float, sd: float, rng: np.random.Generator, shape: tuple[int, ...]
) -> tuple[Vector, NDArray[np.bool_]]:
    """Return differences whose runs that train differ by `trains` on average, and which of them failed."""
    d = trains + sd * noise.draw(rng, shape)
    failed = rng.random(shape) < noise.failures
    return np.where(failed, CHANCE - BASE, d), np.asarray(failed)


def _once(d: Vector, delta: float, sign: float, *, seeds: int, level: float) -> NDArray[np.bool_]:
    """Return which studies a test of the first seeds decides on the side `sign`."""
    if 2.0 / 2.0**seeds > level:
        return np.zeros(len(d), dtype=np.bool_)
    found = [sign * (row.mean() - delta) > 0 and mean_p(row, null=delta) <= level for row in d[:, :seeds]]
    return np.array(found, dtype=np.bool_)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
