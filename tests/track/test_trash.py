"""The trash of a store: it brings back what it was given and no more, wherever a kill came between."""

import itertools

import pytest

from ablate.errors import Failure
from ablate.testing.store_records import record_of, study_of
from ablate.track import trash
from ablate.track.local import LocalStore

WRITES = {"set_experiment_tag", "rename_experiment", "delete_experiment", "restore_experiment", "delete_run"}


@pytest.fixture
def store(root):
    """A store with a study of four runs, whose arms grew: the run of an arm is another now, the former one deleted."""
    made, study = LocalStore(root), study_of("norms", "k1")
    session = made.open(study)
    for arm in study.arms:
        session.log_arm(arm, [record_of(arm, 0)])
        session.log_arm(arm, [record_of(arm, 1)])
    session.close("FINISHED")
    return made


@pytest.fixture
def delete_one(store, client):
    gone = store.seed_runs("norms")[0]
    client.delete_run(gone.run_id)
    return gone


def shown(store, client):
    """Every run that MLflow shows, and every run that counts."""
    experiment = client.get_experiment_by_name("norms")
    assert experiment.lifecycle_stage == "active"
    seen = {run.info.run_id for run in client.search_runs([experiment.experiment_id])}
    return seen, {run.run_id for run in store.seed_runs("norms")}


def killing(monkeypatch, at, *, done):
    """Let the write number `at` of a client raise, after it was done or before; return the writes."""
    from mlflow import MlflowClient

    seen = []

    def wrapped(name, whole):
        def write(self, *given, **named):
            seen.append(name)
            if len(seen) - 1 != at:
                return whole(self, *given, **named)
            if done:
                whole(self, *given, **named)
            raise KeyboardInterrupt

        return write

    for name in WRITES:
        monkeypatch.setattr(MlflowClient, name, wrapped(name, getattr(MlflowClient, name)))
    return seen


def test_runs_that_were_deleted_before_a_study_was_removed_stay_deleted(store, client, delete_one):
    before = shown(store, client)
    assert delete_one.run_id not in before[0] | before[1]
    for _ in range(2):
        store.trash("norms")
        store.restore("norms")
        assert shown(store, client) == before


def test_each_removal_knows_its_own_runs(store, client):
    store.trash("norms")
    store.restore("norms")
    client.delete_run(store.seed_runs("norms")[0].run_id)
    before = shown(store, client)
    store.trash("norms")
    store.restore("norms")
    assert shown(store, client) == before
    assert len(before[1]) == 3


@pytest.mark.usefixtures("delete_one")
def test_more_deleted_runs_than_a_tag_holds_stay_deleted(store, client, monkeypatch):
    monkeypatch.setattr(trash, "_IDS", 2)
    monkeypatch.setattr(trash, "_PAGE", 2)
    before = shown(store, client)
    store.trash("norms")
    store.restore("norms")
    assert shown(store, client) == before


@pytest.mark.usefixtures("delete_one")
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(("broken", "then"), [*itertools.product(["trash", "restore"], repeat=2)])
def test_wherever_a_kill_comes_the_trash_goes_on(store, client, monkeypatch, broken, then, done):  # noqa: PLR0917
    """At every write in turn; whichever of the two is called next, every run is where it belongs."""
    before = shown(store, client)
    for at in range(12):
        if broken == "restore":
            store.trash("norms")
        with monkeypatch.context() as patch:
            seen = killing(patch, at, done=done)
            try:
                getattr(store, broken)("norms")
                reached = False
            except KeyboardInterrupt:
                reached = True
        if reached and client.get_experiment_by_name("norms") is None and store.studies():
            with pytest.raises(Failure, match="or `ablate rm --restore norms` brings that to its end"):
                store.open(study_of("norms", "k1"))
        ended = bool(store.studies()) and client.get_experiment_by_name("norms") is not None
        if then == "trash" and store.studies():
            store.trash("norms")
            assert store.studies() == []
            ended = False
        if not ended:
            store.restore("norms")
        assert shown(store, client) == before, (at, seen)
        if not reached:
            assert at == len(seen) > 2
            return
    pytest.fail("there are more writes than were tried")
