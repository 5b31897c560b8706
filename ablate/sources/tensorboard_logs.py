"""Runs that were logged for TensorBoard, a folder of event files each, a row each with its curves.

Which folder belongs to which run: several event files in a folder are one run, in the order in which they were begun.
`train`, `validation` and the like belong to the folder above (Keras), and so do the folder that `add_hparams` makes
for the settings, and those of `add_scalars`. Any other folder with event files is a run of its own, at any depth.
Settings: of the hparams plug-in, of a `hparams.yaml` beside (Lightning), or told by the names of folders.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.lang import msg
from ablate.registry import register
from ablate.resources import plain_file
from ablate.sources.contract import Done, Fits, RunTable, Source
from ablate.sources.event_files import EventFile, read_events
from ablate.sources.event_writing import event_file
from ablate.sources.log_files import FileNotes, yaml_settings
from ablate.sources.logs import RunLog, first_names, folder_at, in_order, log_table

_PARTS = ("train", "training", "val", "valid", "validation", "eval", "evaluation", "test", "testing")


@register("source", "tensorboard")
@dataclass(frozen=True)
class TensorboardLogs(Source):
    """Event files below a folder: `tensorboard:logs/`."""

    schemes = ("tensorboard",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the runs by the names of their folders."""
        del fits
        root, where = folder_at(address, "tensorboard"), f"tensorboard:{address}"
        folders, told = _folders(root), FileNotes()
        if not folders:
            raise UserError(f"{where}: no event files (events.out.tfevents.…) in {root} or below it")
        logs, done = _runs(folders, root, told)
        empty = "no event file holds a scalar: nothing was logged that could be judged"
        return log_table(where, root.resolve().name, logs, [*done, *told.done()], empty=empty)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with all that they have as hyperparameters, beside a scalar."""
        for i, run in enumerate(runs):
            place = folder / "logs" / f"run_{i}"
            place.mkdir(parents=True)
            (place / "events.out.tfevents.1").write_bytes(event_file(run, [("written", 1, 0.5 + i)]))
        return f"tensorboard:{folder / 'logs'}"


@dataclass
class _Folder:
    """The event files of one folder, as one: where it stands, how many there are, and what is wrong with them."""

    name: str
    held: EventFile = field(default_factory=EventFile)
    files: int = 0
    half: int = 0

    @property
    def parent(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def last(self) -> str:
        return self.name.rpartition("/")[2]


def _folders(root: Path) -> dict[str, _Folder]:
    """Read every event file below a folder; returns name -> folder, outer ones first."""
    by_folder: dict[str, list[Path]] = {}
    for place, _, files in os.walk(root):  # links to other folders are not followed: they could lead in circles
        name = Path(place).relative_to(root).as_posix()
        event_paths = [Path(place) / file for file in files if "tfevents" in file]
        if event_paths:
            by_folder["" if name == "." else name] = event_paths
    return {name: _folder(name, by_folder[name]) for name in in_order(by_folder)}


def _folder(name: str, paths: Sequence[Path]) -> _Folder:
    folder, files = _Folder(name), list[EventFile]()
    for path in sorted(paths):
        try:
            files.append(read_events(plain_file(path).read_bytes()))
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    files.sort(key=lambda one: one.started)  # what has no event begins with 0
    for one in files:
        for tag, points in one.scalars.items():
            folder.held.scalars[tag] += points
        folder.held.settings.update(one.settings)
        folder.held.ended = one.ended or folder.held.ended
        folder.held.started = folder.held.started or one.started
        folder.held.damaged |= one.damaged
        folder.half += one.half
    folder.files = sum(bool(one.scalars) for one in files)
    return folder


def _runs(folders: dict[str, _Folder], root: Path, told: FileNotes) -> tuple[list[RunLog], list[Done]]:
    run_of = _owners(folders)
    logs: dict[str, RunLog] = {}
    several, damaged, half = list[str](), list[str](), list[str]()
    for name in in_order({*run_of.values()}):
        log = logs[name] = RunLog(name)
        path = root / name / "hparams.yaml"
        if path.is_file():
            log.settings.update(yaml_settings(path, told))
    for name, one in folders.items():
        log, events = logs[run_of[name]], one.held
        for tag, points in events.scalars.items():
            metric = _metric(tag, one, log.name)
            if metric in log.history:
                metric = f"{one.last}/{tag}"
            if one.name != log.name and events.settings and len(points) == 1:  # what `add_hparams` was given
                log.results.setdefault(metric, points[0][1])
            else:
                log.history[metric] = list(points)
        log.settings = {**log.settings, **events.settings}
        log.status = events.ended or log.status
        log.started = min(filter(None, (log.started, events.started)), default=None)
        if one.files > 1:
            several.append(name or ".")
        if events.damaged:
            log.status = "unfinished"
            damaged.append(name or ".")
        if one.half:
            half.append(name or ".")
    for log in logs.values():
        log.results = {metric: value for metric, value in log.results.items() if metric not in log.history}
    done = [
        (msg("folders with several event files: one run each, joined in the order in which they were begun"), several),
        (msg("event files with a half-written last record: it is left out"), half),
        (msg("event files with a wrong checksum: read up to it, their runs count as not finished"), damaged),
    ]
    return list(logs.values()), [Done(what, len(which), first_names(which)) for what, which in done if which]


def _owners(folders: Mapping[str, _Folder]) -> dict[str, str]:
    """Return, of every folder, that of the run that it belongs to."""
    sessions = Counter(one.parent for one in folders.values() if one.name and _is_session(one))
    owner_of = {}
    for name, one in folders.items():
        inside = bool(name) and (
            (one.last.lower() in _PARTS and not one.held.settings)
            or (one.parent in folders and _is_session(one) and sessions[one.parent] == 1)
            or (one.parent in folders and _key_of(one) is not None)
        )
        owner_of[name] = one.parent if inside else name
    return {name: owner_of.get(owner, owner) for name, owner in owner_of.items()}


def _is_session(one: _Folder) -> bool:
    """Tell whether it holds settings and no history: what `add_hparams` writes beside a run."""
    events = one.held
    return bool(events.settings) and all(len(points) == 1 for points in events.scalars.values())


def _key_of(one: _Folder) -> str | None:
    """Return the key of one curve of `add_scalars`, whose folder is named after its tag and the key."""
    tags = list(one.held.scalars)
    lead = f"{tags[0].replace('/', '_')}_" if len(tags) == 1 else ""
    return one.last[len(lead) :] if lead and one.last.startswith(lead) and len(one.last) > len(lead) else None


def _metric(tag: str, one: _Folder, run: str) -> str:
    """Return what a tag is called in the table: with the part of the data before it, where a folder says that."""
    if one.name == run or one.held.settings:
        return tag
    if one.last.lower() in _PARTS:
        return f"{one.last}/{tag}"
    key = _key_of(one)
    return tag if key is None else f"{tag}/{key}"
