"""Values longer than MLflow keeps, tags that are damaged, and a clock that was set back."""

import contextlib
import dataclasses
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.errors import Failure
from ablate.track import ledger
from ablate.track.earlier_runs import scores
from ablate.track.local import LocalStore
from ablate.track.long_tags import LIMIT, joined_tag, split_tag
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.read import list_studies, read_study
from ablate.train.config import MOST_SEED
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult


def sql(root, text, *values):
    with contextlib.closing(sqlite3.connect(root / "mlruns" / "mlflow.db")) as connection, connection:
        return connection.execute(text, values).fetchall()


@given(st.text(max_size=200), st.integers(0, 400))
def test_a_text_of_any_length_comes_back_from_its_tags(text, times):
    whole = json.dumps([text] * times, ensure_ascii=False)
    tags = split_tag("ablate.curves", whole)
    assert joined_tag({"ablate.other": "x", **tags}, "ablate.curves") == whole
    assert all(len(value) <= LIMIT for value in tags.values())
    if len(tags) > 1:
        del tags["ablate.curves.2"]
        assert joined_tag(tags, "ablate.curves") is None


def many_curves(run, count):
    def build(arm, seed):
        made = run(arm, seed)
        steps = np.array([1, 2], dtype=np.int64)
        curves = {f"layer{k:04d}/gradient norm": Curve(steps, np.array([k, seed], dtype=float)) for k in range(count)}
        return dataclasses.replace(made, result=dataclasses.replace(made.result, curves=curves))

    return build


@pytest.mark.slow
def test_five_hundred_curves_are_tracked_and_come_back(root, study, run, runs_of):
    asked = study(seeds=2)
    session = MlflowTracker(root).open(asked)
    for arm in asked.arms:
        session.log_arm(arm, [many_curves(run, 500)(arm, seed) for seed in asked.seeds])
    session.close("FINISHED")
    tables = read_study(root, "quickstart")
    assert set(tables.seeds["outcome"]) == {"reached"}
    assert tables.curves["metric"].nunique() == 500
    assert not [name for name in tables.seeds if str(name).startswith("layer")]
    held = runs_of(kind="seed")[0].data.tags
    assert held["ablate.curves"] == "in 2 parts: ablate.curves.1 to ablate.curves.2"
    assert runs_of(kind="arm")[0].data.metrics["layer0007/gradient norm"] == pytest.approx(0.5)


@pytest.mark.slow
def test_two_thousand_seeds_are_planned_and_listed(root, study, run):
    asked = study(seeds=2_000)
    session = MlflowTracker(root).open(asked)
    session.log_arm(asked.arms[0], [run(asked.arms[0], 7)])
    session.close("FINISHED")
    line = list_studies(root)[0]
    assert (line.planned, line.done) == (4_000, 1)
    assert len(read_study(root, "quickstart").seeds) == 4_000
    fewer = MlflowTracker(root).open(study(seeds=3))  # a short list again, whose earlier parts still lie there
    fewer.close("FINISHED")
    assert list_studies(root)[0].planned == 6


def test_a_list_that_an_earlier_release_cut_is_read(root, study, track, run, arm):
    # Seed 1 diverged after its first evaluation: one point at step 0, as a result has; seed 0 shows what is a curve.
    asked = study(seeds=2, arms=[arm("none")])
    session = MlflowTracker(root).open(asked)
    steps = np.array([0, 5], dtype=np.int64)

    def made(seed, points):
        names = [f"curve{k:04d}/of the loss" for k in range(400)]
        curves = {name: Curve(steps[:points], np.ones(points)) for name in names}
        plain = run(asked.arms[0], seed)
        return dataclasses.replace(plain, result=RunResult(seed, Outcome.REACHED, {"final/x": 0.5}, curves))

    session.log_arm(asked.arms[0], [made(0, 2), made(1, 1)])
    session.close("FINISHED")
    whole = json.dumps(sorted(f"curve{k:04d}/of the loss" for k in range(400)))
    sql(root, "DELETE FROM tags WHERE key LIKE 'ablate.curves%' AND key <> 'ablate.curves'")
    sql(root, "UPDATE tags SET value = ? WHERE key = 'ablate.curves'", whole[:7_999] + "…")
    tables = read_study(root, "quickstart")
    assert tables.curves.groupby("seed")["metric"].nunique().tolist() == [400, 400]
    assert [name for name in tables.seeds if "/" in str(name)] == ["final/x"]
    assert track(study(seeds=2, arms=[arm("none")])) == 0  # its arm is repaired, and nothing is run again


