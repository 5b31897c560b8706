"""Writes stores/optuna_two.db with the real library: `pip install optuna==5.0.0`, then `python make_optuna.py stores`.

Two studies: `two` has two objectives with names, `loss` one that is minimized, with a pruned, a failed and a waiting
trial.
"""

import random
import sqlite3
import sys
from pathlib import Path


def main(stores):
    import optuna

    rng = random.Random(4)
    path = Path(stores) / "optuna_two.db"
    path.unlink(missing_ok=True)
    grid = {"norm": ["none", "batch"], "seed": list(range(8))}
    storage = f"sqlite:///{path}"

    def choose(trial):
        return trial.suggest_categorical("norm", grid["norm"]), trial.suggest_int("seed", 0, 7)

    def two(trial):
        norm, _ = choose(trial)
        return 0.9 + 0.02 * (norm == "batch") + rng.gauss(0, 0.004), 10 + (norm == "batch") + rng.gauss(0, 0.1)

    def loss(trial):
        norm, seed = choose(trial)
        if (norm, seed) == ("none", 2):
            raise optuna.TrialPruned
        if (norm, seed) == ("none", 3):
            raise ValueError("out of range")
        return 0.5 - 0.1 * (norm == "batch") + rng.gauss(0, 0.01)

    study = optuna.create_study(
        storage=storage, study_name="two", directions=["maximize", "minimize"],
        sampler=optuna.samplers.GridSampler(grid, seed=1),
    )  # fmt: skip
    study.set_metric_names(["quality", "latency"])
    study.optimize(two, n_trials=16)
    study = optuna.create_study(
        storage=storage, study_name="loss", direction="minimize", sampler=optuna.samplers.GridSampler(grid, seed=1)
    )
    study.optimize(loss, n_trials=16, catch=(ValueError,))
    study.enqueue_trial({"norm": "none", "seed": 9})
    with sqlite3.connect(path) as base:
        base.execute("VACUUM")


if __name__ == "__main__":
    main(sys.argv[1])
