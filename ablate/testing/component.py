"""What every component keeps to: a frozen dataclass that is its settings, and can be named, compared and sent."""

from __future__ import annotations

import dataclasses
import pickle

from ablate.errors import UserError
from ablate.identity import digest
from ablate.registry import registered_name
from ablate.testing.base import Check, require, suite


def component_checks(cls: type) -> list[Check]:
    """Return the checks for the class of any component."""
    return suite(
        ("is a frozen dataclass", _frozen),
        ("every setting has a default", _defaults),
        ("is registered under a name", _named),
        ("the same settings are equal, and have the same identity", _equal),
        ("another value of a number is another identity", _told_apart),
        ("goes to a worker process and back", _sent),
        of=cls,
    )


def _frozen(cls: type) -> None:
    require(dataclasses.is_dataclass(cls), f"{cls.__name__} is not a dataclass")
    require(cls.__dataclass_params__.frozen, f"write @dataclass(frozen=True) above {cls.__name__}")  # type: ignore[attr-defined]


def _defaults(cls: type) -> None:
    missing = dataclasses.MISSING
    open_ = [
        f.name for f in dataclasses.fields(cls) if f.init and f.default is missing and f.default_factory is missing
    ]
    require(not open_, f"{', '.join(open_)} has no default")


def _named(cls: type) -> None:
    try:
        registered_name(cls())
    except UserError:
        require(False, f'{cls.__name__} is not registered: write @register("GROUP", "name") above it')


def _equal(cls: type) -> None:
    require(cls() == cls(), f"{cls.__name__}() == {cls.__name__}() does not hold")
    require(digest(cls()) == digest(cls()), "two objects of the same settings have different identities")


def _told_apart(cls: type) -> None:
    base = cls()
    for field in dataclasses.fields(cls):
        value = getattr(base, field.name)
        if not (field.init and field.metadata.get("identity", True)) or isinstance(value, bool):
            continue
        if not isinstance(value, int | float):
            continue
        for changed in (value * 0.5, value + 1, value + 0.25) if isinstance(value, float) else (value + 1, value - 1):
            if changed == value:
                continue
            try:
                other = dataclasses.replace(base, **{field.name: changed})
            except UserError:  # out of its range
                continue
            require(digest(other) != digest(base), f"{field.name}={changed} has the identity of {field.name}={value}")
            break


def _sent(cls: type) -> None:
    require(pickle.loads(pickle.dumps(cls())) == cls(), "pickled and read again, it is not equal to what it was")
