"""Another program holds the database: it is waited for, the wait is told, and what was trained is kept."""

import contextlib
import logging
import sqlite3
import threading

import pytest

from ablate.errors import Failure
from ablate.track import direct, patience
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.read import list_studies


@pytest.fixture(params=["directly", "by the client"])
def quick(request, monkeypatch):
    """Look often, tell at once; runs are written in either way."""
    if request.param == "by the client":
        monkeypatch.setattr(direct, "COMPARED", frozenset())
    monkeypatch.setattr(patience, "_LOOK", 0.05)
    monkeypatch.setattr(patience, "_TOLD", 0.1)
    return monkeypatch


@contextlib.contextmanager
def held(root, seconds):
    """Hold the database as a tool does in which somebody edits; let go after some seconds."""
    holder = sqlite3.connect(root / "mlruns" / "mlflow.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(seconds, holder.execute, ["ROLLBACK"])
    timer.start()
    try:
        yield
    finally:
        timer.join()
        holder.close()


@pytest.mark.usefixtures("quick")
def test_a_database_that_is_locked_for_a_while_is_waited_for_and_that_is_told(root, study, run, caplog):
    session = MlflowTracker(root).open(study(seeds=1))
    arm = session.study.arms[0]
    with caplog.at_level(logging.WARNING, "ablate.track"), held(root, 1.5):
        session.log_arm(arm, [run(arm, 0)])
    assert [r.getMessage() for r in caplog.records] == [
        f"another program has locked {root / 'mlruns' / 'mlflow.db'}: waiting up to 10 minutes for it"
    ]
    with held(root, 0.5):
        session.close("FINISHED")
    (line,) = list_studies(root)
    assert (line.status, line.done) == ("FINISHED", 1)


def test_one_that_stays_locked_is_one_line_and_what_was_logged_stays(root, study, run, quick):
    session = MlflowTracker(root).open(study(seeds=2))
    arm = session.study.arms[0]
    session.log_arm(arm, [run(arm, 0)])
    quick.setattr(patience, "SECONDS", 0.3)
    with held(root, 2.0):
        with pytest.raises(
            Failure, match=r"mlflow\.db was locked by another program for \d seconds .*: close it"
        ) as told:
            session.log_arm(arm, [run(arm, 1)])
        assert "SQL" not in str(told.value)
    session.close("FAILED")
    again = MlflowTracker(root).open(study(seeds=2))
    assert len(again.finished()) == 1
    again.log_arm(arm, [run(arm, 1)])
    assert len(again.finished()) == 2
    again.close("FINISHED")


def test_the_wait_hears_an_interrupt(root, study, run, quick):
    session = MlflowTracker(root).open(study(seeds=1))
    arm = session.study.arms[0]

    def interrupt(*_):
        raise KeyboardInterrupt

    quick.setattr(patience._log, "warning", interrupt)  # as a signal between two attempts does
    with held(root, 1.0), pytest.raises(KeyboardInterrupt):
        session.log_arm(arm, [run(arm, 0)])
    quick.undo()
    session.close("KILLED")
    assert [line.status for line in list_studies(root)] == ["KILLED"]
