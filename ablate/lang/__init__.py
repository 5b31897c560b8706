"""The languages a page can speak: every fixed sentence is an English message that a catalogue may translate.

`tr("{seeds} seeds, {arms} arms", seeds=8, arms=2)` writes the message in the current language (`speaking`).
`msg("supported")` marks a message where it stands in a table at import, to be handed to `tr` later. A test collects
both from the syntax trees and the templates and compares them with the catalogues: a missing translation fails.

Numbers, metric names, factors and levels are the same in every language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from ablate.errors import unknown

LANGUAGES = ("en", "zh")

_WORD, _MARK = "\u3400-\u9fff", "\u3001-\u3020\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_NO_BLANK = re.compile(
    # Beside a name that was filled in, where the name is Chinese: a Latin one keeps its blank.
    f"(?<=[{_WORD}]) (?=[{_WORD}])"
    # Beside punctuation that is as wide as a letter and has its own room; not what fills up a cell of a table.
    f"|(?<=[{_MARK}]) +(?=[^\\s|])|(?<=[^\\s|]) +(?=[{_MARK}])"
)

_language: ContextVar[str] = ContextVar("language", default="en")


def language() -> str:
    """Return the language that is set: `en` where nothing else was asked for."""
    return _language.get()


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Write everything inside in another language.

    Raises
    ------
    UserError
        A language that no catalogue is written for.

    Examples
    --------
    >>> with speaking("zh"):
    ...     tr("supported")
    '支持'
    """
    if name not in LANGUAGES:
        raise unknown("language", name, LANGUAGES)
    token = _language.set(name)
    try:
        yield
    finally:
        _language.reset(token)


def tr(message: str, /, **values: object) -> str:
    """Write a message in the current language, its `{names}` filled in.

    A message that the catalogue does not know stays English: names of metrics and factors come through here too.

    >>> tr("{n} arms", n=3)
    '3 arms'
    """
    text = message if language() == "en" else catalogue(language()).get(message, message)
    if not values:
        return text
    filled = text.format(**values)
    return filled if text is message else _NO_BLANK.sub("", filled)


def closed_up(text: str) -> str:
    """Return a page without the blanks that Chinese does not have: between its sentences, and beside its punctuation.

    Sentences are put together with a blank, which English has after a full stop. Tables in Markdown keep theirs, which
    line up their columns. Any other language is left as it is.

    >>> with speaking("zh"):
    ...     closed_up("第一句。 第二句（甲） ReLU。")
    '第一句。第二句（甲）ReLU。'
    >>> closed_up("One. Two.")
    'One. Two.'
    """
    if language() != "zh":
        return text
    return "\n".join(line if line.startswith("|") else _NO_BLANK.sub("", line) for line in text.split("\n"))


def counted(number: int, word: str) -> str:
    """Return `1 seed`, `8 seeds`; other languages have a message ``{n} seed`` of their own.

    >>> counted(1, "seed"), counted(8, "seed")
    ('1 seed', '8 seeds')
    """
    return tr(f"{{n}} {word}", n=number) if language() != "en" else f"{number} {word}" + ("" if number == 1 else "s")


def msg(message: str) -> str:
    """Mark a message for the catalogue, unchanged."""
    return message


@cache
def catalogue(name: str) -> dict[str, str]:
    """Return message -> translation of a language; empty for English.

    The files below `ablate/lang/NAME/` are read in the order of their names.
    """
    import yaml

    messages: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / name).glob("*.yaml")):
        messages |= yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return messages
