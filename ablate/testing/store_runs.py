"""What a store keeps to of single runs: they are read whole, and it tells who runs a study."""

from __future__ import annotations

from dataclasses import replace

from ablate.errors import Failure, UserError
from ablate.testing.base import close, require
from ablate.testing.store_records import EmptyStores, record_of, study_of
from ablate.track.record import Origin
from ablate.track.store import Store


def read_singly(tried: EmptyStores) -> None:
    """Check that single runs are read as they were logged, and can be logged again elsewhere."""
    store, study = tried.filled()
    plan, logged = store.plan("norms"), {(one.run.arm_id, one.run.seed): one for one in store.logged("norms")}
    require((plan.name, plan.key, plan.seeds) == ("norms", "k1", study.seeds), "the plan is another one")
    require([arm.id for arm in plan.arms] == [arm.id for arm in study.arms], "the plan has other arms")
    require(sorted(logged) == sorted((a.id, s) for a in study.arms for s in (0, 1)), f"logged are {sorted(logged)}")
    short = {(run.arm_id, run.seed): run for run in store.seed_runs("norms")}
    arm = study.arms[1]
    one, wanted = logged[arm.id, 1], record_of(arm, 1)
    require(short[arm.id, 1] == one.run, "a run in short is another one than in full")
    require((one.run.arm, one.run.outcome, one.run.levels) == (arm.label, "censored", arm.levels), f"it is {one.run}")
    require(one.arm.config == arm.config and one.arm.facts == arm.facts, "it has another configuration or facts")
    require(one.run.fingerprint == "f00d" and one.record.identity == wanted.identity, "it has another identity")
    require(one.record.result.metrics == wanted.result.metrics, f"its metrics are {one.record.result.metrics}")
    require(one.record.result.seconds == wanted.result.seconds, f"its seconds are {one.record.result.seconds}")
    require(one.record.result.reads == ("norm",), f"it is said to have read {one.record.result.reads}")
    curve = one.record.result.curves["train/loss"]
    close(curve.steps[:2], [0, 10], "steps of its curve")
    close(curve.values[:2], [2.0, 2.0], "values of its curve")
    close(one.record.result.arrays["counts"], [0, 1], "its array")
    right = one.record.result.test_correct
    require(right is not None, "its correctness is not there")
    close(right if right is not None else [], [1, 0, 0], "its correctness")
    only = store.logged("norms", only=[one.run.run_id])
    require([two.run for two in only] == [one.run], f"asked for one run, it returns {len(only)}")
    copied = replace(one.record, origin=Origin("9.9 abc", "f00d", 1_000.0))
    session = store.open(study_of("copied", "k3", seeds=(1,)))
    session.log_arm(arm, [copied])
    session.close("FINISHED")
    (again,) = store.seed_runs("copied")
    told = (again.code, again.fingerprint, again.ended)
    require(told == ("9.9 abc", "f00d", 1_000.0), f"of a copied run it says {told}")


def driver_told(tried: EmptyStores) -> None:
    """Check that who runs a study is told while it is open, and not after."""
    store, study = tried.filled()
    require(store.driver("norms", "k1") == "", "a study that is closed is said to be run")
    session = store.open(study)
    require(store.driver("norms", "k1") != "", "a study that is open is not said to be run")
    session.close("FINISHED")
    require(store.driver("norms", "k1") == "" == store.driver("other", "k1"), "somebody is said to run nothing")


def trashed(tried: EmptyStores) -> None:
    """Check that a study is put into the trash and brought back as it was, and that its name is free meanwhile."""
    store, study = tried.filled()
    session = store.open(study)
    try:
        store.trash("norms")
    except Failure:
        pass
    else:
        require(False, "a study that is run is put into the trash")
    session.close("FINISHED")
    require(store.trash("norms") != "", "nobody is told how it is brought back")
    require(store.studies() == [] and not store.finished("norms", "k1"), "what is in the trash is still listed")
    session = store.open(study_of("norms", "k2"))
    session.close("FINISHED")
    for wrong in ("norms", "norm"):
        try:
            store.restore(wrong)
        except UserError:
            continue
        require(False, f"{wrong} is brought back")
    store.trash("norms")
    store.restore("norms")
    require([line.key for line in store.studies()] == ["k2"], "not what was put there last is brought back")
    store.trash("norms")
    require(store.studies() == [], "what was brought back cannot be put there again")
    other, _ = tried.filled()
    before = [(run.identity, run.outcome) for run in other.seed_runs("norms")]
    other.trash("norms")
    other.restore("norms")
    require([(run.identity, run.outcome) for run in other.seed_runs("norms")] == before, "it came back as another")
    require(len(other.finished("norms", "k1")) == 4, "what was brought back would be run again")


def trashed_twice(tried: EmptyStores) -> None:
    """Check that a key in the trash begins anew, and that what comes back is what was put there last, whole."""
    store, study = tried.filled()
    session = store.open(study)
    session.register({"time": "t", "sha256": "1" * 64, "text": "first"})
    session.note({"event": "first"})
    session.close("FINISHED")
    store.trash("norms")
    arm = study.arms[1]
    session = store.open(study)
    require(session.finished() == frozenset(), "runs in the trash count as finished in a new study of the same key")
    require(session.history() == [], "the history in the trash is that of a new study of the same key")
    kept = session.register({"time": "t", "sha256": "2" * 64, "text": "second"})
    require(kept["text"] == "second", "the registration in the trash stands for a new study of the same key")
    session.note({"event": "second"})
    session.log_arm(arm, [record_of(arm, 5)])
    session.log_arm(arm, [record_of(arm, 1)])
    session.close("FINISHED")
    before = _whole(store)
    require(before == (["second"], "2" * 64, [(arm.id, 1), (arm.id, 5)]), f"the new study holds {before}")
    for time in ("once", "twice"):
        store.trash("norms")
        require(store.studies() == [], "what is in the trash is still listed")
        store.restore("norms")
        require(_whole(store) == before, f"put there and brought back {time}, the study holds {_whole(store)}")
    try:
        store.restore("norms")
    except UserError:
        return
    require(False, "a study is brought back over one that is there")


def _whole(store: Store) -> tuple[list[str], str, list[tuple[str, int]]]:
    """Return the events, the registration and the runs of a study."""
    head = store.read("norms").study
    runs = sorted((run.arm_id, run.seed) for run in store.seed_runs("norms"))
    return [str(event["event"]) for event in head["history"]], str(head["registered_sha256"]), runs
