"""What tracking one seed run costs beyond training, step by step: `python benchmarks/tracking.py [--quick]`.

With `--arms 500 --seeds 4` it says, too, whether the last arms of a study cost more than the first.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ablate.identity import digest
from ablate.track import offline  # noqa: F401 - before MLflow
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

CURVES = ("train/loss", "train/accuracy", "validation/loss", "validation/accuracy")
POINTS = 20  # on each: 80 curve values a run


def study_of(arms: int, seeds: int) -> StudyRecord:
    def arm(i: int) -> ArmRecord:
        norm, std = ("none", "batch")[i % 2], 0.01 * (1 + i // 2)
        config = {
            "model": {"name": "mlp", "hidden": [100] * 5, "activation": "relu"},
            "norm": {"name": norm, "epsilon": 1e-5, "momentum": 0.9},
            "init": {"name": "std", "std": std},
            "optimizer": {"name": "sgd", "lr": 0.01, "momentum": 0.0, "weight_decay": 0.0},
            "dropout": {"name": "none"},
            "augment": {"name": "none"},
            "dataset": {"name": "mnist5k", "train_size": 1000},
            "loss": {"name": "softmax_cross_entropy"},
            **{f"setting_{k}": k for k in range(12)},
        }
        facts = {"fingerprint": digest("data"), "dataset": "mnist5k", "majority_rate": 0.1, "parameters": 119_910}
        levels = {"norm": norm, "init.std": std}
        return ArmRecord(digest(config)[:12], f"norm={norm}, init.std={std:g}", levels, config, facts, baseline=i == 0)

    records = tuple(arm(i) for i in range(arms))
    definition = {"title": "benchmark", "question": "What does logging cost?"}
    return StudyRecord("benchmark", digest("key"), definition, records, tuple(range(seeds)), "benchmark")


def results_of(arm: ArmRecord, seeds: tuple[int, ...], rng: np.random.Generator) -> list[SeedRecord]:
    steps = np.arange(1, POINTS + 1, dtype=np.int64) * 10
    names = [f"{kind}/{curve}" for kind in ("final", "best", "aulc") for curve in CURVES]
    return [
        SeedRecord(
            digest([arm.id, seed]),
            RunResult(
                seed=seed,
                outcome=Outcome.REACHED,
                metrics={name: float(rng.random()) for name in names},
                curves={name: Curve(steps, rng.random(POINTS)) for name in CURVES},
                test_correct=rng.random(1000) < 0.9,
                seconds=0.5,
            ),
        )
        for seed in seeds
    ]


def timed(spent: dict[str, float], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - start

    return wrapper


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 arms of 4 seeds instead of 8 of 8")
    parser.add_argument("--arms", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=8)
    given = parser.parse_args()
    arms, seeds = (2, 4) if given.quick else (given.arms, given.seeds)

    start = time.perf_counter()
    from ablate.track.mlflow_tracker import MlflowTracker
    from ablate.track.read import read_study

    imported = time.perf_counter() - start
    study, rng = study_of(arms, seeds), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        session = MlflowTracker(Path(folder)).open(study)
        opened = time.perf_counter() - start

        spent: dict[str, float] = {}
        client, writer = session._client, session._writer
        for name in ("create_run", "log_batch", "log_inputs", "set_terminated", "set_tag", "delete_run"):
            setattr(client, name, timed(spent, name, getattr(client, name)))
        writer.seed_runs = timed(spent, "seed runs in all", writer.seed_runs)

        work = [(arm, results_of(arm, study.seeds, rng)) for arm in study.arms]
        start, busy = time.perf_counter(), []
        for arm, runs in work:
            before = time.process_time()
            session.log_arm(arm, runs)
            busy.append(time.process_time() - before)
        logged = time.perf_counter() - start

        start = time.perf_counter()
        session.close("FINISHED")
        closed = time.perf_counter() - start
        start = time.perf_counter()
        tables = read_study(Path(folder), "benchmark")
        read = time.perf_counter() - start
        start = time.perf_counter()
        MlflowTracker(Path(folder)).open(study).close("FINISHED")
        again = time.perf_counter() - start

    n = arms * seeds
    assert len(tables.seeds) == n
    assert len(tables.curves) == n * len(CURVES) * POINTS
    print(f"{n} seed runs in {arms} arms, {len(CURVES) * POINTS} curve values each, a fresh store")
    print(f"  log, per seed run          {1e3 * logged / n:7.1f} ms   (its arm run and summary included)")
    print(f"    processor time           {1e3 * sum(busy) / n:7.1f} ms")
    if (tenth := arms // 10) > 1:
        first, last = np.mean(busy[1:tenth]) / seeds, np.mean(busy[-tenth:]) / seeds
        print(f"      first tenth {1e3 * first:.1f} ms, last tenth {1e3 * last:.1f} ms: {last / first:.2f} times")
    for name, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"    {name:<25}{1e3 * seconds / n:7.1f} ms")
    print(f"  read back, per seed run    {1e3 * read / n:7.1f} ms")
    print(f"  import {imported:.2f} s, open a new store {opened:.2f} s, close {closed:.2f} s, resume {again:.2f} s")


if __name__ == "__main__":
    main()
