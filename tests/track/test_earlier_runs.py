"""What a store tells of runs that were made before, and runs that were put aside."""

import dataclasses
import json
import shutil

import numpy as np

from ablate.identity import digest
from ablate.track.earlier_runs import FINGERPRINT, READS, arm_facts, stored_arms
from ablate.track.layout import Layout
from ablate.track.ledger import Child
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.read import read_arrays, read_study, read_test_correct
from ablate.train.outcome import Outcome


def looking(runs, reads):
    return [dataclasses.replace(r, result=dataclasses.replace(r.result, reads=reads)) for r in runs]


def test_an_arm_tells_what_its_runs_looked_at_and_under_which_configuration(root, study, arm, run):
    session = MlflowTracker(root).open(study(seeds=3))
    base = arm("none")
    other = dataclasses.replace(base, config={**base.config, "epochs": 9})
    session.log_arm(base, looking([run(base, 0), run(base, 1, Outcome.CRASHED)], ("a", "b?")))
    session.log_arm(other, looking([run(other, 2)], ("c",)))
    session.log_arm(arm("batch"), [run(arm("batch"), 0)])
    session.close("FINISHED")
    first, second, silent = stored_arms(root, "quickstart")
    assert (first.reads, second.reads, silent.reads) == ({"a", "b?"}, {"c"}, None)
    assert (first.config, second.config) == (base.config, other.config)
    assert first.identities == {0: digest([base.id, 0])}, "a crashed run is not a run to be found again"
    assert {part.fingerprint for part in (first, second, silent)} == {base.facts["fingerprint"]}
    assert (first.levels, first.facts) == (base.levels, base.facts)
    assert stored_arms(root, "another") == []


def test_a_store_that_is_not_there_or_was_moved_is_read(root, study, track, tmp_path):
    assert stored_arms(tmp_path / "nowhere", "quickstart") == []
    track(study())
    there = tmp_path / "moved"
    shutil.copytree(root, there)
    shutil.rmtree(root)
    assert [part.config["norm"]["name"] for part in stored_arms(there, "quickstart")] == ["none", "batch"]


def test_a_long_list_of_reads_is_kept_whole(root, study, arm, run):
    from ablate.train.reads import compact_reads

    reads = tuple(compact_reads(f"params.setting_{i:05}" for i in range(2000)))
    session = MlflowTracker(root).open(study(seeds=1))
    session.log_arm(arm("none"), looking([run(arm("none"), 0)], reads))
    session.close("FINISHED")
    assert stored_arms(root, "quickstart")[0].reads == set(reads)


def test_runs_without_a_fingerprint_get_that_of_the_plan_that_found_them(root, study, track, client, runs_of):
    track(study(seeds=1))
    for run_ in runs_of(kind="seed"):
        client.delete_tag(run_.info.run_id, FINGERPRINT)
    plain = study(seeds=1)
    MlflowTracker(root).open(plain).close("FINISHED")
    assert all(FINGERPRINT not in r.data.tags for r in runs_of(kind="seed")), "of traced arms only"
    signed = [dataclasses.replace(a, facts={**a.facts, "sources": {"mine": "f"}}) for a in plain.arms]
    MlflowTracker(root).open(study(seeds=1, arms=signed)).close("FINISHED")
    assert {r.data.tags[FINGERPRINT] for r in runs_of(kind="seed")} == {plain.arms[0].facts["fingerprint"]}


def test_facts_name_what_no_run_of_an_arm_looked_at(study, arm):
    record = dataclasses.replace(study(), definition={"fixed": {"epochs": 3, "program.target": "m:t"}})
    first, second = record.arms
    runs = {(a.id, s): child(a.id, s, outcome) for a, s, outcome in [
        (first, 0, "reached"), (first, 1, "crashed"), (second, 0, "reached"), (second, 1, "reached")]}  # fmt: skip
    reads = {f"{first.id}0": frozenset({"norm"}), f"{second.id}0": frozenset({"epochs", "init.std"})}
    facts = arm_facts(record, runs, reads, {"definition": {"fixed": {"l2": 0.1}}})
    assert facts[first.id]["unread"] == ["init.std", "l2", "epochs"]
    assert "unread" not in facts[second.id], "one of its runs does not say"


def child(arm_id, seed, outcome):
    return Child(f"{arm_id}{seed}", "seed", arm_id, seed, "FINISHED", outcome, "i", "p", 0, "file:///x")


def missing(root):
    return int((read_study(root, "quickstart").seeds["outcome"] == "missing").sum())


def test_runs_that_are_put_aside_are_kept_and_count_nowhere(root, study, track, runs_of):
    plan = study(seeds=2)
    track(plan)
    before = read_study(root, "quickstart").seeds
    session = MlflowTracker(root).open(plan)
    assert session.set_aside() == 4
    assert session.finished() == frozenset()
    session.close("FINISHED")
    assert missing(root) == 4
    assert stored_arms(root, "quickstart") == []
    assert all(not seeds for seeds in read_arrays(root, "quickstart").values())
    assert {r.data.tags["ablate.kind"] for r in runs_of()} == {"study", "arm", "set aside"}
    assert track(plan) == 4, "all of it is run again"
    after = read_study(root, "quickstart").seeds
    assert len(after) == 4
    assert not set(after["run_id"]) & set(before["run_id"])
    heads = {r.info.run_id for r in runs_of(kind="arm")}
    assert {r.data.tags["mlflow.parentRunId"] for r in runs_of(kind="set aside")} <= heads, "none lies at the top"
    assert np.array_equal([len(s) for s in read_test_correct(root, "quickstart").values()], [2, 2])


def test_putting_aside_that_was_killed_is_brought_to_its_end(root, study, track, client, runs_of):
    track(study(seeds=2))
    (top,) = runs_of(kind="study")
    client.set_tag(top.info.run_id, "ablate.setting_aside", "true")
    client.set_tag(runs_of(kind="seed")[0].info.run_id, "ablate.kind", "set aside")
    session = MlflowTracker(root).open(study(seeds=2))
    assert session.finished() == frozenset()
    session.close("FINISHED")
    assert missing(root) == 4
    assert track(study(seeds=2)) == 4
    assert track(study(seeds=2)) == 0


def test_what_was_looked_at_stands_on_the_run(root, study, arm, run, runs_of):
    session = MlflowTracker(root).open(study(seeds=1))
    session.log_arm(arm("none"), looking([run(arm("none"), 0)], ("params.width",)))
    session.close("FINISHED")
    (found,) = runs_of(kind="seed")
    assert json.loads(found.data.tags[READS]) == ["params.width"]
    assert Layout(root.resolve()).database.is_file()
