"""Runs that the release before stored are found again, though an arm is named by less now.

`stored_before.json` holds the arms of small studies as that release stored them: it named every arm by all that is
composed, whatever its Program owned.
"""

import json
from pathlib import Path

import pytest
import yaml

from ablate.app.compose import Composer, config_loader
from ablate.levels import restored_levels
from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import parse_study
from ablate.sweep.tuning_plan import plan_tuning
from ablate.track.earlier_runs import StoredArm

BEFORE = json.loads(Path(__file__).with_name("stored_before.json").read_text(encoding="utf-8"))
STUDIES = BEFORE["studies"]
# What they owned beside themselves; the NumPy net owns everything, and its arms keep their names.
RENAMED = {"own", "everything", "tuned", "knn", "surface", "theory"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in BEFORE["files"].items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def study_of(name, **more):
    told = {**STUDIES[name]["study"], **more}
    if "program.logs" in told["fixed"]:  # which a function had, and has no more
        told["fixed"] = {key: value for key, value in told["fixed"].items() if key != "program.logs"}
    return parse_study(told, where=name)


def stored(name):
    return [
        StoredArm(**{
            **arm, "levels": restored_levels(arm["levels"]), "ended": 1e12,
            "reads": None if arm["reads"] is None else frozenset(arm["reads"]),
            "identities": {int(seed): identity for seed, identity in arm["identities"].items()},
        })
        for arm in STUDIES[name]["arms"]
    ]  # fmt: skip


def plan_of(name, *, found=True, seeds=2, **more):
    study, there = study_of(name, **more), (lambda: stored(name)) if found else None
    with config_loader() as loader:
        composer = Composer(loader, study.fixed)
        plan = make_plan(study, name=name, seeds=seeds, compose=composer, command="c", stored=there)
        return plan, plan_tuning(plan, composer, there)


def names(plan):
    return plan.record.key, {(job.arm.id, seed): identity for job in plan.jobs for seed, identity in
                             job.identities.items() if not job.same_as}  # fmt: skip


def stored_names(name, key):
    return key, {(arm.arm_id, seed): i for arm in stored(name) if arm.key == key for seed, i in arm.identities.items()}


@pytest.mark.parametrize("name", sorted(set(STUDIES) - {"tuned"}))
def test_every_stored_run_is_the_planned_one(folder, name):
    plan, _ = plan_of(name)
    (key,) = {arm.key for arm in stored(name)}
    assert names(plan) == stored_names(name, key)


@pytest.mark.parametrize("name", sorted(RENAMED))
def test_a_name_says_now_what_the_program_owns_and_nothing_of_the_net(folder, name):
    plan, _ = plan_of(name, found=False)
    assert not {arm.arm_id for arm in stored(name)} & {job.arm.id for job in plan.jobs}
    for job in plan.jobs:
        assert job.arm.config.keys() == {"program", *job.program.owns()}
    assert not any("batch_size" in job.arm.config for job in plan.jobs)


def test_the_net_and_what_it_is_compared_with_are_found_together(folder):
    plan, _ = plan_of("mixed", found=False)
    net, knn = plan.jobs
    assert net.arm.id in {arm.arm_id for arm in stored("mixed")}
    assert not net.former
    assert knn.arm.id not in {arm.arm_id for arm in stored("mixed")}


def test_a_tuned_study_finds_its_trials_and_its_arms(folder):
    plan, tuning = plan_of("tuned")
    keys = {arm.key for arm in stored("tuned")}
    assert tuning.plan.record.key in keys
    assert plan.record.key in keys - {tuning.plan.record.key}
    assert names(tuning.plan) == stored_names("tuned", tuning.plan.record.key)


def test_more_seeds_go_on_with_the_study_run_that_is_there(folder):
    plan, _ = plan_of("knn", seeds=3)
    (key,) = {arm.key for arm in stored("knn")}
    assert plan.record.key == key
    held = stored_names("knn", key)[1]
    assert held.items() <= names(plan)[1].items()
    assert len(names(plan)[1]) == len(held) * 3 // 2


@pytest.mark.parametrize("name", ["own", "knn", "surface"])
def test_another_value_of_what_it_owns_is_another_run(folder, name):
    changed = {
        "own": {"program.params.depth": 1, "target_accuracy": 0.4}, "knn": {"target_accuracy": 0.4},
        "surface": {"steps": 4},
    }[name]  # fmt: skip
    plan, _ = plan_of(name, fixed={**STUDIES[name]["study"]["fixed"], **changed})
    found = {arm.arm_id for arm in stored(name)} & {job.arm.id for job in plan.jobs}
    assert bool(found) == (name == "own"), "a function's runs are what they read, and these read neither"


@pytest.mark.slow
def test_the_same_command_has_nothing_to_do_in_a_store_of_before(folder, ablate):
    """Made by today's command, and renamed in the database to what the release before wrote."""
    import sqlite3

    from ablate.identity import digest
    from ablate.sweep.jobs import REVISION, former_description

    study = STUDIES["own"]["study"]
    (folder / "own.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    command = ("run", "own.yaml", "--no-report", "-j", "1")
    assert "4 runs in" in ablate(*command)[1]
    with config_loader() as loader:
        compose = Composer(loader, study["fixed"])
        key = {arm.key for arm in stored("own")}.pop()
        with sqlite3.connect(folder / "mlruns" / "mlflow.db") as db:
            rows = db.execute("SELECT r.run_uuid, r.artifact_uri, l.value FROM runs r JOIN tags k ON k.run_uuid = "
                              "r.run_uuid AND k.key = 'ablate.kind' AND k.value = 'seed' JOIN tags l ON l.run_uuid = "
                              "r.run_uuid AND l.key = 'ablate.levels'").fetchall()  # fmt: skip
            assert len(rows) == 4
            for run, uri, levels in rows:
                former = former_description(compose(json.loads(levels)))
                tags = dict(db.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run,)))
                what = {"revision": REVISION, "config": former, "fingerprint": tags["ablate.fingerprint"]}
                seed = int(tags["ablate.seed"])
                changed = {
                    "ablate.arm_id": digest(what)[:12], "ablate.identity": digest({**what, "seed": seed}),
                    "ablate.config": digest(former)[:16],
                }  # fmt: skip
                assert changed["ablate.identity"] in stored_names("own", key)[1].values()
                for name, value in changed.items():
                    db.execute("UPDATE tags SET value = ? WHERE run_uuid = ? AND key = ?", (value, run, name))
                config = Path(uri.removeprefix("file://")) / "config.json"
                config.write_text(json.dumps(former), encoding="utf-8")
            db.execute("UPDATE tags SET value = ? WHERE key = 'ablate.key'", (key,))
    _, out, err = ablate(*command)
    assert "nothing to do, all 4 runs are finished" in out, err
    assert "2 runs in" in ablate(*command, "seeds=3")[1]
    assert "nothing to do, all 6 runs are finished" in ablate(*command, "seeds=3")[1]
