"""Studies taken out of a store whole: with runs, registration, looks and history."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.errors import Failure, UserError, unknown
from ablate.sweep.registration import text_hash
from ablate.track.archive import write_archive
from ablate.track.archived import Archived
from ablate.track.store import Store
from ablate.work.bench import Bench


def archived_studies(name: str, store: Store) -> list[Archived]:
    """Return all study runs of a name, whole, those that were opened first at the beginning.

    Raises
    ------
    UserError
        No study of that name was run.
    Failure
        Somebody runs it now, or what was registered was changed afterwards: a copy would look intact.
    """
    lines = store.studies()
    matching = [line for line in lines if line.name == name]
    if not matching:
        raise unknown("study", name, {line.name for line in lines})
    archived = []
    for line in reversed(matching):
        if line.status == "RUNNING" and (driver := store.driver(name, line.key)):
            raise Failure(f"study {name} is being run by {driver}: wait for it, or end that process first")
        head = store.read(name, key=line.key).study
        registration = dict(head["registration"] or {})
        check_intact(name, registration, str(head["registered_sha256"]))
        archived.append(
            Archived(
                plan=store.plan(name, key=line.key),
                registration=registration,
                registered_sha256=str(head["registered_sha256"]),
                history=[dict(event) for event in head["history"]],
                created=str(head["created"]),
                provenance=dict(head["provenance"]),
                status=line.status,
                where=store.where,
                runs=tuple(store.logged(name, key=line.key)),
            )
        )
    return archived


def check_intact(name: str, registration: Mapping[str, Any], tag: str) -> None:
    """Refuse a registration that is not what its hash was taken of.

    Raises
    ------
    Failure
        It was changed afterwards, or is gone.
    """
    if not registration and not tag:
        return
    if not registration:
        raise Failure(f"{name}: what was registered (SHA-256 {tag[:12]}…) is gone: a copy would look unregistered")
    text = registration.get("text")
    if not isinstance(text, str) or not text_hash(text) == registration.get("sha256") == tag:
        raise Failure(
            f"{name}: what was registered was changed afterwards (its SHA-256 is not {tag[:12]}…): a copy would look "
            "intact, so none is made"
        )


def export_study(name: str, path: Path, bench: Bench) -> tuple[int, int]:
    """Write a study with all its runs into a file; returns how many study runs and seed runs that are.

    Raises
    ------
    UserError, Failure
        See `archived_studies`; the file exists, or cannot be written.
    """
    if path.suffix != ".zip":
        raise UserError(f"expected a file that ends in .zip, got {str(path)!r}")
    if path.exists():
        raise UserError(f"{path} exists: give another name, or remove it first; nothing was written")
    studies = archived_studies(name, bench.store)
    write_archive(path, studies)
    return len(studies), sum(len(study.runs) for study in studies)
