"""Where a run's files are: beside the database as it lies now, whatever address the database holds.

MLflow stores absolute addresses. A project that was moved or copied holds those of its former place, and a store from
elsewhere may hold any: neither is followed out of the project.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

from ablate.errors import Failure
from ablate.track.layout import Layout

_RUN_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


def local_path(uri: str) -> Path:
    """Return the folder of a `file://` artifact location.

    >>> local_path("file:///tmp/a%20b").as_posix()
    '/tmp/a b'
    """
    parsed = urlparse(uri)
    return Path(url2pathname(parsed.path)) if parsed.scheme == "file" else Path(uri)


def run_folder(layout: Layout, study: str, run_id: str, uri: str) -> Path:
    """Return the folder of a run's files.

    Parameters
    ----------
    uri
        What the database says. Followed only below `mlruns/`, and only where nothing lies in the usual place: an
        experiment that was not made by this package may keep its files elsewhere in it.

    Raises
    ------
    Failure
        The run's id is not a plain name, or links lead out of the project.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise Failure(f"the store names a run {run_id[:80]!r}, which is not a run id: its files are not looked for")
    usual = layout.study_artifacts(study) / run_id / "artifacts"
    stored = local_path(uri) if uri else usual
    folder = stored if not usual.exists() and _below(stored, layout) and stored.name == "artifacts" else usual
    if not _below(folder, layout):
        raise Failure(
            f"{folder} leads out of {layout.runs} by a link: files of runs are read and written only below it"
        )
    return folder


def is_here(layout: Layout, uri: str) -> bool:
    """Say whether an address lies below `mlruns/` (or where a link from there, made by the user, leads)."""
    return _below(local_path(uri), layout)


def _below(path: Path, layout: Layout) -> bool:
    # `mlruns/` or `mlruns/artifacts/` may themselves be links, to a larger disk; nothing below them may lead on.
    tops = (layout.artifacts, layout.runs)
    if ".." in path.parts:
        return False
    return any(path.is_relative_to(top) and path.resolve().is_relative_to(top.resolve()) for top in tops)
