"""What a plan asks of its store: which runs are finished and how long they took, without reading what they logged."""

from ablate.sweep.launch import Launcher, Serial
from ablate.track.local import LocalStore
from ablate.work.planning import finished_runs, plan_study
from ablate.work.request import Request
from ablate.work.running import run_request

from ..track.small_study import STUDY, compose, run_small


def planned(store):
    from ablate.sweep.study_file import parse_study

    return plan_study(Request("s", parse_study(STUDY, where="x"), 6, {}, "c"), compose, store)


def test_seconds_of_finished_runs_are_those_that_the_tables_hold(tmp_path, monkeypatch):
    store = LocalStore(tmp_path)
    run_small(store, tmp_path)
    plan, table = planned(store), store.read("s").seeds
    monkeypatch.setattr(LocalStore, "read", None)  # nothing that was logged is read
    finished, seconds = finished_runs(plan, store)
    assert finished == set(table["identity"])
    kept = table[table["outcome"] != "diverged"]
    assert seconds == dict(zip(kept["identity"], kept["seconds"], strict=True))


def test_no_process_is_started_where_nothing_is_missing(tmp_path, monkeypatch):
    from ablate.sweep.study_file import parse_study

    store, started = LocalStore(tmp_path), []
    monkeypatch.setattr(Launcher, "prepare", lambda self: started.append(self) or (lambda: None))
    bench = run_small(store, tmp_path)
    assert len(started) == 1
    request = Request("s", parse_study(STUDY, where="x"), 6, {}, "c")
    run_request(request, compose, bench, launcher=Serial(), report=False)
    assert len(started) == 1
