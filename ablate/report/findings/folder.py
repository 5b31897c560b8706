"""A findings folder read back: the study as it was judged, its verdicts, and where its parts are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.judge.verdict import Verdict
from ablate.sweep.metrics import Metrics, program_metrics
from ablate.sweep.study import Study
from ablate.sweep.study_file import load_study, parse_study, study_files
from ablate.words.document import verdict_from


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


def read_finding(folder: Path) -> Finding:
    """Read `verdicts.json` of a findings folder.

    Raises
    ------
    UserError
        There is none, it is not JSON, or the study it names is not known.
    """
    path = folder / "verdicts.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        head, stored = dict(document["study"]), list(document["verdicts"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: cannot be read as verdicts: {error}") from None
    definition = head.pop("definition", None)
    study = parse_study(definition, where=str(path), stored=True) if definition else load_study(folder.name)
    # Files of earlier releases leave the unit to the metric, which the study and its Programs declare.
    known = study.model_dump(include={"fixed", "factors"})
    metrics = Metrics(study.metrics, program_metrics(known, (document.get("facts") or {}).values()))
    units = [{"unit": metrics.of(str(one.get("metric"))).unit, **one} for one in stored]
    verdicts = tuple(verdict_from(one, where=str(path)) for one in units)
    return Finding(folder.name, folder, study, head, verdicts)


def read_findings(folder: Path) -> list[Finding]:
    """Read every finding below a folder, in the order of their names."""
    return [read_finding(path.parent) for path in sorted(folder.glob("*/verdicts.json"))]


def written_study(name: str) -> Study | None:
    """Return a study as its file says now; None where there is no file."""
    return load_study(name) if name in study_files() else None
