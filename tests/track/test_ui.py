import socket
import sys

import pytest

from ablate.errors import UserError
from ablate.track.provenance import provenance
from ablate.track.ui import serve, ui_command
from ablate.train.arithmetic import LIBRARIES


def test_the_ui_starts_lean_and_silent_on_our_database(root):
    command, environment = ui_command(root, 5001)
    assert command[:4] == [sys.executable, "-m", "mlflow", "ui"]
    assert command[command.index("--workers") + 1] == "1"
    assert command[command.index("--backend-store-uri") + 1].endswith("mlruns/mlflow.db")
    assert environment["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"
    assert environment["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_a_port_in_use_suggests_another(root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            UserError, match=rf"port {port} cannot be used \(.*\): choose another, `ablate ui --port \d+`"
        ):
            serve(root, port)


def test_there_must_be_something_to_show(tmp_path):
    with pytest.raises(UserError, match="no runs under"):
        serve(tmp_path)


def test_provenance_says_code_versions_and_machine(tmp_path):
    about = provenance(tmp_path)
    assert {"ablate", "python", "mlflow", "os", "cpu", "cores", *LIBRARIES} <= set(about)
    assert about["threads"] == "1"  # of what trains, not of this process
    assert all(isinstance(value, str) and value for value in about.values())
