import argparse
import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from ablate.train.contained import ProcessEnded, contained


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", required=True)
    parser.parse_args()


class Odd(BaseException):
    pass


def sent(number):
    os.kill(os.getpid(), number)
    threading.Event().wait(5)


def raising(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: sys.exit(0), r"it ended the process \(SystemExit: 0\)"),
        (lambda: sys.exit("bye"), "SystemExit: bye"),
        (lambda: os._exit(0), "SystemExit: 0"),
        (parse, r"read the command line, which is not its own \(the following arguments are required: --lr\)"),
        (raising(KeyboardInterrupt()), "raised KeyboardInterrupt"),
        (raising(GeneratorExit()), "raised GeneratorExit"),
        (raising(Odd("odd")), "raised Odd: odd"),
    ],
)
def test_nothing_that_runs_ends_the_process(run, message, capsys):
    with pytest.raises(ProcessEnded, match=message), contained("train.py"):
        run()
    assert capsys.readouterr().err == ""


def test_an_exception_goes_on_as_it_is():
    with pytest.raises(ZeroDivisionError), contained():
        raise ZeroDivisionError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_that_was_sent_interrupts(number):
    held = signal.signal(number, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        with pytest.raises(KeyboardInterrupt), contained():
            sent(number)
    finally:
        signal.signal(number, held)


def caught():
    with contextlib.suppress(KeyboardInterrupt):
        sent(signal.SIGINT)


def turned_into_another_error():
    try:
        sent(signal.SIGINT)
    except KeyboardInterrupt:
        raise AttributeError("half done") from None


def dropped():
    class Destroyed:
        def __del__(self):
            sent(signal.SIGINT)

    Destroyed()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("run", [caught, turned_into_another_error, dropped])
def test_an_interrupted_run_is_neither_a_result_nor_an_error_of_its_own(run):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), contained():
            run()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_signal_that_somebody_else_answers_interrupts_nothing():
    came = []
    before = signal.signal(signal.SIGTERM, lambda *_: came.append(1))
    try:
        with contained():
            os.kill(os.getpid(), signal.SIGTERM)
            assert came
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_interrupt_that_was_sent_is_seen_through_two_layers():
    held = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    try:
        with pytest.raises(KeyboardInterrupt), contained(), contained():
            sent(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, held)


def test_what_runs_sees_no_command_line_of_ours_and_everything_is_put_back(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ablate", "run", "study"])
    before = Path.cwd(), os._exit, signal.getsignal(signal.SIGINT), argparse.ArgumentParser.error
    with contained("mine.py"):
        assert sys.argv == ["mine.py"]
        os.chdir(tmp_path)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.argv.append("more")
    assert sys.argv == ["ablate", "run", "study"]
    assert (Path.cwd(), os._exit, signal.getsignal(signal.SIGINT), argparse.ArgumentParser.error) == before


def test_it_works_off_the_main_thread():
    caught = []

    def run():
        try:
            with contained():
                sys.exit(3)
        except ProcessEnded as error:
            caught.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught == ["it ended the process (SystemExit: 3)"]


def test_a_forked_child_may_end_itself():
    with contained():
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
