"""What checks are made on: a small dataset, an arm over it, and the tables of a small study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ablate.data.augment.none import NoAugmentation
from ablate.data.base import Dataset, Examples, Split
from ablate.nn import CrossEntropy, He, Mlp, NoDropout, NoNorm, ReLU, Tanh
from ablate.optim import SGD
from ablate.report.figure import Material
from ablate.sweep.study import Study
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram

_CLAIM = {"id": "relu-better", "says": "ReLU is better than tanh", "metric": "final/test_accuracy", "by_at_least": 0.01,
          "arm": {"activation": "relu"}, "against": {"activation": "tanh"}}  # fmt: skip


@dataclass(frozen=True)
class Clouds(Dataset):
    """Three overlapping clouds of 4x4 images, 240 examples."""

    train_size: int | None = 90

    def examples(self) -> Examples:
        """Return the images; the same ones every time."""
        rng = np.random.default_rng(0)
        labels = np.arange(240) % 3
        images = np.clip(rng.random((3, 1, 4, 4))[labels] + 0.25 * rng.standard_normal((240, 1, 4, 4)), 0, 1)
        return Examples.of(images.astype(np.float32), labels.astype(np.int64), classes=3)

    def split(self, rng: np.random.Generator) -> Split:
        """Return a training part that a seed draws, and a validation and a test part."""
        order = rng.permutation(180)
        return Split(order[: self.train_size], np.sort(order[120:]), np.arange(180, 240))


def small_config(**changed: Any) -> TrainConfig:
    """Return an arm over `Clouds` that trains in a few milliseconds; `small_config(optimizer=Adam())` changes it."""
    base = TrainConfig(
        model=Mlp([4]), dataset=Clouds(), activation=ReLU(), optimizer=SGD(0.95), init=He(), norm=NoNorm(),
        dropout=NoDropout(), augment=NoAugmentation(), loss=CrossEntropy(), program=NumpyProgram(), steps=30,
        batch_size=20,
    )  # fmt: skip
    return replace(base, **changed)


def small_material(study: Study | None = None, seeds: int = 8) -> Material:
    """Return the tables of a study of two activations, run, judged and kept in memory."""
    from ablate.judge.rule import judge
    from ablate.sweep.launch import Serial
    from ablate.sweep.plan import make_plan
    from ablate.sweep.runner import run_plan
    from ablate.track.memory import MemoryStore

    study = study or Study.model_validate(
        {"title": "A small study", "factors": {"activation": ["relu", "tanh"]}, "claims": [_CLAIM]}
    )

    def compose(levels: Mapping[str, Any]) -> TrainConfig:
        return small_config(activation={"relu": ReLU(), "tanh": Tanh()}[levels.get("activation", "relu")])

    store = MemoryStore()
    plan = make_plan(study, name="small", seeds=seeds, compose=compose, command="ablate check")
    session = store.open(plan.record)
    run_plan(plan.after(session.finished()), session, launcher=Serial())
    session.close("FINISHED")
    tables = store.read("small")
    return Material(study, tables, verdicts=tuple(judge(study, tables)))