@pytest.mark.parametrize("text", ["{", "[1, ", "null", '"x"', "in 2 parts: ablate.curves.1 to ablate.curves.2", ""])
def test_a_damaged_list_of_curves_is_one_line_and_breaks_no_other_study(root, study, track, text):
    track(study(seeds=1))
    track(study(seeds=1, name="other", key="k2"))
    sql(
        root, "UPDATE tags SET value = ? WHERE key = 'ablate.curves' AND run_uuid IN (SELECT run_uuid FROM tags WHERE "
        "key = 'ablate.study' AND value = 'other')", text,
    )  # fmt: skip
    with pytest.raises(Failure, match=r"the tag ablate\.curves of run [0-9a-f]{32} is damaged"):
        read_study(root, "other")
    assert {line.name: line.done for line in list_studies(root)} == {"other": 2, "quickstart": 2}
    assert len(read_study(root, "quickstart").seeds) == 2


@pytest.mark.parametrize("word", ["divergd", "", "Reached", "fi\ufffdished", "x" * 8_000])
@pytest.mark.parametrize("read", [LocalStore.read, LocalStore.logged])
def test_a_run_whose_end_is_none_of_ours_is_told_and_not_counted_as_one_that_did_not_fail(
    root, study, track, word, read
):
    track(study(seeds=1))
    sql(root, "UPDATE tags SET value = ? WHERE key = 'ablate.outcome' AND value = 'reached'", word)
    with pytest.raises(Failure, match=r"the tag ablate\.outcome of run [0-9a-f]{32} in study quickstart is damaged"):
        read(LocalStore(root), "quickstart")
    assert list_studies(root)[0].done == 2


@pytest.mark.parametrize(("key", "value"), [
    ("ablate.seeds", "[0, 1, …"), ("ablate.seeds", "{}"), ("ablate.arms", "two"), ("ablate.arms", "x" * 8_000),
    ("ablate.opened", "\x00"), ("ablate.sequence", "-3"), ("ablate.sequence", "9" * 5_000),
])  # fmt: skip
def test_a_damaged_tag_of_one_study_breaks_no_listing(root, study, track, key, value):
    track(study(seeds=2))
    track(study(seeds=1, name="other", key="k2"))
    sql(
        root, "UPDATE tags SET value = ? WHERE key = ? AND run_uuid IN (SELECT run_uuid FROM tags WHERE "
        "key = 'mlflow.runName' AND value = 'quickstart')", value, key,
    )  # fmt: skip
    lines = {line.name: line for line in list_studies(root)}
    assert (lines["quickstart"].planned, lines["quickstart"].done) == (4, 4)  # by plan.json where the tag says nothing
    assert (lines["other"].planned, lines["other"].done) == (2, 2)
    for path in root.rglob("plan.json"):
        path.write_text("{")
    assert len(list_studies(root)) == 2


@pytest.mark.parametrize("start", [None, "soon", 10**30, -(10**30)])
def test_a_damaged_time_breaks_nothing(root, study, track, start):
    track(study(seeds=1))
    sql(root, "UPDATE runs SET start_time = ?, end_time = ?", start if start is None else str(start), None)
    assert list_studies(root)[0].done == 2
    assert len(read_study(root, "quickstart").seeds) == 2


