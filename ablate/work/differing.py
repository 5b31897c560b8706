"""Two arms of a study side by side: what was set otherwise, what came out, and whether that tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.claims.kinds.difference import DifferenceClaim
from ablate.errors import UserError, unknown
from ablate.levels import same_level
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.compared import plain_id
from ablate.track.payload import flat_config
from ablate.track.record import ArmRecord
from ablate.track.store import Store
from ablate.work.finding_runs import find_arm
from ablate.work.judging import Judgement, judge_tracked

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict
    from ablate.track.record import StudyTables


@dataclass(frozen=True)
class MetricRow:
    """A metric of two arms: their means over the seeds that both have, the mean difference (one − other), how many."""

    metric: str
    one: float
    other: float
    difference: float
    seeds: int


@dataclass(frozen=True)
class ArmsDiffer:
    """Two arms side by side.

    Attributes
    ----------
    settings
        Key -> its text in the one and in the other, of those that differ; empty where an arm does not have it.
    metrics
        The one that is judged first.
    endings
        Of each arm: how many runs ended in which way.
    judgement
        The study with this comparison as its only claim; one verdict.
    """

    study: str
    one: str
    other: str
    settings: dict[str, tuple[str, str]]
    metrics: tuple[MetricRow, ...]
    endings: tuple[dict[str, int], dict[str, int]]
    judgement: Judgement

    @property
    def verdict(self) -> Verdict:
        """The comparison of the two."""
        return self.judgement.verdicts[0]


def diff_arms(
    name: str, one: str, other: str, store: Store, *, metric: str | None, by_at_least: float | None
) -> ArmsDiffer:
    """Hold two arms of a tracked study against each other, by their labels or ids.

    The comparison is exploratory: it is made because somebody looked, and stands alone (no other is counted beside it).

    Raises
    ------
    UserError
        There is no such study, arm or metric; both arms are the same; its runs log no metric.
    """
    asked = Asked(by_at_least=by_at_least)
    record = store.plan(name)
    first, second = find_arm(one, record), find_arm(other, record)
    if first.id == second.id:
        raise UserError(f"{one!r} and {other!r} are the same arm of {name}: expected two")
    ids = {arm.id for arm in record.arms}
    for arm in (first, second):
        if arm.id not in ids:
            raise UserError(f"{arm.label!r} is a trial of the tuning of {name}; expected two arms of the study")
    tracked = judge_tracked(name, record.key, store)
    names = _metrics(tracked, metric)
    judgement = _judged(tracked, first, second, names[0], asked)
    rows = tuple(row for each in names if (row := _row(tracked.tables, each, first.id, second.id)) is not None)
    endings = tuple(_endings(tracked.tables, arm.id) for arm in (first, second))
    return ArmsDiffer(
        name, first.label, second.label, _settings(first, second), rows, (endings[0], endings[1]), judgement
    )


def _metrics(tracked: Judgement, asked: str | None) -> list[str]:
    from ablate.report.ablation import claimed_metrics, other_metrics

    others = other_metrics(tracked.tables)
    main = claimed_metrics(tracked.tables, tracked.verdicts)
    if asked is not None and asked not in tracked.tables.metrics:
        raise unknown("--metric", asked, tracked.tables.metrics)
    chosen = [asked] if asked is not None else main[:1]
    if not chosen:
        raise UserError("the runs of the study have no metric: there is nothing to compare")
    return list(dict.fromkeys([*chosen, *main, *others]))


def _judged(tracked: Judgement, one: ArmRecord, other: ArmRecord, metric: str, asked: Asked) -> Judgement:
    from ablate.judge.lost import with_lost
    from ablate.judge.planned import judge_planned

    differs = [name for name, level in one.levels.items() if not same_level(level, other.levels[name])]
    claim = {
        "id": plain_id(f"{one.label} against {other.label}")[:60].strip("-"),
        "says": f"How {one.label} compares with {other.label}",
        "metric": metric,
        "arm": {name: one.levels[name] for name in differs},
        "against": {name: other.levels[name] for name in differs},
        "where": {name: [level] for name, level in one.levels.items() if name not in differs},
        **({} if asked.by_at_least is None else {"by_at_least": asked.by_at_least}),
    }
    alone = {"claims": [DifferenceClaim.model_validate(claim)], "looks": [], "forecasts": {}}
    study = tracked.study.model_copy(update=alone)
    verdicts = with_lost(study, tracked.tables, judge_planned(study, tracked.tables))
    return Judgement(study, tracked.tables, verdicts, [])


def _settings(one: ArmRecord, other: ArmRecord) -> dict[str, tuple[str, str]]:
    ours, theirs = ({**flat_config(arm.config), **flat_config(dict(arm.levels))} for arm in (one, other))
    pairs = {key: (ours.get(key, ""), theirs.get(key, "")) for key in sorted({*ours, *theirs})}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _row(tables: StudyTables, metric: str, one: str, other: str) -> MetricRow | None:
    runs = tables.logged(metric)
    seeds = tables.seeds.assign(value=runs)
    columns = [seeds[seeds["arm_id"] == arm].set_index("seed")["value"].dropna() for arm in (one, other)]
    shared = columns[0].index.intersection(columns[1].index)
    if shared.empty:
        return None
    ours, theirs = (column.loc[shared].astype(float) for column in columns)
    return MetricRow(metric, float(ours.mean()), float(theirs.mean()), float((ours - theirs).mean()), len(shared))


def _endings(tables: StudyTables, arm: str) -> dict[str, int]:
    rows = tables.seeds[tables.seeds["arm_id"] == arm]
    return {str(outcome): int(count) for outcome, count in rows["outcome"].astype(str).value_counts().items()}
