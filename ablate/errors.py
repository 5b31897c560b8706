"""The errors a user sees: one line with what was wrong, what was expected, what was got, the nearest choice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONG = 200  # letters of a wrong name that an error repeats


class AblateError(Exception):
    """Base of every error this package raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class UserError(AblateError):
    """The input was wrong: nothing was run, nothing was changed."""

    exit_code = 2


class Failure(AblateError):
    """The input was right, but the work failed: a database, a disk, a training job."""

    exit_code = 1


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like `word`, or None where nothing is alike.

    >>> nearest("adm", ["sgd", "adam", "adagrad"])
    'adam'
    """
    names = list(choices)
    folded = {name.lower(): name for name in reversed(names)}
    found = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.5)
    return folded[found[0]] if found else None


def unknown(what: str, got: str, choices: Iterable[str]) -> UserError:
    """Build the error for a name that is not one of `choices`.

    >>> str(unknown("optimizer", "adm", ["sgd", "adam"]))
    "unknown optimizer 'adm': expected one of adam, sgd; nearest match: adam"
    """
    names = sorted(choices)
    hint = nearest(got, names) if len(got) <= _LONG else None
    got = got if len(got) <= _LONG else f"{got[:_LONG]}…"
    tail = f"; nearest match: {hint}" if hint else ""
    if hint and not (got.isascii() and hint.isascii()):  # letters of two alphabets may look the same
        tail += f" (in full: {got!a} is not {hint!a})"
    return UserError(f"unknown {what} {got!r}: expected one of {', '.join(names)}{tail}")


def must(where: str, expected: str, got: object) -> UserError:
    """Build the error for a value out of its range.

    >>> str(must("SGD.lr", "be > 0", -1.0))
    '`SGD.lr` must be > 0, got -1.0.'
    """
    return UserError(f"`{where}` must {expected}, got {got!r}.")
