"""Workers train and hand back arrays: nothing they import may cost them MLflow (1.5 s, 160 MB) or pandas."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def loaded_by(statement):
    code = f"import sys; {statement}; print(*sorted(n for n in sys.modules if '.' not in n))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["ablate.train.program", "ablate.track.record", "ablate.track.store"])
def test_workers_do_not_import_mlflow(module):
    assert not {"mlflow", "sqlalchemy", "pandas"} & loaded_by(f"import {module}")


@pytest.mark.parametrize("module", ["ablate.track.mlflow_tracker", "ablate.track.read", "ablate.track.ui"])
def test_the_readers_and_the_tracker_import_mlflow_only_when_it_is_needed(module):
    assert "mlflow" not in loaded_by(f"import {module}")


def test_nothing_phones_home_unless_the_user_says_so():
    code = "import os; from ablate.track import mlflow_store; print(os.environ['MLFLOW_DISABLE_TELEMETRY'])"
    for given, expected in (({}, "true"), ({"MLFLOW_DISABLE_TELEMETRY": "false"}, "false")):
        clean = {k: v for k, v in os.environ.items() if k != "MLFLOW_DISABLE_TELEMETRY"}
        environment = {**clean, **given, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        assert done.stdout.strip() == expected
