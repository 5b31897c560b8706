"""What a study run remembers beside its runs: what was registered, and what was done in which order.

Two files among the artifacts of the study run. `registration.json` is written once and never again; its hash stands as
a tag on the run too, so that a changed file shows. `history.json` is a list that only grows: looks, extensions, edits.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ablate.errors import Failure, UserError
from ablate.resources import plain_file
from ablate.track.files import write_json
from ablate.values import from_json

REGISTRATION = "registration.json"
HISTORY = "history.json"
HASH_TAG = "ablate.registration.sha256"
TIME_TAG = "ablate.registration.time"

Event = dict[str, Any]


def read_registration(folder: Path) -> dict[str, Any]:
    """Return what was registered; an empty mapping if the file does not exist."""
    return dict(_read(folder / REGISTRATION, check_stored) or {})


def read_history(folder: Path) -> list[Event]:
    """Return the events so far, the earliest first."""
    return [dict(event) for event in _read(folder / HISTORY, _check_events) or ()]


def write_registration(folder: Path, document: Mapping[str, Any]) -> dict[str, Any]:
    """Write a registration where there is none; return the one that stands."""
    registered = read_registration(folder)
    if not registered:
        write_json(folder / REGISTRATION, document)
    return registered or dict(document)


def append_event(folder: Path, event: Mapping[str, Any]) -> list[Event]:
    """Add an event at the end; return all of them."""
    events = [*read_history(folder), dict(event)]
    write_json(folder / HISTORY, events)
    return events


def _read(path: Path, check: Callable[[Any], None]) -> Any:
    try:
        parsed = from_json(plain_file(path).read_text(encoding="utf-8"))
        check(parsed)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise Failure(
            f"{path} cannot be read ({error}): it says what was fixed before the runs. Put it back from a copy, or "
            "give the study another name to start again."
        ) from error
    return parsed


def check_kept(registered: Any, events: Any, *, where: str, tag: str = "") -> None:
    """Refuse a registration or a history that came from elsewhere, was damaged, or was made by hand.

    Parameters
    ----------
    tag
        The hash that the study run has of what was registered; empty where nothing was.

    Raises
    ------
    UserError
        A part that verdicts or reports read is missing, or of another kind; all of a registration is.
    """
    if tag and not registered:
        raise UserError(
            f"{where} was registered (SHA-256 {tag[:12]}…), but {REGISTRATION} beside its runs, which says what was "
            "fixed, is gone: put it back from a copy; the command that ran the study registers it again, as one that "
            "came after its runs"
        )
    try:
        _check_registration(registered)
        _check_events(events)
        if registered:
            _check_parts(registered, _REGISTERED, "the registration")
            _check_seeds(registered["seeds"])
        for event in events:
            _check_parts(event, _EVENTS.get(event["event"], {}), f"the event {event['event']!r:.40}")
            _check_seeds(event.get("added", []))
    except ValueError as error:
        raise UserError(f"{where}: what was registered, or its history, is damaged: {error}") from None


_REGISTERED = {"time": str, "sha256": str, "text": str, "definition": dict, "seeds": list, "runs_before": int}
_EVENTS: dict[str, dict[str, type]] = {
    "look": {"stop": bool, "seeds": int, "reason": str},
    "extension": {"time": str, "added": list, "seeds_before": int, "seeds_after": int},
    "edit": {"time": str, "sha256": str},
    "fresh": {"time": str, "runs": int},
    "code": {"time": str, "runs": int, "changed": str},
}
"""What verdicts and reports read of a registration, and of each kind of event."""


def check_stored(document: Any) -> None:
    """Raise `ValueError` for what is stored as a registration and is none: who registers nothing stores nothing."""
    if not document:
        raise ValueError("it is empty")
    _check_registration(document)
    _check_parts(document, {name: _REGISTERED[name] for name in ("time", "sha256")}, "the registration")


def _check_registration(document: Any) -> None:
    """Check as much as a store reads itself; `check_kept` checks what is judged by."""
    if not document:
        return
    definition = document.get("definition", {}) if isinstance(document, Mapping) else None
    if not isinstance(definition, Mapping):
        raise ValueError("it holds no definition")  # noqa: TRY004 - as the others
    claims = definition.get("claims", [])
    if not isinstance(claims, list):
        raise ValueError("`claims` must be a list")  # noqa: TRY004 - as the others
    if not all(isinstance(claim, Mapping) and isinstance(claim.get("id"), str) for claim in claims):
        raise ValueError("`claims` must be mappings with an id")
    for name in ("fixed", "forecasts"):
        if not isinstance(definition.get(name, {}), Mapping):
            raise ValueError(f"`{name}` must be a mapping")  # noqa: TRY004 - as the others


def _check_events(events: Any) -> None:
    named = isinstance(events, list | tuple) and all(isinstance(event, Mapping) for event in events)
    if not named or not all(isinstance(event.get("event"), str) for event in events):
        raise ValueError("the history must be a list of events, each with its name")


def _check_parts(document: Mapping[str, Any], parts: Mapping[str, type], what: str) -> None:
    for name, kind in parts.items():
        if not isinstance(document.get(name), kind):
            raise ValueError(f"`{name}` of {what} is missing, or of another kind")  # noqa: TRY004 - as the others


def _check_seeds(seeds: Any) -> None:
    if not isinstance(seeds, list | tuple) or not all(type(seed) is int for seed in seeds):
        raise ValueError("seeds must be whole numbers")


def write_plan(folder: Path, plan: Mapping[str, Any]) -> None:
    """Write `plan.json`; an earlier one that differs is kept beside it, so that what was asked first can be shown."""
    path = folder / "plan.json"
    if path.exists():
        try:
            earlier = from_json(plain_file(path).read_text(encoding="utf-8"))
        except ValueError:
            earlier = None  # cut short by a full disk or a power cut; nothing in it to keep
        if earlier is not None and earlier != from_json(json.dumps(plan)):
            free = next(place for n in itertools.count(1) if not (place := folder / f"plan-{n}.json").exists())
            path.replace(free)
    write_json(path, plan)
