"""Whatever metrics, curves and factors are called: what was written is read back under its own name."""

import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.errors import UserError
from ablate.track.earlier_runs import scores
from ablate.track.names import check_factor_names, check_metric_names
from ablate.track.read import read_study
from ablate.track.record import SeedRecord
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

ODD = [
    "seconds", "first_nonfinite_step", "arm", "arm_id", "run_id", "identity", "seed", "majority_rate", "baseline",
    "budget", "fairness", "scalar/loss", "loss", "index", "metric", "step", "value", "n", "mean", "p", "recall@5",
    "recall_5", "recall_x40_5", "val/Acc@1 (%)", "../x", "/x", "a", "a/b", "a//b", "Loss", "count/n", "norm",
    "metric:a",
]  # fmt: skip
NAMES = st.lists(st.sampled_from(ODD) | st.text(min_size=1, max_size=8), min_size=1, max_size=8, unique=True)


@pytest.fixture
def write(root, study, arm):
    """Track one arm with one run of given metrics and curves, and read it back."""
    from ablate.track.mlflow_tracker import MlflowTracker

    count = iter(range(10_000))

    def call(metrics, curves=(), levels=None):
        number = next(count)
        one = replace(arm(), levels={"norm": "none"} if levels is None else levels)
        asked = study(seeds=1, name=f"s{number}", arms=[one])
        steps = np.array([1, 2], dtype=np.int64)
        lines = {name: Curve(steps, np.array([i, i + 0.5])) for i, name in enumerate(curves)}
        result = RunResult(0, Outcome.REACHED, metrics, lines, seconds=12.5)
        session = MlflowTracker(root).open(asked)
        session.log_arm(one, [SeedRecord(f"i{number}", result)])
        session.close("FINISHED")
        return read_study(root, asked.name)

    return call


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES, NAMES)
def test_every_name_that_planning_takes_is_read_back_with_its_value(write, metrics, curves, factors):
    try:
        check_metric_names(metrics)
        check_metric_names(curves)
        check_factor_names(factors)
    except UserError:
        return
    values = {name: float(i) for i, name in enumerate(metrics)}
    levels = {name: f"level {i}" for i, name in enumerate(factors)}
    tables = write(values, curves, levels)
    assert tables.factors == factors
    assert tables.levels() == [levels]
    assert sorted(tables.metrics) == sorted(metrics)
    assert {name: float(tables.logged(name).iloc[0]) for name in metrics} == values
    assert {name: part["value"].tolist() for name, part in tables.curves.groupby("metric")} == {
        name: [float(i), i + 0.5] for i, name in enumerate(curves)
    }
    assert tables.seeds["seconds"].tolist() == [12.5]
    assert tables.seeds["seed"].tolist() == [0]


def test_a_scalar_that_is_named_like_a_curve_is_read_as_itself(write):
    tables = write({"loss": 0.25}, ["loss"])
    assert tables.logged("loss").tolist() == [0.25]
    assert tables.curves["value"].tolist() == [0.0, 0.5]
    assert tables.logged("no such") is None


def test_the_score_a_trial_is_chosen_by_is_the_metric_and_not_a_curve_or_our_timer(root, write):
    write({"loss": 0.25, "seconds": 7.0, "recall@5": 0.9, "recall_5": 0.1}, ["loss"])
    found = {metric: scores(root, "s0", "k1", metric)["i0"] for metric in ("loss", "seconds", "recall@5", "recall_5")}
    assert {metric: value for metric, (_, value, _) in found.items()} == {
        "loss": 0.25, "seconds": 7.0, "recall@5": 0.9, "recall_5": 0.1
    }  # fmt: skip
    assert {seconds for _, _, seconds in found.values()} == {12.5}


def test_runs_that_were_stored_before_keys_were_reversible_are_read_as_they_say(root, write):
    write({"a_x40_b": 0.5, "final/loss": 0.25}, ["loss"])
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        connection.execute("DELETE FROM tags WHERE key = 'ablate.keys'")
        for table in ("metrics", "latest_metrics"):
            connection.execute(f"UPDATE {table} SET key = 'a_x40_b' WHERE key LIKE 'a_x5f_%'")
    tables = read_study(root, "s0")
    assert sorted(tables.metrics) == ["a_x40_b", "final/loss"]
    assert tables.seeds["seconds"].tolist() == [12.5]
    assert scores(root, "s0", "k1", "final/loss")["i0"][1] == 0.25
    assert scores(root, "s0", "k1", "recall@5") == {}  # `recall_5` may have been written there


def test_what_an_arm_run_counts_is_not_mixed_up_with_metrics_of_such_names(write, client):
    write({"count/n": 40.0, "n/loss": 3.0, "loss": 1.0})
    runs = client.search_runs([client.get_experiment_by_name("s0").experiment_id])
    (own,) = [run for run in runs if run.data.tags["ablate.kind"] == "arm"]
    assert own.data.metrics["count/n"] == 1.0
    assert own.data.metrics["metric/count/n"] == 40.0
