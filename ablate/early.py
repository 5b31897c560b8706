"""What answers Ctrl-C while Python still imports what a command needs.

That takes a third of a second, and Python raises `KeyboardInterrupt` wherever it is: a page of traceback, or an import
that catches it and goes on. Nothing has begun by then, so the process may end at once. The first to be imported, this
module itself imports as good as nothing, and so does `ablate`.
"""

import os
import signal
from types import FrameType

EXIT_CODE = 130
"""Exit code of a command that was interrupted, as a shell has it."""


def end_plainly() -> None:
    """Let SIGINT end this process with one line, until `interrupts.interruptible` answers it.

    Where it is ignored, as in a job in the background of a shell, or answered by somebody else, it stays so.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, end)


def end_silently() -> None:
    """Let SIGINT end this process without a word, now that all is done and said.

    Python waits for threads and workers before it ends, and an interrupt there would be a traceback.
    """
    if signal.getsignal(signal.SIGINT) in (end, signal.default_int_handler):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def end(number: int, frame: FrameType | None) -> None:
    """Say that nothing has begun, and end this process at once."""
    del number, frame
    try:
        os.write(2, b"\nablate: interrupted before it began\n")
    finally:
        os._exit(EXIT_CODE)
