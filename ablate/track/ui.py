"""MLflow's own UI on our runs, started lean."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from ablate.errors import Failure, UserError
from ablate.interrupts import interruptible
from ablate.track import guard, owner
from ablate.track.database import check_database, database_uri, exists, relocate
from ablate.track.layout import HOST, PORT, Layout
from ablate.track.ledger import study_runs
from ablate.track.offline import SILENT
from ablate.track.reading import read_only
from ablate.track.view import TRAINING, VIEW_TAG, page

START_SECONDS = 90.0
START = f"#/experiments?{TRAINING}"
"""The list of studies in MLflow's pages for training: without it MLflow 3.17 opens those for language models."""


def ui_command(root: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of `mlflow ui` on the runs under `root`.

    One worker and no job runner: up in 4 to 9 s with 0.5 GB, instead of 20 s and 1.2 GB.
    """
    layout = Layout(root.resolve())
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", database_uri(layout.database)]
    command += ["--host", HOST, "--port", str(port), "--workers", "1"]
    lean = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **SILENT}
    return command, {**lean, **os.environ}


_say = partial(print, flush=True)  # a file or a pipe would get the address when the server ends


def serve_ui(root: Path, port: int = PORT, announce: Callable[[str], object] = _say) -> int:
    """Run the UI until it is interrupted, and return its exit code (0 after an interrupt).

    Parameters
    ----------
    port
        0 takes any that is free.
    announce
        Called with one line once the pages answer.

    Raises
    ------
    UserError
        The port is taken, or there is nothing to show yet.
    Failure
        The database cannot be read, or MLflow did not start.
    """
    layout = Layout(root.resolve())
    if not exists(layout):
        raise UserError(f"no runs under {layout.runs} yet: run a study first, `ablate run quickstart` for example")
    port = port_to_take(port, "ui")
    with owner.store_lock(layout):
        check_database(layout)
        relocate(layout.root)
    command, environment = ui_command(root, port)
    url = f"http://{HOST}:{port}"
    announce(f"starting MLflow on {layout.database} …")
    with tempfile.TemporaryFile() as said, interruptible():
        # A session of its own: MLflow starts its server as a child, which would outlive it when only it is ended.
        server = subprocess.Popen(
            [sys.executable, "-m", guard.__name__, *command], env=environment, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(server, url, said)
            verdicts, arms = _study_pages(layout)
            announce(f"{url}/{verdicts}  (Ctrl-C ends it; all studies: {url}/{START})")
            if arms:
                announce(f"its arms, with their means and curves: {url}/{arms}")
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(server)


def _study_pages(layout: Layout) -> tuple[str, str]:
    """Return two pages of the study that was run last: that with its verdicts, and the view of its arms.

    The page of all studies where none was run; the second is empty where no study has a view.
    """
    with read_only(layout.database) as connection:
        studies = study_runs(connection)
        if not studies:
            return START, ""
        last = studies[0]
        seen = connection.execute(
            "SELECT 1 FROM experiment_tags WHERE key = ? AND experiment_id = ?", (VIEW_TAG, last.experiment_id)
        ).fetchone()
    verdicts = f"#/experiments/{last.experiment_id}/runs/{last.run_id}?{TRAINING}"
    return verdicts, page(last.experiment_id) if seen else ""


def port_to_take(port: int, command: str) -> int:
    """Return the port that a command serves pages on; 0 asks for any that is free.

    Raises
    ------
    UserError
        The port is taken, or is none.
    """
    port = port or _other()
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UserError(
                f"port {port} cannot be used ({why}): choose another, `ablate {command} --port {_other()}`"
            ) from None
        except OverflowError:
            raise UserError(f"`port` must be between 0 and 65535, got {port!r}.") from None
    return port


def _other() -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], url: str, said: IO[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    here = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy knows what runs on this machine
    while time.monotonic() < end:
        if server.poll() is not None:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise Failure(f"MLflow's UI did not start: {lines[-1]}")
        with contextlib.suppress(urllib.error.URLError, OSError), here.open(f"{url}/health", timeout=2):
            return
        time.sleep(0.2)
    raise Failure(f"MLflow's UI did not answer on {url} within {START_SECONDS:.0f} s")


def _end(server: subprocess.Popen[bytes]) -> None:
    assert server.stdin is not None
    server.stdin.close()  # the guard ends MLflow, and then itself
    try:
        server.wait(timeout=guard.SECONDS + 5.0)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
