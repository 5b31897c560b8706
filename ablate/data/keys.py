"""What the arrays of an archive are called, and which of them are read: by a table of names, without guessing."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from ablate.data.paths import some
from ablate.errors import UserError, unknown

PAIRS = (
    ("images", "labels"), ("image", "label"), ("imgs", "labels"), ("x", "y"), ("data", "target"), ("data", "targets"),
    ("data", "labels"), ("inputs", "targets"), ("inputs", "labels"), ("features", "labels"),
)  # fmt: skip
"""Names of images and labels that are read, in capitals as well; with a part as `x_train` or `train_images`."""

PARTS = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
"""Names of parts that are read, and which part they mean."""

ORDER = ("train", "validation", "test")

_WORDS = "|".join(sorted(PARTS, key=len, reverse=True))
_BEFORE, _AFTER = re.compile(rf"({_WORDS})_(\w+)"), re.compile(rf"(\w+?)_({_WORDS})")
_EXPECTED = "`images` and `labels`, `x` and `y`, or `x_train`, `y_train`, `x_test` and `y_test`"


@dataclass(frozen=True)
class ChosenKeys:
    """What is read of an archive.

    Attributes
    ----------
    parts
        Part -> (name of the images, name of the labels), in the order of `ORDER`; an archive without parts has `train`.
    unread
        The other arrays.
    """

    parts: dict[str, tuple[str, str]]
    unread: tuple[str, ...]


def chosen(names: Collection[str], *, images: str | None, labels: str | None, what: str) -> ChosenKeys:
    """Return which arrays are read: what the user declares, else the one reading that the table of names allows.

    Raises
    ------
    UserError
        A declared array is not there; no pair of names is known; or there are several ways to read the archive.
    """
    if images is not None or labels is not None:
        for setting, name in (("images", images), ("labels", labels)):
            if name is None:
                raise UserError(f"dataset.{setting} must be given as well: one of {some(sorted(names))}")
            if name not in names:
                raise unknown(f"array in {what}: dataset.{setting}", name, names)
        assert images is not None
        assert labels is not None
        return _with_rest(names, {"train": (images, labels)})
    readings = _pairs(names)
    if not readings:
        raise UserError(
            f"{what} holds the arrays {some(sorted(names)) or 'nothing'}, expected {_EXPECTED}; dataset.images=… "
            "dataset.labels=… read others"
        )
    whole, parts = readings.pop("", []), readings
    several = next((pairs for pairs in (whole, *parts.values()) if len(pairs) > 1), None)
    if several or (whole and parts):
        ways = several or [whole[0], next(iter(parts.values()))[0]]
        listed = " or ".join(f"{one} with {two}" for one, two in ways)
        raise UserError(
            f"{what} can be read in several ways, {listed}: say which with dataset.images=… dataset.labels=…"
        )
    if whole:
        return _with_rest(names, {"train": whole[0]})
    if "train" not in parts:
        raise UserError(f"{what} has no training part: it holds {some(sorted(names))}")
    return _with_rest(names, {part: parts[part][0] for part in ORDER if part in parts})


def _pairs(names: Collection[str]) -> dict[str, list[tuple[str, str]]]:
    """Return part (empty: none is named) -> the pairs of names that may be its images and labels."""
    parsed = [(name, *_parsed(name.lower())) for name in sorted(names)]
    pairs: dict[str, list[tuple[str, str]]] = {}
    for one, part, role in parsed:
        for two, other, partner in parsed:
            if part == other and (role, partner) in PAIRS:
                pairs.setdefault(part, []).append((one, two))
    return pairs


def _parsed(name: str) -> tuple[str, str]:
    """Return the part that a name says (empty: none) and what is left of it.

    >>> _parsed("x_train"), _parsed("val_images"), _parsed("images")
    (('train', 'x'), ('validation', 'images'), ('', 'images'))
    """
    if before := _BEFORE.fullmatch(name):
        return PARTS[before[1]], before[2]
    if after := _AFTER.fullmatch(name):
        return PARTS[after[2]], after[1]
    return "", name


def _with_rest(names: Collection[str], parts: dict[str, tuple[str, str]]) -> ChosenKeys:
    read = {name for pair in parts.values() for name in pair}
    return ChosenKeys(parts, tuple(sorted(set(names) - read)))
