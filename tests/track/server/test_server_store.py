"""The store on a real MLflow server: the same contract, the same tables and verdicts, for several people at once."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.errors import Failure
from ablate.testing import store_checks
from ablate.testing.store_records import METRIC, metric_value, record_of, study_of
from ablate.track.history import HASH_TAG
from ablate.track.local import LocalStore
from ablate.track.memory import MemoryStore
from ablate.track.server import session as session_module
from ablate.track.server.store import ServerStore
from ablate.track.shown import NOTE, Shown
from ablate.train.outcome import Outcome
from ablate.words.document import document_of
from ablate.work.bench import Bench
from ablate.work.events import StoreReady, StudyRan
from ablate.work.exporting import export_study
from ablate.work.judging import judge_tracked
from ablate.work.moving import import_archive

from ..small_study import run_small

SAYS = [str(check) for check in store_checks(MemoryStore)]


@pytest.mark.parametrize("says", SAYS)
def test_a_store_on_a_server_keeps_to_the_contract(says, server, emptied, tmp_path):
    def make():
        emptied()
        return ServerStore(server.uri, tmp_path)

    (check,) = [check for check in store_checks(make) if str(check) == says]
    check()
    assert not list((tmp_path / "mlruns" / "spool").glob("*/[0-9]*")), "something still waits"


def run(store, folder, seeds=6):
    told = []
    run_small(store, folder, told.append, seeds=seeds)
    (ran,) = [event.summary.ran for event in told if isinstance(event, StudyRan)]
    return ran, told


def test_a_study_on_a_server_has_the_tables_and_verdicts_of_the_local_store(store, server, tmp_path):
    assert run(store, tmp_path)[0] == 12
    local = LocalStore(tmp_path / "other")
    assert run(local, tmp_path)[0] == 12
    tables = [one.read("s") for one in (local, store)]
    seeds = [one.seeds.drop(columns=["run_id", "seconds"]) for one in tables]
    timed = [column for column in seeds[0] if column.startswith("seconds/")]
    pd.testing.assert_frame_equal(*(one.drop(columns=timed)[sorted(one.drop(columns=timed))] for one in seeds))
    order = ["arm_id", "seed", "metric", "step"]
    curves = [one.curves.drop(columns="run_id").sort_values(order, ignore_index=True) for one in tables]
    pd.testing.assert_frame_equal(*curves)
    documents = [[document_of(v) for v in judge_tracked("s", None, one).verdicts] for one in (local, store)]
    assert documents[0] == documents[1]
    for part in ("code", "arithmetic", "definition", "design", "registered_sha256", "key"):
        assert tables[0].study[part] == tables[1].study[part], part
    ran, told = run(ServerStore(server.uri, tmp_path / "a colleague's"), tmp_path)
    assert ran == 0, "what one has run, another need not run again"
    (ready,) = [event for event in told if isinstance(event, StoreReady)]
    assert ready.address == server.uri
    assert run(store, tmp_path, seeds=8)[0] == 4


def test_a_study_that_is_taken_to_a_server_and_back_has_its_runs_and_verdicts(store, tmp_path):
    local = LocalStore(tmp_path / "one")
    assert run(local, tmp_path)[0] == 12
    back = LocalStore(tmp_path / "two")
    for source, target, name in ((local, store, "a.zip"), (store, back, "b.zip")):
        export_study("s", tmp_path / name, Bench(given=source))
        (moved,) = import_archive(tmp_path / name, Bench(given=target))
        assert (moved.new, moved.there) == (12, 0)
        (again,) = import_archive(tmp_path / name, Bench(given=target))
        assert (again.new, again.there, again.different) == (0, 12, 0)
    documents = [[document_of(v) for v in judge_tracked("s", None, one).verdicts] for one in (local, store, back)]
    assert documents[0] == documents[1] == documents[2]
    heads = [one.read("s").study for one in (local, store, back)]
    for part in ("code", "arithmetic", "definition", "registration", "registered_sha256", "key"):
        assert heads[0][part] == heads[1][part] == heads[2][part], part
    assert [event["event"] for event in heads[2]["history"]] == ["imported", "imported"]
    assert run(store, tmp_path)[0] == run(back, tmp_path)[0] == 0, "what was brought need not run again"
    assert store.driver("s", heads[0]["key"]) == ""


def test_a_registration_that_a_killed_process_began_is_brought_to_its_end(store, monkeypatch):
    study, document = study_of("norms", "k1"), {"time": "t", "sha256": "a" * 64, "text": "a"}
    session, log = store.open(study), session_module.log_batches

    def killed(*words, tags=(), **more):
        if HASH_TAG in tags:
            raise KeyboardInterrupt
        return log(*words, tags=tags, **more)

    with monkeypatch.context() as patch:
        patch.setattr(session_module, "log_batches", killed)
        with pytest.raises(KeyboardInterrupt):
            session.register(document)
    session.close("KILLED")
    session = store.open(study)
    assert session.register({**document, "text": "b"}) == document
    session.close("FINISHED")
    assert store.read("norms").study["registered_sha256"] == "a" * 64


def test_a_page_of_mlflow_shows_a_study_as_that_of_the_local_store(store, runs_of, look):
    study = study_of("norms", "k1")
    session = store.open(study)
    for arm in study.arms:
        session.log_arm(arm, [record_of(arm, seed) for seed in (0, 1)], files={"graph.svg": "<svg/>"})
    session.log_arm(study.arms[0], [record_of(study.arms[0], 5)], files={"note.txt": "more"})
    session.close("FINISHED")
    (top,), arms, seeds = (runs_of("norms", kind) for kind in ("study", "arm", "seed"))
    assert top.info.status == "FINISHED"
    assert top.data.metrics["count/n"] == 5
    assert [run.info.run_name for run in arms] == ["norm=batch", "norm=none"], "one run for an arm that grew"
    grown = arms[1]
    assert grown.data.metrics["count/n"] == 3
    assert grown.data.metrics[METRIC] == pytest.approx(np.mean([metric_value(study.arms[0], s) for s in (0, 1, 5)]))
    history = look.get_metric_history(grown.info.run_id, "train/loss")
    assert [(point.step, point.value) for point in history] == [(0, 2.0), (10, 3.0)], "one mean curve"
    assert sorted(one.path for one in look.list_artifacts(grown.info.run_id)) == ["graph.svg", "note.txt"]
    assert {run.data.tags["mlflow.parentRunId"] for run in seeds} == {run.info.run_id for run in arms}
    assert all(run.inputs.dataset_inputs[0].dataset.name == "none" for run in seeds)
    assert seeds[0].data.params["norm"] == "batch"


def test_a_crashed_run_has_its_traceback_beside_it(store, runs_of, look, tmp_path):
    study = study_of("norms", "k1", seeds=(0,))
    broken = {"outcome": Outcome.CRASHED, "error": "Traceback\nValueError: boom", "metrics": {}, "curves": {}}
    session = store.open(study)
    session.log_arm(study.arms[0], [record_of(study.arms[0], 0, **broken)])
    session.close("FAILED")
    (run,) = runs_of("norms", "seed")
    assert run.info.status == "FAILED"
    path = Path(look.download_artifacts(run.info.run_id, "error.txt", str(tmp_path)))
    assert "ValueError: boom" in path.read_text(encoding="utf-8")


def test_two_people_who_extend_one_study_at_once_lose_nothing(server, tmp_path, runs_of):
    study = study_of("norms", "k1", seeds=(0, 1, 2, 3))
    stores = [ServerStore(server.uri, tmp_path / name) for name in ("ann", "bo")]
    sessions = [store.open(study) for store in stores]
    registered = [
        session.register({"time": "t", "sha256": letter * 64, "text": letter})
        for session, letter in zip(sessions, "ab", strict=True)
    ]
    assert registered[0] == registered[1], "the first registration stands for both"
    for arm in study.arms:
        sessions[0].log_arm(arm, [record_of(arm, 0), record_of(arm, 1)])
        sessions[1].log_arm(arm, [record_of(arm, 1), record_of(arm, 2)])  # both made seed 1
        sessions[0].log_arm(arm, [record_of(arm, 3)])
    for session, who in zip(sessions, ("ann", "bo"), strict=True):
        session.note({"event": "look", "who": who})
        session.close("FINISHED")
    assert len(runs_of("norms", "study")) == 1
    assert len(runs_of("norms", "arm")) == 2
    assert len(runs_of("norms", "seed")) == 8, "a run that both made is there once"
    for store in stores:
        tables = store.read("norms")
        assert set(tables.seeds["outcome"]) == {"censored"}
        assert [event["who"] for event in tables.study["history"]] == ["ann", "bo"]
        assert store.studies()[0].done == 8


def test_two_runs_of_one_study_that_were_made_at_the_same_moment_are_one_study(store, look, runs_of):
    study = study_of("norms", "k1", seeds=(0, 1))
    session = store.open(study)
    session.log_arm(study.arms[0], [record_of(study.arms[0], 0)])
    session.note({"event": "one"})
    session.close("FINISHED")
    (first,) = runs_of("norms", "study")
    tags = {name: value for name, value in first.data.tags.items() if "ablate.event" not in name}
    twin = look.create_run(first.info.experiment_id, start_time=first.info.start_time + 1, tags=tags)
    look.set_tag(twin.info.run_id, f"ablate.event.{2**62:020d}-{'0' * 12}", json.dumps({"event": "two"}))
    assert len(store.studies()) == 1
    assert [event["event"] for event in store.read("norms").study["history"]] == ["one", "two"]
    assert len(store.finished("norms", "k1")) == 1


def test_a_report_takes_the_place_of_the_one_before_it(store, look, runs_of):
    store.open(study_of("norms", "k1")).close("FINISHED")
    for names in (["report.md", "figures/a.svg"], ["report.md", "figures/b.svg"]):
        files = {name: str(names).encode() for name in names}
        assert store.attach("norms", "k1", files, "report", known=lambda _: {}) is None
    (top,) = runs_of("norms", "study")
    assert [one.path for one in look.list_artifacts(top.info.run_id, "report/figures")] == ["report/figures/b.svg"]


def test_verdicts_are_shown_on_the_pages_of_a_server(store, look, runs_of):
    store.open(study_of("norms", "k1")).close("FINISHED")
    one = Shown("1 supported: Norms", "- Yes.", {"a[x=1]": "supported", "b": "refuted"}, {"a[x=1]": (0.5, 0.25, None)})
    assert store.show("norms", "k1", one) is None
    assert store.show("norms", "k1", replace(one, tags={"b": "inconclusive"})) is None
    (top,) = runs_of("norms", "study")
    note = top.data.tags[NOTE]
    assert note.startswith("1 supported: Norms\n\n- Yes.\n\n---\n\n")
    assert note.count("- Yes.") == 1
    assert look.get_experiment(top.info.experiment_id).tags[NOTE] == note
    assert {k: v for k, v in top.data.tags.items() if "verdict" in k} == {"ablate.verdict.b": "inconclusive"}
    effects = {k: v for k, v in top.data.metrics.items() if "effect" in k}
    assert effects == {"effect/a x 1": 0.5, "effect low/a x 1": 0.25}
    assert store.show("another", "k1", one) is None


def test_one_process_at_a_time_runs_a_study_from_one_folder(store, server, tmp_path):
    session = store.open(study_of("norms", "k1"))
    with pytest.raises(Failure, match="is being run from this folder by another process"):
        ServerStore(server.uri, tmp_path / "mine").open(study_of("norms", "k1"))
    session.close("FINISHED")


def test_an_experiment_of_somebody_else_is_left_alone(store, look):
    look.create_experiment("norms")
    with pytest.raises(Failure, match="not made by ablate: give the study another name"):
        store.open(study_of("norms", "k1"))
    assert store.studies() == []


def test_a_study_in_the_trash_is_brought_back_by_the_command_that_is_shown(store, look):
    store.open(study_of("norms", "k1")).close("FINISHED")
    number = look.get_experiment_by_name("norms").experiment_id
    look.delete_experiment(number)
    with pytest.raises(Failure, match=rf"experiments restore -x {number}"):
        store.open(study_of("norms", "k1"))


def test_arms_beyond_a_page_are_all_read(store, monkeypatch):
    monkeypatch.setattr("ablate.track.server.link.PAGE", 3)
    study = study_of("norms", "k1", seeds=tuple(range(4)))
    session = store.open(study)
    for arm in study.arms:
        session.log_arm(arm, [replace(record_of(arm, seed)) for seed in study.seeds])
    session.close("FINISHED")
    assert set(store.read("norms").seeds["outcome"]) == {"censored"}
    assert len(store.finished("norms", "k1")) == 8
