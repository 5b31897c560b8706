"""What every kind of claim has: its sides, the cells it ranges over, the gates that can hold it back."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    model_validator,
)

from ablate.levels import read_level, restored, stored


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


STORED = {"stored": True}
"""Validation context of a study that is read back from a JSON document."""


def _level(value: Any, info: ValidationInfo) -> Any:
    level = read_level(value)
    return restored(level) if info.context == STORED else level


Scalar = str | int | float | bool | None
Level = Annotated[
    str | int | float | bool | None,
    PlainValidator(_level, json_schema_input_type=Scalar | list[Any]),
    PlainSerializer(stored, when_used="json"),
]
Levels = dict[str, Level]
Where = dict[str, Annotated[list[Level], BeforeValidator(_listed, json_schema_input_type=Scalar | list[Any])]]
Region = tuple[float, float]
Population = Literal["all", "trained"]
Delta = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]


_GONE = ("stance",)  # it counted claims for and against a sentence; rules of `sweep.sentences` decide now


class Strict(BaseModel):
    """A typo is an error, and nothing changes after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Quote(Strict):
    """A sentence of the notes, verbatim, with an English rendering.

    Attributes
    ----------
    who
        Whose sentence it is: the `book`'s, copied, or the `reader`'s own.
    claims
        Ids of the claims of the study that put it to the test; of a study's quote all of them where left out.
    """

    zh: str
    en: str
    source: str = "notes on Deep Learning from Scratch"
    who: Literal["book", "reader"] = "book"
    claims: list[str] = Field(default_factory=list)


class PositiveControl(Strict):
    """Another claim of the study must come out as expected, or the study could not have seen an effect."""

    kind: Literal["positive_control"] = "positive_control"
    claim: str
    must_be: Literal["supported", "refuted"] = "supported"


class ManipulationCheck(Strict):
    """A metric must keep to a bound in the named cells: the treatment did what it is meant to do.

    `of` is `mean` (over the runs, failures filled) or `every` (each run).
    """

    kind: Literal["manipulation_check"] = "manipulation_check"
    metric: str
    where: Where = Field(default_factory=dict)
    at_least: float | None = None
    at_most: float | None = None
    of: Literal["mean", "every"] = "mean"

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("given `at_least` or `at_most`")
        return self


class TuningEdge(Strict):
    """No tuned value of an arm that is compared may lie on the edge of its grid."""

    kind: Literal["tuning_edge"] = "tuning_edge"


Gate = Annotated[PositiveControl | ManipulationCheck | TuningEdge, Field(discriminator="kind")]


class BaseClaim(Strict):
    """What every kind states.

    Attributes
    ----------
    arm, against
        Factor -> level. Every other factor is matched: both sides are compared within the same cell.
    where
        Factor -> level or list of levels: the cells the claim ranges over (all cells where left out). Within a
        seed the difference is averaged over these cells.
    each
        Factors whose every level becomes a claim of its own (`id[init.std=0.1]`).
    predicts
        `higher` or `lower`; by default lower for losses, errors, steps and seconds, higher for the rest.
    gates
        What must hold for the claim to be decided at all; where one fails, the verdict is `inconclusive`.
    may_be_identical
        Arms that agree to the last bit are an answer to this claim; else it is not tested, for what its arms differ in
        is most often not read (see `judge.alike`).
    """

    sides: ClassVar[int] = 2  # arms compared in one cell; 0: as many as `over` has levels
    by_seeds: ClassVar[bool] = True  # a seed that one of its arms has and another lacks is a missing run

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    says: str
    metric: str
    arm: Levels = Field(default_factory=dict)
    against: Levels = Field(default_factory=dict)
    where: Where = Field(default_factory=dict)
    each: Annotated[list[str], BeforeValidator(_listed, json_schema_input_type=str | list[str])] = Field(
        default_factory=list
    )
    why_delta: str = ""
    predicts: Literal["higher", "lower"] | None = None
    quote: Quote | None = None
    gates: list[Gate] = Field(default_factory=list)
    may_be_identical: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _earlier(cls, data: Any, info: ValidationInfo) -> Any:
        """Leave out what stored definitions of earlier releases hold and nothing reads any more."""
        if info.context == STORED and isinstance(data, dict):
            return {name: value for name, value in data.items() if name not in _GONE}
        return data

    @property
    def region(self) -> Region:
        """The effects the claim is right about, as (low, high)."""
        raise NotImplementedError

    @property
    def delta(self) -> float:
        """The finite end of the region nearest to no effect: what `Verdict.delta` shows."""
        low, high = self.region
        return low if math.isfinite(low) else high

    @property
    def own_factors(self) -> tuple[str, ...]:
        """Factors the claim itself sets, which are not matched."""
        return tuple(self.arm)


def effect_label(low: float, high: float, delta: float) -> str:
    """Return what the interval of a refuted effect shows.

    `reversed`: shown to go the other way by more than δ · `harmful`: shown to go the other way · `negligible`: shown to
    lie within ±δ · `too small`: shown to be smaller than δ, and no more.

    >>> [effect_label(low, high, 0.01) for low, high in ((-0.03, -0.02), (-0.03, -0.009), (-0.002, 0.001))]
    ['reversed', 'harmful', 'negligible']
    >>> effect_label(-0.02, 0.005, 0.01), effect_label(-0.02, -0.01, 0.0)
    ('too small', 'reversed')
    """
    if high < -delta or delta == 0.0:
        return "reversed"
    if low > -delta:
        return "negligible"
    return "harmful" if high < 0.0 else "too small"


def ratio_label(low: float, high: float) -> str:
    """Return what the interval of a refuted log ratio shows."""
    del low
    return "reversed" if high < 0 else "too small"
