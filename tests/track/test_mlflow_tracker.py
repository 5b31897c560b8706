import os
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from ablate.errors import Failure
from ablate.track import direct
from ablate.track.attach import attach_files
from ablate.track.colours import HUES, colour_tags
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.places import local_path
from ablate.track.read import list_studies, read_arrays, read_study, read_test_correct
from ablate.train.outcome import Outcome


def test_a_study_run_holds_an_arm_run_each_and_these_their_seed_runs(track, study, runs_of):
    track(study(seeds=2))
    top = runs_of(kind="study")[0]
    arms = runs_of(kind="arm")
    assert top.info.run_name == "quickstart"
    assert [a.info.run_name for a in arms] == ["baseline", "norm=batch"]
    assert {a.data.tags["mlflow.parentRunId"] for a in arms} == {top.info.run_id}
    for arm in arms:
        below = [s for s in runs_of(kind="seed") if s.data.tags["mlflow.parentRunId"] == arm.info.run_id]
        label = arm.info.run_name
        assert sorted(s.info.run_name for s in below) == [f"{label} · seed 0", f"{label} · seed 1"]
    assert {r.info.status for r in runs_of()} == {"FINISHED"}


def test_a_seed_run_carries_parameters_dataset_outcome_and_configuration(track, study, arm, client, runs_of):
    track(study(seeds=1), {("norm=batch", 0): Outcome.DIVERGED})
    found = next(r for r in runs_of(kind="seed") if r.data.tags["ablate.arm"] == "norm=batch")
    assert found.data.params["optimizer.lr"] == "0.01"
    assert found.data.params["outcome"] == found.data.tags["ablate.outcome"] == "diverged"
    assert found.data.metrics["first_nonfinite_step"] == 20
    assert found.inputs.dataset_inputs[0].dataset.name == "mnist5k"
    assert found.data.tags["ablate.levels"] == '{"norm": "batch", "init.std": 0.1}'
    assert found.data.tags["ablate.key"] == "k1"
    assert found.data.tags["mlflow.source.name"] == "ablate run quickstart"
    assert found.info.end_time - found.info.start_time == pytest.approx(250, abs=2)
    assert [f.path for f in client.list_artifacts(found.info.run_id)] == ["config.json"]


def test_what_is_not_finite_is_never_stored(root, track, study):
    track(study(seeds=2), {("baseline", 0): Outcome.DIVERGED})
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        worst = connection.execute("SELECT max(abs(value)), max(is_nan) FROM metrics").fetchone()
        latest = connection.execute("SELECT max(abs(value)), max(is_nan) FROM latest_metrics").fetchone()
    assert worst[1] == latest[1] == 0
    assert worst[0] < 1e300


def test_a_crashed_run_is_failed_and_keeps_its_traceback(track, study, runs_of):
    track(study(seeds=1), {("baseline", 0): Outcome.CRASHED})
    found = next(r for r in runs_of(kind="seed") if r.data.tags["ablate.arm"] == "baseline")
    assert found.info.status == "FAILED"
    assert found.data.tags["ablate.error"] == "ValueError: boom"
    assert "Traceback" in (local_path(found.info.artifact_uri) / "error.txt").read_text()


def test_arms_have_colours_that_differ_and_as_many_as_stay_apart(track, study, runs_of):
    asked = study()
    track(asked)
    colours = {arm.data.tags["ablate.arm"]: arm.data.tags.get("mlflow.runColor") for arm in runs_of(kind="arm")}
    assert [colours[arm.label] for arm in asked.arms] == list(HUES[: len(asked.arms)])  # MLflow's own may be the same
    many = replace(asked, arms=tuple(replace(asked.arms[0], id=f"{i:012x}") for i in range(9)))
    assert [bool(colour_tags(many, arm)) for arm in many.arms] == [True] * len(HUES) + [False]


def test_an_arm_run_shows_mean_interval_and_how_its_seeds_ended(track, study, run, runs_of, client):
    asked = study(seeds=3)
    base = asked.arms[0]
    track(asked, {("baseline", 2): Outcome.DIVERGED})
    found = runs_of(kind="arm")[0]
    values = [run(base, seed).result.metrics["final/test_accuracy"] for seed in (0, 1)]
    half = 12.706204736 * np.std(values, ddof=1) / np.sqrt(2)  # t(1, 0.975)
    shown = found.data.metrics
    assert shown["final/test_accuracy"] == pytest.approx(np.mean(values))
    assert shown["ci95_low/final/test_accuracy"] == pytest.approx(np.mean(values) - half, rel=5e-6)  # six digits
    assert shown["ci95_high/final/test_accuracy"] == pytest.approx(np.mean(values) + half, rel=5e-6)
    assert shown["n/final/test_accuracy"] == 2
    assert (shown["count/n"], shown["count/reached"], shown["count/diverged"]) == (3, 2, 1)
    assert found.data.tags["mlflow.note.content"].startswith("Means over 3 seeds (2 reached, 1 diverged)")
    assert found.data.tags["ablate.diverged"] == "1/3"
    curve = client.get_metric_history(found.info.run_id, "train/accuracy")
    expected = np.mean([run(base, s).result.curves["train/accuracy"].values for s in range(3)], axis=0)
    assert [m.step for m in curve] == [10, 20, 30]
    assert [m.value for m in curve] == pytest.approx(expected)


