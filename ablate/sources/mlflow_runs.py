"""Runs of an MLflow experiment, a row each: of a SQLite store, an old `mlruns/` folder of files, or a server.

What is on this machine is read by SQL or as text files, without MLflow; a server through MLflow's client
(`track.server.link`). Nothing is written. Columns: `run_id`, `run_name`, `status`, `start_time`,
`end_time`, `params.NAME`, `metrics.NAME` (the last value that was logged), `tags.NAME` of the user's own tags. Deleted
runs are left out, and so are runs that only hold others (`mlflow.parentRunId`).
Source of the tables: `mlflow.store.tracking.dbmodels.models`; of the files: `mlflow.store.tracking.file_store`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Done, Fits, RunTable, Source
from ablate.sources.log_files import yaml_mapping
from ablate.sources.logs import first_names

_TABLES = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), lifecycle_stage VARCHAR(32));
CREATE TABLE runs (run_uuid VARCHAR(32), name VARCHAR(250), status VARCHAR(9), start_time BIGINT, end_time BIGINT,
    lifecycle_stage VARCHAR(20), experiment_id INTEGER);
CREATE TABLE params (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
CREATE TABLE latest_metrics (key VARCHAR(250), value FLOAT, timestamp BIGINT, step BIGINT, is_nan BOOLEAN,
    run_uuid VARCHAR(32));
CREATE TABLE tags (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
"""
_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_PLACES = ("mlflow.db", "mlruns/mlflow.db", "mlruns")
_PARENT = "mlflow.parentRunId"
_WAIT = 5.0  # seconds for a database that another process holds
_PAGE = re.compile(r"/(?:experiments|compare-experiments)/(\d+).*")  # how the address of a page in a browser ends


@register("source", "mlflow")
@dataclass(frozen=True)
class MlflowRuns(Source):
    """Runs of an experiment: `mlflow:EXPERIMENT` of the store in this folder, `mlflow:STORE#EXPERIMENT` of another.

    STORE is a SQLite file, a folder `mlruns`, or a server, `http://HOST:PORT`.
    """

    schemes = ("mlflow",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the runs of an experiment in the order in which they began."""
        del fits
        if address.startswith(("http://", "https://")):
            where, name, runs = _server(address)
        else:
            place, mark, name = address.rpartition("#")
            store = Path(place.removeprefix("sqlite:///").removeprefix("file://")) if mark else _store_here()
            if not store.exists():
                raise UserError(f"{store} cannot be read: no such store")
            where, runs = str(store), _files(store, name) if store.is_dir() else _database(store, name)
        parents = {run.get(f"tags.{_PARENT}") for run in runs}
        kept = [run for run in runs if run["run_id"] not in parents]
        for run in kept:
            run.pop(f"tags.{_PARENT}", None)
        if not kept:
            raise UserError(f"{where}: the experiment {name} has no runs")
        named = [str(run["run_name"] or run["run_id"]) for run in runs if run["run_id"] in parents]
        done = [Done(msg("runs that hold other runs: left out"), len(named), first_names(named))] if named else []
        called = [f"run {run['run_name'] or '(no name)'} ({str(run['run_id'])[:8]})" for run in kept]
        return RunTable.of(f"mlflow:{address}", kept, name=name, done=done, called=called)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with all that they have as parameters, which are texts."""
        path = folder / "mlflow.db"
        with closing(sqlite3.connect(path)) as base, base:
            base.executescript(_TABLES)
            base.execute("INSERT INTO experiments VALUES (1, 'example', 'active')")
            for i, run in enumerate(runs):
                base.execute("INSERT INTO runs VALUES (?, 'r', 'FINISHED', ?, ?, 'active', 1)", (str(i), i, i))
                params = [(name, str(value), str(i)) for name, value in run.items() if value is not None]
                base.executemany("INSERT INTO params VALUES (?, ?, ?)", params)
        return f"mlflow:{path}#example"


def _store_here() -> Path:
    store = next((Path(place) for place in _PLACES if Path(place).exists()), None)
    if store is None:
        raise UserError(
            f"no MLflow store in this folder ({', '.join(_PLACES)}); say which with mlflow:STORE#EXPERIMENT"
        )
    return store


def _row(run_id: str, name: Any, status: Any, start: Any, end: Any) -> dict[str, Any]:
    return {"run_id": run_id, "run_name": name, "status": status, "start_time": start, "end_time": end}


def _own_tag(key: str) -> bool:
    """Tell whether a tag is the user's, or says what else matters: the parent, and which code ran."""
    return not key.startswith("mlflow.") or key in (_PARENT, "mlflow.source.git.commit")


def _database(store: Path, name: str) -> list[dict[str, Any]]:
    try:
        with closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT)) as base:
            return _by_sql(base, store, name)
    except sqlite3.Error as error:
        raise UserError(f"{store} cannot be read as an MLflow store: {error}") from None