def test_a_seed_that_cannot_be_read_is_one_line(root, study, track):
    track(study(seeds=1))
    track(study(seeds=1, name="other", key="k2"))
    of_one = "(SELECT run_uuid FROM tags WHERE key = 'ablate.study' AND value = 'quickstart')"
    sql(root, f"UPDATE tags SET value = 'seven' WHERE key = 'ablate.seed' AND run_uuid IN {of_one}")
    with pytest.raises(Failure, match=r"the tag ablate\.seed of run [0-9a-f]{32} in study quickstart is damaged"):
        read_study(root, "quickstart")
    sql(root, f"UPDATE tags SET value = '{2**63}' WHERE key = 'ablate.seed' AND run_uuid IN {of_one}")
    with pytest.raises(Failure, match=rf"was run with the seed {2**63}, and no seed can be above {MOST_SEED}"):
        read_study(root, "quickstart")
    assert len(list_studies(root)) == 2
    assert len(read_study(root, "other").seeds) == 2


@pytest.fixture
def set_back(monkeypatch):
    """Set the clock of the tracker back by days."""

    def by(days):
        class Earlier(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) - timedelta(days=days)

        then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        monkeypatch.setattr("ablate.track.mlflow_runs.time.time", lambda: then)
        monkeypatch.setattr("ablate.track.owner.datetime", Earlier)

    return by


def test_a_run_that_was_tried_again_counts_although_the_clock_was_set_back(root, study, track, set_back):
    track(study(seeds=1), {("baseline", 0): Outcome.CRASHED})
    set_back(400)
    assert track(study(seeds=1)) == 1
    assert list(read_study(root, "quickstart").seeds["outcome"]) == ["reached", "reached"]
    assert track(study(seeds=1)) == 0
    held = scores(root, "quickstart", "k1", "final/test_accuracy").values()
    assert {outcome for outcome, _, _ in held} == {"reached"}
    assert list_studies(root)[0].outcomes == {"reached": 2}


def test_what_was_run_last_is_asked_of_the_store_and_not_of_the_clock(root, study, track, set_back):
    track(study(seeds=1, key="k1"))
    track(study(seeds=1, name="other", key="k9"))
    set_back(400)
    track(study(seeds=2, key="k2"))
    assert [line.key for line in list_studies(root)] == ["k2", "k9", "k1"]
    assert read_study(root, "quickstart").study["key"] == "k2"
    track(study(seeds=1, key="k1"))
    assert read_study(root, "quickstart").study["key"] == "k1"


def test_studies_of_earlier_releases_are_older_than_what_is_run_now(root, study, track, set_back):
    track(study(seeds=1, key="k1"))
    sql(root, "DELETE FROM tags WHERE key = ?", ledger.SEQUENCE_TAG)
    set_back(400)
    track(study(seeds=1, key="k2"))
    assert read_study(root, "quickstart").study["key"] == "k2"


def test_mlflows_pages_show_the_last_count_although_the_clock_was_set_back(study, track, runs_of, set_back):
    track(study(seeds=1))
    set_back(400)
    track(study(seeds=2))
    assert runs_of(kind="study")[0].data.metrics["count/n"] == 4


def test_what_no_character_stands_for_is_written_out(root, study, run):
    strange = "caf\udce9"
    asked = study(seeds=1)
    asked = dataclasses.replace(asked, definition={"title": strange, "question": "\ud800"}, command=strange)
    session = MlflowTracker(root).open(asked)
    made = run(asked.arms[0], 0, Outcome.CRASHED)
    error = f"Traceback …\nValueError: {strange} \x00"
    session.log_arm(asked.arms[0], [dataclasses.replace(made, result=dataclasses.replace(made.result, error=error))])
    session.close("FINISHED")
    tables = read_study(root, "quickstart")
    assert tables.study["definition"]["title"] == strange
    assert list(tables.seeds["outcome"]) == ["crashed", "missing"]
    assert next(root.rglob("error.txt")).read_text(encoding="utf-8").startswith("Traceback …\nValueError: caf\\udce9")
