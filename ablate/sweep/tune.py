"""The `tune:` of a study file: which hyperparameters are nuisances, where their values are looked for, and how.

The vocabulary is that of Google's Deep Learning Tuning Playbook (Godbole et al. 2023): factors are *scientific*
hyperparameters, what is compared; *nuisance* hyperparameters must be tuned for the comparison to be fair; the rest is
*fixed*. Every arm gets the same trials, or, where a technique has hyperparameters of its own (`spaces`), as many.

What is asked is how good an arm is together with its tuning: every seed tunes anew on its own training and validation
part, so that the noise of the choice is in the interval (Bouthillier et al. 2021, Accounting for variance in machine
learning benchmarks, MLSys). Studies of earlier releases asked how good an arm is at the values that tuning seeds, which
judge nothing, chose once. They keep that meaning (``per: study``); it is refused to others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
from ablate.errors import UserError
from ablate.levels import among, level_name
from ablate.train.config import seed_list

if TYPE_CHECKING:
    from ablate.sweep.study import Study

FIRST_SEED = 10_000
"""Where tuning seeds begin when only their number is given: no study judges with seeds that high."""

STUDY_SEEDS = 10
"""Tuning seeds of ``per: study`` where nobody says how many."""

SMALLER = "smaller"
"""What `ties` says where a tie goes to the smaller value at once."""

MOST_TRIALS = 1_000
MOST_POINTS = 100_000
MOST_STEPS = 10
_BEFORE: dict[str, Any] = {
    "per": "study", "ties": SMALLER, "extend": 0, "copy_baseline": False, "spaces": [], "unequal_trials": False,
}  # fmt: skip
"""What every `tune:` meant before it could say so; what is stored of a study leaves it out.

``per: study`` is this as a whole, and nothing else.
"""


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


class Space(Strict):
    """Where the values of some arms are looked for: a technique's own hyperparameters, where the technique is.

    Attributes
    ----------
    where
        Factor -> levels: the arms at these levels.
    space
        As in `Tune`, in place of it: nothing is taken over from there.
    """

    where: Where = Field(min_length=1)
    space: dict[str, Axis] = Field(min_length=1)


class Tune(Strict):
    """How nuisance hyperparameters are tuned.

    Attributes
    ----------
    space
        Hydra key -> list of values, or a range ``{low: 1e-4, high: 1.0, log: true}`` to draw from: of every arm that
        `spaces` does not name.
    spaces
        Of ``per: seed``: other spaces for arms at certain levels, each arm in one at most, with as many trials as
        `space` has.
    unequal_trials
        Arms may have different numbers of trials, and `extend` may widen a grid that not all of them have.
    trials
        Of lists: all combinations by default, or that many of them, drawn without replacement. Of ranges: the number
        of random draws. Draws come from the `tune` stream and are the same for every arm; more trials keep the
        earlier ones.
    per
        `seed`: every judging seed runs all trials and chooses for itself, and the trial it chooses is the run that is
        judged. `study`: one choice for all, by tuning seeds that judge nothing, in a study of an earlier release: it
        goes with ``ties: smaller, extend: 0, copy_baseline: false`` only, and what gives `seeds` or `share`, which
        only that has, and no `per`, means all of these.
    seeds
        Of ``per: study``: how many tuning seeds (numbered from 10,000 up), or a list; never a judging seed.
    metric
        What decides: the best wins (losses, errors, steps: the least), per seed or by the mean over the tuning seeds;
        a failed run counts as the worst. Never a metric of the test part.
    ties
        The metric that decides between trials with the same `metric`, a smoother one; where some arm does not log it,
        and where it ties too, the smaller value. `smaller`: at once.
    copy_baseline
        Of ``per: seed``: a copy of the baseline tunes for itself with draws of its own (of everything but the data
        where the Program can keep them, else of the data too), and a claim about tuned arms is held back where it is
        neither equivalent to the baseline at the claim's δ nor closer to it than the claim's effect is to δ.
    extend
        How many times the grids may be widened by a step while a chosen value lies on the edge of one, for all arms
        alike: a grid that only some arms have would give these more trials, and is widened with `unequal_trials` only.
    where
        Factor -> levels: only arms at these levels are tuned, the others keep the fixed values.
    share
        Of ``per: study``: factors whose levels share one tuning, done at the baseline's level of these factors.
    """

    space: dict[str, Axis] = Field(min_length=1)
    spaces: list[Space] = Field(default_factory=list)
    unequal_trials: bool = False
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

    @property
    def every_space(self) -> tuple[dict[str, Axis], ...]:
        """`space`, then those of `spaces`: an arm's is number `place` of them."""
        return (self.space, *(entry.space for entry in self.spaces))

    @property
    def all_keys(self) -> tuple[str, ...]:
        """What is tuned for some arm, each key once."""
        return tuple(dict.fromkeys(key for space in self.every_space for key in space))

    def place(self, levels: Mapping[str, Level], *, name: str = "") -> int:
        """Return the number of the space that an arm's values are looked for in; 0 is `space`.

        `name`: of the study, for the error.

        Raises
        ------
        UserError
            Two of `spaces` name the arm.

        >>> own = {"where": {"dropout": "bernoulli"}, "space": {"dropout.drop_probability": [0.1, 0.5]}}
        >>> tune = Tune(space={"l2": [0.0, 0.1]}, spaces=[own])
        >>> tune.place({"dropout": "none"}), tune.place({"dropout": "bernoulli"})
        (0, 1)
        """
        there = self.places(levels)
        if len(there) > 1:
            arm = ", ".join(f"{factor}={level_name(level)}" for factor, level in levels.items())
            where = f"{name}: tune.spaces" if name else "tune.spaces"
            raise UserError(
                f"{where}: the arm {arm} is named by the entries {there[0]} and {there[1]}; an arm has one space"
            )
        return there[0]

    def places(self, levels: Mapping[str, Level]) -> list[int]:
        """Return the numbers of `spaces` that name an arm, or 0 alone; see `place`."""
        return [
            number
            for number, entry in enumerate(self.spaces, start=1)
            if all(among(levels.get(factor), wanted) for factor, wanted in entry.where.items())
        ] or [0]

    def each(self) -> tuple[Tune, ...]:
        """Return the tuning of the arms of every space, by number (see `place`), as if it were the only one."""
        if not self.spaces:
            return (self,)
        return tuple(self.model_copy(update={"space": space, "spaces": []}) for space in self.every_space)

    def with_spaces(self, spaces: Sequence[dict[str, Axis]]) -> Tune:
        """Return the tuning with other values in each of `every_space`."""
        first, *others = spaces
        entries = [old.model_copy(update={"space": new}) for old, new in zip(self.spaces, others, strict=True)]
        return self.model_copy(update={"space": first, "spaces": entries})

    @property
    def as_before(self) -> bool:
        """Whether it is tuned as earlier releases did: `_BEFORE` as a whole."""
        return all(getattr(self, key) == value for key, value in _BEFORE.items())

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
