"""The client on one MLflow server, and what goes wrong on the way to it, as one line each."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import Failure, UserError
from ablate.terminal import unkeyed
from ablate.track import offline
from ablate.track.files import json_text
from ablate.values import from_json

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PAGE = 1_000
"""Runs that are asked for at a time."""

_AT_ONCE = 8  # files that are fetched at a time
_MAJOR = "3"  # of the servers that this release was tried with
_SPEAKS = ("http://", "https://")
_QUIET = {
    # Each step of a delivery is tried again by us, who know whether it was done; MLflow would send it blindly.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_SECONDS = "30"


class Away(Failure):
    """The server does not answer, or not now: the same may go well later."""


class Refused(Failure):
    """The server answered that it will not."""


class Conflict(Refused):
    """Two requests met in the server's database: what lost goes well when it is asked again."""


def checked_address(uri: str) -> str:
    """Return the address of a server, without a slash at its end.

    Raises
    ------
    UserError
        It is not the address of a server, or holds a password.
    """
    plain = uri.strip().rstrip("/")
    if not plain.startswith(_SPEAKS) or "://" in plain.partition("://")[2]:
        hint = ""
        if plain.startswith(("postgresql", "mysql", "mssql", "sqlite")):
            hint = f"; a database is reached through a server: `mlflow server --backend-store-uri {unkeyed(plain)}`"
        raise UserError(
            f"`tracking.uri` must be `local` or the address of an MLflow server, http://HOST:PORT; got "
            f"{unkeyed(plain)!r}{hint}"
        )
    host = plain.partition("://")[2].partition("/")[0]
    if "@" in host:
        raise UserError(
            f"`tracking.uri` holds a name or a password ({unkeyed(plain)}): addresses are shown; set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    if not host or not re.fullmatch(r"[\w.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?", host):
        raise UserError(f"`tracking.uri` must be http://HOST:PORT, got {plain!r}")
    return plain


class ServerLink:
    """MLflow's public client on one server.

    Attributes
    ----------
    uri
        The server's address.
    """

    def __init__(self, uri: str) -> None:
        self.uri = checked_address(uri)

    @cached_property
    def client(self) -> MlflowClient:
        """The client; made when it is first asked for.

        Raises
        ------
        Away
            No server answers.
        Refused
            It is no MLflow server, one of another major version, or asks who one is.
        """
        offline.switch_off()
        os.environ.update(_QUIET)
        os.environ.setdefault(_TIMEOUT, _SECONDS)
        version = _version(self.uri)
        if version is not None and version.partition(".")[0] != _MAJOR:
            from mlflow import __version__ as installed

            raise Refused(
                f"the server at {self.uri} runs MLflow {version}, this client is MLflow {installed}: expected a server "
                f"of MLflow {_MAJOR}"
            )
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        with self.answers():
            client.search_experiments(max_results=1)
        return client

    @contextlib.contextmanager
    def answers(self) -> Iterator[None]:
        """Turn what MLflow and the network raise into `Away` or `Refused`."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            status = int(error.get_http_status_code())  # type: ignore[no-untyped-call]
            raise _told(self.uri, str(error), status) from error
        except OSError as error:
            if not type(error).__module__.startswith(("requests", "urllib3")):
                raise
            answer = getattr(error, "response", None)
            raise _told(self.uri, str(error), getattr(answer, "status_code", None) or 503) from error

    def search(self, experiments: Sequence[str], wanted: str) -> list[Run]:
        """Return all active runs of experiments that a filter lets through, page by page."""
        runs: list[Run] = []
        if not experiments:
            return runs
        token = None
        while True:
            with self.answers():
                page = self.client.search_runs(
                    list(experiments), filter_string=wanted, max_results=PAGE, page_token=token
                )
            runs += page
            token = page.token
            if not token:
                return runs

    def put(self, run_id: str, place: str, content: bytes) -> None:
        """Write a file beside a run; `place` is its path there."""
        above, _, name = place.rpartition("/")
        with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
            (Path(folder) / name).write_bytes(content)
            with self.answers():
                self.client.log_artifact(run_id, str(Path(folder) / name), above or None)

    def put_json(self, run_id: str, place: str, value: Any) -> None:
        """Write a JSON file beside a run."""
        self.put(run_id, place, json_text(value))

    def remove(self, root: str, place: str) -> None:
        """Take a file away from beside a run, whose artifacts are at `root`, where the server can do that."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with self.answers():
            files: Any = get_artifact_repository(root, tracking_uri=self.uri)
            files.delete_artifacts(place)

    def fetch(self, places: Iterable[str], folder: Path) -> list[Path]:
        """Fetch artifacts by their addresses into a folder, several at a time; return where each of them is."""
        from mlflow.artifacts import download_artifacts

        _ = self.client  # what it sets holds for the threads

        def one(numbered: tuple[int, str]) -> Path:
            number, place = numbered
            below = folder / str(number)
            below.mkdir()
            with self.answers():
                return Path(download_artifacts(artifact_uri=place, dst_path=str(below), tracking_uri=self.uri))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(one, enumerate(places)))

    def fetch_json(self, place: str) -> Any:
        """Return what a JSON artifact holds.

        Raises
        ------
        ValueError
            It holds no JSON.
        """
        with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
            return from_json(self.fetch([place], Path(folder))[0].read_text(encoding="utf-8"))


def _version(uri: str) -> str | None:
    """Return the version that a server tells anybody; None where it does not."""
    try:
        with urllib.request.urlopen(f"{uri}/version", timeout=5) as answer:  # the scheme was checked
            text = str(answer.read(100).decode(errors="replace")).strip()
    except (OSError, ValueError):  # what does not answer here is told by the first real request
        return None
    return text if re.fullmatch(r"\d+\.\d+[\w.+-]*", text) else None


def _told(uri: str, why: str, status: int) -> Failure:
    why = " ".join(why.split())
    if (seen := re.search(r"too many (\d{3}) error responses", why)) or (seen := re.search(r"error code (\d{3})", why)):
        status = int(seen[1])
    if "valid JSON" in why or (status == 404 and ("<html" in why.lower() or "API request to endpoint" in why)):
        return Refused(f"what answers at {uri} is not an MLflow server: check the address")
    if status == 401:
        return Refused(f"{uri} asks who you are{_known_as()}: set {_WHO}")
    if status == 403 or "PERMISSION_DENIED" in why:
        return Refused(
            f"{uri} does not permit this{_known_as()}: ask for the permission to edit the study's experiment, "
            f"or set {_WHO}"
        )
    if "refused" in why:
        return Away(f"no server answers at {uri} (connection refused): check the address, or start the server there")
    if "resolve" in why or "Name or service not known" in why or "getaddrinfo" in why:
        return Away(f"no server answers at {uri} (its host is not known): check the address")
    if "timeout" in why.lower() or "timed out" in why:
        return Away(f"{uri} did not answer within {os.environ.get(_TIMEOUT, _SECONDS)} s")
    if status == 429:
        return Away(f"{uri} is busy (it answered 429, too many requests)")
    if status >= 500 or status == 408:
        named = f"it answered {status}" if seen or "exception" not in why else _last(why)
        return Away(f"{uri} cannot answer now ({named})")
    # MLflow looks whether a row is there and then adds it; where another request adds it in between, its database
    # refuses the second one, and MLflow tells that as a bad request.
    kind = Conflict if re.search("IntegrityError|UniqueViolation|database is locked", why) else Refused
    return kind(f"{uri} refused what was asked ({status}): {why[:300]}")


_WHO = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"


def _known_as() -> str:
    if name := os.environ.get("MLFLOW_TRACKING_USERNAME"):
        return f" (you came as {name!r})"
    return " (you came with a token)" if os.environ.get("MLFLOW_TRACKING_TOKEN") else ""


def _last(why: str) -> str:
    return why.rpartition("exception ")[2][:120]
