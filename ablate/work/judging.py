"""A tracked study, judged: as it was registered, what was edited or added since labelled as such."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate.sweep.registration import Changes, changes, text_hash
from ablate.sweep.study import Study
from ablate.sweep.study_file import parse_study
from ablate.track.history import check_kept
from ablate.track.store import Store

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict
    from ablate.track.record import Arrays, StudyTables


@dataclass(frozen=True)
class Judgement:
    """What `report` and `verdict` speak of.

    Attributes
    ----------
    tables
        The runs; `study` holds `preregistration`, `looks`, `extensions` and `mixtures` (reasons) too.
    verdicts
        By the seeds that were planned.
    extended
        By all seeds, where some were added after results were seen; else empty.
    """

    study: Study
    tables: StudyTables
    verdicts: list[Verdict]
    extended: list[Verdict]


def judge_tracked(name: str, key: str | None, store: Store) -> Judgement:
    """Read a tracked study back and judge it by the claims it was tracked with."""
    from ablate.words.failing import FAILURE, all_failed

    tables = store.read(name, key=key)
    tables = dataclasses.replace(tables, arrays=_beside(store, name, key, tables.facts))
    if all_failed(tables):
        failure = _most_frequent(store, name, str(tables.study["key"]))
        tables = dataclasses.replace(tables, study={**tables.study, FAILURE: failure})
    study = parse_study(tables.study["definition"], where=f"study {name!r} in {store.where}", stored=True)
    return judge_tables(study, tables)


def _most_frequent(store: Store, name: str, key: str) -> dict[str, Any]:
    """Return the most frequent error of the runs of a study, of how many runs it is, and the id of one of them."""
    runs = [run for run in store.seed_runs(name, key=key) if run.error]
    if not runs:
        return {}
    (error, count) = Counter(run.error for run in runs).most_common(1)[0]
    return {"error": error, "runs": count, "run_id": next(run.run_id for run in runs if run.error == error)}


def _beside(store: Store, name: str, key: str | None, facts: Mapping[str, Mapping[str, Any]]) -> Arrays:
    """Return what lies beside the runs: their arrays, and among these which test items each got right."""
    from ablate.judge.items import CORRECT
    from ablate.track.served import serve_arms

    arrays = {arm: dict(seeds) for arm, seeds in serve_arms(store.arrays(name, key=key), facts).items()}
    for arm, seeds in serve_arms(store.correctness(name, key=key), facts).items():
        by_seed = arrays.setdefault(arm, {})
        for seed, right in seeds.items():
            by_seed[seed] = {**by_seed.get(seed, {}), CORRECT: right}
    return arrays


def judge_tables(study: Study, tables: StudyTables) -> Judgement:
    """Judge tables whose `study` holds what was registered and what was done since."""
    from ablate.judge.alike import copy_notes, idle_keys, unit_notes, unread_notes
    from ablate.judge.anytime import follow
    from ablate.judge.collapses import with_collapses
    from ablate.judge.comparable import mixtures
    from ablate.judge.looks import of_seeds
    from ablate.judge.lost import without_lost, without_unplanned
    from ablate.judge.planned import judge_registered

    tables = without_lost(study, with_collapses(tables))
    registered, events = tables.study.get("registration") or {}, tables.study.get("history") or []
    tag = str(tables.study.get("registered_sha256") or "")
    check_kept(registered, events, where=f"study {str(tables.study['name'])!r}", tag=tag)
    changed = changes(registered, study, idle=idle_keys(tables)) if registered else Changes()
    stopped = stop_of(events)
    if study.any_time is not None:
        tables = follow(study, tables, extras=False).planned(study, tables)
    elif stopped is not None:
        # Seeds of looks that were not needed are not missing runs.
        ran = set(tables.seeds.loc[tables.seeds["outcome"].astype(str) != "missing", "seed"])
        tables = of_seeds(tables, {*_order(study, tables)[: stopped["seeds"]], *ran})
    else:
        tables = without_unplanned(tables)
    verdicts, extended = judge_registered(
        study, tables, seeds=registered.get("seeds", ()), post_hoc=changed.post_hoc
    )  # fmt: skip
    doubts = [*copy_notes(study, tables), *unit_notes(tables)]
    head = {
        **tables.study,
        "preregistration": _preregistration(registered, changed, events, tag),
        "looks": [event for event in since_fresh(events) if event["event"] == "look"],
        "fresh": [event for event in events if event["event"] in ("fresh", "code")],
        "extensions": [event for event in events if event["event"] == "extension"],
        "mixtures": [
            *(mixture.reason for mixture in mixtures(study, tables)),
            *unread_notes(study, tables),
            *doubts,
        ],
        "doubts": doubts,
    }
    return Judgement(study, dataclasses.replace(tables, study=head), verdicts, extended)


def since_fresh(events: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the events since every run was last made again: looks before that were at other runs."""
    starts = [number for number, event in enumerate(events) if event["event"] in ("fresh", "code")]
    return list(events[starts[-1] + 1 :] if starts else events)


def stop_of(events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the look at which a study stopped early, if it did, by what was last recorded."""
    looks = [event for event in since_fresh(events) if event["event"] == "look"]
    return looks[-1] if looks and looks[-1]["stop"] else None


def _order(study: Study, tables: StudyTables) -> list[int]:
    from ablate.judge.looks import planned_seeds

    return planned_seeds(study, tables)


def _preregistration(
    registered: Mapping[str, Any], changed: Changes, events: Sequence[Mapping[str, Any]], tag: str
) -> dict[str, Any]:
    if not registered:
        return {}
    return {
        "time": registered["time"],
        "hash": registered["sha256"],
        "intact": text_hash(registered["text"]) == registered["sha256"] == tag,
        "seeds": list(registered["seeds"]),
        "runs_before": registered["runs_before"],
        "forecasts": registered["definition"].get("forecasts", {}),
        "forecasts_edited": changed.forecasts,
        "edits": [event["time"] for event in events if event["event"] == "edit"],
        "diff": changed.diff,
        "post_hoc": sorted(changed.post_hoc),
    }
