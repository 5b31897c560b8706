"""Studies taken from one store to another, on real stores; and archives that are damaged or made to do harm."""

import json
import os
import struct
import zipfile
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from ablate.errors import Failure, UserError
from ablate.testing.store_records import record_of, study_of, tried_study
from ablate.track.archive import read_archive, write_archive
from ablate.track.direct_client import DirectClient
from ablate.track.history import HASH_TAG
from ablate.track.local import LocalStore
from ablate.track.memory import MemoryStore
from ablate.track.mlflow_tracker import MlflowSession as StudySession
from ablate.train.outcome import Outcome
from ablate.work.bench import Bench
from ablate.work.events import Warned
from ablate.work.exporting import archived_studies, export_study
from ablate.work.moving import import_archive

TEXT = "factors: {norm: [none, batch]}\n"
REGISTERED = {
    "time": "2026-01-01T00:00:00+00:00", "sha256": sha256(TEXT.encode()).hexdigest(), "text": TEXT,
    "definition": {"factors": {"norm": ["none", "batch"]}}, "seeds": [0, 1, 5], "command": "x", "runs_before": 0,
}  # fmt: skip
LOOK = {"event": "look", "number": 1, "of": 2, "seeds": 2, "level": 0.01, "decided": 0, "claims": 1, "stop": False}


def study(*arguments, **named):
    found = study_of(*arguments, **named)
    return replace(found, definition={"title": "Norms", "factors": {"norm": ["none", "batch"], "lr": [0.1]}})


def filled(store, seeds=(0, 1)):
    told = study("norms", "k1")
    session = store.open(told)
    session.register(REGISTERED)
    session.note(LOOK)
    session.log_arm(told.arms[0], [record_of(told.arms[0], seed) for seed in seeds])
    broken = {"outcome": Outcome.CRASHED, "error": "Traceback\nValueError: boom", "metrics": {}, "curves": {}}
    broken |= {"test_correct": None, "arrays": {}}
    names = {"arrays": {"layer": np.array(["dense1", "ü"]), "bits": np.array([True, False]), "none": np.zeros((0, 3))}}
    session.log_arm(told.arms[1], [record_of(told.arms[1], 0, **broken), record_of(told.arms[1], 1, **names)])
    session.close("FAILED")
    return store


def bench(store):
    told = []
    return Bench(tell=told.append, given=store), told


@pytest.fixture
def archive(tmp_path):
    store = filled(LocalStore(tmp_path / "one"))
    where, _ = bench(store)
    assert export_study("norms", tmp_path / "norms.zip", where) == (1, 4)
    return store, tmp_path / "norms.zip"


def state(store, name="norms"):
    tables = store.read(name)
    head = tables.study
    seeds = tables.seeds.drop(columns="run_id")
    order = ["arm_id", "seed", "metric", "step"]
    curves = tables.curves.drop(columns="run_id").sort_values(order, ignore_index=True)
    parts = ("key", "definition", "command", "registration", "registered_sha256", "code", "arithmetic", "design")
    runs = sorted((run.arm_id, run.seed, run.identity, run.code, run.fingerprint, run.ended, run.error)
                  for run in store.seed_runs(name))  # fmt: skip
    return {part: head[part] for part in parts}, seeds, curves, tables.facts, runs


def same(one, other):
    assert one[0] == other[0]
    pd.testing.assert_frame_equal(one[1], other[1])
    pd.testing.assert_frame_equal(one[2], other[2])
    assert one[3:] == other[3:]


