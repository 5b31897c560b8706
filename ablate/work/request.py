"""What was asked for: a study, with the seeds and the changes of this time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ablate.sweep.found.asked import Asked
from ablate.sweep.study import Study

ADHOC = "adhoc"
"""The name of a study that was given none."""


@dataclass(frozen=True)
class Request:
    """A study to plan or run.

    Attributes
    ----------
    name
        Names the MLflow experiment and the folder of the report.
    study
        With everything that is fixed, this time's changes too, in `study.fixed`.
    seeds
        A count or a list; those of the study, or others.
    changes
        What was changed of a study file for this time, key -> value.
    command
        The line that gives the same request again.
    compared
        What is said of the comparisons that are made of a sweep without claims; None: none are made.
    typed
        Values were typed, into a file or a command line, where a text can be meant as something else.
    """

    name: str
    study: Study
    seeds: Any
    changes: dict[str, Any]
    command: str
    compared: Asked | None = field(default=None, kw_only=True)
    typed: bool = field(default=True, kw_only=True)
