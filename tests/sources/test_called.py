"""What messages call a run: where a tracker kept it, by its name and id there, and by its line in a file."""

import pytest

from ablate.sources.mlflow_runs import MlflowRuns
from ablate.sources.optuna_db import OptunaDb
from ablate.sources.wandb_runs import WandbRuns
from ablate.sweep.found.rows import listed_lines

RUNS = [{"lr": 0.1, "seed": 0, "accuracy": 0.9}, {"lr": 0.2, "seed": 0, "accuracy": 0.8}]


@pytest.mark.parametrize(
    ("source", "called"),
    [(MlflowRuns, "run r (0); run r (1)"), (OptunaDb, "trial 0; trial 1"), (WandbRuns, None)],
)
def test_a_run_of_a_tracker_is_called_by_what_the_tracker_calls_it(tmp_path, source, called):
    address = source().example(tmp_path, RUNS).partition(":")[2]
    table = source().read(address, fits=lambda _: True)
    told = listed_lines(table.lines)
    assert "line" not in told
    assert told == called if called else told.count("run ") == len(RUNS)
    assert table.at(table.lines[1]) == f"{table.where}, {table.lines[1].told}"
