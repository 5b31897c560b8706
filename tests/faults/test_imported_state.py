"""What a module sets when it is imported is how each of its runs begins, whichever run is the first of its process."""

import os
import random

import numpy as np
import pytest

from ablate.programs.function import Function, FunctionConfig
from ablate.programs.isolated import end_processes, run_isolated
from ablate.programs.isolated_child import _Known

SETTING = """
import locale, os, random, signal, sys
import numpy as np

os.environ["MADE_BY_IMPORT"] = "yes"
os.environ.setdefault("MADE_FIRST", {name!r})
os.umask(0o027)
np.seterr(over="raise")
np.seterrcall(print)
np.random.seed(7)
random.seed(7)
sys.setrecursionlimit(4321)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
locale.setlocale(locale.LC_NUMERIC, "C.UTF-8")


def found(seed):
    mask = os.umask(0)
    os.umask(mask)
    return [
        os.environ.get("MADE_BY_IMPORT"), os.environ.get("MADE_FIRST"), mask, np.geterr()["over"], np.geterrcall(),
        sys.getrecursionlimit(), signal.getsignal(signal.SIGUSR1), locale.setlocale(locale.LC_NUMERIC),
        random.random() == random.Random(seed).random(), np.random.rand() == np.random.RandomState(seed).rand(),
    ]


def train(seed=0, width=1):
    print(found(seed))
    os.environ["MADE_BY_IMPORT"] = "no"
    del os.environ["MADE_FIRST"]
    os.umask(0)
    np.seterr(over="ignore")
    np.seterrcall(None)
    sys.setrecursionlimit(5000)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    locale.setlocale(locale.LC_NUMERIC, "C")
    return os.getpid()
"""

PLAIN = """
import os


def train(seed=0):
    print(os.environ.get("MADE_BY_IMPORT"))
    return os.getpid()
"""

LATE = """
import os


def train(seed=0):
    before = os.environ.get("MADE_BY_IMPORT")
    import setting_0
    return {"m": float(os.environ["MADE_BY_IMPORT"] == "yes"), "before": float(before is None)}
"""


@pytest.fixture(autouse=True)
def projects(tmp_path, monkeypatch):
    monkeypatch.setattr("ablate.programs.process_state._imported", {})
    monkeypatch.delenv("MADE_BY_IMPORT", raising=False)
    monkeypatch.delenv("MADE_FIRST", raising=False)
    for name in ("setting_0", "setting_1"):
        (tmp_path / f"{name}.py").write_text(SETTING.replace("{name!r}", repr(name)))
    (tmp_path / "plain.py").write_text(PLAIN)
    (tmp_path / "late.py").write_text(LATE)
    yield tmp_path
    end_processes()


def run(path, seeds=(0, 1, 2), **params):
    return run_isolated(Function(f"{path}:train", params).told(["m"]), FunctionConfig(), seeds)


def said(results):
    assert [r.error for r in results] == [None] * len(results)
    return {r.texts[f"output-seed-{r.seed}.txt"] for r in results}


EXPECTED = (
    "['yes', 'setting_0', 23, 'raise', <built-in function print>, 4321, <Handlers.SIG_IGN: 1>, 'C.UTF-8', True, True]"
)


def test_what_import_sets_holds_for_every_seed_and_arm_of_its_code(projects):
    results = run(projects / "setting_0.py") + run(projects / "setting_0.py", width=2)
    assert said(results) == {EXPECTED + "\n"}
    assert len({r.metrics["m"] for r in results}) == 1  # all in one process


def test_what_the_import_of_one_function_sets_does_not_hold_for_another(projects):
    first = run(projects / "setting_0.py")
    plain = run(projects / "plain.py")
    again = run(projects / "setting_0.py")
    assert said(plain) == {"None\n"}
    assert said(first) == said(again) == {EXPECTED + "\n"}


