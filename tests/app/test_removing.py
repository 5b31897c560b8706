"""`ablate rm` and `ablate rename`, on a local store."""

import pytest

from ablate.errors import UserError
from ablate.testing.store_records import record_of, study_of
from ablate.track.local import LocalStore
from ablate.track.memory import MemoryStore


@pytest.fixture
def store(tmp_path):
    store, study = LocalStore(tmp_path), study_of("norms", "k1")
    session = store.open(study)
    session.log_arm(study.arms[0], [record_of(study.arms[0], seed) for seed in (0, 1)])
    session.close("FINISHED")
    return store


def values(store, name):
    return [(run.identity, run.outcome) for run in store.seed_runs(name)]


def test_a_study_goes_into_the_trash_and_comes_back(ablate, store):
    before = values(store, "norms")
    code, out, _ = ablate("rm", "norms", "--yes")
    assert (code, "norms: 2 runs put into MLflow's trash" in out) == (0, True)
    assert "bring them back: ablate rm --restore norms" in out
    assert "norms" not in ablate("status")[1]
    code, out, _ = ablate("rm", "--restore", "norms")
    assert (code, out) == (0, "norms: brought back\n")
    assert values(store, "norms") == before


def test_nothing_is_removed_where_nobody_agreed(ablate, store, monkeypatch):
    code, _, err = ablate("rm", "norms")
    assert (code, "Nobody can be asked here: give --yes" in err) == (2, True)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdin.readline", lambda: "\n", raising=False)
    code, out, _ = ablate("rm", "norms")
    assert (code, out.endswith("nothing was removed\n")) == (0, True)
    assert len(values(store, "norms")) == 2


def test_a_study_that_is_run_is_left_alone(ablate, store):
    session = store.open(study_of("norms", "k1"))
    try:
        code, _, err = ablate("rm", "norms", "--yes")
    finally:
        session.close("FINISHED")
    assert (code, "is being run by another process" in err) == (1, True)
    assert len(values(store, "norms")) == 2


def test_runs_are_kept_under_another_name(ablate, store):
    code, out, _ = ablate("rename", "norms", "scales")
    assert (code, "scales: 2 runs brought in" in out) == (0, True)
    assert "norms is in MLflow's trash; bring it back: ablate rm --restore norms" in out
    assert [line.name for line in store.studies()] == ["scales"]
    assert len(values(store, "scales")) == 2


def test_an_empty_trash_says_so(ablate, store):
    code, _, err = ablate("rm", "--restore", "other")
    assert (code, err) == (2, "ablate: unknown study in the trash 'other': there is none\n")
    assert ablate("rm", "norms", "--yes")[0] == 0
    assert "expected one of norms" in ablate("rm", "--restore", "other")[2]
    with pytest.raises(UserError, match="unknown study in the trash 'other': there is none"):
        MemoryStore().restore("other")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rm", "norm", "--yes"), "nearest match: norms"),
        (("rm", "--restore", "norms"), "a study 'norms' is in the store"),
        (("rm", "--restore", "norm"), "unknown study in the trash 'norm'"),
        (("rename", "norm", "x"), "nearest match: norms"),
        (("rename", "norms", "norms"), "'norms' is its name already"),
        (("rename", "norms", "../x"), "../x"),
        (
            ("rename", "norms", "my/x.yaml"),
            "expected a name, got the path my/x.yaml: runs of that file are kept under t",
        ),
    ],
)
def test_a_wrong_name_is_one_line_and_nothing_is_lost(ablate, store, words, said):
    code, _, err = ablate(*words)
    assert (code, err.count("\n"), said in err) == (2, 1, True), err
    assert len(values(store, "norms")) == 2


def test_a_study_with_runs_of_its_own_is_not_taken_for_a_copy_that_was_interrupted(ablate, store):
    assert ablate("export", "norms", "norms.zip")[0] == 0
    assert ablate("import", "norms.zip", "--name", "scales")[0] == 0
    plan = store.plan("scales")
    session = store.open(plan)
    session.log_arm(plan.arms[0], [record_of(plan.arms[0], 2)])
    session.close("FINISHED")
    code, _, err = ablate("rename", "norms", "scales")
    assert (code, err) == (2, "ablate: a study 'scales' is in the store already: nothing was renamed\n")
    assert (len(values(store, "norms")), len(values(store, "scales"))) == (2, 3)
