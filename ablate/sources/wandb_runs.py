"""Runs of Weights & Biases: offline folders, which are read without the library, and projects on its server, with it.

Columns: `ID, Name, State, Created, Group, Job Type, Sweep, Project, Commit`, then `config.NAME` and `summary.NAME`,
nested names with dots. A run whose log does not say that it came to its end is `unfinished`.
An export of the runs table is a CSV file, and is read as one.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, nearest, unknown
from ablate.lang import msg
from ablate.registry import register
from ablate.resources import plain_file
from ablate.sources.contract import Done, Fits, RunTable, Source
from ablate.sources.log_files import yaml_mapping
from ablate.sources.logs import AGAIN, first_names, join_curve
from ablate.sources.nested import flat
from ablate.sources.wandb_log import Points, WandbRun, number_of, read_log
from ablate.train.metric import Better
from ablate.train.program import Curve
from ablate.values import from_json

CUT = msg("logs that end in the middle of a record: the records before it count")
JOINED = msg("folders of one run are joined")
NOT_LAST = msg("metrics whose summary is not what was logged last: their curves are left out")

_FOLDER = re.compile(r"(?:offline-)?run-(\d{8}_\d{6})-([\w-]+)")
_ASK = (
    "export the runs table there (the arrow above it, `CSV Export`) and judge the file, or give the folder of runs "
    "that were made offline, wandb:PATH/wandb"
)


@register("source", "wandb")
@dataclass(frozen=True)
class WandbRuns(Source):
    """Runs of an offline folder, `wandb:PATH/wandb` (of several projects `#PROJECT`), or of `wandb:ENTITY/PROJECT`."""

    schemes = ("wandb",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the runs in the order in which they began."""
        del fits
        place, _, project = address.partition("#") if not Path(address).exists() else (address, "", "")
        path = Path(place)
        if path.is_dir():
            return _offline(address, path, project)
        if path.is_file():
            raise UserError(f"wandb:{address} is a file; expected a folder `wandb`, or an export by its path, {place}")
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", place) or place.startswith("."):
            raise _no_folder(path)
        return _online(address, place)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs as older versions did: a file of settings and one of the summary."""
        for number, run in enumerate(runs):
            place = folder / "wandb" / f"offline-run-20260101_{number:06d}-r{number}" / "files"
            place.mkdir(parents=True)
            settings = {name: {"desc": None, "value": value} for name, value in run.items()}
            (place / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
            (place / "wandb-summary.json").write_text("{}", encoding="utf-8")
        return f"wandb:{folder / 'wandb'}"


def _no_folder(path: Path) -> UserError:
    beside = [one.name for one in path.parent.iterdir() if one.is_dir()] if path.parent.is_dir() else []
    hint = nearest(path.name, beside)
    return UserError(
        f"wandb:{path}: no such folder, and no ENTITY/PROJECT" + (f"; nearest: {path.parent / hint}" if hint else "")
    )


def _offline(address: str, path: Path, project: str) -> RunTable:
    inner = path / "wandb"
    folders = [one for base in (path, inner) if base.is_dir() for one in sorted(base.iterdir())
               if _FOLDER.fullmatch(one.name) and one.is_dir() and not one.is_symlink()]  # fmt: skip
    if not folders and _FOLDER.fullmatch(path.resolve().name):
        folders = [path]
    if not folders:
        raise UserError(f"{path}: expected folders offline-run-DATE-ID or run-DATE-ID of Weights & Biases, got none")
    by_id: dict[str, WandbRun] = {}
    repairs: dict[str, int] = {}
    for folder in folders:
        logged = _folder(folder)
        if not logged.whole:
            repairs[CUT] = repairs.get(CUT, 0) + 1
        run_id = str(logged.facts["id"])
        if run_id in by_id:  # it was resumed
            old = by_id[run_id]
            logged.config = {**old.config, **logged.config}
            logged.summary = {**old.summary, **logged.summary}
            logged.history = _joined(old.history, logged.history)
            logged.facts = {**logged.facts, **old.facts}
            repairs[JOINED] = repairs.get(JOINED, 0) + 1
        by_id[run_id] = logged
    projects = {str(one.facts.get("project", "")) for one in by_id.values()}
    if project and project not in projects:
        raise unknown(f"project in {path}", project, filter(None, projects))
    if not project and len(projects) > 1:
        named = ", ".join(sorted(filter(None, projects)))
        raise UserError(f"{path} holds runs of {len(projects)} projects: say which with #PROJECT, one of {named}")
    kept = [one for one in by_id.values() if not project or one.facts.get("project") == project]
    better: dict[str, Better] = {}
    for logged in kept:
        for name, way in logged.better.items():
            better[f"summary.{name}"] = "higher" if way == "higher" else "lower"
    name = project or next(iter(projects)) or path.name
    rows = [_row(one) for one in kept]
    called = list(map(_called, rows))
    curves, done = _curves(kept, rows, called)
    return RunTable.of(
        f"wandb:{address}", rows, name=name, repairs=list(repairs), better=better, called=called, curves=curves,
        done=done,
    )  # fmt: skip


def _joined(old: Mapping[str, Points], new: Mapping[str, Points]) -> dict[str, Points]:
    """Return the histories of a run that was resumed, one after the other."""
    joined = dict(old)
    for name, points in new.items():
        before = old.get(name, Points())
        joined[name] = Points(before.steps + points.steps, before.values + points.values)
    return joined


def _curves(
    runs: Sequence[WandbRun], rows: Sequence[Mapping[str, Any]], called: Sequence[str]
) -> tuple[list[dict[str, Curve]], list[Done]]:
    """Return the curves of each run by the columns that hold their last values, and what is told of them.

    A summary may hold something else than the last value under a metric's name, its best one: then it has no curve.
    """
    curves, again, restarted, other = list[dict[str, Curve]](), 0, list[str](), list[str]()
    for run, row, name in zip(runs, rows, called, strict=True):
        own = dict[str, Curve]()
        for metric, points in run.history.items():
            curve, twice = join_curve(list(zip(points.steps, points.values, strict=True)))
            column, last = f"summary.{metric}", float(curve.values[-1])
            if column not in row:
                continue
            kept = number_of(row[column])
            if kept is None or not (kept == last or (math.isnan(kept) and math.isnan(last))):
                other.append(f"{metric} of {name}")
                continue
            own[column] = curve
            again += twice
            restarted += [name] if twice and name not in restarted else []
        curves.append(own)
    told = [Done(AGAIN, again, first_names(restarted))] if again else []
    if other:
        told.append(Done(NOT_LAST, len(other), first_names(other)))
    return curves, told


def _folder(folder: Path) -> WandbRun:
    """Return what the log of a run says, or the files beside it where there is none."""
    match = _FOLDER.fullmatch(folder.resolve().name)
    assert match is not None
    logs = sorted(folder.glob("run-*.wandb"))
    files = folder / "files"
    logged = WandbRun()
    if logs:
        try:
            logged = read_log(plain_file(logs[0]).read_bytes())
        except OSError as error:
            raise UserError(f"{logs[0]} cannot be read: {error.strerror or error}") from None
        except ValueError as error:
            if not (files / "config.yaml").exists():
                raise UserError(f"{logs[0]} cannot be read as a log of Weights & Biases: {error}") from None
            logged.whole = False
    if not logged.config and (files / "config.yaml").exists():
        logged.config = _settings(files / "config.yaml")
    if not logged.summary and (files / "wandb-summary.json").exists():
        logged.summary = _json(files / "wandb-summary.json", logged)
    if "commit" not in logged.facts and (files / "wandb-metadata.json").exists():
        git = _json(files / "wandb-metadata.json", logged).get("git")
        if isinstance(git, dict) and git.get("commit"):
            logged.facts["commit"] = str(git["commit"])
    if not logs and (files / "wandb-summary.json").exists():
        logged.exit_code = 0  # older versions wrote it when a run ended
    logged.facts.setdefault("id", match[2])
    logged.facts.setdefault("name", match[2])
    logged.facts.setdefault("created", f"{dt.datetime.strptime(match[1], '%Y%m%d_%H%M%S'):%Y-%m-%dT%H:%M:%S}")
    return logged


def _settings(path: Path) -> dict[str, Any]:
    """Return the settings of `config.yaml`: each a mapping with `value`."""
    return {str(name): entry["value"] for name, entry in yaml_mapping(path).items()
            if isinstance(entry, dict) and "value" in entry and name != "_wandb"}  # fmt: skip


def _json(path: Path, logged: WandbRun) -> dict[str, Any]:
    """Return a JSON file; of one that is half-written nothing, which is told."""
    try:
        told = from_json(plain_file(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError:
        logged.whole = False
        return {}
    return told if isinstance(told, dict) else {}


def _row(logged: WandbRun) -> dict[str, Any]:
    facts = logged.facts
    state = "unfinished" if logged.exit_code is None else "failed" if logged.exit_code else "finished"
    start = facts.get("start")
    created = f"{dt.datetime.fromtimestamp(start, dt.UTC):%Y-%m-%dT%H:%M:%S}" if start else facts["created"]
    return {
        "ID": facts["id"], "Name": facts["name"], "State": state, "Created": created, "Group": facts.get("group"),
        "Job Type": facts.get("job_type"), "Sweep": facts.get("sweep"), "Project": facts.get("project"),
        "Commit": facts.get("commit"), **flat("config", logged.config, where=f"run {facts['id']}"),
        **flat("summary", logged.summary, where=f"run {facts['id']}"),
    }  # fmt: skip


def _called(row: Mapping[str, Any]) -> str:
    return f"run {row.get('Name') or '(no name)'} ({row.get('ID')})"


def _online(address: str, project: str) -> RunTable:
    """Read a project through the public interface of the library, where that is there and is logged in."""
    try:
        make_api = importlib.import_module("wandb").Api
    except (ImportError, AttributeError):  # a folder `wandb` beside us is a module without a name in it
        raise UserError(f"wandb:{address}: reading a project needs the library wandb and a key; {_ASK}") from None
    try:
        api = make_api(timeout=60)
        rows = [_online_row(run) for run in api.runs(project, order="+created_at", per_page=500)]
    except Exception as error:  # noqa: BLE001 -- what the library raises has no common base
        why = " ".join(str(error).split())[:160]
        raise UserError(f"wandb:{address} cannot be read: {why or type(error).__name__}; {_ASK}") from None
    if not rows:
        raise UserError(f"wandb:{address}: the project has no runs")
    called = list(map(_called, rows))
    return RunTable.of(f"wandb:{address}", rows, name=project.rpartition("/")[2], called=called)


def _online_row(run: Any) -> dict[str, Any]:
    summary = getattr(run.summary, "_json_dict", run.summary)
    return {
        "ID": run.id, "Name": run.name, "State": run.state, "Created": str(run.created_at), "Group": run.group,
        "Job Type": run.job_type, "Commit": run.commit,
        **flat("config", run.config, where=f"run {run.id}"), **flat("summary", dict(summary), where=f"run {run.id}"),
    }  # fmt: skip
