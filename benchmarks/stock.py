"""A sweep of 50 arms x 4 seeds by ablate, and the same runs by Hydra, its joblib launcher and MLflow alone, in turn.

    python benchmarks/stock.py            # needs hydra-joblib-launcher, which ablate does not use
    python benchmarks/stock.py --quick    # 2 arms x 2 seeds, once

Both train the same nets with the same core on as many processes (the test accuracies of all runs are compared), and log
the same curves, results and settings into a new SQLite database. The other one is what a careful user writes: a run is
a job, and an evaluation goes to MLflow in one call. Measured is the whole command, start of Python included; ours
without the report. Without the joblib launcher the other one runs its jobs one by one, and no ratio is printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKERS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

APP = """
import hydra
import mlflow
from omegaconf import OmegaConf

from ablate.data.augment.none import NoAugmentation
from ablate.data.digits import Digits
from ablate.nn import BatchNorm, CrossEntropy, Mlp, NoDropout, NoNorm, Normal, ReLU
from ablate.optim import SGD
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram


@hydra.main(version_base=None, config_path=".", config_name="config")
def main(cfg):
    config = TrainConfig(
        model=Mlp([64, 64]), dataset=Digits(train_size=1000), activation=ReLU(), optimizer=SGD(0.1),
        init=Normal(cfg.std), norm={"none": NoNorm, "batch": BatchNorm}[cfg.norm](), dropout=NoDropout(),
        augment=NoAugmentation(), loss=CrossEntropy(), program=NumpyProgram(), epochs=20,
    )
    mlflow.set_tracking_uri(cfg.uri)
    mlflow.set_experiment("stock")
    with mlflow.start_run(run_name=f"{cfg.norm}-{cfg.std}-{cfg.seed}"):
        mlflow.log_params(OmegaConf.to_container(cfg))
        (result,) = NumpyProgram().run(config, [cfg.seed])
        steps = next(iter(result.curves.values())).steps
        for at, step in enumerate(steps):
            mlflow.log_metrics({name: float(c.values[at]) for name, c in result.curves.items()}, step=int(step))
        mlflow.log_metrics(result.metrics)


main()
"""
CONFIG = """
norm: none
std: 0.1
seed: 0
uri: ???
hydra:
  sweep: {dir: multirun}
"""
COUNTED = """
select count(*), round(sum(value), 6) from latest_metrics
where key = 'final/test_accuracy'
and run_uuid not in (select run_uuid from tags where key = 'ablate.kind' and value <> 'seed')
"""


def stock(place: Path, norms: str, stds: str, seeds: int) -> list[list[str]]:
    """Write the application and return its commands."""
    (place / "app.py").write_text(APP, encoding="utf-8")
    (place / "config.yaml").write_text(CONFIG, encoding="utf-8")
    launcher = ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={WORKERS}"] if with_joblib() else []
    sweep = [f"norm={norms}", f"std={stds}", f"seed={','.join(map(str, range(seeds)))}"]
    uri = f"sqlite:///{place}/mlflow.db"
    # Two jobs that find no database migrate a new one together, and one of them fails.
    made = f"import mlflow; mlflow.set_tracking_uri({uri!r}); mlflow.set_experiment('stock')"
    return [[sys.executable, "-c", made], [sys.executable, "app.py", "-m", *launcher, *sweep, f"uri={uri}"]]


def ours(place: Path, norms: str, stds: str, seeds: int) -> list[list[str]]:
    """Return our command; nothing has to be written first."""
    del place
    fixed = ["dataset=digits", "model.hidden=[64,64]", "optimizer.lr=0.1", "epochs=20", "dataset.train_size=1000"]
    sweep = [f"norm={norms}", f"init.std={stds}", f"seeds={seeds}", "hydra.sweeper.report=false"]
    return [[sys.executable, "-m", "ablate", "-m", *fixed, *sweep]]


def with_joblib() -> bool:
    """Tell whether Hydra's joblib launcher is installed."""
    return importlib.util.find_spec("hydra_plugins.hydra_joblib_launcher") is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    norms = "none,batch"
    stds = "0.1" if options.quick else ",".join(str(round(0.02 * (at + 1), 2)) for at in range(25))
    seeds, times = (2, 0) if options.quick else (4, options.times)

    taken: dict[str, list[float]] = {"Hydra, joblib and MLflow": [], "ablate": []}
    for turn in range(times + 1):
        runs = []
        for name, commands in zip(taken, (stock, ours), strict=True):
            with tempfile.TemporaryDirectory(prefix="ablate-benchmark-") as folder:
                place = Path(folder)
                given = commands(place, norms, stds, seeds)
                begun = time.perf_counter()
                # BLAS held to a thread for both, as it is for ours anyway: two workers share two cores.
                environment = {
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                }
                for one in given:
                    subprocess.run(one, cwd=place, env=environment, check=True, capture_output=True)
                if turn or options.quick:  # the first fills caches
                    taken[name].append(time.perf_counter() - begun)
                database = sqlite3.connect(place / "mlflow.db")
                runs.append(database.execute(COUNTED).fetchone())
                database.close()
        if runs[0] != runs[1]:
            raise SystemExit(f"not the same runs: (count, sum of test accuracies) {runs[0]} and {runs[1]}")
        print(f"{runs[0][0]} runs each, the same test accuracies", flush=True)
    for name, seconds in taken.items():
        print(f"{name}: {statistics.median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})")
    if with_joblib():
        ratios = [other / own for other, own in zip(*taken.values(), strict=True)]
        print(f"ratio of pairs: {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    else:
        print("no ratio: hydra-joblib-launcher is not installed, so the other one ran its jobs one after the other")


if __name__ == "__main__":
    main()
