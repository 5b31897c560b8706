"""What is kept of a study's plan, and whether it can be trusted: in tags, and as `plan.json` among its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ablate.errors import Failure
from ablate.resources import plain_file
from ablate.track import payload
from ablate.track.layout import Layout
from ablate.track.ledger import Child, StudyRun
from ablate.track.long_tags import joined_tag, read_list
from ablate.track.places import run_folder
from ablate.track.record import StudyRecord
from ablate.train.config import MOST_SEED
from ablate.train.outcome import Outcome
from ablate.values import from_json


def stored_plan(folder: Path, study: StudyRun) -> StudyRecord:
    """Read the plan that lies among a study run's files; a Failure says how it is written anew."""
    path = folder / "plan.json"
    try:
        return payload.planned(from_json(plain_file(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Failure(
            f"cannot read the plan of study {study.name} ({path}: {error}): "
            "give the command that ran it again, which writes the plan again and runs only what is missing"
        ) from error


def planned_runs(layout: Layout, study: StudyRun) -> int | None:
    """Return arms times seeds of a plan, by its tags or by the plan itself; None where neither can be read."""
    seeds, arms = read_list(joined_tag(study.tags, "ablate.seeds")), study.tags.get("ablate.arms", "")
    if seeds is not None and arms.isdecimal():
        return int(arms) * len(seeds)
    try:
        record = stored_plan(run_folder(layout, study.name, study.run_id, study.artifact_uri), study)
    except Failure:
        return None
    return len(record.run_arms) * len(record.seeds)


def check_runs(study: StudyRun, runs: Sequence[Child], record: StudyRecord) -> None:
    """Refuse seeds that cannot be read, or that a table cannot hold, and ends that are none of ours.

    A run whose end cannot be told may have failed: counted as it stands, it would count as one that did not.
    """
    for run in runs:
        if run.kind != "seed" or not run.done:
            continue
        if run.seed is None or run.outcome not in list(Outcome):
            raise Failure(
                f"the tag {'ablate.seed' if run.seed is None else 'ablate.outcome'} of run {run.run_id} in study "
                f"{study.name} is damaged: delete that run in the MLflow UI and give the study's command again, which "
                "makes the run again"
            )
    seeds = [run.seed for run in runs if run.seed is not None]
    if (most := max([*seeds, *record.seeds], default=0)) > MOST_SEED:
        raise Failure(
            f"study {study.name} was run with the seed {most}, and no seed can be above {MOST_SEED} (2^63 - 1): run it "
            "again with smaller seeds"
        )
