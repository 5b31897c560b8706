"""Stores to track into: one migrated database, copied for each test (a migration takes 2 s, a copy nothing)."""

import shutil

import numpy as np
import pytest

from ablate.identity import digest
from ablate.track.layout import Layout
from ablate.track.mlflow_store import connect
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.owner import store_lock
from ablate.track.record import ArmRecord, SeedRecord, StudyRecord
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult
from ablate.train.vouched import EVERYTHING

FACTS = {"fingerprint": digest("data"), "dataset": "mnist5k", "majority_rate": 0.1, "parameters": 7,
         "vouches": sorted(EVERYTHING)}  # fmt: skip


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    layout = Layout(tmp_path_factory.mktemp("template"))
    with store_lock(layout):
        client = connect(layout)
    client._tracking_client.store.engine.dispose()
    return layout.database


@pytest.fixture
def root(template, tmp_path):
    folder = tmp_path / "a checkout ü"  # blanks and umlauts in a path must not matter
    (folder / "mlruns").mkdir(parents=True)
    shutil.copy(template, folder / "mlruns" / "mlflow.db")
    return folder


@pytest.fixture
def arm():
    def build(norm="none", std=0.1):
        config = {"norm": {"name": norm}, "init": {"name": "std", "std": std}, "optimizer": {"name": "sgd", "lr": 0.01}}
        label = "baseline" if norm == "none" else f"norm={norm}"
        levels = {"norm": norm, "init.std": std}
        return ArmRecord(digest(config)[:12], label, levels, config, FACTS, baseline=norm == "none")

    return build


@pytest.fixture
def study(arm):
    def build(seeds=2, name="quickstart", key="k1", arms=None):
        definition = {
            "title": "Does BatchNorm help?",
            "question": "Is it faster?",
            "quotes": [{"zh": "学习进行得更快了", "en": "Learning is faster.", "source": "notes"}],
        }
        arms = arms or (arm("none"), arm("batch"))
        return StudyRecord(name, key, definition, tuple(arms), tuple(range(seeds)), f"ablate run {name}")

    return build


@pytest.fixture
def run():
    def build(arm, seed, outcome=Outcome.REACHED):
        steps = np.array([10, 20, 30], dtype=np.int64)
        rng = np.random.default_rng(seed)
        loss, accuracy = rng.random(3), rng.random(3)
        metrics = {"best/test_accuracy": float(accuracy.max()), "final/test_accuracy": float(accuracy[-1])}
        step, error, correct = None, None, rng.random(11) < 0.5
        curves = {"train/loss": Curve(steps, loss), "train/accuracy": Curve(steps, accuracy)}
        if outcome is Outcome.DIVERGED:
            loss[1:], step = [np.inf, np.nan], 20
            metrics = {"best/test_accuracy": 0.1, "final/test_accuracy": float("nan")}
        if outcome is Outcome.CRASHED:
            metrics, curves, correct = {}, {}, None
            error = "Traceback (most recent call last):\nValueError: boom"
        arrays = {
            "steps/change": np.where(rng.random((2 + seed, 3)) < 0.1, np.nan, rng.random((2 + seed, 3))),
            "counts": rng.integers(9, size=4),
            "layer": np.array(["dense1", "ü"]),
        }
        arrays = {} if outcome is Outcome.CRASHED else arrays
        result = RunResult(seed, outcome, metrics, curves, step, correct, 0.25, error, arrays)
        return SeedRecord(digest([arm.id, seed]), result)

    return build


@pytest.fixture
def track(root, run):
    """Run a study to its end, leaving out what is finished, and return how many runs that were."""

    def build(study, outcomes=None, status="FINISHED"):
        session = MlflowTracker(root).open(study)
        done, count = session.finished(), 0
        for arm in study.arms:
            runs = [run(arm, seed, (outcomes or {}).get((arm.label, seed), Outcome.REACHED)) for seed in study.seeds]
            fresh = [r for r in runs if r.identity not in done]
            count += len(fresh)
            if fresh:
                session.log_arm(arm, fresh)
        session.close(status)
        return count

    return build


@pytest.fixture
def client(root):
    """MLflow's own view of the store, for what a user of its UI would see."""
    from mlflow import MlflowClient

    made = MlflowClient(tracking_uri=Layout(root.resolve()).uri)
    yield made
    made._tracking_client.store.engine.dispose()


@pytest.fixture
def runs_of(client):
    """Return the active runs of a study's experiment, by kind."""

    def find(name="quickstart", kind=None):
        experiment = client.get_experiment_by_name(name)
        found = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
        return [r for r in found if kind in (None, r.data.tags["ablate.kind"])]

    return find