def test_the_same_command_again_runs_nothing_and_makes_no_second_study_run(track, study, runs_of):
    assert track(study(seeds=2)) == 4
    before = {r.info.run_id for r in runs_of()}
    assert track(study(seeds=2)) == 0
    assert {r.info.run_id for r in runs_of()} == before


def test_more_seeds_move_under_one_new_arm_run_that_is_drawn_once(track, study, runs_of, client, root):
    track(study(seeds=2))
    earlier = {r.info.run_id for r in runs_of(kind="arm")}
    assert track(study(seeds=3)) == 2
    arms = runs_of(kind="arm")
    assert len(arms) == 2
    assert not earlier & {a.info.run_id for a in arms}
    assert {s.data.tags["mlflow.parentRunId"] for s in runs_of(kind="seed")} == {a.info.run_id for a in arms}
    assert [m.step for m in client.get_metric_history(arms[0].info.run_id, "train/loss")] == [10, 20, 30]
    assert {a.data.metrics["count/n"] for a in arms} == {3}
    assert {len(bits) for bits in read_test_correct(root, "quickstart").values()} == {3}
    assert {tuple(held) for held in read_arrays(root, "quickstart").values()} == {(0, 1, 2)}


def test_a_crashed_run_is_tried_again_and_the_second_attempt_counts(track, study, root):
    track(study(seeds=1), {("baseline", 0): Outcome.CRASHED})
    assert track(study(seeds=1)) == 1
    assert list(read_study(root, "quickstart").seeds["outcome"]) == ["reached", "reached"]


def test_two_studies_share_a_store_without_seeing_each_other(track, study, runs_of, root):
    track(study(seeds=1))
    track(study(seeds=2, name="other", key="k2"))
    assert len(runs_of("quickstart", "seed")) == 2
    assert len(runs_of("other", "seed")) == 4
    assert len(read_study(root, "quickstart").seeds) == 2


def test_another_key_is_another_study_run_of_the_same_name(track, study, runs_of, root):
    track(study(seeds=1, key="k1"))
    assert track(study(seeds=2, key="k2")) == 4
    assert len(runs_of(kind="study")) == 2
    assert read_study(root, "quickstart").study["key"] == "k2"
    assert read_study(root, "quickstart", key="k1").study["key"] == "k1"


@pytest.fixture(params=["seed_runs", "whole", "log_inputs", "set_tag", "finish_arm", "delete_run"])
def killed_at(request, root, run, study, monkeypatch):
    """Return a call that logs a third seed of the first arm, and dies before one of the steps."""

    def die():
        def killed(*_args, **_kwargs):
            raise KeyboardInterrupt

        if request.param == "log_inputs":  # a step of MLflow's client, by which runs of other schemas are written
            monkeypatch.setattr(direct, "COMPARED", frozenset())
        session = MlflowTracker(root).open(study(seeds=3))
        head = session.study.arms[0]
        writer = {"finish_arm": session._writer, "seed_runs": session._writer, "whole": session._writer._direct}
        held = writer.get(request.param, session._client)
        with monkeypatch.context() as patch:
            patch.setattr(held, request.param, killed)
            with pytest.raises(KeyboardInterrupt):
                session.log_arm(head, [run(head, 2)])
        session._lock.release()  # what the system does for a dead process; nothing was closed
        return request.param

    return die


def test_a_kill_between_any_two_steps_is_repaired_at_the_next_open(killed_at, track, study, runs_of, root):
    track(study(seeds=2))
    missing = 2 if killed_at() in ("seed_runs", "whole", "log_inputs") else 1
    assert track(study(seeds=3)) == missing
    arms = {a.info.run_id: a for a in runs_of(kind="arm") if a.info.status == "FINISHED"}
    assert len(runs_of(kind="arm")) == len(arms) == 2
    assert {a.data.metrics["count/n"] for a in arms.values()} == {3}
    done = [s for s in runs_of(kind="seed") if s.info.status == "FINISHED"]
    assert len(done) == 6
    assert {s.data.tags["mlflow.parentRunId"] for s in runs_of(kind="seed")} == set(arms)
    assert "RUNNING" not in {r.info.status for r in runs_of()}
    assert {len(bits) for bits in read_test_correct(root, "quickstart").values()} == {3}


