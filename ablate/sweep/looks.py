"""When the claims of a study may be judged before its last seed: `looks` of a study file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ablate.claims.parts import Strict

FIRST = 10
"""Fewest seeds of the first look at any time. With fewer, the rates of docs/calibration do not hold: of lognormal
differences, ten may all lie on one side of their mean by chance."""

EXPECTED = "rising counts of seeds, `anytime`, or {first: a number >= 10, every: a number >= 1}"


class AnyTime(Strict):
    """Looks at any time: after the first `first` seeds, then after `every` more, up to the last planned seed."""

    first: int = Field(default=FIRST, ge=FIRST)
    every: int = Field(default=2, ge=1)

    def counts(self, seeds: int) -> tuple[int, ...]:
        """Return the seeds of every look of a study of so many seeds.

        >>> AnyTime().counts(16)
        (10, 12, 14, 16)
        """
        return tuple(range(self.first, seeds + 1, self.every))


def _read(value: Any) -> Any:
    if value == "anytime":
        return AnyTime()
    if isinstance(value, AnyTime):
        return value
    if isinstance(value, dict) and value and set(value) <= {"first", "every"}:
        first, every = value.get("first", FIRST), value.get("every", 2)
        if type(first) is int and type(every) is int and first >= FIRST and every >= 1:
            return AnyTime(first=first, every=every)
    if isinstance(value, list) and all(type(n) is int and n >= 1 for n in value) and sorted(set(value)) == value:
        return value
    raise ValueError(EXPECTED)


Looks = Annotated[
    list[int] | AnyTime,
    BeforeValidator(_read, json_schema_input_type=list[Annotated[int, Field(ge=1)]] | Literal["anytime"] | AnyTime),
]