def test_what_planning_imports_in_this_process_does_not_reach_those_of_other_functions(projects, monkeypatch):
    held = np.geterr(), np.geterrcall(), random.getstate()
    monkeypatch.setattr(os, "environ", os.environ)
    programs = [Function(f"{projects / name}.py:train") for name in ("setting_1", "setting_0", "plain")]
    try:
        planned = [program.planned({**program.facts(None), "metrics": ["m"]}) for program in programs]
        assert os.environ["MADE_FIRST"] == "setting_1"
        texts = [said(run_isolated(program, FunctionConfig(), [0, 1])) for program in planned]
    finally:
        for name in ("MADE_BY_IMPORT", "MADE_FIRST"):
            os.environ.pop(name, None)
        np.seterr(**held[0])
        np.seterrcall(held[1])
        random.setstate(held[2])
    assert [len(text) for text in texts] == [1, 1, 1]
    assert "'setting_1'" in texts[0].pop()
    assert "'setting_0'" in texts[1].pop()
    assert texts[2] == {"None\n"}


def test_a_process_that_a_run_changed_by_what_it_imported_is_not_used_again(projects):
    results = run(projects / "late.py")
    assert [(r.error, r.metrics) for r in results] == [(None, {"m": 1.0, "before": 1.0})] * 3


def test_a_program_that_could_not_be_loaded_is_not_taken_for_the_one_before(monkeypatch):
    import pickle

    class Loaded:
        def __init__(self, name):
            self.name = name

        def load(self, config):
            if self.name == "second":
                raise OSError("no such file")

    made = {name.encode(): (Loaded(name), None) for name in ("first", "second")}
    monkeypatch.setattr(pickle, "loads", made.__getitem__)
    known = _Known()
    assert known.get("here", {}, b"first")[0].name == "first"
    for _ in range(2):
        with pytest.raises(OSError, match="no such file"):
            known.get("here", {}, b"second")
    assert known.get("here", {}, b"first")[0].name == "first"


TORCH = """
import numpy as np

begins = -1
loader = type(__spec__.loader).__name__


def manual_seed(seed):
    global begins
    begins = seed
"""


@pytest.mark.parametrize("at_the_top", [True, False])
def test_torch_begins_each_run_with_its_seed_wherever_it_is_imported(projects, at_the_top):
    (projects / "torch.py").write_text(TORCH)
    inside = "    import torch\n    m, torch.begins = torch.begins, -2\n    assert torch.loader == 'SourceFileLoader'\n"
    text = ("import torch\n" if at_the_top else "") + "def train(seed=0):\n" + inside + "    return m\n"
    (projects / "uses_torch.py").write_text(text)
    assert [(r.error, r.metrics) for r in run(projects / "uses_torch.py", range(3, 7))] == [
        (None, {"m": float(seed)}) for seed in range(3, 7)
    ]


PRECISE = """
kind, gradients, repeats, threads = "torch.float32", True, False, 2
float32, float64 = "torch.float32", "torch.float64"


def manual_seed(seed):
    pass


def get_default_dtype():
    return kind


def set_default_dtype(wanted):
    global kind
    kind = wanted


def is_grad_enabled():
    return gradients


def set_grad_enabled(wanted):
    global gradients
    gradients = wanted


def are_deterministic_algorithms_enabled():
    return repeats


def use_deterministic_algorithms(wanted):
    global repeats
    repeats = wanted


def get_num_threads():
    return threads


def set_num_threads(wanted):
    global threads
    threads = wanted
"""


@pytest.mark.parametrize("at_the_top", [True, False])
def test_the_kind_of_number_that_one_arm_sets_in_torch_does_not_hold_for_another(projects, at_the_top):
    (projects / "torch.py").write_text(PRECISE)
    body = (
        "def train(width=1, seed=0):\n    import os, torch\n"
        "    found = [torch.kind == 'torch.float32', torch.gradients, not torch.repeats, torch.threads == 2]\n"
        "    if width == 2:\n        torch.set_default_dtype(torch.float64)\n        torch.set_grad_enabled(False)\n"
        "        torch.use_deterministic_algorithms(True)\n        torch.set_num_threads(1)\n"
        "    return {'m': float(all(found)), 'process': os.getpid()}\n"
    )
    (projects / "uses_torch.py").write_text(("import torch\n" if at_the_top else "") + body)
    path = projects / "uses_torch.py"
    results = [run(path, [0], width=2)[0], run(path, [1], width=1)[0], run(path, [2], width=1)[0]]
    assert [(r.error, r.metrics["m"]) for r in results] == [(None, 1.0)] * 3
    assert results[1].metrics["process"] == results[2].metrics["process"]
    if at_the_top:  # nothing was imported meanwhile: the process is used again
        assert results[0].metrics["process"] == results[1].metrics["process"]
