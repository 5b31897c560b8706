"""What an honest choice made once for a whole study would cost, beside a choice in every judging seed.

    python benchmarks/tuned_once.py [--studies N] [--quick]

Simulated studies of two arms, tuned each by itself: identical ones, and ones of which the second is better by 0.015 at
every value; δ = 0.005, 20 judging seeds, noise as in the check of `ablate calibrate`. Of a choice made once, two rules
that keep its noise out of verdicts are tried. *Agreed*: a claim is decided only if 95 % of the bootstrap resamples of
the tuning seeds choose the same value, in both arms. *Every value*: each value that 5 % of the resamples choose is run
on the judging seeds too, and the claim is decided only if its verdict is the same at all of them. Paired t intervals,
95 %, stand in for the sign-flip test.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ablate.judge.simulated_tuning import TunedArms

Array = NDArray[np.float64]
SEEDS, DELTA, LIFT, RESAMPLES = 20, 0.005, 0.015, 400
GRIDS = {
    "3 values, 0.01 apart": (-0.01, 0.0, -0.01),
    "7 values, the next 0.002 apart": (-0.02, -0.01, -0.002, 0.0, -0.002, -0.01, -0.02),
    "5 values, 0.002 apart": (-0.004, -0.002, 0.0, -0.002, -0.004),
}
TUNING_SEEDS = (5, 10, 20, 40)


def decided(differences: Array) -> NDArray[np.int64]:
    """Return 1 (better by more than δ), -1 (not) or 0 (open) for each study of (studies, seeds) differences."""
    mean, half = differences.mean(axis=1), differences.std(axis=1, ddof=1) / SEEDS**0.5 * stdtrit(SEEDS - 1, 0.975)
    return (mean - half > DELTA).astype(np.int64) - (mean + half < DELTA)


def shares(scores: Array, rng: np.random.Generator) -> Array:
    """Return (studies, values): how often resamples of the seeds of (studies, seeds, values) scores choose each."""
    count = scores.shape[1]
    weights = rng.multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES) / count
    chosen = np.einsum("bk,skv->sbv", weights, scores).argmax(axis=2)
    return np.stack([(chosen == value).mean(axis=1) for value in range(scores.shape[2])], axis=1)


def study_rules(
    means: tuple[float, ...], lift: float, few: int, studies: int
) -> dict[str, tuple[NDArray[np.int64], float]]:
    """Return rule -> the verdict of every study, and the runs of an arm."""
    rng, arms = np.random.default_rng([few, 53]), TunedArms(means=means)
    values = len(means)

    def scored(seeds: int) -> Array:
        common = arms.block * rng.normal(size=(studies, seeds, 1))
        return np.array(means) + common + arms.validation * rng.normal(size=(studies, seeds, values))

    tests = [np.array(means) + up + arms.test * rng.normal(size=(studies, SEEDS, values)) for up in (0.0, lift)]
    each = [np.take_along_axis(test, scored(SEEDS).argmax(axis=2)[..., None], axis=2)[..., 0] for test in tests]
    tuning = [scored(few) for _ in tests]
    chosen = [scores.mean(axis=1).argmax(axis=1) for scores in tuning]
    all_pairs = {
        (a, b): decided(tests[1][:, :, b] - tests[0][:, :, a]) for a, b in product(range(values), range(values))
    }
    once = np.select([(chosen[0] == a) & (chosen[1] == b) for a, b in all_pairs], list(all_pairs.values()))
    often = [shares(scores, rng) for scores in tuning]
    agreed = np.where(np.minimum(often[0].max(axis=1), often[1].max(axis=1)) >= 0.95, once, 0)
    maybe = [share >= 0.05 for share in often]
    alike = np.ones(studies, dtype=np.bool_)
    for (a, b), verdict in all_pairs.items():
        alike &= ~(maybe[0][:, a] & maybe[1][:, b]) | (verdict == once)
    more = float(np.mean([one.sum(axis=1).mean() for one in maybe]))
    return {
        "in every seed": (decided(each[1] - each[0]), values * SEEDS),
        "once": (once, values * few + SEEDS),
        "once, agreed": (agreed, values * few + SEEDS),
        "once, every value": (np.where(alike, once, 0), values * few + SEEDS * more),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=4_000, help="simulated studies per cell")
    parser.add_argument("--quick", action="store_true", help="20 studies per cell: checks that it runs")
    options = parser.parse_args()
    studies = 20 if options.quick else options.studies
    print(f"{studies} studies per cell\n")
    print("| grid | chosen | tuning seeds | runs of an arm | identical, judged better | better, found |")
    print("|---|---|--:|--:|--:|--:|")
    for name, means in GRIDS.items():
        for few in TUNING_SEEDS:
            same, better = (study_rules(means, lift, few, studies) for lift in (0.0, LIFT))
            for rule, (verdicts, runs) in same.items():
                if rule == "in every seed" and few != TUNING_SEEDS[0]:
                    continue
                told = "–" if rule == "in every seed" else few
                found = (better[rule][0] == 1).mean()
                print(f"| {name} | {rule} | {told} | {runs:.0f} | {(verdicts == 1).mean():.3f} | {found:.3f} |")


if __name__ == "__main__":
    main()
