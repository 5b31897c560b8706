"""A findings folder read back: the study as it was judged, its verdicts, and where its parts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ablate.errors import UserError, cut
from ablate.judge.verdict import Verdict
from ablate.resources import plain_file
from ablate.sweep.metrics import Metrics, program_metrics
from ablate.sweep.study import Study
from ablate.sweep.study_file import load_study, parse_study, study_files
from ablate.values import from_json
from ablate.words.document import ROWS, verdict_from


@dataclass(frozen=True)
class Finding:
    """What is committed of one study.

    Attributes
    ----------
    study
        As it was judged; where an older file does not hold it, as its study file says now.
    head
        `name, key, run_id, command, created` of the study run.
    """

    name: str
    folder: Path
    study: Study
    head: dict[str, Any]
    verdicts: tuple[Verdict, ...]

    @cached_property
    def by_id(self) -> dict[str, Verdict]:
        """Verdicts by claim id, levels of `each` included."""
        return {verdict.claim_id: verdict for verdict in self.verdicts}


def read_document(path: Path) -> dict[str, Any]:
    """Return what a `verdicts.json` holds, with `study`, `facts`, `verdicts` and `extended`, each of its kind.

    Raises
    ------
    UserError
        There is none, it is not JSON, or a part of it is missing or of another kind than ablate writes.
    """
    try:
        parsed = from_json(plain_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as verdicts: {cut(str(error))}") from None
    whole = _mapping(path, "the file", parsed)
    head = _mapping(path, "`study`", whole.get("study"))
    if not isinstance(head.get("definition", {}), dict | None):
        raise UserError(f"{path}: cannot be read as verdicts: `study.definition` must be a mapping")
    facts = _mapping(path, "`facts`", whole.get("facts") or {})
    for arm, told in facts.items():
        _check_facts(path, arm, _mapping(path, f"`facts` of {cut(arm)}", told))
    parts = {part: _verdicts(path, whole, part) for part in ("verdicts", "extended")}
    return {**whole, "facts": facts, **parts}


_DIVIDED_BY = ("steps", "recovery_steps", "validation_size", "test_size", "train_size")
_MAPPINGS, _LISTS = ("used", "tuned", "tuning", "settings", "lost"), ("unread", "vouches", "unplanned")


def _check_facts(path: Path, arm: str, facts: Mapping[str, Any]) -> None:
    """Refuse facts of an arm that are of another kind than those that verdicts are made with."""
    for name, value in facts.items():
        if value is None:
            continue
        number = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
        number |= name not in _DIVIDED_BY
        wanted = (
            "a positive number" if not number
            else "a mapping" if (name in _MAPPINGS and not isinstance(value, dict))
            else "a list" if (name in _LISTS and not isinstance(value, list))
            else ""
        )  # fmt: skip
        if wanted:
            raise UserError(
                f"{path}: cannot be read as verdicts: `{cut(name)}` in the `facts` of {cut(arm)} must be {wanted}, "
                f"got {cut(repr(value))}"
            )


def _mapping(path: Path, what: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{path}: cannot be read as verdicts: {what} must be a mapping, got {type(value).__name__}")
    return value


def _verdicts(path: Path, whole: dict[str, Any], part: str) -> list[dict[str, Any]]:
    verdicts = whole.get(part, [])
    if not isinstance(verdicts, list) or (part == "verdicts" and part not in whole):
        raise UserError(f"{path}: cannot be read as verdicts: `{part}` must be a list of verdicts")
    for one in verdicts:
        if not isinstance(one, dict) or not isinstance(one.get("claim_id"), str):
            raise UserError(f"{path}: cannot be read as verdicts: `{part}` must hold mappings with a claim_id")
        for rows in ROWS:
            listed = one.get(rows, [])
            if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
                raise UserError(f"{path}: cannot be read as verdicts: `{rows}` must be a list of mappings")
    return verdicts


def read_finding(folder: Path) -> Finding:
    """Read `verdicts.json` of a findings folder.

    Raises
    ------
    UserError
        See `read_document`; the study it names is not known.
    """
    path = folder / "verdicts.json"
    document = read_document(path)
    head = dict(document["study"])
    definition = head.pop("definition", None)
    study = parse_study(definition, where=str(path), stored=True) if definition else load_study(folder.name)
    # Files of earlier releases leave the unit to the metric, which the study and its Programs declare.
    settings = study.model_dump(include={"fixed", "factors"})
    metrics = Metrics(study.metrics, program_metrics(settings, document["facts"].values()))
    units = [{"unit": metrics.of(str(one.get("metric"))).unit, **one} for one in document["verdicts"]]
    verdicts = tuple(verdict_from(one, where=str(path)) for one in units)
    return Finding(folder.name, folder, study, head, verdicts)


def read_findings(folder: Path) -> list[Finding]:
    """Read every finding below a folder, in the order of their names."""
    return [read_finding(path.parent) for path in sorted(folder.glob("*/verdicts.json"))]


def same_question(one: Study, other: Study) -> bool:
    """Return whether two studies ask the same of the same runs, in whatever words and over however many seeds.

    Names do not tell: a study of one's own may be named like one of ours.
    """
    return _asked(one) == _asked(other)


_SAID = {"says", "quote", "why_delta"}


def _asked(study: Study) -> tuple[Any, ...]:
    claims = [claim.model_dump(mode="json", exclude=_SAID) for claim in study.claims]
    return study.fixed, study.factors, claims


def belongs(folder: Path, study: Study) -> bool:
    """Return whether a findings folder is of a study, or may become that: it holds no verdicts yet.

    Raises
    ------
    UserError
        Its `verdicts.json` cannot be read.
    """
    return not (folder / "verdicts.json").is_file() or same_question(read_finding(folder).study, study)


def written_study(name: str) -> Study | None:
    """Return a study as its file says now; None where there is no file."""
    return load_study(name) if name in study_files() else None
