"""A report's verdicts, judged again from its own `runs.csv` and compared with those that stand in its file."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import UserError
from ablate.sweep.study_file import parse_study
from ablate.track.columns import factor_column
from ablate.track.older import known_facts
from ablate.train.metric import STEPS_TO_TARGET
from ablate.work.judging import Judgement, judge_tables

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict
    from ablate.sweep.study import Study
    from ablate.track.record import StudyTables

_SAME = 1e-9  # relative: another machine may sum in another order


def judge_findings(folder: Path) -> tuple[Judgement, dict[str, Any]]:
    """Return the verdicts by a report's `runs.csv` alone, and the document they are to be compared with."""
    from ablate.report.findings.folder import read_document
    from ablate.report.runs_csv import budget_clock, tables_from_csv

    path = folder / "verdicts.json"
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected the verdicts.json of a report, and its runs.csv beside it")
    document = read_document(path)
    definition = document["study"].get("definition")
    if definition is None:
        raise UserError(f"{path}: expected the verdicts.json of a report, which holds the study's definition")
    study = parse_study(definition, where=str(path), stored=True)
    tables = tables_from_csv(folder / "runs.csv", study, arms=document["facts"])
    tables.study.update(document["study"])
    programs = dict(zip(tables.planned["arm_id"].astype(str), _programs(study, tables), strict=True))
    for arm, facts in document["facts"].items():
        budgets = set(STEPS_TO_TARGET.values())
        clock = budget_clock(facts)  # the column is of one clock; where an arm has two, the other stands in the file
        read = {k: v for k, v in tables.facts.get(arm, {}).items() if k not in budgets or clock in (k, None)}
        tables.facts[arm] = known_facts(facts, programs.get(arm, "")) | read
    judged = judge_tables(study, tables)
    verdicts, extended = (
        [_with_items(verdict, stored) for verdict in fresh]
        for stored, fresh in ((document["verdicts"], judged.verdicts), (document["extended"], judged.extended))
    )
    return dataclasses.replace(judged, verdicts=verdicts, extended=extended), document


def _with_items(verdict: Verdict, stored: Sequence[Mapping[str, Any]]) -> Verdict:
    """Return a verdict with the row on test items that its file holds: `runs.csv` does not say which were right.

    The row is of the effect and the level that it was made with; where these are others now, it is left out.
    """
    from ablate.judge.sensitivity import TEST_ITEMS
    from ablate.stats.effects import by_interval
    from ablate.words.document import verdict_from

    entry = next((one for one in stored if one["claim_id"] == verdict.claim_id), None)
    reasons = [row.get("reason") for row in entry.get("sensitivity", ())] if entry is not None else []
    if entry is None or not any(isinstance(why, dict) and why.get("code") == TEST_ITEMS for why in reasons):
        return verdict
    before = verdict_from(entry)
    if not _same([before.effect, before.interval_level], [verdict.effect, verdict.interval_level]):
        return verdict
    row = next(one for one in before.sensitivity if one.reason.code == TEST_ITEMS)
    region = (verdict.region_low, verdict.region_high)
    outcome = by_interval(row.low, row.high, region)
    assert verdict.interval_low is not None
    assert verdict.interval_high is not None
    own_way = by_interval(verdict.interval_low, verdict.interval_high, region)
    flips = outcome != ("inconclusive" if verdict.so_far else own_way)
    kept = dataclasses.replace(row, outcome=outcome, flips=flips)
    return dataclasses.replace(verdict, sensitivity=(*verdict.sensitivity, kept))


def _programs(study: Study, tables: StudyTables) -> list[str]:
    """Return the Program of each planned arm."""
    if "program" in study.factors:
        return [str(level) for level in tables.planned[factor_column("program")]]
    return [str(study.fixed.get("program", "numpy"))] * len(tables.planned)


def differences(stored: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]) -> list[str]:
    """Return in words where verdicts differ from stored ones; keys that a version does not know are passed over."""
    from ablate.words.document import ROWS, document_of

    old = {str(verdict["claim_id"]): verdict for verdict in stored}
    new = {verdict.claim_id: document_of(verdict) for verdict in verdicts}
    gaps = [f"{name} is only in the file" for name in old.keys() - new.keys()]
    gaps += [f"{name} is not in the file" for name in new.keys() - old.keys()]
    for name in (name for name in new if name in old):
        for key in (key for key in new[name] if key in old[name]):
            was, now = old[name][key], new[name][key]
            now = _as_known(now, was) if key in ROWS else now
            if not _same(was, now):
                gaps.append(f"{name}: {key} {_short(was)} in the file, {_short(now)} now")
    return gaps


def _as_known(rows: Sequence[Mapping[str, Any]], stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a verdict without the codes of their sentences, where the file is older than these."""
    coded = any("reason" in row for row in stored)
    return [{key: value for key, value in row.items() if coded or key != "reason"} for row in rows]


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
