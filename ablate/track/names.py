"""Names of metrics as MLflow's keys and back, and which names a study may use at all.

MLflow takes letters, digits and `_-./: `, at most 250 of them, and no path that is not in its normal form. A name that
keeps to this is its own key. In any other name every letter that does not fit is written `_x40_` (its code point in
hex), so that `recall@5` and `recall_5` are two keys; `metric_name` brings the name back exactly. A name that is
one of ours (`seconds`) or begins with a prefix of ours (`count/`) is put under `metric/`.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from ablate.errors import UserError

OWN = "metric/"
"""Where a metric is kept whose name is taken by a key of ours."""

BESIDE = "scalar/"
"""Where a scalar is kept that is named like a curve of the same run, to which it would add a point."""

KEYS_TAG = "ablate.keys"
"""Marks a run whose keys are made by `key`. In runs without it a metric is called what its key says."""

TIMER, NONFINITE = "seconds", "first_nonfinite_step"
_TAKEN = (TIMER, NONFINITE)
_PREFIXES = (OWN, BESIDE, "count/", "n/", "ci95_low/", "ci95_high/")  # the last four: see `track.summary`
_ROOM = 230  # of MLflow's 250, for the longest prefix of ours

_UNFIT = re.compile(r"[^\w\-./: ]")
_ESCAPE = re.compile(r"_x([0-9a-f]{2,6})_")
_LIKE_LATIN = str.maketrans(
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοАВЕКМНОРСТХаеорсхуіј",
    "ABEZHIKMNOPTYXoABEKMHOPCTXaeopcxyij",
)
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")


@cache
def key(name: str) -> str:
    """Return the key of a metric: another one for every other name, whatever the names are.

    >>> key("final/test_accuracy"), key("recall@5"), key("seconds"), key("a//b")
    ('final/test_accuracy', 'recall_x40_5', 'metric/seconds', 'a_x2f__x2f_b')
    """
    text = fitting(name)
    return fitting(name, under=OWN) if text in _TAKEN or text.startswith(_PREFIXES) else text


def fitting(name: str, *, under: str = "") -> str:
    """Return a name in MLflow's alphabet, `under` a prefix: what parameters and tags are called.

    A name that no study may have (empty, too long, with letters that nobody sees) is cut and cleaned, and ends in a
    hash of the whole: what a training function logs beside the metrics it declares is kept under some name.

    >>> fitting("program.params.lr"), fitting("../x")
    ('program.params.lr', '_x2e__x2e__x2f_x')
    """
    plain = "".join(letter for letter in name if not _is_unseen(letter)).strip()
    text = under + _escaped(plain)
    if _is_no_path(text):
        text = under + _escaped(plain, also="./")
    if not plain or plain != name or len(text) > _ROOM:
        text = f"{text[: _ROOM - 34]}_h{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    return text.replace("/", "_") if _is_no_path(text) else text


@cache
def metric_name(text: str) -> str:
    """Return the name of the metric that a key stands for.

    >>> metric_name("recall_x40_5"), metric_name("metric/seconds"), metric_name("metric/metric/x")
    ('recall@5', 'seconds', 'metric/x')
    """
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text.removeprefix(OWN))


def _escaped(name: str, *, also: str = "") -> str:
    """Write every letter that does not fit, and each `_` that would begin an escape, by its code point."""
    out = ""
    for letter in reversed(name):
        if _UNFIT.match(letter) or letter in also or (letter == "_" and _ESCAPE.match("_" + out)):
            out = f"_x{ord(letter):02x}_{out}"
        else:
            out = letter + out
    return out


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) in _INVISIBLE


def _is_no_path(text: str) -> bool:
    norm = posixpath.normpath(text)
    return norm != text or norm == "." or norm.startswith(("..", "/"))


def check_metric_names(names: Iterable[str], *, where: str = "") -> None:
    """Refuse names that no metric may have, before anything runs.

    Raises
    ------
    UserError
        A name is empty, too long, `outcome`, has a blank at its ends or a letter nobody sees; two look the same.
    """
    every = list(dict.fromkeys(names))
    lead = f"{where}: " if where else ""
    for name in every:
        if name == "outcome":
            raise UserError(
                f"{lead}a metric cannot be called `outcome`: that is how every run ended (reached, censored, …); "
                "call it `outcome_value`, for example"
            )
        _check(f"{lead}metric", name)
    _check_apart(f"{lead}metrics", every)


def check_factor_names(names: Iterable[str], *, where: str = "") -> None:
    """Refuse names that no factor may have, before anything runs; see `check_metric_names`."""
    every = list(names)
    lead = f"{where}: " if where else ""
    for name in every:
        if name == "seed":
            raise UserError(
                f"{lead}a factor cannot be called `seed`: that is the number of the replicate, by which arms are "
                "paired; call it `seed_level`, for example"
            )
        _check(f"{lead}factor", name)
    _check_apart(f"{lead}factors", every)


def check_level_texts(factors: Mapping[str, Iterable[Any]], *, where: str = "") -> None:
    """Refuse levels of one factor that nobody could tell apart on a page, blanks around them apart.

    Raises
    ------
    UserError
        Two texts are the same to a reader; see `check_metric_names`.
    """
    lead = f"{where}: " if where else ""
    for factor, levels in factors.items():
        _check_apart(f"{lead}factor {factor}: levels", [level for level in levels if isinstance(level, str)])


def _check(what: str, name: str) -> None:
    if not name.strip():
        raise UserError(f"{what} {name!r}: the name is empty; expected a name such as `accuracy`")
    if name != name.strip():
        raise UserError(f"{what} {name!r} has a blank at its beginning or end; expected {name.strip()!r}")
    if unseen := next(filter(_is_unseen, name), ""):
        seen = "".join(letter for letter in name if not _is_unseen(letter))
        raise UserError(f"{what} {name!r} has a letter that cannot be seen (U+{ord(unseen):04X}); expected {seen!r}")
    if len(_escaped(name)) > _ROOM - len(OWN):
        raise UserError(
            f"{what} {name[:40]!r}… has {len(name)} letters, which is too long for MLflow; expected at most "
            f"{_ROOM - len(OWN)} (a letter outside of its alphabet counts as five or more)"
        )


def _check_apart(what: str, names: list[str]) -> None:
    """Refuse two names that Unicode holds for one text: on a page and in a file nobody could tell them apart."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(_seen_as(name), name)
        if other != name:
            blank = other.strip() == name.strip()
            why = "blanks at the ends are not seen" if blank else "Unicode writes one text in two ways"
            raise UserError(
                f"{what} {other!a} and {name!a} look the same ({why}); expected one of the two, or another name"
            )


def _seen_as(name: str) -> str:
    """Return what a reader takes a text for: in one way of writing, Greek and Cyrillic letters as the Latin ones."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", name) if not _is_unseen(letter))
    return unicodedata.normalize("NFKC", seen.translate(_LIKE_LATIN)).strip()
