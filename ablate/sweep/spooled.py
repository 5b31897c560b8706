"""What lies in a folder of submitted jobs, looked at before it is taken: the folder may have come from elsewhere.

Results are pickled by jobs of ours. Reading one makes results, curves and arrays and nothing else: a pickle that names
anything more is refused before that is even imported. Names of files come from identities and from numbers of jobs,
and stay in their folder.
"""

from __future__ import annotations

import io
import pickle
import re
from pathlib import Path
from typing import Any

from ablate.errors import Failure
from ablate.resources import plain_file
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult
from ablate.values import from_json

_NAME = re.compile(r"[\w+-][\w.+-]{0,199}")
_ARRAYS = {
    ("numpy", "dtype"), ("numpy", "ndarray"),
    *((room, name) for part in ("core", "_core") for room, name in (
        (f"numpy.{part}.multiarray", "_reconstruct"), (f"numpy.{part}.multiarray", "scalar"),
        (f"numpy.{part}.numeric", "_frombuffer"))),
}  # fmt: skip
_MADE = {("ablate.train.program", "RunResult"), ("ablate.train.program", "Curve"), ("ablate.train.outcome", "Outcome")}


class _Results(pickle.Unpickler):
    """Makes results of runs; a name of anything else is an error."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name stands for, where it is part of a result."""
        if (module, name) == ("builtins", "getattr"):  # how early releases of Python 3.11 write a member of an enum
            return _member
        if (module, name) not in _MADE | _ARRAYS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is not part of a result; it was not run")
        return super().find_class(module, name)


def _member(kind: Any, name: str) -> Outcome:
    if kind is not Outcome:
        raise pickle.UnpicklingError(f"it asks for {name!r:.80} of something that is not an outcome; it was not run")
    return Outcome[name]


def result_from(path: Path) -> RunResult:
    """Read a result that a job has kept.

    Raises
    ------
    Failure
        It was written by another version of ablate and cannot be read, or is not a result; nothing was executed.
    """
    try:
        result = _Results(io.BytesIO(plain_file(path).read_bytes())).load()
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise Failure(f"{path} cannot be read ({what}); remove it and run again") from error
    if not isinstance(result, RunResult):
        raise Failure(f"{path} is not a result of a run; remove it and run again")
    return result


def file_name(part: str) -> str:
    """Return a part of the name of a file, as it is.

    Raises
    ------
    Failure
        It would lead out of the folder, or is not such a part at all.
    """
    if not isinstance(part, str) or _NAME.fullmatch(part) is None:
        raise Failure(f"{part!r:.80} of a job is not the name of a file: mlruns/jobs is damaged or comes from "
                      "elsewhere; move it aside")  # fmt: skip
    return part


def ticket_from(path: Path) -> dict[str, Any]:
    """Read the document of a ticket, and check the kinds of its parts.

    Raises
    ------
    Failure
        It cannot be read, or is not a ticket.
    """
    try:
        told: dict[str, Any] = from_json(plain_file(path).read_text(encoding="utf-8"))
        texts = [told[name] for name in ("id", "cluster", "submitted", "log")]
        for part in told["parts"]:
            texts += [part["arm_id"], part["label"], *part["runs"]]
            _check(all(isinstance(seed, int) for seed in part["runs"].values()) and len(part) == 3)
        _check(all(isinstance(one, str) for one in texts) and isinstance(told["launcher"], dict) and len(told) == 6)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(
            f"{path} cannot be read ({type(error).__name__}: {error}): it says what a job was submitted for; move it "
            "aside, and the study's command submits again what is missing"
        ) from error
    for name in (told["id"], told["cluster"], *(run for part in told["parts"] for run in part["runs"])):
        file_name(name)
    return told


def _check(truth: bool) -> None:
    if not truth:
        raise TypeError("it is not a ticket")
