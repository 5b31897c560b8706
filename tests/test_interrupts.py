"""The wish to stop is raised, remembered, and raised again where Python dropped it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ablate import cli
from ablate.errors import UserError
from ablate.interrupts import asked_to_stop, interruptible, stop_if_asked

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def as_from_a_terminal():
    defaults = signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL
    before = [signal.signal(number, default) for number, default in zip(NUMBERS, defaults, strict=True)]
    yield
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


def sent(number):
    os.kill(os.getpid(), number)
    time.sleep(5)


class Destroyed:
    def __init__(self, number):
        self.number = number

    def __del__(self):
        sent(self.number)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_interrupts_and_is_remembered(number):
    with interruptible():
        stop_if_asked()
        with pytest.raises(KeyboardInterrupt):
            sent(number)
        assert asked_to_stop()
        with pytest.raises(KeyboardInterrupt):
            stop_if_asked()
    assert not asked_to_stop()  # whoever catches it goes on
    stop_if_asked()


def test_everything_is_put_back():
    before = [signal.getsignal(number) for number in NUMBERS], sys.unraisablehook
    with interruptible():
        assert [signal.getsignal(number) for number in NUMBERS] != before[0]
    assert ([signal.getsignal(number) for number in NUMBERS], sys.unraisablehook) == before


def test_what_is_ignored_or_answered_by_others_stays():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # `nohup`
    answer = lambda *_: None  # noqa: E731
    signal.signal(signal.SIGTERM, answer)
    with interruptible():
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is answer


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupt_that_a_destructor_dropped_is_raised_again(number, capsys):
    with pytest.raises(KeyboardInterrupt), interruptible():  # noqa: PT012 - it comes during the sleep
        Destroyed(number)
        assert asked_to_stop()
        time.sleep(5)
    assert capsys.readouterr().err == ""  # Python would have printed a traceback


def test_one_inside_of_another_forgets_nothing():
    with pytest.raises(KeyboardInterrupt), interruptible():  # noqa: PT012 - it comes during the sleep
        Destroyed(signal.SIGTERM)
        with interruptible():
            assert asked_to_stop()
            time.sleep(5)


def test_in_another_thread_nothing_is_changed():
    seen, before = [], signal.getsignal(signal.SIGINT)

    def run():
        with interruptible():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


def half_done(error):
    def run(_arguments):
        try:
            sent(signal.SIGHUP)
        except KeyboardInterrupt:
            raise error from None

    return run


@pytest.mark.parametrize("error", [AttributeError("half imported"), UserError("no such study")])
def test_what_an_interrupt_cut_off_is_not_told_as_an_error(error, monkeypatch, capsys):
    monkeypatch.setattr(cli, "run", half_done(error))
    assert cli.main(["run", "quickstart"]) == 130
    assert capsys.readouterr().err == "\nablate: interrupted; finished runs are kept, the same command goes on\n"


ENDS = """
import atexit, os, signal, sys, threading, time
from ablate import cli

def once_more():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)
        time.sleep(0.05)
    print("the end")

atexit.register(once_more)
command = sys.argv.pop()
if command == "interrupted":
    def run(arguments):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    cli.run = run
    told = cli.told_as_interrupt
    def twice(error):
        said = told(error)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        return said
    cli.told_as_interrupt = twice
else:
    cli.run = lambda arguments: None
if command == "with a thread":
    threading.Thread(target=time.sleep, args=(60,)).start()
    atexit.unregister(once_more)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
sys.exit(cli.main())
"""


def test_the_exit_code_is_ours_whatever_the_interrupt_cut_off(tmp_path):
    (tmp_path / "cut_off.py").write_text(
        "import sys\nfrom ablate import cli\n"
        "cli.run = lambda arguments: exec('raise KeyboardInterrupt')\nsys.exit(cli.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "cut_off"], cwd=tmp_path, capture_output=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 130


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        ("done", 0, "the end\n", ""),
        ("interrupted", 130, "the end\n", "\nablate: interrupted; finished runs are kept, the same command goes on\n"),
        ("with a thread", -signal.SIGTERM, "", ""),
    ],
)
def test_a_second_signal_does_not_cut_the_end_short_unless_it_waits(command, code, out, err):
    defaults = lambda: [signal.signal(number, signal.SIG_DFL) for number in NUMBERS] and None  # noqa: E731
    done = subprocess.run(
        [sys.executable, "-c", ENDS, command], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}, preexec_fn=defaults,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (code, out, err)
