"""Runs of Hugging Face's `Trainer`, a row each: the last `trainer_state.json` of every folder of outputs.

The state of the folder itself counts, else that of the latest `checkpoint-N` in it. Most of what was set stands only in
`training_args.bin`, which would have to be unpickled and is not read: it is taken from the names of folders
(`lr=0.1,seed=3`), from `trial_params` of a search, and from a `training_args.json` where one was written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Done, Fits, RunTable, Source
from ablate.sources.log_files import FileNotes, history_of, json_of
from ablate.sources.logs import RunLog, first_names, flat_settings, folder_at, in_order, log_table

_STATE, _SETTINGS = "trainer_state.json", "training_args.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
_KEPT = ("train_batch_size", "num_train_epochs")


@register("source", "trainer")
@dataclass(frozen=True)
class TrainerStates(Source):
    """Folders of outputs below a folder: `trainer:runs/`."""

    schemes = ("trainer",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the runs by their folders."""
        del fits
        root, where, told = folder_at(address, "trainer"), f"trainer:{address}", FileNotes()
        states = _states(root)
        if not states:
            raise UserError(f"{where}: no {_STATE} in {root} or below it")
        logs, by_checkpoint, damaged = [], list[str](), list[str]()
        for name in in_order(states):
            log = RunLog(name)
            try:
                path = _latest(states[name])
                _read(log, path, told)
                if _CHECKPOINT.fullmatch(path.parent.name):
                    by_checkpoint.append(name or ".")
            except UserError:  # it was stopped while it wrote
                log.status = "unfinished"
                damaged.append(name or ".")
            logs.append(log)
        done = [
            (msg("runs without a final state: that of their latest checkpoint is read"), by_checkpoint),
            (msg("runs with a damaged file: they count as not finished"), damaged),
        ]
        notes = [Done(what, len(which), first_names(which)) for what, which in done if which]
        empty = f"no {_STATE} holds a number in its log_history"
        return log_table(where, root.resolve().name, logs, [*notes, *told.done()], empty=empty)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with all that they have as parameters of a trial."""
        for i, run in enumerate(runs):
            place = folder / "runs" / f"run-{i}"
            place.mkdir(parents=True)
            rows = [{"step": 1, "written": 0.5}, {"step": 2, "written": 1.0, "train_runtime": 1.0}]
            state = {"trial_params": run, "log_history": rows, "global_step": 2, "max_steps": 2}
            (place / _STATE).write_text(json.dumps(state), encoding="utf-8")
        return f"trainer:{folder / 'runs'}"


def _states(root: Path) -> dict[str, list[Path]]:
    """Return run -> its states: a checkpoint belongs to the folder that it is in."""
    by_run: dict[str, list[Path]] = {}
    for place, _, files in os.walk(root):
        folder = Path(place)
        if _STATE in files:
            inside = folder != root and _CHECKPOINT.fullmatch(folder.name)
            name = (folder.parent if inside else folder).relative_to(root).as_posix()
            by_run.setdefault("" if name == "." else name, []).append(folder / _STATE)
    return by_run


def _latest(paths: Sequence[Path]) -> Path:
    """Return the state outside of checkpoints, else that of the last one: by its number, not by its name."""
    return max(paths, key=lambda path: int(found[1]) if (found := _CHECKPOINT.fullmatch(path.parent.name)) else 1 << 62)


def _read(log: RunLog, path: Path, told: FileNotes) -> None:
    state = json_of(path)
    rows = state.get("log_history") if isinstance(state, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise UserError(f"{path}: expected `log_history`, a list of records")
    params = state.get("trial_params")
    if isinstance(params, Mapping):
        log.settings |= flat_settings(str(path), params)
    file = path.parent / _SETTINGS
    if file.is_file() and isinstance(settings := json_of(file), Mapping):
        log.settings |= flat_settings(str(file), settings)
    log.settings |= {key: state[key] for key in _KEPT if isinstance(state.get(key), int)}
    log.history, _ = history_of(rows, log.name or ".", told)
    if len(rows) == 1:
        log.results = {name: value for name, value in rows[0].items() if isinstance(value, int | float)}
    over = any("train_runtime" in row for row in rows) or _reached(state)
    log.status = "finished" if over else "unfinished"


def _reached(state: Mapping[str, Any]) -> bool:
    """Whether a run made all the steps that it was to make."""
    done, planned = state.get("global_step"), state.get("max_steps")
    return isinstance(done, int) and isinstance(planned, int) and done >= planned > 0
