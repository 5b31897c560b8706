"""The study file: question, quotes, factors and levels, seeds, claims, figures. Typed; a typo is an error."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _compact(value: Any) -> Any:
    # A list level (`model.hidden: [100, 100]`) is kept as its text: levels are compared, sorted and grouped by.
    return json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value


Level = Annotated[str | int | float | bool | None, BeforeValidator(_compact)]
Levels = dict[str, Level]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Quote(_Strict):
    """A sentence of the notes, verbatim, with an English rendering."""

    zh: str
    en: str
    source: str = "notes on Deep Learning from Scratch"


class EffectClaim(_Strict):
    """`arm` beats `against` on `metric` by more than `by_at_least`, paired by seed.

    Attributes
    ----------
    arm, against
        Factor -> level. Every other factor is matched: both sides are compared within the same cell.
    where
        Factor -> level or list of levels: the cells the claim ranges over (all cells where left out). Within a
        seed the difference is averaged over these cells.
    each
        Factors whose every level becomes a claim of its own (`id[init.std=0.1]`).
    by_at_least
        δ, the smallest effect of interest, in units of the metric, fixed beforehand; >= 0.
    predicts
        `higher` or `lower`; by default lower for losses, errors, steps and seconds, higher for the rest.
    """

    kind: Literal["effect"] = "effect"
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    says: str
    metric: str
    arm: Levels = Field(min_length=1)
    against: Levels = Field(min_length=1)
    where: dict[str, Annotated[list[Level], BeforeValidator(_listed)]] = Field(default_factory=dict)
    each: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    by_at_least: float = Field(default=0.0, ge=0.0, allow_inf_nan=False)
    why_delta: str = ""
    predicts: Literal["higher", "lower"] | None = None
    quote: Quote | None = None


Claim = EffectClaim  # widened to a union, told apart by `kind`, as claim kinds are added


class CurveGrid(_Strict):
    """One small panel of learning curves for each level of a factor (the book's figure 6-19)."""

    kind: Literal["curve_grid"] = "curve_grid"
    metric: str
    panel: str
    hue: str
    title: str = ""


class Study(_Strict):
    """One study.

    Attributes
    ----------
    fixed
        Hydra key -> value for everything that is the same in all arms.
    factors
        Hydra key or group -> levels. The design crosses them (full factorial).
    baseline
        The arm others are compared with, factor -> level; by default the first level of each factor.
    seeds
        A count (0 … n-1) or a list of block numbers.
    """

    title: str
    question: str = ""
    background: str = ""
    quotes: list[Quote] = Field(default_factory=list)
    fairness: Literal["fixed"] = "fixed"
    fixed: dict[str, Any] = Field(default_factory=dict)
    factors: dict[str, Annotated[list[Level], Field(min_length=1)]] = Field(default_factory=dict)
    baseline: Levels = Field(default_factory=dict)
    seeds: int | list[int] = 8
    claims: list[Claim] = Field(default_factory=list)
    figures: list[CurveGrid] = Field(default_factory=list)
    not_concluded: list[str] = Field(default_factory=list)
    confounds: list[str] = Field(default_factory=list)

    def base_levels(self) -> Levels:
        """Return the baseline's level of every factor."""
        return {factor: self.baseline.get(factor, levels[0]) for factor, levels in self.factors.items()}
