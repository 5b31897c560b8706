"""Verdicts alone: of a tracked study, or judged again from a report's own `runs.csv`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.app.console import root_folder, say, shown
from ablate.app.judging import Judged, judge_tables, judge_tracked, say_verdicts
from ablate.errors import Failure, UserError
from ablate.sweep.study_file import parse_study
from ablate.terminal import shows_everything

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict

_SAME = 1e-9  # relative: another machine may sum in another order


def show_verdicts(name: str | None, *, strict: bool, as_json: bool) -> None:
    """Print the verdicts of a tracked study; None takes the study run last.

    Raises
    ------
    Failure
        `strict`, and a claim is not decided: it is inconclusive (by its interval or by a gate), or was not tested.
    """
    from ablate.track.read import list_studies

    root = root_folder()
    judged = judge_tracked(list_studies(root)[0].name if name is None else name, None, root)
    if as_json:
        parts = {"verdicts": judged.verdicts, "extended": judged.extended}
        document = {part: [verdict.as_dict() for verdict in verdicts] for part, verdicts in parts.items()}
        plain = not shows_everything(sys.stdout)  # JSON has its own way to write what a terminal cannot show
        say(json.dumps({"study": judged.tables.study["name"], **document}, indent=1, ensure_ascii=plain))
    else:
        say_verdicts(judged)
    if not strict:
        return
    if not judged.verdicts:
        raise Failure("the study makes no claim: there is nothing that could be decided")
    still = [verdict.claim_id for verdict in judged.verdicts if not verdict.decided]
    if still:
        raise Failure(f"{len(still)} of {len(judged.verdicts)} claims are not decided: {', '.join(still)}")


def check_findings(folder: Path) -> None:
    """Judge the `runs.csv` of a report again, and compare with its `verdicts.json`.

    Raises
    ------
    UserError
        The folder holds no report.
    Failure
        A verdict is not the one that stands in the file.
    """
    judged, document = judge_findings(folder)
    say_verdicts(judged)
    gaps = [
        gap
        for part, verdicts in (("verdicts", judged.verdicts), ("extended", judged.extended))
        for gap in differences(document.get(part, []), verdicts)
    ]
    where = shown(folder / "verdicts.json")
    if gaps:
        raise Failure(f"{len(gaps)} values are not those of {where}: {'; '.join(gaps[:5])}")
    say(f"\nequal to {where}")


def judge_findings(folder: Path) -> tuple[Judged, dict[str, Any]]:
    """Return the verdicts by a report's `runs.csv` alone, and the document they are to be compared with."""
    from ablate.report.runs_csv import tables_from_csv

    path = folder / "verdicts.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        head = document["study"]
        definition = head["definition"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: expected the verdicts.json of a report, {type(error).__name__}: {error}") from None
    study = parse_study(definition, where=str(path), stored=True)
    tables = tables_from_csv(folder / "runs.csv", study, arms=document.get("facts", {}))
    tables.study.update(head)
    for arm, facts in document.get("facts", {}).items():
        tables.facts.setdefault(arm, {}).update({**facts, **tables.facts.get(arm, {})})
    return judge_tables(study, tables), document


def differences(stored: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]) -> list[str]:
    """Return in words where verdicts differ from stored ones; keys that a version does not know are passed over."""
    old = {str(verdict["claim_id"]): verdict for verdict in stored}
    new = {verdict.claim_id: verdict.as_dict() for verdict in verdicts}
    gaps = [f"{name} is only in the file" for name in old.keys() - new.keys()]
    gaps += [f"{name} is not in the file" for name in new.keys() - old.keys()]
    for name in (name for name in new if name in old):
        for key, value in new[name].items():
            if key in old[name] and not _same(old[name][key], value):
                gaps.append(f"{name}: {key} {_short(old[name][key])} in the file, {_short(value)} now")
    return gaps


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    numbers = (int, float)
    if isinstance(one, numbers) and isinstance(other, numbers) and not isinstance(one, bool):
        return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-12)
    return bool(one == other)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"
