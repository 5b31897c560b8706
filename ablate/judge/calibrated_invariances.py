"""Calibration of what cannot change a verdict: which arm is named first, the order of seeds, runs that are removed."""

from __future__ import annotations

import dataclasses

import numpy as np

from ablate.judge.calibrated_means import SD, SEEDS, one
from ablate.judge.simulated import NOISES, simulate, two_arms, with_seeds
from ablate.judge.trials import Counted, Row, Trial, TrialPart


def invariance_parts() -> list[TrialPart]:
    """Return the checks that say of each study whether something held."""
    return [
        TrialPart(name, title, (Trial(name, simulated, _all_held, 10),))
        for name, title, simulated in (
            ("label-swap", "Swapping the arms turns the sign and nothing else", _mirrored),
            ("block-order", "The order of the seeds does not matter", _unmoved),
            ("failures", "Removing failed runs changes the effect and is said", _noticed),
        )
    ]


def _all_held(outcomes: Counted) -> list[Row]:
    asked = outcomes["held"][outcomes["held"] >= 0]
    passed = int(asked.sum())
    return [{"held": passed, "studies": len(asked), "met": passed == len(asked)}]


def _mirrored(rng: np.random.Generator, studies: int) -> Counted:
    study = two_arms(1, delta=0.0)
    swapped = study.model_copy(
        update={"claims": [study.claims[0].model_copy(update={"arm": {"part": "off"}, "against": {"part": "on"}})]}
    )
    passed = []
    for _ in range(studies):
        tables = simulate(NOISES[1], 0.002, SD, rng, seeds=SEEDS)
        here, there = one(study, tables), one(swapped, tables)
        passed.append(
            _close(
                (here.effect, here.interval_low, here.interval_high, here.p),
                (_minus(there.effect), _minus(there.interval_high), _minus(there.interval_low), there.p),
            )
        )
    return {"held": np.array(passed, dtype=np.int64)}


def _unmoved(rng: np.random.Generator, studies: int) -> Counted:
    study, passed = two_arms(1, delta=0.0), []
    for _ in range(studies):
        tables = simulate(NOISES[1], 0.002, SD, rng, seeds=SEEDS)
        order = dict(enumerate(rng.permutation(SEEDS).tolist()))
        moved = dataclasses.replace(tables, **with_seeds(tables, order))
        here, there = one(study, tables), one(study, moved)
        passed.append(
            _close(
                (here.effect, here.interval_low, here.interval_high, here.p),
                (there.effect, there.interval_low, there.interval_high, there.p),
            )
        )
    return {"held": np.array(passed, dtype=np.int64)}


def _noticed(rng: np.random.Generator, studies: int) -> Counted:
    """Of a study in which no run failed there is nothing to notice: -1."""
    study, passed = two_arms(1, delta=0.0), []
    for _ in range(studies):
        tables = simulate(NOISES[-1], 0.002, SD, rng, seeds=SEEDS)
        bad = tables.seeds["outcome"] == "diverged"
        if not bad.any():
            passed.append(-1)
            continue
        outcome = tables.seeds["outcome"].mask(bad, "missing")
        kept = dataclasses.replace(tables, seeds=tables.seeds.assign(outcome=outcome))
        full, rest = one(study, tables), one(study, kept)
        passed.append(int(not _close((full.effect,), (rest.effect,)) and rest.pairs < rest.planned_pairs))
    return {"held": np.array(passed, dtype=np.int64)}


def _minus(value: float | None) -> float:
    return -(value or 0.0)


def _close(left: tuple[float | None, ...], right: tuple[float | None, ...]) -> bool:
    return bool(np.allclose([v or 0.0 for v in left], [v or 0.0 for v in right], rtol=1e-7, atol=1e-10))
