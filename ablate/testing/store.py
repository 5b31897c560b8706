"""What a store keeps to: what was written is read again, whatever the store is made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ablate.errors import UserError
from ablate.testing.base import Check, close, require, suite
from ablate.testing.store_records import METRIC, EmptyStores, metric_value, record_of, study_of, tried_study
from ablate.testing.store_runs import driver_told, read_singly, trashed, trashed_twice
from ablate.track.store import Store, StudySession
from ablate.train.outcome import Outcome


def store_checks(make: Callable[[], Store]) -> list[Check]:
    """Return the checks for a store; `make` returns an empty one each time."""
    return suite(
        ("an empty store has no studies, and says which one is not there", _empty),
        ("a study is listed with what is planned and done, the last opened first", _listed),
        ("metrics, outcomes, levels and seconds are read as they were written", _tables),
        ("curves are read as they were written, without what is not finite", _curves),
        ("a planned run that is not there is `missing`", _missing),
        ("arrays and correctness are read as they were written", _beside),
        ("what is finished is found again by its identity, in this session and in the next", _finished),
        ("a crashed run is tried again, and the last try counts", _crashed),
        ("two study runs of one name are kept apart", _keys),
        ("more seeds and more arms join a study run", _grows),
        ("what is set aside counts nowhere", _aside),
        ("a seed of a tuned arm is the trial that its own scores choose, and no other trial is read", _trials),
        ("the first registration stands, and the history only grows", _registered),
        ("arms are found again with their configuration and their levels", _arms),
        ("one metric of all finished runs is read without the plan", _scores),
        ("single runs are read as they were logged, and can be logged again elsewhere", read_singly),
        ("who runs a study is told while it is open, and not after", driver_told),
        ("a study goes into the trash and comes back as it was", trashed),
        ("of a key that was in the trash twice, what was put there last comes back, whole", trashed_twice),
        ("files are attached to a study run, once under each label", _attached),
        of=EmptyStores(make),
    )


def _empty(tried: EmptyStores) -> None:
    store = tried.make()
    require(store.studies() == [], "studies() of an empty store is not []")
    require(store.finished("norms", "k1") == frozenset(), "finished() of a study that is not there is not empty")
    require(store.arms("norms") == [] and store.scores("norms", "k1", METRIC) == {}, "arms or scores are not empty")
    store, _ = tried.filled()
    try:
        store.read("norm")
    except UserError as error:
        require("nearest match: norms" in str(error), f"the error does not name the nearest study: {error}")
    else:
        require(False, "reading a study that is not there raises no UserError")


def _listed(tried: EmptyStores) -> None:
    store, _ = tried.filled()
    store.open(study_of("other", "k9")).close("FINISHED")
    lines = store.studies()
    require([line.name for line in lines] == ["other", "norms"], f"listed: {[line.name for line in lines]}")
    line = lines[1]
    require(line.key == "k1" and line.status == "FINISHED", f"norms is listed as {line.key} {line.status}")
    require((line.planned, line.done) == (6, 4), f"planned and done are {line.planned} and {line.done}, not 6 and 4")
    require(line.outcomes == {"censored": 4}, f"outcomes are {line.outcomes}")
    store.open(study_of("norms", "k1")).close("FINISHED")
    require(store.studies()[0].name == "norms", "a study that is opened again is not listed first")


def _tables(tried: EmptyStores) -> None:
    store, study = tried.filled()
    tables = store.read("norms")
    require(tables.study["definition"] == study.definition, "the definition is another one")
    require(tables.study["name"] == "norms" and tables.study["key"] == "k1", "name or key is another one")
    require(list(tables.planned["arm"]) == ["norm=none", "norm=batch"], f"planned: {list(tables.planned['arm'])}")
    require(tables.levels() == [dict(arm.levels) for arm in study.arms], f"levels: {tables.levels()}")
    require(list(tables.planned["baseline"]) == [True, False], "the baseline is not marked")
    logged = tables.logged(METRIC)
    require(logged is not None, f"{METRIC} is not among the metrics")
    for row, value in zip(tables.seeds.to_dict("records"), list(logged if logged is not None else ()), strict=True):
        arm = next(arm for arm in study.arms if arm.id == row["arm_id"])
        if row["outcome"] == "missing":
            continue
        require(value == metric_value(arm, row["seed"]), f"{METRIC} of {row['arm']} seed {row['seed']} is {value}")
        require(row["outcome"] == "censored", f"the outcome is {row['outcome']}")
        require(row["seconds"] == 0.5 + row["seed"], f"seconds are {row['seconds']}")
        require(row["identity"] == f"{arm.id}-{row['seed']}", f"the identity is {row['identity']}")
        require(row["majority_rate"] == 0.1, f"majority_rate is {row['majority_rate']}")
    facts = tables.facts[study.arms[0].id]
    require(facts["fingerprint"] == "f00d", "the facts of an arm are other ones")


def _curves(tried: EmptyStores) -> None:
    store, study = tried.filled()
    curves = store.read("norms").curves
    one = curves[(curves["arm_id"] == study.arms[1].id) & (curves["seed"] == 1)].sort_values("step")
    require(list(one["metric"].unique()) == ["train/loss"], f"curves: {list(one['metric'].unique())}")
    close(one["step"].to_numpy(), [0, 10], "steps")
    close(one["value"].to_numpy(), [2.0, 2.0], "values")


def _missing(tried: EmptyStores) -> None:
    store, _ = tried.filled()
    seeds = store.read("norms").seeds
    gone = seeds[seeds["outcome"] == "missing"]
    require(list(gone["seed"]) == [5, 5], f"missing are the seeds {list(gone['seed'])}, expected 5 of both arms")


def _beside(tried: EmptyStores) -> None:
    store, study = tried.filled()
    arm = study.arms[0].id
    arrays, correct = store.arrays("norms"), store.correctness("norms")
    require(sorted(arrays[arm]) == [0, 1], f"arrays of the seeds {sorted(arrays[arm])}")
    close(arrays[arm][1]["counts"], [0, 1], "an array")
    require(correct[arm][0].dtype == np.bool_, f"correctness is {correct[arm][0].dtype}")
    close(correct[arm][0], [1, 0, 1], "correctness of seed 0")
    close(correct[arm][1], [1, 0, 0], "correctness of seed 1")


def _finished(tried: EmptyStores) -> None:
    store, study = tried.filled()
    wanted = frozenset(f"{arm.id}-{seed}" for arm in study.arms for seed in (0, 1))
    require(store.finished("norms", "k1") == wanted, "finished() of the store is not what was logged")
    session = store.open(study)
    require(session.finished() == wanted, "finished() of a session that goes on is not what was logged")
    session.log_arm(study.arms[0], [record_of(study.arms[0], 5)])
    require(session.finished() == wanted | {f"{study.arms[0].id}-5"}, "a run that was logged is not finished")
    session.close("FINISHED")


def _crashed(tried: EmptyStores) -> None:
    store, study = tried.make(), study_of("norms", "k1", seeds=(0,))
    arm = study.arms[0]
    broken = {"outcome": Outcome.CRASHED, "error": "Traceback", "metrics": {}, "curves": {}}
    session = store.open(study)
    session.log_arm(arm, [record_of(arm, 0, **broken)])
    require(not session.finished(), "a crashed run counts as finished")
    require(list(store.read("norms").seeds["outcome"])[:1] == ["crashed"], "a crashed run is not read as crashed")
    session.log_arm(arm, [record_of(arm, 0)])
    session.close("FINISHED")
    require(list(store.read("norms").seeds["outcome"])[:1] == ["censored"], "the last try does not count")
    require(len(store.finished("norms", "k1")) == 1, "the last try is not finished")


def _keys(tried: EmptyStores) -> None:
    store, study = tried.filled()
    store.open(study_of("norms", "k2")).close("FINISHED")
    require(store.read("norms").study["key"] == "k2", "without a key the run opened last is meant")
    require(len(store.finished("norms", "k1")) == 4 and not store.finished("norms", "k2"), "runs are mixed")
    require(store.read("norms", key="k1").study["key"] == "k1", "a study run is not found by its key")
    del study


def _grows(tried: EmptyStores) -> None:
    store, _ = tried.filled()
    grown = study_of("norms", "k1", ("none", "batch", "layer"), (0, 1, 5, 6))
    session = store.open(grown)
    for arm in grown.arms:
        session.log_arm(arm, [record_of(arm, 6)])
    session.close("FINISHED")
    seeds = store.read("norms").seeds
    done = seeds[seeds["outcome"] != "missing"].groupby("arm")["seed"].apply(sorted).to_dict()
    wanted = {"norm=none": [0, 1, 6], "norm=batch": [0, 1, 6], "norm=layer": [6]}
    require(done == wanted, f"done are {done}, expected {wanted}")
    require(len(store.studies()) == 1, "a study run that goes on is listed twice")
    close(store.arrays("norms")[grown.arms[0].id][0]["counts"], [0], "an array of an earlier seed")


def _aside(tried: EmptyStores) -> None:
    store, study = tried.filled()
    session = store.open(study)
    count = session.set_aside()
    require(count == 4, f"set_aside() returns {count}, expected 4")
    require(not session.finished(), "what was set aside is still finished")
    session.close("FINISHED")
    require(set(store.read("norms").seeds["outcome"]) == {"missing"}, "what was set aside is still read")


def _trials(tried: EmptyStores) -> None:
    study, runs = tried_study()
    store, slow, fast = tried.make(), *runs
    session = store.open(study)
    for arm in study.run_arms:
        session.log_arm(arm, runs[arm.id])
    session.close("FINISHED")
    tables, (arm,) = store.read("tuned"), study.arms
    seeds, table = tables.seeds, tables.tuning
    require(list(seeds["outcome"]) == ["censored", "censored", "missing"], f"outcomes are {list(seeds['outcome'])}")
    require(list(seeds["identity"][:2]) == [f"{slow}-0", f"{fast}-1"], f"chosen are {list(seeds['identity'])}")
    require(set(seeds["arm_id"]) == {arm.id} == set(tables.curves["arm_id"]), "trials stand beside their arm")
    require(set(tables.curves["run_id"]) == set(seeds["run_id"][:2]), "curves of a trial that was not chosen are read")
    facts = tables.facts[arm.id]
    require(facts["trial_runs"] == {"0": slow, "1": fast}, f"trial_runs are {facts['trial_runs']}")
    require(facts["tuned"]["lr"]["counts"] == [[0.1, 1], [1.0, 1]], f"tuned is {facts['tuned']}")
    require(table is not None and (len(table), int(table["chosen"].sum())) == (5, 2), "the trials' table is wrong")


def _registered(tried: EmptyStores) -> None:
    store, study = tried.make(), study_of("norms", "k1")
    document = {"time": "2026-01-01T00:00:00+00:00", "sha256": "a" * 64, "text": "t", "definition": {}, "seeds": [0]}
    session: StudySession = store.open(study)
    require(session.register(document) == document, "register() does not return what it keeps")
    require(
        session.register({**document, "text": "u"}) == document, "a second registration takes the place of the first"
    )
    session.note({"event": "look", "number": 1})
    session.note({"event": "edit"})
    session.close("FINISHED")
    head = store.read("norms").study
    require(head["registration"] == document, "the registration is read as another one")
    require(head["registered_sha256"] == document["sha256"], "its hash is read as another one")
    require([event["event"] for event in head["history"]] == ["look", "edit"], f"the history is {head['history']}")


def _arms(tried: EmptyStores) -> None:
    store, study = tried.filled()
    by_id = {arm.arm_id: arm for arm in store.arms("norms")}
    require(set(by_id) == {arm.id for arm in study.arms}, f"found are {sorted(by_id)}")
    for arm in study.arms:
        stored = by_id[arm.id]
        require(stored.config == arm.config and stored.levels == arm.levels, f"{arm.label} has another configuration")
        require(stored.key == "k1" and stored.fingerprint == "f00d", f"{arm.label} has another key or fingerprint")
        require(stored.reads == frozenset({"norm"}), f"{arm.label} is said to have read {stored.reads}")
        require(stored.identities == {seed: f"{arm.id}-{seed}" for seed in (0, 1)}, f"{arm.label}: {stored.identities}")


def _scores(tried: EmptyStores) -> None:
    store, study = tried.filled()
    scores = store.scores("norms", "k1", METRIC)
    wanted = {f"{a.id}-{s}": ("censored", metric_value(a, s), 0.5 + s) for a in study.arms for s in (0, 1)}
    require(scores == wanted, f"scores are {scores}, expected {wanted}")


def _attached(tried: EmptyStores) -> None:
    store, _ = tried.filled()
    for text in (b"one", b"two"):
        files = {"report.md": text, "figures/a.svg": text}
        why = store.attach("norms", "k1", files, "report", known=lambda _: {})
        require(why is None, f"attach says: {why}")
