"""Writes optuna.db with the real library: `pip install optuna==5.0.0`, then `python write_optuna.py optuna.db`."""

import random
import sys


def main(path):
    import optuna

    rng = random.Random(3)
    grid = {"norm": ["none", "batch"], "seed": list(range(8))}
    study = optuna.create_study(
        storage=f"sqlite:///{path}", study_name="norms", direction="maximize", sampler=optuna.samplers.GridSampler(grid)
    )

    def objective(trial):
        norm = trial.suggest_categorical("norm", grid["norm"])
        seed = trial.suggest_int("seed", 0, 7)
        trial.suggest_float("lr", 0.1, 0.1)
        trial.set_user_attr("val_acc", round(0.9 + 0.02 * (norm == "batch") + rng.gauss(0, 0.004), 6))
        if norm == "none" and seed == 5:
            raise optuna.TrialPruned
        return trial.user_attrs["val_acc"]

    study.optimize(objective, n_trials=16)


if __name__ == "__main__":
    main(sys.argv[1])
