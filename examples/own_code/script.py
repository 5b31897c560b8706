"""A plain script that knows nothing of ablate: a logistic regression by gradient descent, on rings.

ablate run lr=0.01,1.0 seeds=8 --metric accuracy:higher --metrics-file {out}/log.csv \
        -- python examples/own_code/script.py --lr {lr} --seed {seed} --out {out}
"""

import argparse
import csv
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out", type=Path, default=Path())
options = parser.parse_args()

rng = np.random.default_rng(options.seed)
points = rng.normal(size=(400, 2))
labels = ((points**2).sum(axis=1) + 0.3 * rng.normal(size=400) > 1.5).astype(float)
features = np.column_stack([np.ones(400), points, points**2])
weights = np.zeros(5)
with (options.out / "log.csv").open("w", newline="") as file:
    log = csv.writer(file)
    log.writerow(["step", "accuracy"])
    for step in range(1, 51):
        scores = features[:300] @ weights
        weights -= options.lr * features[:300].T @ (1 / (1 + np.exp(-scores)) - labels[:300]) / 300
        log.writerow([step, ((features[300:] @ weights > 0) == labels[300:]).mean()])