@pytest.mark.parametrize("kind", ["local", "memory"])
def test_a_study_is_the_same_in_the_other_store_and_a_second_import_adds_nothing(archive, kind, tmp_path):
    store, path = archive
    other = LocalStore(tmp_path / "two") if kind == "local" else MemoryStore()
    where, _ = bench(other)
    (moved,) = import_archive(path, where)
    assert (moved.new, moved.there) == (4, 0)
    if kind == "local":
        same(state(store), state(other))
    assert other.finished("norms", "k1") == store.finished("norms", "k1")
    arm = store.plan("norms").arms[1].id
    for name, array in store.arrays("norms")[arm][1].items():
        again = other.arrays("norms")[arm][1][name]
        assert (again.dtype, again.shape, again.tolist()) == (array.dtype, array.shape, array.tolist())
    zero = store.plan("norms").arms[0].id
    assert other.correctness("norms")[zero][1].tolist() == store.correctness("norms")[zero][1].tolist()
    history = other.read("norms").study["history"]
    assert [event["event"] for event in history] == ["look", "imported"]
    assert history[0] == LOOK
    assert history[1]["runs"] == 4
    assert history[1]["from"] == store.where
    lines = other.studies()
    assert lines[0].status == "FAILED"
    (again,) = import_archive(path, where)
    assert (again.new, again.there, again.different) == (0, 4, 0)
    assert other.studies() == lines, "it was not even opened"
    assert other.read("norms").study["history"] == history


class Ended(BaseException):
    """The process was ended here."""


def _at_the_hash(patch):
    for client in (MlflowClient, DirectClient):

        def tag(self, run_id, key, value, *more, before=client.set_tag):
            if key == HASH_TAG:
                raise Ended
            return before(self, run_id, key, value, *more)

        patch.setattr(client, "set_tag", tag)


def _in_the_runs(patch):
    def log(self, arm, *words, before=StudySession.log_arm, **more):
        if arm.levels["norm"] == "batch":
            raise Ended
        return before(self, arm, *words, **more)

    patch.setattr(StudySession, "log_arm", log)


def _after_the_runs(patch):
    def close(self, status, *, before=StudySession.close):
        before(self, "KILLED")
        raise Ended

    patch.setattr(StudySession, "close", close)


@pytest.mark.parametrize("end", [_at_the_hash, _in_the_runs, _after_the_runs])
def test_an_import_that_was_ended_on_its_way_goes_on_to_what_an_undisturbed_one_leaves(archive, tmp_path, end):
    store, path = archive
    whole, broken = LocalStore(tmp_path / "whole"), LocalStore(tmp_path / "broken")
    import_archive(path, bench(whole)[0])
    with pytest.MonkeyPatch.context() as patch:
        end(patch)
        with pytest.raises(Ended):
            import_archive(path, bench(broken)[0])
    import_archive(path, bench(broken)[0])
    same(state(whole), state(broken))
    same(state(store), state(broken))
    for one in (whole, broken):
        assert [line.status for line in one.studies()] == ["FAILED"]
        (imported,) = [event for event in one.read("norms").study["history"] if event["event"] == "imported"]
        assert imported["runs"] == 4


def test_what_was_trained_meanwhile_joins_and_what_is_there_stays(archive, tmp_path):
    _, path = archive
    other = LocalStore(tmp_path / "two")
    told = study("norms", "k1", seeds=(0, 1, 5, 6))
    session = other.open(told)
    session.register(REGISTERED)
    session.log_arm(told.arms[0], [record_of(told.arms[0], 0, metrics={"final/test_accuracy": 0.9})])
    session.log_arm(told.arms[1], [record_of(told.arms[1], 0), record_of(told.arms[1], 6)])
    session.close("FINISHED")
    where, events = bench(other)
    (moved,) = import_archive(path, where)
    assert (moved.new, moved.there, moved.different) == (2, 2, 1)
    assert any("1 run has other values here" in event.text for event in events if isinstance(event, Warned))
    runs = {(run.arm, run.seed): run for run in other.seed_runs("norms")}
    assert sorted(runs) == [("norm=batch", 0), ("norm=batch", 1), ("norm=batch", 6), ("norm=none", 0), ("norm=none", 1)]
    assert runs["norm=batch", 0].outcome == "censored", "a run that ended well stays in place of one that crashed"
    assert other.plan("norms").seeds == (0, 1, 5, 6), "the longer plan stays"
    logged = {(one.run.arm, one.run.seed): one for one in other.logged("norms")}
    assert logged["norm=none", 0].record.result.metrics["final/test_accuracy"] == 0.9
    assert [event["event"] for event in other.read("norms").study["history"]] == ["look", "imported"]


