"""Keeping a folder with a study that is not being run: a report written again."""

from __future__ import annotations

from pathlib import Path

from ablate.track import ledger
from ablate.track.database import local_path, read_only
from ablate.track.files import replace_folder
from ablate.track.layout import Layout


def attach_folder(root: Path, name: str, key: str, folder: Path, label: str) -> None:
    """Copy a folder into the artifacts of a tracked study run, replacing an earlier one of that label.

    Needs no MLflow: artifacts are plain files, and the run's place stands in the database.
    """
    layout = Layout(root)
    with read_only(layout.database) as connection:
        study = ledger.find_study(connection, name, key)
    if study is not None:
        replace_folder(folder, local_path(study.artifact_uri) / label)
