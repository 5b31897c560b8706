"""Keeping files with a study that is not being run: a report written again."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from ablate.errors import AblateError
from ablate.manifest import NAME, KnownFiles, Part, publish
from ablate.manifest.entries import nothing_known
from ablate.track import ledger
from ablate.track.database import astray, relocate
from ablate.track.layout import Layout
from ablate.track.owner import store_lock
from ablate.track.places import run_folder
from ablate.track.reading import read_only


def attach_files(
    root: Path, name: str, key: str, files: Mapping[str, bytes], label: str, *, known: KnownFiles = nothing_known
) -> str | None:
    """Write files into the artifacts of a tracked study run, in place of those that were there under that label.

    Needs no MLflow: artifacts are plain files. They lie where the project is now; a database that still holds the
    addresses of another place is brought up to date. What ablate wrote there stands in a manifest beside the artifacts,
    out of sight of MLflow's pages.

    Parameters
    ----------
    files
        Name below the label -> content.
    known
        Says which files below the label's folder an older release wrote.

    Returns
    -------
    str or None
        Why they could not be kept: the store is read-only or its disk is full. The files themselves are written.
    """
    layout = Layout(root.resolve())
    try:
        with read_only(layout.database) as connection:
            study = ledger.find_study(connection, name, key)
        if study is None:
            return None
        if astray(layout):
            with store_lock(layout):
                relocate(layout.root)
        folder = run_folder(layout, study.name, study.run_id, study.artifact_uri)
        contents = {f"{label}/{file}": content for file, content in files.items()}
        publish(
            folder,
            [Part(label, contents)],
            known=lambda place: {f"{label}/{file}": label for file in known(place / label)},
            record=folder.parent / f".{label}{NAME}",
        )
    except (AblateError, OSError, sqlite3.Error) as error:
        return f"the report is written, but a copy could not be kept beside the runs: {error}"
    return None
