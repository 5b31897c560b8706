"""The errors a user sees: one line with what was wrong, what was expected, what was got, the nearest choice."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

_LONG = 200  # letters of a wrong name or value that an error repeats
_LONGEST = 1_000  # letters of a word, a path say, that stays whole in an error
_MOST_CHOICES = 60


class AblateError(Exception):
    """Base of every error this package raises on purpose; `exit_code` is what the command line returns.

    Whatever it repeats of what somebody gave, no word of it is longer than a path may be.

    >>> len(str(UserError("no key " + "x" * 5000)))
    208
    """

    exit_code = 1

    def __init__(self, *said: object) -> None:
        super().__init__(*(_readable(one) if isinstance(one, str) else one for one in said))


class UserError(AblateError):
    """The input was wrong: nothing was run, nothing was changed."""

    exit_code = 2


class Failure(AblateError):
    """The input was right, but the work failed: a database, a disk, a training job."""

    exit_code = 1


class Undecided(AblateError):
    """The input was right and everything was done, but the runs do not decide what was asked."""

    exit_code = 3


class Refuted(AblateError):
    """The runs decide what was asked, and it does not hold."""

    exit_code = 1


class Submitted(AblateError):
    """Nothing is wrong: jobs were submitted that go on by themselves, and a later command takes in what they made."""

    exit_code = 0


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like `word`, or None where nothing is alike.

    >>> nearest("adm", ["sgd", "adam", "adagrad"])
    'adam'
    """
    names = list(choices)
    folded = {name.lower(): name for name in reversed(names)}
    matches = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.5)
    return folded[matches[0]] if matches else None


def near_file(path: Path) -> str:
    """Return what an error on a file that is not there ends with: the file of its kind whose name is most like it.

    >>> near_file(Path("nowhere/runs.csv"))
    ''
    """
    try:
        there = [other.name for other in path.parent.glob(f"*{path.suffix}")] if path.suffix else []
    except (OSError, ValueError):
        return ""
    hint = nearest(path.name, there)
    return f"; nearest match: {hint}" if hint else ""


def unknown(what: str, got: str, choices: Iterable[str]) -> UserError:
    """Build the error for a name that is not one of `choices`.

    >>> str(unknown("optimizer", "adm", ["sgd", "adam"]))
    "unknown optimizer 'adm': expected one of adam, sgd; nearest match: adam"
    >>> str(unknown("study", "rates", []))
    "unknown study 'rates': there is none"
    """
    names = sorted(choices)
    if not names:
        return UserError(f"unknown {what} {cut(got)!r}: there is none")
    hint = nearest(got, names) if len(got) <= _LONG else None
    got = cut(got)
    listed = ", ".join(map(cut, names[:_MOST_CHOICES]))
    more = f" and {len(names) - _MOST_CHOICES:,} more" if len(names) > _MOST_CHOICES else ""
    tail = f"; nearest match: {hint}" if hint else ""
    if hint and not (got.isascii() and hint.isascii()):  # letters of two alphabets may look the same
        tail += f" (in full: {got!a} is not {hint!a})"
    return UserError(f"unknown {what} {got!r}: expected one of {listed}{more}{tail}")


def plural(number: int, word: str, many: str = "") -> str:
    """Return a count with its word, in English: `1 run`, `8 runs`; `many` is the word of several where it is another.

    >>> plural(1, "run"), plural(0, "run"), plural(2_000, "process", "processes")
    ('1 run', '0 runs', '2000 processes')
    """
    return f"{number} {word if number == 1 else many or word + 's'}"


def must(where: str, expected: str, got: object) -> UserError:
    """Build the error for a value out of its range.

    >>> str(must("SGD.lr", "be > 0", -1.0))
    '`SGD.lr` must be > 0, got -1.0.'
    """
    return UserError(f"`{where}` must {expected}, got {cut(repr(got))}.")


def _readable(text: str) -> str:
    return re.sub(rf"\S{{{_LONGEST + 1},}}", lambda word: cut(word[0]), text) if len(text) > _LONGEST else text


def cut(text: str) -> str:
    """Return a text that an error repeats, cut where it is long: somebody may have given a number of 5,000 digits.

    >>> cut("short"), len(cut("9" * 5000))
    ('short', 201)
    """
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
