"""Time `ablate judge` on a local MLflow store of 1,000 runs, from the store to the report.

    python benchmarks/judge_door.py [--quick] [--profile]

Five arms in four cells with fifty seeds each (three with --quick), 14 parameters and 8 metrics a run, two runs in a
hundred failed. The store is written by SQL, as MLflow lays it out; building it is not counted. The limit for all parts
together is 60 s on a machine that does nothing else; `--profile` prints where the processor's time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from ablate.sources.choose import source_for
from ablate.sources.mlflow_runs import MlflowRuns
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import found_in
from ablate.work.bench import Bench
from ablate.work.events import nobody
from ablate.work.reporting import write_pages
from ablate.work.tables import judge_table

LIMIT = 60.0  # seconds


def build(folder: Path, seeds: int) -> str:
    """Write the store, and return its address."""
    rng = np.random.default_rng(0)
    address = MlflowRuns().example(folder, [{"seed": 0}])
    with closing(sqlite3.connect(folder / "mlflow.db")) as base, base:
        base.executescript("DELETE FROM runs; DELETE FROM params")
        number = 0
        for norm in ("none", "batch", "layer", "group", "instance"):
            for lr in (0.1, 0.03, 0.01, 0.003):
                for seed in range(seeds):
                    number += 1
                    failed = number % 50 == 7
                    base.execute(
                        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, 'active', 1)",
                        (f"r{number}", f"run-{number}", "FAILED" if failed else "FINISHED", number, number + 1),
                    )
                    params = {"norm": norm, "lr": lr, "seed": seed, "majority_rate": 0.1}
                    params |= {f"fixed_{i}": i for i in range(10)}
                    base.executemany(
                        "INSERT INTO params VALUES (?, ?, ?)", [(k, str(v), f"r{number}") for k, v in params.items()]
                    )
                    if not failed:
                        acc = 0.85 + 0.01 * (norm == "batch") + rng.normal() / 300
                        held = {"test_acc": acc, "val_acc": acc + 0.01, "test_loss": 1 - acc, "train_loss": 0.9 - acc}
                        held |= {f"extra_{i}": rng.normal() for i in range(4)}
                        base.executemany(
                            "INSERT INTO latest_metrics VALUES (?, ?, 0, 0, 0, ?)",
                            [(k, float(v), f"r{number}") for k, v in held.items()],
                        )
    return address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60 runs")
    parser.add_argument("--profile", action="store_true", help="print what takes the processor's time")
    options = parser.parse_args()
    seeds = 3 if options.quick else 50
    parts: list[tuple[str, float, float]] = []

    def timed(name: str, work: Callable[[], Any]) -> Any:
        wall, cpu = time.perf_counter(), time.process_time()
        made = work()
        parts.append((name, time.perf_counter() - wall, time.process_time() - cpu))
        return made

    profile = cProfile.Profile() if options.profile else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = build(folder, seeds)
        os.chdir(folder)
        bench = Bench(tell=nobody)
        if profile:
            profile.enable()
        table = timed("read", lambda: source_for(address).read(fits=lambda head: len(head) > 1))
        timed("find", lambda: found_in(table, Asked(), name="runs"))
        held = timed("find and judge", lambda: judge_table(table, Asked(), bench, name="runs", command=""))
        timed("report", lambda: write_pages("runs", held.judgement, held.bench, out=folder / "out", tongue="en"))
        if profile:
            profile.disable()
    print(f"{20 * seeds} runs  {'wall, s':>9}  {'processor, s':>12}")
    for part, wall, cpu in parts:
        print(f"{part:<15}{wall:>9.2f}  {cpu:>12.2f}")
    total = sum(wall for part, wall, _ in parts if part != "find")
    busy = sum(cpu for part, _, cpu in parts if part != "find")
    met = "met" if total <= LIMIT else "MISSED"
    print(f"read, judge and report: {total:.1f} s, limit {LIMIT:g} s: {met}; {busy:.1f} s of the processor's time")
    if profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


if __name__ == "__main__":
    main()
