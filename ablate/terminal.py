"""Lines for a terminal that cannot show every character: ASCII or Latin-1, as `LC_ALL=C` and old consoles have it.

A character that the stream cannot hold is written as what a reader would type for it (`>=`, `delta`, `u` for `ü`); one
for which there is nothing of the kind as Python's escape. A name is then readable, and nothing ends with a traceback.
Nor does a command end because nobody reads any more what it prints (`ablate run … | head -1`).
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import logging
import os
import re
import select
import sys
import unicodedata
from typing import Any, TextIO

HANDLER = "ablate.typed"

_TYPED = {
    "✓": "+", "✗": "x", "✕": "x", "●": "*", "◆": "*", "○": "o", "·": "|", "…": "...", "–": "-", "—": "--", "−": "-",
    "‑": "-", "±": "+/-", "×": "x", "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "∞": "inf",
    "√": "sqrt", "∂": "d", "∅": "none", "½": "1/2", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"',
    "»": '"', "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu",
    "µ": "u", "σ": "sigma", "ω": "omega", "Δ": "Delta", "Σ": "sum", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o",
    "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "█": "#", "▏": "|", "▎": "|", "▍": "|", "▌": "|", "▋": "|", "▊": "|",
    "▉": "#", "│": "|", "─": "-",
}  # fmt: skip


def encodable(text: str, encoding: str = "ascii") -> str:
    r"""Return a text with every character that an encoding lacks as it would be typed.

    >>> encodable("✓ Größe ≥ ½ δ: 标题")
    '+ Grosse >= 1/2 delta: \\u6807\\u9898'
    """
    return "".join(mark if _holds(encoding, mark) else _as_typed(mark) for mark in text)


def plain_line(text: str) -> str:
    r"""Return a text in which nothing moves the cursor, colours the screen or ends the line before its time.

    What is shown may come from anywhere: an arm's label in a store, an error of somebody's code.

    >>> plain_line("a\x1b[2Jb")
    'a\\x1b[2Jb'
    """
    strange = {ord(mark): mark.encode("unicode_escape").decode() for mark in set(text) if _moves(mark)}
    return text.translate(strange) if strange else text


def unkeyed(text: str) -> str:
    """Return a text without the names and passwords of its addresses: errors stand in logs that others read.

    >>> unkeyed("cannot read postgresql://me:secret@host/db?sslkey=a&token=b")
    'cannot read postgresql://…@host/db?sslkey=…&token=…'
    """
    return _KEY.sub(r"\1…", _USER.sub("://…@", text))


_USER = re.compile(r"(?<=[A-Za-z0-9]{2}):/{1,2}[^/@\s]*@")  # one slash: as a path has it; `C:/` is a drive
_KEY = re.compile(r"([?&][\w.-]*(?:token|password|passwd|pwd|secret|key|sig|signature|credential)=)[^&\s'\"]+", re.I)


def columns_of(text: str) -> int:
    """Return the columns of a terminal that a text takes: Chinese characters take two, accents of their own none.

    >>> columns_of("norm=批"), columns_of("e\u0301")
    (7, 1)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.category(letter) in ("Mn", "Me", "Cf") for letter in text)