def _by_sql(base: sqlite3.Connection, store: Path, name: str) -> list[dict[str, Any]]:
    experiments = dict(base.execute("SELECT name, experiment_id FROM experiments WHERE lifecycle_stage = 'active'"))
    if name not in experiments:
        raise unknown(f"experiment in {store}", name, experiments)
    which = (experiments[name],)
    select = "SELECT run_uuid, name, status, start_time, end_time FROM runs"
    order = "lifecycle_stage = 'active' ORDER BY start_time, run_uuid"
    rows = {row[0]: _row(*row) for row in base.execute(f"{select} WHERE experiment_id = ? AND {order}", which)}
    where = (
        "run_uuid IN (SELECT run_uuid FROM runs WHERE experiment_id = ? AND lifecycle_stage = 'active') ORDER BY key"
    )
    for run, key, value in base.execute(f"SELECT run_uuid, key, value FROM params WHERE {where}", which):
        rows[run][f"params.{key}"] = value
    metrics = f"SELECT run_uuid, key, value, is_nan FROM latest_metrics WHERE {where}"
    for run, key, value, is_nan in base.execute(metrics, which):
        rows[run][f"metrics.{key}"] = "nan" if is_nan else value
    for run, key, value in base.execute(f"SELECT run_uuid, key, value FROM tags WHERE {where}", which):
        if _own_tag(key):
            rows[run][f"tags.{key}"] = value
    return list(rows.values())


def _server(address: str) -> tuple[str, str, list[dict[str, Any]]]:
    """Return a server, the name of an experiment there, and its runs.

    Raises
    ------
    UserError
        The address is wrong, or no such experiment is there.
    Failure
        The server does not answer, or refuses.
    """
    from ablate.track.server.link import ServerLink

    uri, _, name = address.partition("#")
    try:
        link = ServerLink(uri)
    except UserError as error:
        raise UserError(f"expected mlflow:http://HOST:PORT#EXPERIMENT; {error}") from None  # no address: a password
    client, page = link.client, _PAGE.fullmatch(name)
    with link.answers():
        ids = {one.name: one.experiment_id for one in client.search_experiments(max_results=1_000)}
        if name and not page and name not in ids and (entry := client.get_experiment_by_name(name)) is not None:
            ids |= {entry.name: entry.experiment_id} if entry.lifecycle_stage == "active" else {}
    if page:
        name = next((title for title, number in ids.items() if number == page[1]), page[1])
    if not name:
        raise UserError(f"mlflow:{link.uri}: say which experiment with #NAME, one of {', '.join(sorted(ids)[:20])}")
    if name not in ids:
        raise unknown(f"experiment at {link.uri}", name, ids)
    runs = []
    for run in sorted(link.search([ids[name]], ""), key=lambda run: (run.info.start_time or 0, run.info.run_id)):
        info, data = run.info, run.data
        row = _row(info.run_id, info.run_name, info.status, info.start_time, info.end_time)
        row |= {f"params.{key}": value for key, value in sorted(data.params.items())}
        row |= {f"metrics.{key}": value for key, value in sorted(data.metrics.items())}
        row |= {f"tags.{key}": value for key, value in sorted(data.tags.items()) if _own_tag(key)}
        runs.append(row)
    return link.uri, name, runs


def _files(store: Path, name: str) -> list[dict[str, Any]]:
    """Read a store of files: a folder per experiment and run, a file per parameter, metric and tag."""
    folders = {}
    for meta in sorted(store.glob("*/meta.yaml")):
        told = yaml_mapping(meta)
        if told.get("lifecycle_stage", "active") == "active":
            folders[str(told.get("name"))] = meta.parent
    if name not in folders:
        raise unknown(f"experiment in {store}", name, folders)
    runs = []
    for meta in sorted(folders[name].glob("*/meta.yaml")):
        told, folder = yaml_mapping(meta), meta.parent
        if told.get("lifecycle_stage", "active") != "active":
            continue
        status = _STATUS.get(told.get("status", 0), str(told.get("status")))
        run = _row(folder.name, told.get("run_name"), status, told.get("start_time"), told.get("end_time"))
        run |= {f"params.{key}": text for key, text in _texts(folder / "params")}
        for key, text in _texts(folder / "metrics"):
            points = [line.split() for line in text.splitlines() if len(line.split()) >= 2]
            if points:
                run[f"metrics.{key}"] = max(points, key=lambda point: (int((*point, "0", "0")[2]), int(point[0])))[1]
        run |= {f"tags.{key}": text for key, text in _texts(folder / "tags") if _own_tag(key)}
        runs.append(run)
    return sorted(runs, key=lambda run: (run["start_time"] or 0, run["run_id"]))


def _texts(folder: Path) -> list[tuple[str, str]]:
    """Return (name, text) of every file below a folder; a name may hold slashes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    try:
        return [(path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8").strip("\n")) for path in paths]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{folder} cannot be read: {error}") from None
