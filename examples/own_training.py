"""A training function of your own under ablate: random features and a ridge solve, in plain NumPy.

Sweep its own settings::

    ablate -m program=function program.target=examples/own_training.py:train \
        program.params.width=16,64,256 program.params.penalty=0.1 seeds=5

or put claims to it: ``ablate run examples/own_training.yaml``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.datasets import load_digits


def train(config: dict[str, Any], seed: int) -> dict[str, Any]:
    """Train once and return metrics.

    Parameters
    ----------
    config
        ``config["params"]`` holds the settings of this function.
    seed
        Everything random is drawn from it, in the same order in every arm: the split first.
    """
    width = int(config["params"].get("width", 64))
    penalty = float(config["params"].get("penalty", 1.0))
    rng = np.random.default_rng(seed)
    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(images))
    parts = {"train": order[:500], "validation": order[500:800], "test": order[800:]}

    features = np.tanh(images / 16.0 @ rng.standard_normal((64, width)) + rng.standard_normal(width))
    x, t = features[parts["train"]], np.eye(10)[labels[parts["train"]]]
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(width), x.T @ t)

    right = {part: (features[at] @ weights).argmax(axis=1) == labels[at] for part, at in parts.items()}
    return {
        "metrics": {f"final/{part}_accuracy": float(hits.mean()) for part, hits in right.items()},
        "test_correct": right["test"],
    }


ACCURACY = {"better": "higher", "unit": "fraction", "failed_counts_as": "chance"}
train.metrics = {f"final/{part}_accuracy": ACCURACY for part in ("train", "validation", "test")}  # type: ignore[attr-defined]
