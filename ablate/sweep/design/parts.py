"""The `design:` of a study file: one part or a list of parts, each naming how combinations of levels are chosen."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from ablate.claims.parts import Levels, Strict


class Full(Strict):
    """Every combination of the levels of `factors` (all of them by default); the others stay at the baseline."""

    kind: Literal["full"] = "full"
    factors: list[str] | None = None


class OneFactorAtATime(Strict):
    """The baseline, and from it one factor changed at a time, to each of its other levels."""

    kind: Literal["ofat"] = "ofat"
    factors: list[str] | None = None


class Pairs(Strict):
    """The baseline, every single change from it, and every pair of changes: what two-factor interactions need."""

    kind: Literal["pairs"] = "pairs"
    factors: list[str] | None = None


class LeaveOneOut(Strict):
    """The full system, and from it each component switched off, one at a time.

    Attributes
    ----------
    full
        Factor -> level of the full system; the baseline's level where left out.
    off
        Factor -> the level that means "without it". Only these factors are switched; by default every factor with two
        levels, to the level that the full system does not have.
    """

    kind: Literal["leave_one_out"] = "leave_one_out"
    full: Levels = Field(default_factory=dict)
    off: Levels = Field(default_factory=dict)


class Fractional(Strict):
    """A regular two-level fraction, for screening many factors with few arms.

    Attributes
    ----------
    resolution
        3: main effects are aliased with two-factor interactions. 4: not with those. 5: two-factor interactions are
        clear of each other too. By default 4.
    generators
        In place of a resolution, one word per factor: ``a b c abc`` makes the fourth factor the product of the first
        three, ``-abc`` its opposite.
    """

    kind: Literal["fractional"] = "fractional"
    factors: list[str] | None = None
    resolution: Annotated[int, Field(ge=3)] | None = None
    generators: str | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.resolution is not None and self.generators is not None:
            raise ValueError("given `resolution` or `generators`, not both")
        return self


class Listed(Strict):
    """Arms one by one, as factor -> level; a factor that is left out has the baseline's level."""

    kind: Literal["listed"] = "listed"
    arms: list[Levels] = Field(min_length=1)


_PARTS = (Full, OneFactorAtATime, Pairs, LeaveOneOut, Fractional, Listed)
DESIGNS: dict[str, type[Strict]] = {part.model_fields["kind"].default: part for part in _PARTS}

DesignPart = Annotated[Full | OneFactorAtATime | Pairs | LeaveOneOut | Fractional | Listed, Field(discriminator="kind")]


def _listed(value: Any) -> Any:
    """Read `ofat`, `{kind: ofat}` and `[ofat, pairs]` alike."""
    parts = value if isinstance(value, list) else [value]
    return [{"kind": part} if isinstance(part, str) else part for part in parts]


Asked = DesignPart | Literal["full", "ofat", "pairs", "leave_one_out", "fractional"]
Design = Annotated[
    list[DesignPart], BeforeValidator(_listed, json_schema_input_type=Asked | list[Asked]), Field(min_length=1)
]
