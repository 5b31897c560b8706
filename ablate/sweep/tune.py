"""The `tune:` of a study file: which hyperparameters are nuisances, where their values are looked for, and how.

The vocabulary is that of Google's Deep Learning Tuning Playbook (Godbole et al. 2023): factors are *scientific*
hyperparameters, what is compared; *nuisance* hyperparameters must be tuned for the comparison to be fair; the rest is
*fixed*. Every arm gets the same trials.

Two questions may be asked. ``per: seed``: how good is an arm together with its tuning, where every seed tunes anew on
its own training and validation part? Then the noise of the choice is in the interval (Bouthillier et al. 2021,
Accounting for variance in machine learning benchmarks, MLSys). ``per: study``: how good is an arm at the values that
tuning seeds, which judge nothing, chose once?
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ablate.claims.parts import STORED, Level, Levels, Strict, Where
from ablate.levels import among
from ablate.train.config import seed_list

if TYPE_CHECKING:
    from ablate.sweep.study import Study

FIRST_SEED = 10_000
"""Where tuning seeds begin when only their number is given: no study judges with seeds that high."""

STUDY_SEEDS = 10
"""Tuning seeds of ``per: study`` where nobody says how many: with fewer, identical arms are often judged different."""

SMALLER = "smaller"
"""What `ties` says where a tie goes to the smaller value at once."""

MOST_TRIALS = 1_000
MOST_POINTS = 100_000
MOST_STEPS = 10
_BEFORE = {"per": "study", "ties": SMALLER, "extend": 0, "copy_baseline": False}
"""What every `tune:` meant before it could say so; what is stored of a study leaves it out."""


class Range(Strict):
    """Values drawn at random between `low` and `high`, evenly or (`log`) evenly in the logarithm; `whole` numbers."""

    low: float = Field(allow_inf_nan=False)
    high: float = Field(allow_inf_nan=False)
    log: bool = False
    whole: bool = False


Grid = list[Level]
Axis = Annotated[
    Annotated[Range, Tag("range")] | Annotated[Grid, Tag("grid")],
    Discriminator(lambda value: "range" if isinstance(value, dict | Range) else "grid"),
]


class Tune(Strict):
    """How nuisance hyperparameters are tuned, the same for every arm.

    Attributes
    ----------
    space
        Hydra key -> list of values, or a range ``{low: 1e-4, high: 1.0, log: true}`` to draw from.
    trials
        Of lists: all combinations by default, or that many of them, drawn without replacement. Of ranges: the number
        of random draws. Draws come from the `tune` stream and are the same for every arm; more trials keep the
        earlier ones.
    per
        `seed`: every judging seed runs all trials and chooses for itself, and the trial it chooses is the run that is
        judged. `study`: one choice for all, by tuning seeds that judge nothing. What gives `seeds` or `share`, which
        only that has, and no `per`, means what it always did: ``per: study, ties: smaller, extend: 0,
        copy_baseline: false``.
    seeds
        Of ``per: study``: how many tuning seeds (numbered from 10,000 up), or a list; never a judging seed.
    metric
        What decides: the best wins (losses, errors, steps: the least), per seed or by the mean over the tuning seeds;
        a failed run counts as the worst. Never a metric of the test part.
    ties
        The metric that decides between trials with the same `metric`, a smoother one; where some arm does not log it,
        and where it ties too, the smaller value. `smaller`: at once.
    copy_baseline
        Of ``per: seed``: a copy of the baseline tunes for itself on seeds of its own, and a claim about tuned arms is
        held back where it is not shown to be equivalent to the baseline at the claim's δ.
    extend
        How many times the grids may be widened by a step while a chosen value lies on the edge of one, for all arms
        alike.
    where
        Factor -> levels: only arms at these levels are tuned, the others keep the fixed values.
    share
        Of ``per: study``: factors whose levels share one tuning, done at the baseline's level of these factors.
    """

    space: dict[str, Axis] = Field(min_length=1)
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] | None = None
    per: Literal["seed", "study"] = "seed"
    seeds: int | list[int] | None = None
    metric: str = "final/validation_accuracy"
    ties: str = "final/validation_loss"
    extend: Annotated[int, Field(ge=0, le=MOST_STEPS)] = 2
    copy_baseline: bool = True
    where: Where = Field(default_factory=dict)
    share: Annotated[
        list[str], BeforeValidator(lambda v: v if isinstance(v, list) else [v], json_schema_input_type=str | list[str])
    ] = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        before = data.get("seeds") is not None or bool(data.get("share"))
        if info.context == STORED or (before and "per" not in data):
            return {**_BEFORE, **data}
        return data

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        """Leave out of JSON what was meant before there was the key: what is stored and hashed stays what it was."""
        data: dict[str, Any] = handler(self)
        if info.mode == "json":
            kept = {key: value for key, value in data.items() if _BEFORE.get(key, ...) != value}
            return {key: value for key, value in kept.items() if key != "seeds" or value is not None}
        return data

    def seed_numbers(self) -> tuple[int, ...]:
        """Return the tuning seeds of ``per: study``.

        >>> Tune(space={"l2": [0.0, 0.1]}, seeds=3).seed_numbers()
        (10000, 10001, 10002)
        """
        seeds = STUDY_SEEDS if self.seeds is None else self.seeds
        if isinstance(seeds, int) and not isinstance(seeds, bool):
            return tuple(FIRST_SEED + seed for seed in seed_list(seeds, "tune.seeds"))
        return tuple(seed_list(seeds, "tune.seeds"))


@dataclass(frozen=True)
class Choice:
    """What tuning chose for a cell: key -> value, and what an arm's facts say of it."""

    values: Levels
    facts: dict[str, Any]


def cell_key(levels: Mapping[str, Level]) -> str:
    """Return a key by which the same levels are found again, whatever their order."""
    return json.dumps(dict(levels), sort_keys=True)


def tuned_cell(study: Study, levels: Mapping[str, Level]) -> Levels | None:
    """Return the cell an arm's values are tuned in: its own levels, shared factors at the baseline; None: not tuned."""
    from ablate.sweep.study import FAIRNESS

    tune = study.tune
    if tune is None or study.fairness == "fixed" or levels.get(FAIRNESS) == "fixed":
        return None
    if any(not among(levels.get(factor), wanted) for factor, wanted in tune.where.items()):
        return None
    base = study.base_levels()
    return {f: base[f] if f in tune.share else level for f, level in levels.items() if f != FAIRNESS}
