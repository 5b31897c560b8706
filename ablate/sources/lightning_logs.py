"""Versions that Lightning's `CSVLogger` wrote, a row each: `version_N/hparams.yaml` and `version_N/metrics.csv`.

Values of training and validation stand in different rows of a step, and are put together by their names. Of a metric
that is logged per step and per epoch (`loss_step`, `loss_epoch`) the latter is read. YAML is read safely: objects of
Python's that `save_hyperparameters` met are not made, and told.
"""

from __future__ import annotations

import csv
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
from ablate.sources.log_files import FileNotes, history_of, result_rows, yaml_settings
from ablate.sources.logs import RunLog, first_names, folder_at, in_order, log_table

_METRICS, _SETTINGS = "metrics.csv", "hparams.yaml"


@register("source", "lightning")
@dataclass(frozen=True)
class LightningLogs(Source):
    """Versions below a folder: `lightning:logs/`."""

    schemes = ("lightning",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the versions by their folders and numbers."""
        del fits
        root, where, told = folder_at(address, "lightning"), f"lightning:{address}", FileNotes()
        names, events = _versions(root)
        hint = "; there are event files: read them with tensorboard:" if events else ""
        if not names:
            raise UserError(f"{where}: no {_METRICS} and no folder version_N in {root} or below it{hint}")
        logs, twins = [], set[str]()
        for name in names:
            log = RunLog(name)
            if (root / name / _SETTINGS).is_file():
                log.settings = yaml_settings(root / name / _SETTINGS, told)
            if (root / name / _METRICS).is_file():
                rows = result_rows(root / name / _METRICS, told)
                log.history = _history(rows, name, told, twins)
            logs.append(log)
        done = [
            Done(
                msg("values of single steps of metrics that are logged per epoch, too: not read"), len(twins),
                first_names(sorted(twins)),
            )
        ] if twins else []  # fmt: skip
        empty = f"no version holds a number in its {_METRICS}{hint}"
        return log_table(where, root.resolve().name, logs, [*done, *told.done()], empty=empty)

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs with all that they have as hyperparameters."""
        for i, run in enumerate(runs):
            place = folder / "logs" / f"version_{i}"
            place.mkdir(parents=True)
            (place / _SETTINGS).write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
            with (place / _METRICS).open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([["epoch", "step", "written"], [0, 1, 0.5], [1, 2, 1.0]])
        return f"lightning:{folder / 'logs'}"


def _versions(root: Path) -> tuple[list[str], bool]:
    """Return the folders that are a version, and whether there are event files anywhere."""
    versions, events = [], False
    for place, _, files in os.walk(root):
        folder = Path(place)
        events |= any("tfevents" in file for file in files)
        if _METRICS in files or re.fullmatch(r"version_\d+", folder.name):
            name = folder.relative_to(root).as_posix()
            versions.append("" if name == "." else name)
    return in_order(versions), events


def _history(
    rows: Sequence[Mapping[str, Any]], where: str, told: FileNotes, twins: set[str]
) -> dict[str, list[tuple[int, float]]]:
    """Return the curves of a version; a single row is a history, too."""
    curves, others = history_of(rows, where or ".", told)
    if len(rows) == 1:
        curves = {name: [(0, float(value))] for name, value in others.items() if isinstance(value, int | float)}
    out = {name for name in curves if name.endswith("_step") and f"{name[: -len('step')]}epoch" in curves}
    twins |= out
    return {name: points for name, points in curves.items() if name not in out}
