"""MLflow's trash: an experiment with all its runs, put aside and brought back. For a local store and for a server.

What is put there gets another name, so that the study's own is free for a new study.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ablate.errors import UserError, unknown

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

_STUDY = "ablate.study"
Guard = Callable[[], AbstractContextManager[None]]


def put(client: MlflowClient, name: str, guard: Guard) -> None:
    """Put the experiment of a study into the trash."""
    with guard():
        found = client.get_experiment_by_name(name)
        if found is None or found.lifecycle_stage != "active":
            raise UserError(f"there is no experiment {name!r}: nothing was removed")
        if found.tags.get(_STUDY) is None:
            raise UserError(f"the experiment {name!r} was not made by ablate: nothing was removed")
        moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        client.rename_experiment(found.experiment_id, f"{name} (removed {moment})")
        client.delete_experiment(found.experiment_id)


def bring_back(client: MlflowClient, name: str, guard: Guard) -> None:
    """Bring back the experiment that was put into the trash last under a study's name."""
    with guard():
        there = client.get_experiment_by_name(name)
        if there is not None:
            place = "in the store" if there.lifecycle_stage == "active" else "in the trash under its own name"
            raise UserError(f"a study {name!r} is {place}: rename or remove it first; nothing was brought back")
        removed = list(_removed(client))
        own = [one for one in removed if one.name.startswith(f"{name} (removed ")]
        if not own:
            raise unknown(
                "study in the trash", name, {one.name.partition(" (removed ")[0] for one in removed} or {"none"}
            )
        last = max(own, key=lambda one: str(one.name))
        client.restore_experiment(last.experiment_id)
        client.rename_experiment(last.experiment_id, name)


def _removed(client: MlflowClient) -> Iterable[Experiment]:
    from mlflow.entities import ViewType

    token = None
    while True:
        page = client.search_experiments(view_type=ViewType.DELETED_ONLY, page_token=token)
        yield from (one for one in page if one.tags.get(_STUDY) is not None and " (removed " in one.name)
        token = page.token
        if not token:
            return
