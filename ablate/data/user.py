"""The user's own data: what its sources share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ablate.data.base import Examples
from ablate.data.keys import ORDER
from ablate.data.paths import given_path, is_there
from ablate.data.ranges import Group
from ablate.data.stored import HeldOut, StoredDataset, StoredSource, drawn_out, given_out
from ablate.data.values import Declared
from ablate.errors import UserError, must, unknown

_NEW = {"unsaid": None}  # settings that came when runs were already stored


@dataclass(frozen=True, eq=False)
class Loaded:
    """What a source of the user's holds.

    Attributes
    ----------
    sizes
        Of the training, validation and test parts that it gives, in this order; None: it gives none, or the user
        wants them drawn.
    """

    examples: Examples
    sizes: tuple[int, int, int] | None


@dataclass(frozen=True)
class UserData(StoredDataset):
    """Examples of the user's own: with parts of their own, or with shares drawn once for all seeds, stratified.

    Attributes
    ----------
    test, validation
        Shares of all examples; where the source gives one part, the other is a share of the training part.
    parts
        `given`: the parts of the source, which must have some; `drawn`: all its parts put together and drawn anew;
        None: given where there are any.
    black, white
        Values that become 0 and 1; None: by the type (255, 65,535, or fractions).
    blank
        What is done about pictures of one value where a class has several, and more than one in 20: `refuse` or `keep`.

    Raises
    ------
    UserError
        `test` or `validation` is not above 0, or together they leave nothing to train on; another setting has a value
        that is not named above.
    """

    test: float = 0.2
    validation: float = 0.1
    parts: str | None = field(default=None, metadata=_NEW)
    black: float | None = field(default=None, metadata=_NEW)
    white: float | None = field(default=None, metadata=_NEW)
    blank: str = field(default="refuse", metadata={"identity": False})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("test", "validation"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise must(f"dataset.{name}", "be a share between 0 and 1", getattr(self, name))
        if self.test + self.validation >= 1.0:
            raise must("dataset.validation", "leave a share for training, with dataset.test", self.validation)
        if self.parts not in (None, "given", "drawn"):
            raise unknown("dataset.parts", str(self.parts), ["given", "drawn"])
        if self.blank not in ("refuse", "keep"):
            raise unknown("dataset.blank", str(self.blank), ["refuse", "keep"])
        Declared(self.black, self.white)

    @abstractmethod
    def loaded(self) -> Loaded:
        """Return all examples and the parts they come in; read once while the files stay as they are."""

    def examples(self) -> Examples:
        """Return all examples: the training part first, then those of other parts."""
        return self.loaded().examples

    def source(
        self, what: str, named: Callable[[int], str], *, hint: str = "", groups: Sequence[Group] = ()
    ) -> StoredSource:
        """Return what reading needs to know of a source named `what`."""
        declared = Declared(self.black, self.white)
        keep = self.blank == "keep"
        return StoredSource(what, named, declared, keep_blank=keep, blank_hint=hint, groups=tuple(groups))

    @staticmethod
    def existing(given: str | None, name: str, what: str, *, want: Callable[[Path], bool]) -> Path:
        """Return the path the user gave, absolute.

        Raises
        ------
        UserError
            None was given, it cannot be a path, or it is not there.
        """
        if given is None:
            raise UserError(f"dataset.{name} must name {what}: dataset.{name}=…")
        path = given_path(given, name=name)
        if not is_there(path, want, name=name):
            raise UserError(f"dataset.{name} must name {what}: there is none at {given}")
        return path

    def division(self, sizes: dict[str, int], *, what: str) -> tuple[tuple[int, int, int] | None, list[str]]:
        """Return the sizes of the parts that are kept apart, and what is told of them.

        Parameters
        ----------
        sizes
            Part -> examples in it; only `train` where the source gives no parts.

        Raises
        ------
        UserError
            The settings ask for parts that are not there, or for shares that would not be used.
        """
        if len(sizes) == 1:
            if self.parts == "given":
                raise UserError(f"{what} gives no test or validation part, which dataset.parts=given asks for")
            return None, []
        listed = ", ".join(f"{part} {count:,}" for part, count in sizes.items())
        if self.parts == "drawn":
            return None, [f"the parts it gives ({listed}) are put together and drawn again"]
        for name in ("test", "validation"):
            default = UserData.__dataclass_fields__[name].default
            if name in sizes and getattr(self, name) != default:
                raise UserError(
                    f"{what} gives its {name} part, so that dataset.{name}={getattr(self, name)} would not be used: "
                    "leave it out, or draw all parts again with dataset.parts=drawn"
                )
        missing = [
            f"; {name} is a share of {getattr(self, name):g} of its training part, drawn once"
            for name in ("test", "validation")
            if name not in sizes
        ]
        train, validation, test = (sizes.get(part, 0) for part in ORDER)
        return (train, validation, test), [f"the parts are those it gives ({listed}){''.join(missing)}"]

    def held_out(self) -> HeldOut:
        """Return the test and validation parts and what is left.

        Each drawn part, and what is left for training, must hold an example of every class; a part that the source
        gives need not.

        Raises
        ------
        UserError
            There are too few examples for that.
        """
        loaded = self.loaded()
        examples, sizes = loaded.examples, loaded.sizes
        if sizes is None:
            parts, drawn = drawn_out(examples, self.test, self.validation), {"test", "validation"}
        else:
            parts = given_out(
                examples, sizes, validation=round(self.validation * sizes[0]), test=round(self.test * sizes[0])
            )
            drawn = {name for name, size in zip(ORDER, sizes, strict=True) if not size}
        for name, part in (("test", parts.test), ("validation", parts.validation), ("training", parts.pool)):
            if name != "training" and name not in drawn:
                continue
            if (np.bincount(examples.labels[part], minlength=examples.classes) == 0).any():
                raise UserError(f"too few examples: the {name} part ({len(part)}) has none of some class")
        return parts