def test_a_kill_among_many_runs_costs_those_of_one_transaction_and_doubles_none(root, run, study, track, runs_of):
    session = MlflowTracker(root).open(study(seeds=45))
    head, whole, before = session.study.arms[0], direct.Direct.whole, iter(range(30))

    def killed(*given, **more):
        if next(before, None) is None:
            raise KeyboardInterrupt
        whole(*given, **more)

    with mock.patch.object(direct.Direct, "whole", killed), pytest.raises(KeyboardInterrupt):
        session.log_arm(head, [run(head, seed) for seed in range(45)])
    session._lock.release()
    assert len(runs_of(kind="seed")) == 20
    assert track(study(seeds=45)) == 25 + 45
    assert len(runs_of(kind="seed")) == 90
    assert {run.info.status for run in runs_of()} == {"FINISHED"}


DRIVER = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.record import ArmRecord, StudyRecord
arm = ArmRecord("a" * 12, "baseline", {"norm": "none"}, {}, {}, baseline=True)
study = StudyRecord(sys.argv[3], "k1", {}, (arm,), (0,), "x")
session = MlflowTracker(Path(sys.argv[1])).open(study)
session._writer.arm_run(session.run_id, arm, 0.0)
print(os.getpid(), flush=True)
if sys.argv[2] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
sys.stdin.read()
"""


def start_driver(root, what, name="quickstart"):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DRIVER), str(root), what, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.slow
def test_a_second_driver_is_refused_while_the_first_lives(root, study):
    with start_driver(root, "wait") as first:
        pid = first.stdout.readline().strip()
        assert pid, "the first driver did not start"
        with pytest.raises(Failure, match=rf"study quickstart is being run by pid {pid} on host \S+ since 2\d\d\d-"):
            MlflowTracker(root).open(study())
        MlflowTracker(root).open(study(name="other")).close("FINISHED")
        first.stdin.close()
    MlflowTracker(root).open(study()).close("FINISHED")


@pytest.mark.slow
def test_two_drivers_that_find_no_database_create_one_together(tmp_path, study):
    drivers = [start_driver(tmp_path, "wait", name) for name in ("one", "two")]
    for driver in drivers:
        with driver:
            assert driver.stdout.readline().strip(), "a driver did not open its study"
            driver.stdin.close()
    assert {line.name for line in list_studies(tmp_path)} == {"one", "two"}
    left = {path.name for path in (tmp_path / "mlruns").iterdir()}
    assert {name.removesuffix("-wal").removesuffix("-shm") for name in left} == {"mlflow.db", "artifacts", "locks"}


@pytest.mark.slow
def test_runs_of_a_killed_driver_are_marked_killed_by_the_next_study(root, study, runs_of):
    with start_driver(root, "die") as dead:
        dead.wait()
    assert {r.info.status for r in runs_of()} == {"RUNNING"}
    MlflowTracker(root).open(study(name="other", key="k9")).close("FINISHED")
    assert {r.info.status for r in runs_of()} == {"KILLED"}


def test_closing_ends_what_was_being_written(root, study, runs_of):
    session = MlflowTracker(root).open(study())
    session._writer.arm_run(session.run_id, session.study.arms[0], 0.0)
    session.close("KILLED")
    session.close("FINISHED")  # a second call changes nothing
    assert {r.info.status for r in runs_of()} == {"KILLED"}


def test_the_description_says_what_is_asked_and_how_to_rebuild_it(track, study, runs_of, client):
    track(study(seeds=1))
    top = runs_of(kind="study")[0].data.tags
    for words in (
        "Does BatchNorm help?",
        "Is it faster?",
        "学习进行得更快了",
        "| `norm` | none, batch |",
        "ablate run",
    ):
        assert words in top["mlflow.note.content"]
    assert top["ablate.provenance.mlflow"]
    kind = client.get_experiment_by_name("quickstart").tags["mlflow.experimentKind"]
    assert kind == "custom_model_development"


def test_an_attached_report_replaces_the_one_before_and_nothing_else(root, study, client):
    def attach(*names):
        files = {name: name.encode() for name in names}
        assert attach_files(root, session.study.name, session.study.key, files, "report") is None

    session = MlflowTracker(root).open(study())
    attach("old.html", "both.html")
    (session.folder / "report" / "precious.txt").write_text("mine")
    attach("new.html", "both.html")
    session.close("FINISHED")
    shown = [f.path for f in client.list_artifacts(session.run_id, "report")]
    assert shown == ["report/both.html", "report/new.html", "report/precious.txt"]
    assert sorted(f.path for f in client.list_artifacts(session.run_id)) == ["plan.json", "report"]


def test_a_plan_that_changed_is_kept_beside_the_new_one(track, study, client, runs_of):
    track(study(seeds=1))
    track(study(seeds=2))
    track(study(seeds=2))
    top = runs_of(kind="study")[0].info.run_id
    assert sorted(f.path for f in client.list_artifacts(top)) == ["plan-1.json", "plan.json"]


def test_a_trashed_experiment_is_neither_revived_nor_lost(track, study, client, root):
    track(study(seeds=1))
    client.delete_experiment(client.get_experiment_by_name("quickstart").experiment_id)
    with pytest.raises(Failure, match=r"is in MLflow's trash: `MLFLOW_TRACKING_URI=.* experiments restore -x 1`"):
        MlflowTracker(root).open(study(seeds=1))


def test_an_arms_files_lie_beside_its_run_and_move_with_it_when_it_grows(root, study, run, client, runs_of):
    asked = study(seeds=2)
    head = asked.arms[0]

    def log(seed, **files):
        session = MlflowTracker(root).open(asked)
        session.log_arm(head, [run(head, seed)], files={name.replace("_", "."): text for name, text in files.items()})
        session.close("FINISHED")
        return {f.path for f in client.list_artifacts(only().info.run_id)}

    def only():
        (found,) = runs_of(kind="arm")
        return found

    def text(name):
        return (local_path(only().info.artifact_uri) / name).read_text(encoding="utf-8")

    assert {"graph.svg", "notes.txt"} <= log(0, graph_svg="<first/>", notes_txt="ü")
    assert {"graph.svg", "notes.txt", "test_correct.npz", "config.json"} <= log(1, graph_svg="<second/>")
    assert text("graph.svg") == "<second/>"
    assert text("notes.txt") == "ü"


def test_seed_runs_of_an_arm_are_written_a_few_in_one_transaction(root, run, study, runs_of, monkeypatch):
    begun, before = [], direct.writing

    def counted(*words, **more):
        begun.append(words)
        return before(*words, **more)

    session = MlflowTracker(root).open(study(seeds=41))
    monkeypatch.setattr(direct, "writing", counted)
    head = session.study.arms[0]
    session.log_arm(head, [run(head, seed) for seed in range(41)])
    session.close("FINISHED")
    assert len(begun) < 10
    assert sorted(int(r.data.tags["ablate.seed"]) for r in runs_of(kind="seed")) == list(range(41))
    assert len(list((root / "mlruns" / "artifacts").rglob("config.json"))) == 42, "one beside each run, and the arm's"


def test_of_runs_that_are_written_together_a_kill_leaves_all_or_none(root, run, study, track, runs_of, monkeypatch):  # noqa: PLR0917
    track(study(seeds=2))
    session = MlflowTracker(root).open(study(seeds=7))
    head, whole, count = session.study.arms[0], session._writer._direct.whole, []

    def killed(*words, **more):
        count.append(words)
        if len(count) == 3:
            raise KeyboardInterrupt
        whole(*words, **more)

    with monkeypatch.context() as patch:
        patch.setattr(session._writer._direct, "whole", killed)
        with pytest.raises(KeyboardInterrupt):
            session.log_arm(head, [run(head, seed) for seed in range(2, 7)])
    session._lock.release()
    assert len(runs_of(kind="seed")) == 4
    assert track(study(seeds=7)) == 10
    assert len([r for r in runs_of(kind="seed") if r.info.status == "FINISHED"]) == 14
    assert "RUNNING" not in {r.info.status for r in runs_of()}


def test_where_not_all_of_them_find_room_runs_are_written_one_by_one(root, run, study, runs_of, monkeypatch):
    session = MlflowTracker(root).open(study(seeds=5))
    head, whole = session.study.arms[0], session._writer._direct.whole

    def full(run_id, **more):
        if more["name"].endswith("seed 3"):
            raise sqlite3.OperationalError("database or disk is full")
        whole(run_id, **more)

    monkeypatch.setattr(session._writer._direct, "whole", full)
    with pytest.raises(Failure):
        session.log_arm(head, [run(head, seed) for seed in range(5)])
    session.close("KILLED")
    assert sorted(int(r.data.tags["ablate.seed"]) for r in runs_of(kind="seed")) == [0, 1, 2]
