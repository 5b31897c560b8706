"""Real servers on free loopback ports, for tests and benchmarks; each is ended by whoever started it.

`python tests/services/servers.py --postgres` starts PostgreSQL from Debian's packages, and an MLflow server on it, in a
folder that goes with them; Ctrl-C ends both.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ablate.track.blank import take_blank

START_SECONDS = 120.0


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MlflowServer:
    """An `mlflow server` that keeps its runs and files in a folder, or in the database that `backend` names.

    `line` is a whole command in its place, with `{port}` where the port stands.
    """

    def __init__(
        self,
        folder: Path,
        *,
        backend: str = "",
        extra: Sequence[str] = (),
        line: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", backend or f"sqlite:///{(folder / 'runs.db').as_posix()}",
            *(extra or ("--artifacts-destination", str(folder / "artifacts"))),
        ]  # fmt: skip
        self._database = None if backend or line else folder / "runs.db"
        if line:
            self._command = [sys.executable, "-m", *shlex.split(line.format(port=self.port))]
        lean = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        self._environment = {**plain, **lean, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> MlflowServer:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._database and not self._database.exists():
            take_blank(self._database)  # spares MLflow its 70 migrations
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=2):
                return self
            time.sleep(0.1)
        said = (self.folder / "server.log").read_text(errors="replace")
        self.kill()
        raise RuntimeError(f"mlflow server did not start: {said[-2_000:]}")

    def signal(self, number: int) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            with contextlib.suppress(ConnectionError):  # a worker of it may hold the port a moment longer
                while True:
                    socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
                    time.sleep(0.05)

    def __enter__(self) -> MlflowServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


class MissingError(Exception):
    """What a server needs is not on this machine; says what, in a line."""


class Postgres:
    """A PostgreSQL server of its own, in a folder of its own, run by a user who is not root.

    Debian keeps its programs in `/usr/lib/postgresql/VERSION/bin` (`apt-get install postgresql`). PostgreSQL refuses to
    run as root, so root hands it to the user `postgres`, whom the package makes.
    """

    def __init__(self) -> None:
        self._bin = _programs()
        self._as: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="ablate-postgres-"))
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                self.folder.rmdir()
                raise MissingError("PostgreSQL does not run as root, and there is no user `postgres`") from None
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self._as = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        self.port = free_port()
        self.uri = f"postgresql+psycopg2://ablate@127.0.0.1:{self.port}/mlflow"

    def __enter__(self) -> Postgres:
        data = self.folder / "data"
        try:
            self._call("initdb", "-D", str(data), "-U", "ablate", "--auth=trust", "--encoding=UTF8", "--no-sync")
            told = f"-c listen_addresses=127.0.0.1 -p {self.port} -c unix_socket_directories={self.folder} -c fsync=off"
            self._call("pg_ctl", "-D", str(data), "-l", str(self.folder / "log"), "-w", "-o", told, "start")
            self._call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "ablate", "mlflow")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if (self.folder / "data" / "postmaster.pid").exists():
            self._call("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, program: str, *arguments: str) -> None:
        # To a file and not a pipe, which the server that is started here would hold open.
        with tempfile.TemporaryFile() as said:
            command = [*self._as, str(self._bin / program), *arguments]
            done = subprocess.run(command, stdout=said, stderr=said, cwd=self.folder, timeout=120, check=False)
            if done.returncode:
                said.seek(0)
                raise MissingError(f"{program}: {said.read().decode(errors='replace').strip()[-500:]}")


def _programs() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if all((place / name).exists() for name in ("initdb", "pg_ctl", "postgres", "createdb")):
            return place
    raise MissingError("PostgreSQL is not installed (Debian: apt-get install postgresql)")


_MET = json.dumps({
    "error_code": "BAD_REQUEST",
    "message": "(sqlite3.IntegrityError) UNIQUE constraint failed: datasets.experiment_id, datasets.name",
}).encode()  # fmt: skip


class Proxy:
    """Stands before a server, and answers as it is told.

    Attributes
    ----------
    wish
        Asked for every request, by its number from 0 on, its method and path: `pass` hands it on; `lost` hands it on
        and answers 500 all the same, as if the answer had been lost; `hang` answers only at the end; `met` answers
        what MLflow answers where two requests added the same row; a number is the status that is answered in place of
        the server.
    """

    def __init__(self, uri: str) -> None:
        self.wish: Callable[[int, str, str], str] = lambda *_: "pass"
        self.seen: list[tuple[str, str]] = []
        self._lock, self._ended, proxy = threading.Lock(), threading.Event(), self
        host, port = uri.removeprefix("http://").split(":")

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with proxy._lock:
                    number = len(proxy.seen)
                    proxy.seen.append((self.command, self.path))
                wish = proxy.wish(number, self.command, self.path)
                if wish == "hang":
                    proxy._ended.wait()
                if wish == "met":
                    self._answer(400, [("Content-Type", "application/json")], _MET)
                    return
                if wish not in ("pass", "lost"):
                    self._answer(int(wish) if wish.isdecimal() else 504, [], b"told to")
                    return
                link = http.client.HTTPConnection(host, int(port), timeout=60)
                try:
                    link.request(self.command, self.path, body, dict(self.headers))
                    answer = link.getresponse()
                    said, headers, status = answer.read(), answer.getheaders(), answer.status
                finally:
                    link.close()
                self._answer(*((500, [], b"lost") if wish == "lost" else (status, headers, said)))

            def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                with contextlib.suppress(OSError):  # whoever asked may have gone
                    self.send_response(status)
                    for name, value in headers:
                        if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                            self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    postgres = parser.parse_args().postgres
    with contextlib.ExitStack() as until:
        folder = Path(until.enter_context(tempfile.TemporaryDirectory(prefix="ablate-server-")))
        backend = until.enter_context(Postgres()).uri if postgres else ""
        server = until.enter_context(MlflowServer(folder, backend=backend))
        print(f"tracking.uri={server.uri}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
