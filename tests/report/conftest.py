"""A synthetic tracked study with everything that goes wrong: divergence, stalls, a crash, missing seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.vouched import EVERYTHING

Make = Callable[..., tuple[Study, StudyTables]]


def build(
    stds: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0),
    norms: tuple[str | None, ...] = ("none", "batch"),
    *,
    seeds: int = 8,
    evaluations: int = 21,
    claims: bool = True,
    missing: int = 1,
    **study: Any,
) -> tuple[Study, StudyTables]:
    """Return a study norm x init.std with curves that look like the book's figure 6-19."""
    rng = np.random.default_rng(7)
    steps = np.arange(evaluations) * 10
    planned, rows, curves, facts = [], [], [], {}
    for norm in norms:
        for std in stds:
            arm_id = f"{len(planned):012x}"
            base = norm == norms[0] and std == stds[0]
            arm = "baseline" if base else f"norm={norm}, init.std={std:.4g}"
            planned.append({"arm_id": arm_id, "arm": arm, "baseline": base, "norm": norm, "init.std": std})
            facts[arm_id] = {
                "fingerprint": "9f" * 16, "dataset": "mnist5k", "majority_rate": 0.104, "train_size": 1000,
                "validation_size": 500, "test_size": 2000, "classes": 10, "steps": int(steps[-1]),
                "parameters": 119910 + (1000 if norm == "batch" else 0), "vouches": sorted(EVERYTHING),
            }  # fmt: skip
            for seed in range(seeds):
                row, lines = _run(rng, norm, std, seed, steps)
                if base and seed >= seeds - missing:
                    row, lines = {"outcome": "missing"}, {}
                run_id = f"{arm_id[-4:]}-{seed}"
                rows.append({"arm_id": arm_id, "arm": arm, "seed": seed, "run_id": run_id, "identity": run_id,
                             "norm": norm, "init.std": std, "majority_rate": 0.104} | row)  # fmt: skip
                for metric, values in lines.items():
                    curves += [
                        {"run_id": run_id, "arm_id": arm_id, "seed": seed, "metric": metric, "step": s, "value": v}
                        for s, v in zip(steps, values, strict=False)
                    ]
    definition: dict[str, Any] = {
        "title": "Does BatchNorm make the initial scale matter less?",
        "question": "With and without BatchNorm at several standard deviations of the initial weights: "
                    "how fast and how well does the book's net learn?",
        "quotes": [{"zh": "几乎所有的情况下都是使用Batch Norm时学习进行得更快",
                    "en": "In almost all cases learning goes faster with Batch Norm."}],
        "factors": {"norm": list(norms), "init.std": list(stds)},
        "fixed": {"dataset": "mnist5k", "optimizer": "sgd", "optimizer.lr": 0.01, "epochs": 20},
        "seeds": seeds,
        "not_concluded": ["Nothing about tuned learning rates: 0.01 is the book's, for every arm."],
        "confounds": ["The running statistics start at 0 <and are not corrected>."],
        "figures": [{"kind": "curve_grid", "metric": "train/accuracy", "panel": "init.std", "hue": "norm",
                     "title": "the book's figure 6-19, with its failures"}],
        "claims": [],
    } | study  # fmt: skip
    if claims and len(norms) > 1:
        definition["claims"] = [
            {"id": "faster", "says": "BatchNorm learns faster", "metric": "aulc/train_accuracy",
             "arm": {"norm": norms[1]}, "against": {"norm": norms[0]}, "each": ["init.std"], "by_at_least": 0.005,
             "why_delta": "half a point is the smallest difference a reader of the book's figure can see",
             "quote": {"zh": "使用Batch Norm后，学习进行得更快了",
                       "en": "After using Batch Norm, learning goes faster."}},
            {"id": "better", "says": "BatchNorm ends better on the test part", "metric": "final/test_accuracy",
             "arm": {"norm": norms[1]}, "against": {"norm": norms[0]}, "by_at_least": 0.005},
        ]  # fmt: skip
    model = Study.model_validate(definition)
    head = {
        "name": "quickstart", "key": "ab" * 32, "definition": definition, "command": "ablate run quickstart",
        "run_id": "0123456789abcdef0123456789abcdef", "experiment_id": "1", "created": "2026-01-02T03:04:05+00:00",
        "provenance": {"git commit": "0123abc", "ablate": "0.1.0", "numpy": "2.4.6", "CPU": "Test CPU <2 cores>",
                       "BLAS threads": "1"},
    }  # fmt: skip
    curve_table = pd.DataFrame(curves, columns=["run_id", "arm_id", "seed", "metric", "step", "value"])
    return model, StudyTables(head, pd.DataFrame(planned), pd.DataFrame(rows), curve_table, facts)


def _run(rng: np.random.Generator, norm: str | None, std: float, seed: int, steps: np.ndarray) -> tuple[dict, dict]:
    off = abs(np.log10(std) + 1.2)
    speed = (0.045 if norm == "batch" else 0.03 * np.exp(-2.0 * off**2)) * rng.lognormal(0, 0.15)
    top = 0.97 - (0.02 * off if norm == "batch" else 0.0) + rng.normal(0, 0.004)
    accuracy = 0.104 + (top - 0.104) * (1 - np.exp(-speed * steps)) + rng.normal(0, 0.006, steps.size)
    accuracy = np.clip(accuracy, 0.05, 1.0)
    loss = 2.31 * np.exp(-speed * steps) + 0.05 * rng.lognormal(0, 0.1, steps.size)
    diverges = norm != "batch" and std >= 0.5 and seed % 4 != 1
    crashed = norm == "batch" and std <= 0.001 and seed == 2
    row: dict[str, Any] = {"seconds": 0.21 + 0.01 * seed, "first_nonfinite_step": np.nan}
    if diverges or crashed:
        at = 3 + seed % 9 if diverges else 5
        loss[1:at] = 2.3 * 6.0 ** np.arange(1, at) if diverges else loss[1:at]
        accuracy[at:] = np.nan
        loss[at:] = np.nan
        row |= {"outcome": "diverged" if diverges else "crashed", "aulc/train_accuracy": 0.104 if diverges else np.nan}
        row["first_nonfinite_step"] = float(steps[at - 1] + 4) if diverges else np.nan
    else:
        end = float(accuracy[-1])
        row |= {"outcome": "reached" if end > 0.9 else "stalled" if end < 0.14 else "censored",
                "aulc/train_accuracy": float(accuracy.mean()), "final/test_accuracy": end - 0.03}  # fmt: skip
    return row, {"train/accuracy": accuracy, "train/loss": loss}


@pytest.fixture(scope="session")
def make() -> Make:
    """Build studies of other shapes."""
    return build


@pytest.fixture(scope="session")
def study() -> tuple[Study, StudyTables]:
    """The study most tests read."""
    return build()
