"""A project's files are where the project is now; what the store says of other places is not followed."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from ablate.errors import Failure
from ablate.track.attach import attach_files
from ablate.track.layout import Layout
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.places import local_path
from ablate.track.read import list_studies, read_arrays, read_study, read_test_correct


def state_of(folder):
    """Return every file's content and time, and every link."""
    return {
        path.relative_to(folder).as_posix(): (
            path.readlink() if path.is_symlink() else (path.stat().st_mtime_ns, path.read_bytes())
        )
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def sql(folder, text, *values):
    with contextlib.closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as connection, connection:
        return connection.execute(text, values).fetchall()


def addresses(folder):
    found = sql(folder, "SELECT artifact_uri FROM runs")
    found += sql(folder, "SELECT artifact_location FROM experiments WHERE name <> 'Default'")
    return [local_path(uri) for (uri,) in found]


@pytest.fixture
def copied(root, study, track, tmp_path):
    """A project with runs, and its copy, while the original is there."""
    track(study(seeds=2))
    copy = tmp_path / "copy of it"
    shutil.copytree(root, copy, symlinks=True)
    return root, copy


def test_a_copy_is_read_and_written_in_its_own_place_alone(copied, study, run, tmp_path):
    original, copy = copied
    before = state_of(original)
    # The copy has other plans, reports and arrays from here on: what is read must be its own.
    plan = next(copy.rglob("plan.json"))
    plan.write_text(plan.read_text().replace("Does BatchNorm help?", "The copy's question"))
    assert read_study(copy, "quickstart").study["definition"]["title"] == "The copy's question"
    assert attach_files(copy, "quickstart", "k1", {"report.md": b"of the copy"}, "report") is None
    assert [path.read_text() for path in copy.rglob("report/report.md")] == ["of the copy"]
    assert all(path.is_relative_to(copy) for path in addresses(copy))  # the first write brought them up to date
    asked = study(seeds=3)
    session = MlflowTracker(copy).open(asked)
    for arm in asked.arms:
        session.log_arm(arm, [run(arm, 2)], files={"graph.svg": "<svg/>"})
    session.register({"sha256": "a" * 64, "time": "now"})
    session.note({"event": "look"})
    session.close("FINISHED")
    for read in (read_test_correct, read_arrays):
        assert {tuple(held) for held in read(copy, "quickstart").values()} == {(0, 1, 2)}
    assert state_of(original) == before
    assert len(read_study(original, "quickstart").seeds) == 4
    shutil.rmtree(original)
    assert len(read_study(copy, "quickstart").seeds) == 6
    assert {tuple(held) for held in read_arrays(copy, "quickstart").values()} == {(0, 1, 2)}


def test_a_copy_that_goes_on_first_of_all_writes_nothing_into_the_original(copied, study, run):
    original, copy = copied
    before = state_of(original)
    asked = study(seeds=3)
    session = MlflowTracker(copy).open(asked)
    for arm in asked.arms:
        session.log_arm(arm, [run(arm, 2)])
    session.close("FINISHED")
    assert state_of(original) == before
    assert all(path.is_relative_to(copy) and path.is_dir() for path in addresses(copy))


def test_a_moved_project_reads_its_files_before_anything_is_written(root, study, track, tmp_path):
    track(study(seeds=2))
    moved = tmp_path / "moved"
    root.rename(moved)
    assert len(read_study(moved, "quickstart").seeds) == 4
    assert {tuple(held) for held in read_arrays(moved, "quickstart").values()} == {(0, 1)}


@pytest.mark.parametrize("name", ["/absolute", "../up", "..", "a/../../b", "x" * 300, "ü" * 200, "it's ${x}", "%41?#"])
def test_a_study_of_any_name_keeps_its_files_below_the_artifacts(root, study, track, name):
    track(study(seeds=1, name=name))
    assert len(read_study(root, name).seeds) == 2
    artifacts = Layout(root.resolve()).artifacts
    assert all(path.is_relative_to(artifacts) and ".." not in path.parts for path in addresses(root))
    assert list_studies(root)[0].name == name


@pytest.mark.parametrize(
    "address", ["{outside}", "file://{outside}", "file://{outside}/x/../..", "../outside", "s3://bucket/x"]
)
def test_an_address_that_leads_elsewhere_is_neither_read_nor_written(copied, study, run, tmp_path, address):
    root, asked = copied[0], study(seeds=2)
    outside = tmp_path / "outside"
    (outside / "report" / "figures").mkdir(parents=True)
    for name in ("precious.txt", "plan.json", "test_correct.npz", "report/report.html", "report/figures/holiday.png"):
        (outside / name).write_text("mine")
    sql(root, "UPDATE runs SET artifact_uri = ?", address.format(outside=outside))
    before = state_of(outside)
    assert len(read_study(root, "quickstart").seeds) == 4
    assert {tuple(held) for held in read_test_correct(root, "quickstart").values()} == {(0, 1)}
    assert attach_files(root, "quickstart", "k1", {"report.html": b"r"}, "report") is None
    sql(root, "UPDATE runs SET artifact_uri = ?", address.format(outside=outside))
    session = MlflowTracker(root).open(study(seeds=3))
    session.log_arm(asked.arms[0], [run(asked.arms[0], 2)])
    session.close("FINISHED")
    assert state_of(outside) == before
    assert all(path.is_relative_to(root.resolve()) for path in addresses(root))


def test_an_experiment_of_somebody_elses_that_keeps_its_files_elsewhere_is_refused(root, study, client, tmp_path):
    client.create_experiment("quickstart", artifact_location=(tmp_path / "theirs").as_uri())
    with pytest.raises(Failure, match=r"experiment named quickstart that was not made by ablate and keeps its files"):
        MlflowTracker(root).open(study())
    assert not (tmp_path / "theirs").exists()


def test_a_run_whose_id_is_no_id_is_not_looked_for(root, study, track):
    track(study(seeds=1))
    strange = "SET run_uuid = '../../../../outside' WHERE run_uuid"
    sql(root, f"UPDATE runs {strange} IN (SELECT run_uuid FROM tags WHERE key = 'ablate.kind' AND value = 'study')")
    sql(root, f"UPDATE tags {strange} NOT IN (SELECT run_uuid FROM runs)")
    with pytest.raises(Failure, match=r"names a run '\.\./\.\./\.\./\.\./outside', which is not a run id"):
        read_study(root, "quickstart")


def test_links_below_the_artifacts_do_not_lead_out(root, study, track, tmp_path):
    track(study(seeds=1))
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = next(root.rglob("plan.json")).parent
    (folder / "report").symlink_to(outside)
    (outside / "precious.txt").write_text("mine")
    said = attach_files(root, "quickstart", "k1", {"report.html": b"r"}, "report")
    assert "its folder report is a link" in said
    assert names_in(outside) == ["precious.txt"]
    shutil.move(folder, outside / "artifacts")
    folder.symlink_to(outside / "artifacts")
    with pytest.raises(Failure, match=r"leads out of .*mlruns by a link"):
        read_study(root, "quickstart")
    with pytest.raises(Failure, match=r"leads out of .*mlruns by a link"):
        MlflowTracker(root).open(study(seeds=1))


def test_the_whole_store_may_lie_on_another_disk(root, study, track, tmp_path):
    track(study(seeds=1))
    shutil.move(root / "mlruns", tmp_path / "large disk")
    (root / "mlruns").symlink_to(tmp_path / "large disk")
    assert len(read_study(root, "quickstart").seeds) == 2
    track(study(seeds=2))
    assert len(read_study(root, "quickstart").seeds) == 4


def test_earlier_plans_are_never_written_over(root, study, track):
    track(study(seeds=1))
    folder = next(root.rglob("plan.json")).parent
    (folder / "plan-2.json").write_text("mine")
    track(study(seeds=2))
    track(study(seeds=3))
    assert (folder / "plan-2.json").read_text() == "mine"
    assert sorted(path.name for path in folder.glob("plan*")) == [
        "plan-1.json",
        "plan-2.json",
        "plan-3.json",
        "plan.json",
    ]


ODD = ["a b", "a#b", "100%", "a%41b", "a?b=c", "a'b", 'a"b', "a${x}", "a\\b", "ü 标题", "a&b;c+d", "[1]*"]


@pytest.mark.parametrize("name", ODD)
def test_a_folder_of_any_name_holds_a_store_that_mlflow_reads_too(template, study, run, tmp_path, name):
    from mlflow import MlflowClient

    from ablate.track.database import database_uri, relocate

    root = tmp_path / "in" / name
    (root / "mlruns").mkdir(parents=True)
    shutil.copy(template, root / "mlruns" / "mlflow.db")
    asked = study(seeds=1)
    session = MlflowTracker(root).open(asked)
    session.log_arm(asked.arms[0], [run(asked.arms[0], 0)])
    session.close("FINISHED")
    assert (read_study(root, "quickstart").seeds["outcome"] == "reached").sum() == 1
    assert relocate(root) == 0
    client = MlflowClient(tracking_uri=database_uri(Layout(root).database))
    assert "plan.json" in [file.path for file in client.list_artifacts(session.run_id)]
    client._tracking_client.store.engine.dispose()
    assert names_in(tmp_path / "in") == [name]
    assert names_in(root) == ["mlflow.db", "mlruns"]
    assert {p.name for p in (root / "mlruns").iterdir()} - {"mlflow.db-wal", "mlflow.db-shm"} == {
        "mlflow.db", "artifacts", "locks"
    }  # fmt: skip


def test_a_new_store_is_made_in_a_folder_of_an_odd_name(study, tmp_path):
    root = tmp_path / "a%41?b"
    root.mkdir()
    MlflowTracker(root).open(study()).close("FINISHED")
    assert list_studies(root)[0].name == "quickstart"
    assert names_in(tmp_path) == ["a%41?b"]
    assert Path(root / "mlflow.db").resolve() == root / "mlruns" / "mlflow.db"