def test_another_registration_or_another_history_is_refused_and_nothing_is_written(archive, tmp_path):
    _, path = archive
    for number, (document, event, why) in enumerate(
        [({**REGISTERED, "time": "2026-02-02"}, None, "registered otherwise"),
         (REGISTERED, {**LOOK, "seeds": 5}, "went on otherwise")]
    ):  # fmt: skip
        other, told = LocalStore(tmp_path / str(number)), study("norms", "k1")
        session = other.open(told)
        session.register(document)
        if event is not None:
            session.note(event)
        session.close("FINISHED")
        where, _ = bench(other)
        with pytest.raises(UserError, match=why):
            import_archive(path, where)
        assert other.seed_runs("norms") == []
        (moved,) = import_archive(path, where, name="theirs")
        assert moved.new == 4
        assert len(other.seed_runs("theirs")) == 4


def test_a_registration_that_was_changed_afterwards_is_not_copied(archive, tmp_path):
    store, _ = archive
    (held,) = archived_studies("norms", store)
    changed = "factors: {norm: [none]}\n"
    document = {**REGISTERED, "text": changed, "sha256": sha256(changed.encode()).hexdigest()}
    forged = tmp_path / "forged.zip"
    write_archive(forged, [replace(held, registration=document)])
    where, _ = bench(MemoryStore())
    with pytest.raises(UserError, match="changed afterwards"):
        import_archive(forged, where)
    (place,) = (tmp_path / "one").rglob("registration.json")
    place.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(Failure, match="changed afterwards"):
        archived_studies("norms", store)


def test_trials_and_several_study_runs_of_one_name_are_taken_along(tmp_path):
    told, runs = tried_study()
    told = replace(told, definition={"title": "T", "factors": {"norm": ["none"], "lr": [0.1]}})
    store = LocalStore(tmp_path / "one")
    for key in ("k1", "k2"):
        session = store.open(replace(told, key=key))
        for arm in told.run_arms:
            session.log_arm(arm, runs[arm.id])
        session.close("FINISHED")
    where, _ = bench(store)
    assert export_study("tuned", tmp_path / "t.zip", where) == (2, 10)
    other, _ = bench(LocalStore(tmp_path / "two"))
    assert [moved.key for moved in import_archive(tmp_path / "t.zip", other)] == ["k1", "k2"]
    assert other.store.last() == "tuned"
    assert other.store.read("tuned").study["key"] == "k2", "opened last there, opened last here"
    same(state(store, "tuned"), state(other.store, "tuned"))


