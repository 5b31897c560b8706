import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from pages import fetched

from ablate.errors import UserError
from ablate.track.provenance import provenance
from ablate.track.ui import serve_ui, ui_command
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
            serve_ui(root, port)


def test_there_must_be_something_to_show(tmp_path):
    with pytest.raises(UserError, match="no runs under"):
        serve_ui(tmp_path)


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def gone(condition, seconds=30):
    end = time.monotonic() + seconds
    while condition() and time.monotonic() < end:
        time.sleep(0.1)
    return not condition()


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as held:  # noqa: PTH123 - one that ended and is waited for counts as gone
        return held.read().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_what_a_guard_started_ends_with_the_process_that_started_the_guard(how):
    inner = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    )
    inner += "; print(child.pid, flush=True); time.sleep(600)"
    parent = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
        "held = subprocess.Popen([sys.executable, '-m', 'ablate.track.guard', "
        f"sys.executable, '-c', {inner!r}], stdin=subprocess.PIPE, start_new_session=True); "
        "print(held.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as started:
        pids = [int(started.stdout.readline()) for _ in range(2)]
        assert all(map(is_alive, pids))
        started.send_signal(how)
    assert gone(lambda: any(map(is_alive, pids)))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sends SIGKILL")
def test_the_ui_answers_on_any_port_whatever_proxy_is_set_and_ends_with_its_command(root):
    proxy = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), "http://127.0.0.1:9")
    command = [sys.executable, "-m", "ablate", "ui", "--port", "0", "--root", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **proxy}) as ui:
        lines = [ui.stdout.readline(), ui.stdout.readline()]
        address, port = re.search(r"(http://127.0.0.1:(\d+)/)", lines[1]).groups()
        port = int(port)
        assert answers(port)
        assert "<title>MLflow</title>" in fetched(address)
        ui.kill()
    assert gone(lambda: answers(port))


def test_provenance_says_code_versions_and_machine(tmp_path):
    about = provenance(tmp_path)
    assert {"ablate", "python", "mlflow", "os", "cpu", "cores", *LIBRARIES} <= set(about)
    assert about["threads"] == "1"  # of what trains, not of this process
    assert all(isinstance(value, str) and value for value in about.values())
