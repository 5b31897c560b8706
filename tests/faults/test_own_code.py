"""A function that misbehaves costs the seed for which it does, whatever it does; what it started is gone."""

import os
import time
from pathlib import Path

import pytest
from misbehaving import BAD

from ablate.programs.function import Function, FunctionConfig
from ablate.programs.isolated import end_processes, run_isolated

FILE = Path(__file__).with_name("misbehaving.py")

CRASHES = {
    "ends_with_exit": "it ended the process (SystemExit: 0)",
    "ends_without_cleaning_up": "it ended the process (SystemExit: 0)",
    "exits_in_c": "its process ended before it had answered",
    "reads_address_zero": "its process was killed by SIGSEGV",
    "is_killed": "its process was killed by SIGKILL (most often: out of memory)",
    "is_terminated": "its process was killed by SIGTERM",
    "aborts": "its process was killed by SIGABRT",
    "raises_generator_exit": "it raised GeneratorExit",
    "raises_an_interrupt": "it raised KeyboardInterrupt",
    "interrupts_itself": "its process was killed by SIGINT",
    "raises_half_a_letter": "ValueError: half \ud800",
    "recurses": "RecursionError",
    "reads_its_input": "EOFError",
    "closes_everything": "closed the file descriptors",
    "hangs": "its process timed out after 6 s, and was killed",
    "prints_for_ever": "its process timed out after 6 s, and was killed",
    "hangs_in_c": "its process timed out after 6 s, and was killed",
}

GOES_ON = [
    "comes_back_twice",
    "leaves_a_child",
    "leaves_a_program",
    "leaves_a_thread",
    "leaves_an_alarm",
    "closes_its_output",
    "changes_its_process",
    "sets_what_all_share",
    "lowers_a_limit_for_good",
    "becomes_somebody_else",
    "prints_without_end",
    "returns_what_cannot_be_passed_on",
]


@pytest.fixture(autouse=True, scope="module")
def nothing_left():
    yield
    end_processes()
    assert not children()


