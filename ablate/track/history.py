"""What a study run remembers beside its runs: what was registered, and what was done in which order.

Two files among the artifacts of the study run. `registration.json` is written once and never again; its hash stands as
a tag on the run too, so that a changed file shows. `history.json` is a list that only grows: looks, extensions, edits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.errors import Failure
from ablate.track.files import write_json

REGISTRATION = "registration.json"
HISTORY = "history.json"
HASH_TAG = "ablate.registration.sha256"
TIME_TAG = "ablate.registration.time"

Event = dict[str, Any]


def read_registration(folder: Path) -> dict[str, Any]:
    """Return what was registered, or an empty mapping."""
    found = _read(folder / REGISTRATION)
    return dict(found) if isinstance(found, Mapping) else {}


def read_history(folder: Path) -> list[Event]:
    """Return the events so far, the earliest first."""
    found = _read(folder / HISTORY)
    return [dict(event) for event in found] if isinstance(found, list) else []


def write_registration(folder: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Write a registration where there is none; return the one that stands."""
    held = read_registration(folder)
    if not held:
        write_json(folder / REGISTRATION, document)
    return held or dict(document)


def append_event(folder: Path, event: Mapping[str, Any]) -> list[Event]:
    """Add an event at the end; return all of them."""
    events = [*read_history(folder), dict(event)]
    write_json(folder / HISTORY, events)
    return events


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Failure(
            f"{path} cannot be read ({error}): it says what was fixed before the runs. Put it back from a copy, or "
            "give the study another name to start it anew."
        ) from error
