"""Finding and opening a study on a server: its experiment, its run, its plan, what was registered, its history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import Failure
from ablate.identity import digest
from ablate.track import history, owner, payload
from ablate.track.layout import Layout
from ablate.track.ledger import StudyRun
from ablate.track.long_tags import joined_tag
from ablate.track.mlflow_runs import log_batches
from ablate.track.record import StudyRecord
from ablate.track.server.courier import EVENT_TAG
from ablate.track.server.link import Refused, ServerLink
from ablate.track.server.runs import study_runs, study_twins, tag_json
from ablate.track.trash import refuse_half_removed
from ablate.track.written import cut_for_mlflow, study_tags

if TYPE_CHECKING:
    from filelock import FileLock

PLAN_TAG = "ablate.plan"
"""Which of the files `plans/…json` beside a study run is the plan that it was opened with last."""
REGISTERED = "ablate.registered"
"""A parameter, which MLflow never changes: which of the files `registrations/…json` was there first."""

_EVENT = re.compile(re.escape(EVENT_TAG) + r"\d{20}-[0-9a-f]{12}")


def stored_registration(link: ServerLink, twins: Sequence[StudyRun]) -> dict[str, Any] | None:
    """Return what was registered of a study; None where nothing was."""
    for twin in twins:
        with link.answers():
            name = link.client.get_run(twin.run_id).data.params.get(REGISTERED)
        if name is not None:
            place = f"{twin.artifact_uri}/registrations/{name}.json"
            try:
                document = link.fetch_json(place)
                history.check_stored(document)
                return dict(document)
            except (ValueError, TypeError) as error:
                raise Failure(f"{place} on {link.uri} cannot be read ({error}): it says what was fixed before the runs"
                ) from error  # fmt: skip
    return None


def events_of(twins: Sequence[StudyRun]) -> list[history.Event]:
    """Return the events of a study, the earliest first."""
    texts = {
        key: joined_tag(twin.tags, key) for twin in twins for key in twin.tags if _EVENT.fullmatch(key)
    }  # two drivers may have noted on two runs of one study
    return [tag_json(text, dict) for _, text in sorted(texts.items()) if text]


def claimed(root: Path, link: ServerLink, study: StudyRecord) -> FileLock:
    """Take the lock by which one process at a time runs a study from this folder; others may from theirs.

    Raises
    ------
    Failure
        Another live process of this folder runs it.
    """
    lock = owner.take_lock(Layout(root), f"{link.uri} {study.name}", study.key)
    if lock is None:
        raise Failure(
            f"study {study.name} is being run from this folder by another process: wait for it, or end that process "
            "and give the same command again (it goes on from there)"
        )
    return lock


def experiment_of(link: ServerLink, study: StudyRecord) -> str:
    """Return the id of a study's experiment, which is made where there is none.

    Raises
    ------
    Failure
        It lies in the trash or half in it, is somebody else's, or keeps its files where they cannot be reached.
    """
    client = link.client
    with link.answers():
        entry = client.get_experiment_by_name(study.name)
    if entry is None:
        with link.answers():
            refuse_half_removed(client, study.name)
        tags = {
            "mlflow.experimentKind": "custom_model_development",
            "mlflow.note.content": payload.study_note(study),
            "ablate.study": study.name,
        }
        try:
            with link.answers():
                client.create_experiment(study.name, tags=cut_for_mlflow(tags))
        except Refused:  # another driver may have been faster
            with link.answers():
                if client.get_experiment_by_name(study.name) is None:
                    raise
        with link.answers():
            entry = client.get_experiment_by_name(study.name)
    if entry is None or entry.lifecycle_stage != "active":
        raise Failure(
            f"the experiment {study.name} is in the trash of {link.uri}: "
            f"`MLFLOW_TRACKING_URI={link.uri} mlflow experiments restore -x {entry.experiment_id if entry else '?'}` "
            "brings it back"
        )
    if entry.tags.get("ablate.study") is None:
        raise Failure(
            f"{link.uri} has an experiment named {study.name} that was not made by ablate: give the study another "
            "name; nothing was changed"
        )
    scheme = entry.artifact_location.partition(":")[0]
    if scheme == "file" or ":" not in entry.artifact_location:
        raise Failure(
            f"{link.uri} keeps files in a folder of its own machine ({entry.artifact_location}), which cannot be "
            "reached from here: start the server with --serve-artifacts, and give the study another name"
        )
    return str(entry.experiment_id)


def study_opened(
    link: ServerLink, experiment: str, study: StudyRecord, shared: Mapping[str, str], about: Mapping[str, str]
) -> StudyRun:
    """Take up the run of a study, or make it, with the plan that it has now."""
    client = link.client
    sequence = max((run.sequence for run in study_runs(link, all_experiments(link))), default=0) + 1
    tags = study_tags(shared, about, study, sequence=sequence)
    twins = study_twins(link, experiment, study.key)
    if not twins:
        with link.answers():
            client.create_run(experiment, tags=cut_for_mlflow(tags), run_name=payload.text(study.name[:250]))
        twins = study_twins(link, experiment, study.key)
    mine = twins[0]
    plan = payload.plan(study)
    name = digest(plan)
    link.put_json(mine.run_id, f"plans/{name}.json", plan)
    with link.answers():
        log_batches(client, mine.run_id, tags={**tags, PLAN_TAG: name}, at=0)
        client.update_run(mine.run_id, status="RUNNING")
    return mine


def all_experiments(link: ServerLink) -> list[str]:
    """Return the ids of the experiments that hold studies."""
    ids: list[str] = []
    token = None
    while True:
        with link.answers():
            page = link.client.search_experiments(filter_string="tags.`ablate.study` != ''", page_token=token)
        ids += [str(one.experiment_id) for one in page]
        token = page.token
        if not token:
            return ids
