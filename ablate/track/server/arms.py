"""Arms and scores of a study on a server: what a plan asks of runs that are there."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.levels import restored_levels
from ablate.track.earlier_runs import CONFIG, FINGERPRINT, READS, USED, StoredArm
from ablate.track.long_tags import joined_tag
from ablate.track.names import BESIDE, TIMER
from ablate.track.names import key as key_of
from ablate.track.record import StudyRecord
from ablate.track.server.link import ServerLink
from ablate.track.server.runs import ServerRun, counts, fetch_runs, last_runs, tag_json
from ablate.track.store import Score
from ablate.train.outcome import LARGEST, Outcome
from ablate.values import from_json


def server_arms(
    link: ServerLink, key: str, runs: Iterable[ServerRun], record: StudyRecord, roots: Mapping[str, str]
) -> list[StoredArm]:
    """Return the arms of a study that have finished runs, as `known.stored_arms` does.

    Parameters
    ----------
    roots
        See `ServerRun.file`.
    """
    groups: dict[tuple[str, ...], list[ServerRun]] = {}
    for run in last_runs(runs).values():
        if counts(run.child):
            said = (run.tags.get(name, "{}" if name == USED else "") for name in (FINGERPRINT, CONFIG, USED))
            groups.setdefault((run.child.arm_id, *said), []).append(run)
    facts = {arm.id: arm.facts for arm in (*record.arms, *record.run_arms)}
    first = [arm_runs[0] for arm_runs in groups.values()]
    configs = {r.child.run_id: config for r, config in fetch_runs(link, first, "config.json", roots, read_json)}
    stored = []
    for (arm_id, fingerprint, _, used), arm_runs in groups.items():
        if arm_runs[0].child.run_id in configs:
            told = [run.tags.get(READS) for run in arm_runs]
            reads = frozenset(path for text in told if text for path in tag_json(text, list))
            stored.append(
                StoredArm(
                    key=key,
                    arm_id=arm_id,
                    levels=restored_levels(tag_json(joined_tag(arm_runs[0].tags, "ablate.levels") or "{}", dict)),
                    config=configs[arm_runs[0].child.run_id],
                    fingerprint=fingerprint,
                    reads=None if None in told else reads,
                    identities={run.child.seed: run.child.identity for run in arm_runs if run.child.seed is not None},
                    ended=min(run.child.ended for run in arm_runs) / 1_000,
                    facts=facts.get(arm_id, {}),
                    used=tag_json(used, dict),
                )
            )
    return stored


def scores_of(runs: Sequence[ServerRun], metric: str) -> dict[str, Score]:
    """Return identity -> outcome, value and seconds, over finished seed runs, crashed ones too."""
    scores: dict[str, Score] = {}
    if not metric:
        return scores
    key = key_of(metric)
    for run in runs:
        if run.child.kind == "seed" and run.child.done:
            value = run.metrics.get(BESIDE + key if key in run.curves else key, math.nan)
            kept = value if abs(value) <= LARGEST else math.nan
            scores[run.child.identity] = (run.child.outcome, kept, run.metrics.get(TIMER, math.nan))
    return scores


def errors_of(link: ServerLink, runs: Iterable[ServerRun]) -> dict[str, str]:
    """Return run id -> traceback, of crashed runs."""
    crashed = [run for run in runs if run.child.outcome == Outcome.CRASHED]
    with tempfile.TemporaryDirectory(prefix="ablate-") as folder:
        files = link.fetch([f"{run.child.artifact_uri}/error.txt" for run in crashed], Path(folder))
        return {run.child.run_id: path.read_text(encoding="utf-8") for run, path in zip(crashed, files, strict=True)}


def read_json(path: Path) -> Any:
    """Return what a JSON file holds."""
    return from_json(path.read_text(encoding="utf-8"))


def deciding_metric(record: StudyRecord, which: str) -> str:
    """Return the name of the metric that decides among the trials of a study, or of the one for ties."""
    metric = getattr(record.trials, which, None)
    return str(metric["name"]) if metric else ""
