"""The user's own data: what its sources share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ablate.data.stored import HeldOut, Stored, drawn_out
from ablate.errors import Failure, UserError, must


@dataclass(frozen=True)
class UserData(Stored):
    """Examples without published parts: test and validation are shares drawn once for all seeds, stratified.

    Raises
    ------
    UserError
        `test` or `validation` is not above 0, or together they leave nothing to train on.
    """

    test: float = 0.2
    validation: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("test", "validation"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise must(f"dataset.{name}", "be a share between 0 and 1", getattr(self, name))
        if self.test + self.validation >= 1.0:
            raise must("dataset.validation", "leave a share for training, with dataset.test", self.validation)

    @staticmethod
    def existing(given: str | None, name: str, what: str, *, want: Callable[[Path], bool]) -> Path:
        """Return the path the user gave, absolute.

        Raises
        ------
        UserError
            None was given, or it is not there.
        """
        if given is None:
            raise UserError(f"dataset.{name} must name {what}: dataset.{name}=…")
        path = Path(given).expanduser().absolute()
        if not want(path):
            raise UserError(f"dataset.{name} must name {what}: there is none at {given}")
        return path

    def held_out(self) -> HeldOut:
        """Return the two shares and what is left; each must hold an example of every class.

        Raises
        ------
        Failure
            There are too few examples for that.
        """
        examples = self.examples()
        parts = drawn_out(examples, self.test, self.validation)
        for name, part in (("test", parts.test), ("validation", parts.validation), ("training", parts.pool)):
            if (np.bincount(examples.labels[part], minlength=examples.classes) == 0).any():
                raise Failure(f"too few examples: the {name} part ({len(part)}) has none of some class")
        return parts
