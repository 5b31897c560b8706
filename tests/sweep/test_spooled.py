"""A folder of submitted jobs that is damaged or comes from elsewhere: nothing of it is executed, nothing leaves it."""

import json
import os
import pickle

import numpy as np
import pytest

from ablate.cli import main
from ablate.errors import Failure
from ablate.sweep.submitted import JobPart, JobSpool, Ticket
from ablate.train.outcome import Outcome
from ablate.train.program import Curve, RunResult

IDENTITY = "0123456789abcdef"
TICKET = {
    "id": "7", "cluster": "local", "submitted": "2026-01-01", "log": "/none", "launcher": {},
    "parts": [{"arm_id": "a", "label": "baseline", "runs": {IDENTITY: 0}}],
}  # fmt: skip


class Executes:
    def __reduce__(self):
        return os.mkdir, ("executed",)


@pytest.fixture
def spool(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    made = JobSpool(tmp_path / "mlruns" / "jobs")
    made.make()
    return made


def test_a_result_comes_back_as_it_was(spool):
    steps, values = np.arange(3), np.array([1.0, np.nan, -0.0])
    result = RunResult(
        3, Outcome.DIVERGED, {"m": np.float64(0.1), "n": 2.0}, {"c": Curve(steps, values)}, 4, np.array([True, False]),
        1.5, "error", {"a": np.array(["é", "b"]), "b": np.asfortranarray(np.ones((2, 3), np.float32))}, ("x",),
        {"f.py": "0"}, ("note",), {"out.txt": "text"}, {"numpy": "2"},
    )  # fmt: skip
    spool.put(IDENTITY, result)
    again = spool.take(IDENTITY)
    assert pickle.dumps(again) == pickle.dumps(pickle.loads(pickle.dumps(result)))
    assert again.outcome is Outcome.DIVERGED


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Executes()),
        pickle.dumps({"metrics": Executes()}),
        pickle.dumps(RunResult(0, Outcome.FINISHED, {"m": Executes()})),
        pickle.dumps(np.array([Executes()], dtype=object)),
        b"cposix\nsystem\n(S'mkdir executed'\ntR.",
        b'cbuiltins\neval\n(S\'__import__("os").mkdir("executed")\'\ntR.',
        b"cablate.train.program\nRunResult.__init__.__globals__\n.",
        b"cbuiltins\ngetattr\n(cnumpy\nndarray\nS'tofile'\ntR.",
        b"\x80\x04\x8c\x15ablate.train.program\x8c\x0aRunResult.x\x93.",
        b"",
        pickle.dumps(3),
    ],
)
def test_nothing_that_lies_there_is_executed(spool, content):
    (spool.folder / "results" / f"{IDENTITY}.pkl").write_bytes(content)
    with pytest.raises(Failure, match="remove it and run again"):
        spool.take(IDENTITY)
    assert [path.name for path in spool.folder.parents[1].iterdir()] == ["mlruns"]


@pytest.mark.parametrize(
    "strange", ["../../../precious", "/tmp/precious", "..", ".hidden", "a/b", "a\0b", "", "x" * 250]
)
def test_no_name_of_a_ticket_leads_out_of_the_folder(spool, tmp_path, strange):
    (tmp_path / "precious.json").write_text("mine")
    for part in ({"id": strange}, {"cluster": strange}, {"parts": [{**TICKET["parts"][0], "runs": {strange: 0}}]}):
        (spool.folder / "tickets" / "local-7.json").write_text(json.dumps({**TICKET, **part}))
        with pytest.raises(Failure, match="not the name of a file"):
            spool.tickets()
    for call in (spool.has, spool.take, spool.taken, lambda name: spool.drop([name]), lambda name: spool.ask([name])):
        with pytest.raises(Failure, match="not the name of a file"):
            call(strange)
    assert (tmp_path / "precious.json").read_text() == "mine"


@pytest.mark.parametrize(
    "text", ["{", "[]", "3", "null", '{"id": 3}', json.dumps({**TICKET, "parts": [3]}), json.dumps({**TICKET, "x": 1}),
             json.dumps({**TICKET, "id": 7}), json.dumps({**TICKET, "launcher": []})]
)  # fmt: skip
def test_a_damaged_ticket_is_one_line(spool, text):
    (spool.folder / "tickets" / "local-7.json").write_text(text)
    with pytest.raises(Failure, match=r"local-7.json cannot be read .* move it aside"):
        spool.tickets()


def test_what_was_noted_comes_back(spool):
    ticket = Ticket("12_3", "slurm", "2026", "/log", (JobPart("a", "baseline", {IDENTITY: 1}),), {"kind": "submitit"})
    spool.note(ticket)
    assert spool.tickets() == [ticket]
    spool.forget(ticket)
    assert spool.tickets() == []


def test_notes_of_other_folders_that_cannot_be_read_stop_no_command(spool, capsys):
    (spool.folder / "elsewhere").mkdir()
    for number, content in enumerate([b"\xff", b"/nowhere", b"a\0b", b""]):
        (spool.folder / "elsewhere" / f"{number}.txt").write_bytes(content)
    assert main(["status"]) == 0
    assert "Traceback" not in capsys.readouterr().err