def rewritten(path, change):
    """Return an archive with changed parts, whose hashes are right: one that somebody made on purpose."""
    with zipfile.ZipFile(path) as held:
        parts = {name: held.read(name) for name in held.namelist() if name != "archive.json"}
        head = json.loads(held.read("archive.json"))
    change(parts, head)
    head["parts"] = {name: sha256(content).hexdigest() for name, content in parts.items()}
    forged = path.with_name("forged.zip")
    with zipfile.ZipFile(forged, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("archive.json", json.dumps(head))
        for name, content in parts.items():
            out.writestr(name, content)
    return forged


def edit(part, change):
    def apply(parts, head):
        del head
        document = json.loads(parts[part])
        change(document)
        parts[part] = json.dumps(document).encode()

    return apply


def first_line(change):
    def apply(parts, head):
        del head
        lines = parts["runs-0.jsonl"].splitlines()
        document = json.loads(lines[0])
        change(document)
        parts["runs-0.jsonl"] = b"\n".join([json.dumps(document).encode(), *lines[1:]])

    return apply


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda parts, head: parts.update({"../../x.txt": b"x"}), "not part of an archive"),
        (lambda parts, head: parts.update({"/etc/x": b"x"}), "not part of an archive"),
        (lambda parts, head: parts.update({"study-0.json": b"{"}), "damaged"),
        (lambda parts, head: parts.pop("arrays-0.bin"), "damaged"),
        (lambda parts, head: head.update(version=2), "later release"),
        (lambda parts, head: head.update(format="other"), "damaged"),
        (edit("study-0.json", lambda d: d["plan"].update(key="' OR 1=1")), "damaged"),
        (edit("study-0.json", lambda d: d["plan"].update(name="../up")), "not a plain file name"),
        (edit("study-0.json", lambda d: d["arms"][0].update(id="a'b")), "damaged"),
        (edit("study-0.json", lambda d: d["plan"].update(definition={"factors": 3})), "damaged"),
        (edit("study-0.json", lambda d: d["plan"].update(definition={"factors": {}})), "'title' is missing"),
        (edit("study-0.json", lambda d: d.update(history=[{"no": "event"}])), "damaged"),
        (first_line(lambda d: d.update(seed=-1)), "damaged"),
        (first_line(lambda d: d.update(arm=99)), "damaged"),
        (first_line(lambda d: d.update(outcome="won")), "damaged"),
        (first_line(lambda d: d["metrics"].update(x="1")), "damaged"),
        (first_line(lambda d: d["metrics"].update(x=float("inf"))), "damaged"),
        (first_line(lambda d: d["arrays"].update(x=["|O", [1], 0])), "damaged"),
        (first_line(lambda d: d["arrays"].update(x=["<f8", [10**11], 0])), "damaged"),
        (first_line(lambda d: d["arrays"].update(x=["<f8,<f8", [1], 0])), "damaged"),
        (first_line(lambda d: d["curves"].update(x=[[1, 2], [0.5]])), "damaged"),
    ],
)
def test_an_archive_that_somebody_changed_is_one_clear_error(archive, change, why):
    _, path = archive
    store = MemoryStore()
    with pytest.raises(UserError, match=why):
        import_archive(rewritten(path, change), bench(store)[0])
    assert store.studies() == []


def test_a_damaged_file_is_one_clear_error(archive, tmp_path):
    _, path = archive
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    flipped = []
    for place in rng.integers(len(whole), size=60):
        content = bytearray(whole)
        content[place] ^= 0xFF
        flipped.append(bytes(content))
    broken = tmp_path / "broken.zip"
    lines = []
    for content in [b"", b"PK", os.urandom(500), whole[:100], whole[: len(whole) // 2], whole[:-5], *flipped]:
        broken.write_bytes(content)
        try:
            found = read_archive(broken)
        except UserError as error:
            lines.append(str(error).count("\n"))
        else:  # a bit of the zip's own times or attributes: what is read is what was written
            assert len(found[0].runs) == 4
    assert len(lines) > 50
    assert not any(lines)
    with pytest.raises(UserError, match="does not exist"):
        read_archive(tmp_path / "nothing.zip")
    with pytest.raises(UserError, match="damaged"):
        read_archive(tmp_path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("archive.json", "{}")
        with out.open("arrays-0.bin", "w") as part:
            for _ in range(300):
                part.write(bytes(2**20))
    with pytest.raises(UserError, match="would unpack to 300 MB"):
        read_archive(bomb)
    content = bytearray(bomb.read_bytes())  # one that says that it is small
    for place in [at for at in range(len(content) - 4) if content[at : at + 4] == struct.pack("<I", 300 * 2**20)]:
        content[place : place + 4] = struct.pack("<I", 1_000)
    bomb.write_bytes(content)
    with pytest.raises(UserError, match="damaged"):
        read_archive(bomb)


def test_a_file_that_exists_is_not_written_over_and_an_unknown_study_is_told(archive, tmp_path):
    store, path = archive
    with pytest.raises(UserError, match="exists"):
        export_study("norms", path, bench(store)[0])
    with pytest.raises(UserError, match="nearest match: norms"):
        export_study("norm", tmp_path / "x.zip", bench(store)[0])
    with pytest.raises(UserError, match=r"ends in \.zip"):
        export_study("norms", tmp_path / "x.tar", bench(store)[0])
