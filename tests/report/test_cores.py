"""Work on all cores: the same results as in one process, in whatever order; what a lost process left is done here."""

import os
import signal
import threading
import warnings
from functools import partial

import pytest

from ablate.judge.rule import judge
from ablate.report import cores
from ablate.report.write import make_report


def square(number):
    return number * number, os.getpid()


@pytest.fixture(params=["forked", "here"])
def way(request, monkeypatch):
    monkeypatch.setattr(cores, "_cores", lambda: 2)
    monkeypatch.setattr(cores, "_may_fork", lambda: request.param == "forked")
    return request.param


def test_every_part_is_done_once_with_its_number(way):
    found = dict(cores.on_all_cores([partial(square, n) for n in range(7)], first=[5]))
    assert {number: value for number, (value, _) in found.items()} == {n: n * n for n in range(7)}
    assert (os.getpid() in {pid for _, pid in found.values()}) == (way == "here")


def test_what_a_part_raises_is_raised(way):
    with pytest.raises(ZeroDivisionError):
        dict(cores.on_all_cores([lambda: 1, lambda: 1 // 0]))


def test_what_a_killed_process_left_is_done_in_this_one(monkeypatch):
    monkeypatch.setattr(cores, "_cores", lambda: 2)
    monkeypatch.setattr(cores, "_may_fork", lambda: True)
    own = os.getpid()

    def part(number):
        if os.getpid() != own:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    assert dict(cores.on_all_cores([partial(part, n) for n in range(3)])) == {0: 0, 1: 1, 2: 2}


def test_nothing_is_forked_while_threads_run():
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert not cores._may_fork()
    finally:
        done.set()
        other.join()


def test_a_report_has_the_same_bytes_on_two_cores_as_on_one(make, monkeypatch):
    study, tables = make(stds=(0.1, 1.0), seeds=6, evaluations=14, missing=0)
    verdicts = judge(study, tables)
    monkeypatch.setattr(cores, "_cores", lambda: 1)
    alone = make_report(study, tables, verdicts)
    monkeypatch.setattr(cores, "_cores", lambda: 2)
    monkeypatch.setattr(cores, "_may_fork", lambda: True)
    together = make_report(study, tables, verdicts)
    assert list(alone) == list(together)
    assert alone == together


def test_filters_of_warnings_are_as_they_were_while_parts_are_yielded(way):
    before = list(warnings.filters)
    for _ in cores.on_all_cores([partial(square, n) for n in range(4)]):
        assert list(warnings.filters) == before
        warnings.filterwarnings("ignore", message="mine")  # is the caller's, and stays
        before = list(warnings.filters)
    assert list(warnings.filters) == before
