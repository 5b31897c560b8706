"""Time the judging of a simulated study of 10,000 seed runs, with everything a verdict holds.

    python benchmarks/judge.py [--quick]

One process, one core. Each row is a study of 10,000 runs (1,000 with --quick) of two arms in many cells, one claim per
cell of every kind that is judged by seeds, plus one over all cells; a tenth of the runs of one arm diverge. The limit
is 20 s for the default 20 seeds; other numbers of seeds are shown because the exact test's cost grows as 2^(seeds/2)
until 36, from where on random sign patterns are drawn.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported: BLAS reads it once
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import time
from collections import Counter

import numpy as np

from ablate.judge.rule import judge
from ablate.judge.simulated import METRIC, NOISES, simulate
from ablate.judge.summary import ledger, summary
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

LIMIT = 20.0  # seconds, for 20 seeds


def study_of(cells: int) -> Study:
    sides = {"arm": {"part": "on"}, "against": {"part": "off"}, "metric": METRIC}
    claims = [
        {"id": "gain", "says": "s", **sides, "by_at_least": 0.005, "each": ["cell"]},
        {"id": "overall", "says": "s", **sides, "by_at_least": 0.005},
        {"id": "same", "says": "s", "kind": "equivalence", **sides, "within": 0.005},
        {"id": "most", "says": "s", "kind": "proportion", "of": "cells", **sides, "at_least": cells - cells // 16},
        {"id": "wins", "says": "s", "kind": "win_probability", **sides, "ties_by": METRIC},
        {"id": "slope", "says": "s", "kind": "trend", "metric": METRIC, "arm": {"part": "on"}, "over": "cell",
         "slope": [-0.1, 0.1]},
    ]  # fmt: skip
    factors = {"part": ["off", "on"], "cell": list(range(cells))}
    return Study.model_validate({"title": "simulated", "factors": factors, "claims": claims})


def tables(cells: int, seeds: int) -> StudyTables:
    return simulate(NOISES[4], 0.01, 0.01, np.random.default_rng(0), seeds=seeds, cells=cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    runs = 1_000 if parser.parse_args().quick else 10_000
    judge(study_of(4), tables(4, 8))  # imports
    print(f"{'seeds':>5}  {'arms':>5}  {'claims':>6}  {'judge, s':>9}  {'tables, s':>9}  verdicts")
    for seeds in (8, 20, 30, 36, 50):
        cells = max(4, runs // seeds // 2)
        study, data = study_of(cells), tables(cells, seeds)
        start = time.perf_counter()
        verdicts = judge(study, data)
        judged = time.perf_counter() - start
        start = time.perf_counter()
        ledger(data)
        summary(data, METRIC)
        listed = time.perf_counter() - start
        counts = ", ".join(f"{n} {word}" for word, n in Counter(v.outcome for v in verdicts).items())
        note = f"  limit {LIMIT:g} s: {'met' if judged <= LIMIT else 'MISSED'}" if seeds == 20 else ""
        print(f"{seeds:>5}  {2 * cells:>5}  {len(verdicts):>6}  {judged:>9.2f}  {listed:>9.2f}  {counts}{note}")


if __name__ == "__main__":
    main()