def children():
    """The processes below this one, without those that wait to be collected."""
    found = []
    for one in Path("/proc").glob("[0-9]*/stat"):
        try:
            said = one.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(said[1]) == os.getpid() and said[0] != "Z":
            found.append(int(one.parent.name))
    return [pid for pid in found if b"isolated_child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def run(name, timeout=None):
    program = Function(f"{FILE}:{name}", timeout=timeout).told(["m"])
    return run_isolated(program.planned({"metrics": ["m"]}), FunctionConfig(), [0, BAD, 2])


@pytest.mark.parametrize("name", CRASHES)
def test_what_ends_or_blocks_a_process_is_one_crashed_run(name):
    first, bad, last = run(name, timeout=6 if "timed out" in CRASHES[name] else None)
    assert (first.metrics, last.metrics) == ({"m": 0.0}, {"m": 2.0}), (first.error, last.error)
    assert bad.outcome == "crashed"
    assert CRASHES[name] in bad.error.strip().splitlines()[-1]
    assert f"in {name}" in bad.error or not name.startswith("hangs")  # where it hung


@pytest.mark.parametrize("name", GOES_ON)
def test_what_a_run_leaves_behind_or_changes_is_no_business_of_the_next(name):
    before = set(children())
    results = run(name)
    assert [r.error for r in results] == [None] * 3
    assert [r.metrics["m"] for r in results] == [0.0, 1.0, 2.0]
    assert len(set(children()) - before) <= 1  # the one that waits for the next run


def test_each_run_finds_its_process_as_the_first_one_did():
    results = run("changes_its_process")
    assert len({r.texts[f"output-seed-{r.seed}.txt"] for r in results}) == 1
    assert [r.metrics["random"] for r in results] == [2.0] * 3


def test_what_code_of_others_sets_for_the_whole_process_is_put_back():
    results = run("sets_what_all_share")
    assert [r.error for r in results] == [None] * 3
    assert len({r.texts[f"output-seed-{r.seed}.txt"] for r in results}) == 1


def test_a_limit_of_one_run_is_none_of_the_next():
    first, bad, last = run("lowers_a_limit")
    assert (first.metrics, last.metrics) == ({"m": 0.0}, {"m": 2.0}), last.error
    assert "File too large" in bad.error
    results = run("lowers_a_limit_for_good")
    assert [r.error for r in results] == [None] * 3
    assert results[0].metrics["limit"] == results[2].metrics["limit"] == -1
    assert results[0].metrics["process"] == results[1].metrics["process"] != results[2].metrics["process"]


def test_what_cannot_be_put_back_costs_the_process():
    assert len({r.metrics["priority"] for r in run("becomes_somebody_else")}) == 1


def test_the_output_is_kept_and_the_end_of_it_where_it_is_too_much():
    _, bad, _ = run("prints_without_end")
    text = bad.texts[f"output-seed-{BAD}.txt"]
    assert len(text) < 1_100_000
    assert text.startswith("… (")
    assert text.endswith("the end\n")


def test_a_fault_in_compiled_code_says_where_it_was():
    _, bad, _ = run("reads_address_zero")
    assert "the clue" in bad.error
    assert "in reads_address_zero" in bad.error


def test_a_process_is_used_for_many_seeds_as_long_as_it_behaves(tmp_path):
    (tmp_path / "mine.py").write_text("import os\ndef train(seed=0): return os.getpid()\n")
    program = Function(f"{tmp_path / 'mine.py'}:train").told(["m"])
    results = run_isolated(program, FunctionConfig(), range(5))
    assert len({r.metrics["m"] for r in results}) == 1
    assert results[0].metrics["m"] != os.getpid()
    end_processes()
    time.sleep(0.1)
    assert not children()


TAKES_THE_PIPES = """
import os

kept = []


def train(seed=0):
    if seed == 1:
        numbers = [int(name) for name in os.listdir("/proc/self/fd") if int(name) > 2]
        for number in numbers:
            try:
                os.close(number)
            except OSError:  # the one that listed them
                pass
        for number in numbers:
            file = open(os.path.join({folder!r}, f"{{number}}.txt"), "wb")
            kept.append(file)
            if file.fileno() != number:
                os.dup2(file.fileno(), number)
    return seed
"""


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_no_answer_goes_into_a_file_that_has_taken_the_number_of_the_pipe(tmp_path):
    (tmp_path / "mine.py").write_text(TAKES_THE_PIPES.format(folder=str(tmp_path)))
    program = Function(f"{tmp_path / 'mine.py'}:train").told(["m"])
    first, bad, last = run_isolated(program, FunctionConfig(), range(3))
    assert (first.metrics, last.metrics) == ({"m": 0.0}, {"m": 2.0})
    assert (bad.outcome, "closed the file descriptors" in bad.error) == ("crashed", True)
    files = list(tmp_path.glob("*.txt"))
    assert len(files) >= 2
    assert not any(file.stat().st_size for file in files)


WRITES_INTO_PIPES = """
import os
import stat


def train(seed=0):
    for number in map(int, os.listdir("/proc/self/fd")) if seed == 1 else ():
        if number < 3:
            continue
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.write(number, {said!r})
        except OSError:
            pass
    return seed
"""


@pytest.mark.parametrize("said", [(8).to_bytes(8, "big") + b"no reply", b"a line of text that is none\n"])
def test_an_answer_that_cannot_be_read_is_one_crashed_run(tmp_path, said):
    (tmp_path / "mine.py").write_text(WRITES_INTO_PIPES.format(said=said))
    program = Function(f"{tmp_path / 'mine.py'}:train", timeout=60).told(["m"])
    first, bad, last = run_isolated(program, FunctionConfig(), range(3))
    assert (first.metrics, last.metrics) == ({"m": 0.0}, {"m": 2.0})
    assert bad.outcome == "crashed"
    assert "UnpicklingError" in bad.error or "wrote something else into the pipe" in bad.error


def test_an_import_that_does_not_end_is_over_time_too_and_has_a_limit_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr("ablate.programs.isolated._IMPORTING", 6.0)
    slow = "import time\ntime.sleep({seconds})\ndef train(seed=0): return seed\n"
    (tmp_path / "long.py").write_text(slow.format(seconds=3600))
    (tmp_path / "slow.py").write_text(slow.format(seconds=1))
    (bad,) = run_isolated(Function(f"{tmp_path / 'long.py'}:train", timeout=0.5).told(["m"]), FunctionConfig(), [0])
    assert bad.outcome == "crashed"
    assert "its process timed out after 6 s while its code was imported, and was killed" in bad.error
    assert "long.py" in bad.error  # where it was
    (good,) = run_isolated(Function(f"{tmp_path / 'slow.py'}:train", timeout=0.9).told(["m"]), FunctionConfig(), [3])
    assert (good.error, good.metrics) == (None, {"m": 3.0})
