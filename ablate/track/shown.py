"""What MLflow's pages show of a judged study: its verdicts in the note, and as tags and metrics of its run."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.errors import AblateError
from ablate.track import ledger, payload
from ablate.track.direct import is_compared, put_tags
from ablate.track.layout import Layout
from ablate.track.ledger import StudyRun
from ablate.track.patience import writing
from ablate.track.reading import read_only
from ablate.track.view import TRAINING, VIEW_TAG, ArmsView
from ablate.track.written import cut_for_mlflow

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOTE = "mlflow.note.content"
VERDICT_TAG = "ablate.verdict."
EFFECTS = ("effect", "effect low", "effect high")
"""Groups of metrics: the effect of a verdict and the ends of its interval."""

_END = "\n\n---\n\n"
_HEADS = ("[The report", "- ", "## Verdicts\n")  # the last is of earlier releases
_WAIT = 20.0  # seconds that another writer may take
_NOT_IN_NAMES = re.compile(r"[^\w.\- ]+")


@dataclass(frozen=True)
class Shown:
    """What is shown.

    Attributes
    ----------
    title
        The first line of the note: all that MLflow's lists show of it. These do not read Markdown, so it is plain text.
    verdicts
        Markdown.
    tags
        Claim -> what was decided.
    effects
        Claim -> effect and the ends of its interval, None where there is none.
    view
        The view of its arms that MLflow's list of runs has.
    report
        Folder of the report among the artifacts of the study run, to which the note leads; empty where there is none.
    """

    title: str
    verdicts: str
    tags: Mapping[str, str]
    effects: Mapping[str, tuple[float | None, float | None, float | None]]
    view: ArmsView | None = None
    report: str = ""

    def note(self, before: str, run: str = "") -> str:
        r"""Return the note of a study run with the verdicts below its title, in place of those that it had.

        `run` is the address of the run below that of MLflow's pages.

        >>> shown = Shown("1 supported: Depth", "- Yes.", {}, {})
        >>> print(shown.note(shown.note("Depth\n\nIs it?")))
        1 supported: Depth
        <BLANKLINE>
        - Yes.
        <BLANKLINE>
        ---
        <BLANKLINE>
        Is it?
        """
        rest = before.partition("\n\n")[2]
        if rest.startswith(_HEADS) and _END in rest:
            rest = rest.partition(_END)[2]
        page = f"{run}/artifacts/{self.report}/report.html?{TRAINING}"
        link = f"[The report, with its figures]({page})\n\n" if self.report and run else ""
        return f"{self.title}\n\n{link}{self.verdicts}{_END}{rest}"

    def run_tags(self, study: StudyRun) -> dict[str, str]:
        """Return the tags of the study run."""
        note = self.note(study.tags.get(NOTE, ""), f"#/experiments/{study.experiment_id}/runs/{study.run_id}")
        return cut_for_mlflow({NOTE: note} | {VERDICT_TAG + _plain(name): told for name, told in self.tags.items()})

    def experiment_tags(self, study: StudyRun, tags: Mapping[str, str], at: int) -> dict[str, str]:
        """Return the tags of the study's experiment; `tags` are those of its run, `at` is in ms since 1970."""
        view = {} if self.view is None else {VIEW_TAG: self.view.tag(study.run_id, at)}
        return {NOTE: payload.text(tags[NOTE])} | view

    def points(self) -> dict[str, float]:
        """Return the metrics of the study run: what is finite of the effects."""
        metrics: dict[str, float] = {}
        for name, numbers in self.effects.items():
            metrics |= {
                f"{group}/{_plain(name)}": n for group, n in zip(EFFECTS, numbers, strict=True) if n is not None
            }
        return metrics


def _plain(name: str) -> str:
    """Write the id of a claim with letters that MLflow takes in names of tags and metrics.

    >>> _plain("faster[init.std=0.1]")
    'faster init.std 0.1'
    """
    return _NOT_IN_NAMES.sub(" ", name).strip()[:200]


def show_study(root: Path, name: str, key: str, shown: Shown) -> str | None:
    """Write what is shown into the local database, in place of what was; returns why that could not be done.

    Directly where the schema is known, else by MLflow's client (see `direct`). A store that may only be read goes on
    showing what its owner wrote, and nothing is told.
    """
    layout = Layout(root.resolve())
    try:
        with read_only(layout.database) as connection:
            study = ledger.find_study(connection, name, key)
        if study is None:
            return None
        if is_compared(layout.database):
            _write(layout.database, study, shown)
        else:
            from ablate.track.mlflow_store import connect, plain_errors

            with plain_errors(layout):
                show_by_client(connect(layout), study, shown)
    except (AblateError, OSError, sqlite3.Error) as error:
        if _only_to_read(layout, error):
            return None
        return f"the verdicts could not be shown in MLflow's pages: {error}"
    return None


def _only_to_read(layout: Layout, error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # Where no journal lies there yet, what SQLite cannot do is to open the database.
    return code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and not os.access(layout.runs, os.W_OK))


def show_by_client(client: MlflowClient, study: StudyRun, shown: Shown) -> None:
    """Write what is shown through MLflow's client, which cannot take metrics of dropped claims away."""
    from ablate.track.mlflow_runs import log_batches

    tags = shown.run_tags(study)
    points = [(name, 0, value) for name, value in shown.points().items()]
    now = int(time.time() * 1000)
    log_batches(client, study.run_id, tags=tags, points=points, at=now)
    for name, value in shown.experiment_tags(study, tags, now).items():
        client.set_experiment_tag(study.experiment_id, name, value)
    for gone in (tag for tag in study.tags if tag.startswith(VERDICT_TAG) and tag not in tags):
        client.delete_tag(study.run_id, gone)


def _write(database: Path, study: StudyRun, shown: Shown) -> None:
    now = int(time.time() * 1000)
    tags, points = shown.run_tags(study), shown.points()
    with writing(database, seconds=_WAIT) as connection:
        connection.execute(
            "DELETE FROM tags WHERE run_uuid = ? AND substr(key, 1, ?) = ?",
            (study.run_id, len(VERDICT_TAG), VERDICT_TAG),
        )
        for table in ("metrics", "latest_metrics"):
            connection.executemany(
                f"DELETE FROM {table} WHERE run_uuid = ? AND substr(key, 1, ?) = ?",
                [(study.run_id, len(group) + 1, f"{group}/") for group in EFFECTS],
            )
            connection.executemany(
                f"INSERT INTO {table} (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, 0, 0, ?)",
                [(point, value, now, study.run_id) for point, value in points.items()],
            )
        put_tags(connection, study.run_id, tags)
        connection.executemany(
            "INSERT OR REPLACE INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)",
            [(name, value, study.experiment_id) for name, value in shown.experiment_tags(study, tags, now).items()],
        )
