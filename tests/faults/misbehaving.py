"""Functions that misbehave for one seed of three, each in its own way; for the others they return their seed."""

import ctypes
import decimal
import gc
import logging
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

BAD = 1


def ends_with_exit(seed=0):
    if seed == BAD:
        sys.exit(0)
    return seed


def ends_without_cleaning_up(seed=0):
    if seed == BAD:
        os._exit(0)
    return seed


def exits_in_c(seed=0):
    if seed == BAD:
        ctypes.CDLL(None)._exit(0)
    return seed


def reads_address_zero(seed=0):
    if seed == BAD:
        print("the clue")
        ctypes.string_at(0)
    return seed


def is_killed(seed=0):
    if seed == BAD:
        os.kill(os.getpid(), signal.SIGKILL)
    return seed


def is_terminated(seed=0):
    if seed == BAD:
        os.kill(os.getpid(), signal.SIGTERM)
    return seed


def aborts(seed=0):
    if seed == BAD:
        os.abort()
    return seed


def raises_generator_exit(seed=0):
    if seed == BAD:
        raise GeneratorExit
    return seed


def raises_an_interrupt(seed=0):
    if seed == BAD:
        raise KeyboardInterrupt
    return seed


def interrupts_itself(seed=0):
    if seed == BAD:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    return seed


def raises_half_a_letter(seed=0):
    if seed == BAD:
        raise ValueError("half \ud800")
    return seed


def recurses(seed=0):
    if seed == BAD:
        return recurses(seed) + 1
    return seed


def reads_its_input(seed=0):
    if seed == BAD:
        input("ready? ")
    return seed


def closes_everything(seed=0):
    if seed == BAD:
        os.closerange(0, 4096)
    return seed


def hangs(seed=0):
    while seed == BAD:
        time.sleep(0.1)
    return seed


def hangs_in_c(seed=0):
    if seed == BAD:
        ctypes.PyDLL(None).sleep(3600)  # with the interpreter's lock held
    return seed


def comes_back_twice(seed=0):
    if seed == BAD:
        os.fork()
    return seed


def leaves_a_child(seed=0):
    if seed == BAD and os.fork() == 0:
        time.sleep(3600)
    return seed


def leaves_a_program(seed=0):
    if seed == BAD:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    return seed


def leaves_a_thread(seed=0):
    if seed == BAD:
        threading.Thread(target=time.sleep, args=(3600,)).start()
    return seed


def leaves_an_alarm(seed=0):
    if seed == BAD:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
    else:
        time.sleep(0.4)
    return seed


def changes_its_process(seed=0):
    here = (
        os.getcwd(), os.environ.get("FAULTS"), signal.getsignal(signal.SIGTERM), sys.argv, os.umask(0o022),
        random.random() == random.Random(seed).random(), np.random.rand() == np.random.RandomState(seed).rand(),
        np.geterr()["over"], sys.getrecursionlimit(), sys.stdout is sys.__stdout__,
    )  # fmt: skip
    os.umask(here[4])
    os.chdir("/")
    os.environ["FAULTS"] = "1"
    os.environ.pop("PATH", None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.argv = ["x"]
    os.umask(0)
    random.seed(3)
    np.random.seed(3)
    np.seterr(all="raise")
    sys.setrecursionlimit(300)
    sys.stdout = None
    print(repr(here), file=sys.stderr)
    return {"m": seed, "random": here[5] + here[6]}


def prints_without_end(seed=0):
    if seed == BAD:
        for _ in range(400):
            print("x" * 10_000)
        print("the end")
    return seed


def returns_what_cannot_be_passed_on(seed=0):
    return {"m": seed, "x": threading.Lock() if seed == BAD else 1.0}


def closes_its_output(seed=0):
    if seed == BAD:
        os.close(1)
        os.close(2)
    return seed


def prints_for_ever(seed=0):
    while seed == BAD:
        os.write(1, b"x" * 65536)
    return seed


def lowers_a_limit(seed=0):
    if seed == BAD:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    _fill(1)
    return seed


def lowers_a_limit_for_good(seed=0):
    if seed == BAD:
        resource.setrlimit(resource.RLIMIT_NOFILE, (5, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        resource.setrlimit(resource.RLIMIT_CPU, (4000, 4000))
    held = resource.getrlimit(resource.RLIMIT_CPU)[0]
    return {"m": seed, "limit": -1 if seed == BAD else held, "process": os.getpid()}


def becomes_somebody_else(seed=0):
    if seed == BAD:
        os.nice(1)
    return {"m": seed, "priority": os.nice(0) - (seed == BAD)}


def sets_what_all_share(seed=0):
    here = (
        decimal.getcontext().prec, decimal.Context().traps == decimal.getcontext().traps, gc.isenabled(),
        logging.root.manager.disable, multiprocessing.get_start_method(allow_none=True), sys.getswitchinterval(),
        signal.pthread_sigmask(signal.SIG_BLOCK, ()), sys.gettrace(), sys.get_int_max_str_digits(),
        len(os.sched_getaffinity(0)),
    )  # fmt: skip
    decimal.getcontext().prec = 3
    decimal.getcontext().traps[decimal.Inexact] = True
    gc.disable()
    logging.disable()
    multiprocessing.set_start_method("spawn")
    sys.setswitchinterval(1.0)
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    sys.settrace(lambda *_: None)
    sys.set_int_max_str_digits(0)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print(repr(here), file=sys.stderr)
    return seed


def _fill(size):
    with tempfile.TemporaryFile() as file:
        file.write(b"x" * size)
        file.flush()