def filled(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text with the blanks that make it so many columns wide; `right`: in front of it.

    >>> filled("批", 4), filled("12", 4, right=True)
    ('批  ', '  12')
    """
    blanks = " " * (columns - columns_of(text))
    return blanks + text if right else text + blanks


def _moves(mark: str) -> bool:
    return mark not in "\n\t" and unicodedata.category(mark) in ("Cc", "Cf", "Zl", "Zp") and mark not in _JOINERS


_JOINERS = "\u200c\u200d"  # parts of words of some languages, and of pictures


def _as_typed(mark: str) -> str:
    if mark in _TYPED:
        return _TYPED[mark]
    plain = "".join(part for part in unicodedata.normalize("NFKD", mark) if not unicodedata.combining(part))
    if plain.isascii() and plain:
        return plain
    return mark.encode("ascii", errors="backslashreplace").decode()


def _holds(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    # Only of ASCII: an old code page calls itself `charmap`, and what it holds cannot be asked for by that name.
    return "".join(map(_as_typed, error.object[error.start : error.end])), error.end


codecs.register_error(HANDLER, _replace)


class _Standard(io.FileIO):
    """Standard output or error: what nobody reads any more is dropped, and the command goes on.

    A reader that has gone (`| head -1`) wants no more lines; the runs and the report are still wanted. Where output is
    lost for another reason, a full disk, `lost` says so, and standard output raises it once.
    """

    lost: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of it: Python itself loses the rest where it does not buffer (`python -u`)."""
        rest = memoryview(data).cast("B")
        size = rest.nbytes
        try:
            while rest:
                written = super().write(rest)
                if written is None:  # set not to wait, by who shares it with us
                    select.select([], [self], [])
                rest = rest[written or 0 :]
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())  # for what writes past Python, and for processes to come, too
            os.close(null)
            if error.errno != errno.EPIPE and self.lost is None:
                self.lost = OSError(error.errno, error.strerror, "standard output")
                if self.fileno() == 1:
                    raise self.lost from None
        return size


def guard_streams() -> None:
    """Let standard output and error be there, whatever becomes of those who read them; done once in a process.

    One that is closed (`>&-`) is the null device: else the next file that is opened, a database, would have its number.
    """
    if sys.platform == "win32":
        return
    for number in range(3):
        with contextlib.suppress(OSError):
            os.fstat(number)
            continue
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest number that is free
    if sys.stdin is None:
        sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 - as long as the process
    for name in ("stdout", "stderr"):
        stream, number = getattr(sys, name), 1 if name == "stdout" else 2
        if stream is None or (stream is getattr(sys, f"__{name}__") and type(stream) is io.TextIOWrapper):
            setattr(sys, name, _guarded(stream, number))


def _guarded(stream: io.TextIOWrapper | None, number: int) -> io.TextIOWrapper:
    raw = _Standard(number, "w", closefd=False)
    if stream is None:
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", newline="\n")
    buffer: Any = raw if isinstance(stream.buffer, io.FileIO) else io.BufferedWriter(raw)  # the first: `python -u`
    return io.TextIOWrapper(
        buffer, stream.encoding, stream.errors, "\n",
        line_buffering=stream.line_buffering, write_through=stream.write_through,
    )  # fmt: skip


def check_output() -> None:
    """Raise `OSError` where something that was printed could not be written, a reader that has gone aside."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", getattr(sys.stdout, "buffer", None))
    if isinstance(raw, _Standard) and raw.lost is not None:
        raise raw.lost


def forgive_streams() -> None:
    """Let standard output and error write what they cannot hold as it would be typed; who chose a way keeps it."""
    for stream in (sys.stdout, sys.stderr):
        forgive(stream)


def forgive(stream: TextIO) -> None:
    """Do the same for one stream. `PYTHONIOENCODING=ascii:replace` and the like stay as they are."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and stream.errors in ("strict", "surrogateescape", "backslashreplace"):
        reconfigure(errors=HANDLER)


def shows_everything(stream: TextIO) -> bool:
    """Say whether a stream can hold every character."""
    try:
        return codecs.lookup(stream.encoding or "ascii").name.startswith("utf")
    except LookupError:
        return False


class _Lines(logging.Handler):
    """Shows what the package warns of as the other lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        # Not written past tqdm: a progress bar is drawn again below the line.
        tqdm.write(f"ablate: {plain_line(unkeyed(record.getMessage()))}", file=sys.stderr)


def show_warnings() -> None:
    """Show what the package warns of on standard error, once however often this is called."""
    log = logging.getLogger("ablate")
    if not any(isinstance(handler, _Lines) for handler in log.handlers):
        log.addHandler(_Lines())
        log.propagate = False
