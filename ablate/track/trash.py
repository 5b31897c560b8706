"""MLflow's trash: an experiment with all its runs, put aside and brought back. For a local store and for a server.

What is put there gets another name, so that the study's own is free for a new study. MLflow renames only what is not
deleted, so there is a moment between the two at which the experiment is active under its other name; a process that
ends there leaves it so, and both `put` and `bring_back` go on from it.

MLflow brings back every run of an experiment. Runs that were deleted before (an arm's run that grew, one that somebody
deleted in MLflow's pages) are noted in tags of the experiment when it is put aside, and deleted again.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ablate.errors import Failure, UserError, unknown

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

_STUDY = "ablate.study"
REMOVED = " (removed "
"""What stands behind the name of a study whose experiment lies in the trash, before the moment."""
_BEFORE = "ablate.deleted_before"
"""Tag of an experiment: how many tags `ablate.deleted_before.N` hold the ids of runs that were deleted before."""
_IDS = 100  # in a tag: MLflow takes 5,000 characters
_PAGE = 1_000
Guard = Callable[[], AbstractContextManager[None]]


def put(client: MlflowClient, name: str, guard: Guard) -> None:
    """Put the experiment of a study into the trash; where that broke off before, bring it to its end.

    Raises
    ------
    UserError
        There is no such experiment, or it was not made by ablate.
    """
    with guard():
        begun = _renamed(client, name, deleted=False)
        for one in begun:
            client.delete_experiment(one.experiment_id)
        experiment = client.get_experiment_by_name(name)
        if experiment is None and begun:
            return
        if experiment is None or experiment.lifecycle_stage != "active":
            raise UserError(f"there is no experiment {name!r}: nothing was removed")
        if experiment.tags.get(_STUDY) is None:
            raise UserError(f"the experiment {name!r} was not made by ablate: nothing was removed")
        _note_deleted(client, experiment.experiment_id)
        moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        client.rename_experiment(experiment.experiment_id, f"{name}{REMOVED}{moment})")
        client.delete_experiment(experiment.experiment_id)


def bring_back(client: MlflowClient, name: str, guard: Guard) -> None:
    """Bring back the experiment that was put into the trash last under a study's name, with the runs it had then.

    Raises
    ------
    UserError
        There is a study of that name, or none of it in the trash.
    """
    with guard():
        there = client.get_experiment_by_name(name)
        if there is not None:
            place = "in the store" if there.lifecycle_stage == "active" else "in the trash under its own name"
            raise UserError(f"a study {name!r} is {place}: rename or remove it first; nothing was brought back")
        begun = _renamed(client, name, deleted=False)
        removed = begun or _renamed(client, name, deleted=True)
        if not removed:
            others = {one.name.partition(REMOVED)[0] for one in _renamed(client, "", deleted=True)}
            raise unknown("study in the trash", name, others)
        last = removed[-1]
        if not begun:
            client.restore_experiment(last.experiment_id)
        for run_id in _noted(last):
            _delete_again(client, run_id)
        client.rename_experiment(last.experiment_id, name)


def refuse_half_removed(client: MlflowClient, name: str) -> None:
    """Refuse to make a new experiment for a study whose own one is on its way into the trash, or out of it.

    Raises
    ------
    Failure
        It is: a process ended there.
    """
    if _renamed(client, name, deleted=False):
        raise half_removed(name)


def half_removed(name: str) -> Failure:
    """Return what is said of a study whose way into the trash, or out of it, broke off."""
    return Failure(
        f"study {name} was being put into the trash, or brought back, by a process that was killed: `ablate rm "
        f"{shlex.quote(name)}` or `ablate rm --restore {shlex.quote(name)}` brings that to its end; nothing was changed"
    )


def _renamed(client: MlflowClient, name: str, *, deleted: bool) -> list[Experiment]:
    """Return the experiments of a study (of all, for no name) under a name of the trash, the last put there last."""
    from mlflow.entities import ViewType

    trashed: list[Experiment] = []
    token = None
    while True:
        view = ViewType.DELETED_ONLY if deleted else ViewType.ACTIVE_ONLY
        page = client.search_experiments(view_type=view, filter_string=f"name LIKE '%{REMOVED}%'", page_token=token)
        trashed += [one for one in page if one.tags.get(_STUDY) is not None and REMOVED in one.name]
        token = page.token
        if not token:
            break
    named = [one for one in trashed if not name or one.name.startswith(f"{name}{REMOVED}")]
    return sorted(named, key=lambda one: str(one.name))


def _note_deleted(client: MlflowClient, experiment: str) -> None:
    ids = list(_deleted(client, experiment))
    parts = [ids[at : at + _IDS] for at in range(0, len(ids), _IDS)]
    for number, part in enumerate(parts):
        client.set_experiment_tag(experiment, f"{_BEFORE}.{number}", " ".join(part))
    client.set_experiment_tag(experiment, _BEFORE, str(len(parts)))


def _noted(experiment: Experiment) -> list[str]:
    """Return the runs that were deleted before; none where an earlier release put the experiment aside."""
    count = int(experiment.tags.get(_BEFORE, "0"))
    return [run_id for number in range(count) for run_id in experiment.tags[f"{_BEFORE}.{number}"].split()]


def _deleted(client: MlflowClient, experiment: str) -> Iterator[str]:
    from mlflow.entities import ViewType

    token = None
    while True:
        page = client.search_runs(
            [experiment], run_view_type=ViewType.DELETED_ONLY, max_results=_PAGE, page_token=token
        )
        yield from (str(run.info.run_id) for run in page)
        token = page.token
        if not token:
            return


def _delete_again(client: MlflowClient, run_id: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        if client.get_run(run_id).info.lifecycle_stage == "active":
            client.delete_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # `mlflow gc` may have taken it away for good
            raise
