"""The study file: question, quotes, factors and levels, seeds, claims, figures. Typed; a typo is an error."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from ablate.claims.kinds import Claim
from ablate.claims.kinds.effect import EffectClaim
from ablate.claims.parts import Level, Levels, Quote
from ablate.claims.parts import Strict as _Strict
from ablate.errors import UserError, must
from ablate.levels import Names, factor_names, own_level
from ablate.sweep.design.parts import Design, DesignPart, Full, LeaveOneOut
from ablate.sweep.figures import CurveGrid, HeatMap, Paths, Wanted
from ablate.sweep.labels import Labels
from ablate.sweep.looks import AnyTime, Looks
from ablate.sweep.translated import Words
from ablate.sweep.tune import Tune
from ablate.train.config import MOST_SEED, MOST_SEEDS
from ablate.train.metric import metric_from

FAIRNESS = "fairness"
"""The factor a study has where it asks for both: every arm as fixed, and with its tuned values."""

__all__ = ["FAIRNESS", "Claim", "CurveGrid", "EffectClaim", "HeatMap", "Level", "Levels", "Paths", "Quote", "Study"]

_FULL: DesignPart = Full()


def _declared(value: Any) -> Any:
    """Check `metrics:` and write every entry as a mapping."""
    if not isinstance(value, dict):
        wrong = must("metrics", "be a mapping, such as {accuracy: higher, loss: lower}", value)
        raise ValueError(str(wrong))  # noqa: TRY004 - what pydantic takes for a wrong value
    try:
        return {str(name): metric_from(str(name), declared).as_dict() for name, declared in value.items()}
    except UserError as error:
        raise ValueError(str(error)) from None


class Study(_Strict):
    """One study.

    Attributes
    ----------
    fairness
        `fixed`: every arm has the same values (without `tune`, the default); `tuned`: every arm has the values that
        tuning chose for it (with `tune`, the default); `both`: every arm is run both ways, which adds the factor
        `fairness` with the levels `fixed` and `tuned`.
    tune
        Nuisance hyperparameters and how they are tuned.
    metrics
        Metric -> `higher` or `lower`, which is better; or a mapping of `better`, `unit`, `bounds`, `failed_counts_as`
        (see `train.metric.Metric`). Needed for metrics that no Program declares.
    labels
        What factors, levels and metrics are called where people read (see `sweep.labels`).
    fixed
        Hydra key -> value for everything that is the same in all arms.
    factors
        Hydra key or group -> levels.
    design
        Which combinations of levels are run: `full` (by default), `ofat`, `pairs`, `leave_one_out`, `fractional`, or a
        list of these, joined with each arm once.
    exclude
        Expressions over the factors; cells for which one holds are not run: ``norm == 'batch' and batch_size == 1``.
    lost
        Outcomes of failed runs (`crashed`, `diverged`, `collapsed`) that mean that the infrastructure lost the run: its
        pair is dropped, where a run that failed counts as its metric says. Not together with `looks`, which wait for
        every run.
    baseline
        The arm others are compared with, factor -> level; by default the first level of each factor (the `full` system
        of a design that is `leave_one_out` and nothing else).
    seeds
        A count (0 … n-1), ``{first: 100, count: 20}`` (100 … 119), or a list of them. A study that was
        designed after its first seeds had been seen begins at a seed nobody has looked at.
    looks
        Seeds after which the claims may be judged: ``[10, 20, 30]``; or ``anytime``, from the first 10 seeds on after
        every two (see `AnyTime`), by a test that may stop at any of them. Without looks they are judged once.
    watch
        Files, folders and patterns that own training functions depend on, and no import shows: what is in them is
        part of what makes a run. The same as fixing `program.watch`.
    uses
        Python files beside the study file with components and figures of the user's own. What they say is part of what
        makes a run. (In a study that was read: paths from the current folder.)
    quick
        What is different in the quick budget (`--quick`): any of `seeds`, `fixed`, `factors`, `claims`, …
        (see `sweep.quick`).
    budget
        `quick` in the study that `--quick` makes, which is tracked under a name of its own.
    zh
        The study's own words in Chinese (see `sweep.translated`).
    forecasts
        Who -> claim id (with the levels of `each`) -> probability that it is supported, frozen before judging.
    """

    title: str
    question: str = ""
    background: str = ""
    quotes: list[Quote] = Field(default_factory=list)
    fairness: Literal["fixed", "tuned", "both"] = "fixed"
    tune: Tune | None = None
    metrics: Annotated[
        dict[str, dict[str, Any]], BeforeValidator(_declared, json_schema_input_type=dict[str, str | dict[str, Any]])
    ] = Field(default_factory=dict)
    fixed: dict[str, Any] = Field(default_factory=dict)
    factors: dict[str, Annotated[list[Level], Field(min_length=1)]] = Field(default_factory=dict)
    design: Design = Field(default_factory=lambda: [_FULL])
    exclude: list[str] = Field(default_factory=list)
    lost: list[Literal["collapsed", "diverged", "crashed"]] = Field(default_factory=list)
    baseline: Levels = Field(default_factory=dict)
    seeds: int | list[int] = 8
    claims: list[Claim] = Field(default_factory=list)
    looks: Looks = Field(default_factory=list)
    forecasts: dict[str, dict[str, Annotated[float, Field(ge=0.0, le=1.0)]]] = Field(default_factory=dict)
    figures: list[Wanted] = Field(default_factory=list)
    not_concluded: list[str] = Field(default_factory=list)
    confounds: list[str] = Field(default_factory=list)
    watch: list[str] = Field(default_factory=list)
    uses: list[str] = Field(default_factory=list)
    quick: dict[str, Any] | None = None
    budget: Literal["default", "quick"] = "default"
    labels: Labels | None = None
    zh: Words | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_fairness(cls, data: Any) -> Any:
        """Fill in what `tune` means for `fairness`, the factor that `both` adds, and the key that `watch` fixes."""
        if not isinstance(data, dict):
            return data
        fairness = data.get("fairness", "tuned" if data.get("tune") is not None else "fixed")
        factors = data.get("factors")
        if fairness == "both" and isinstance(factors, dict | None) and FAIRNESS not in (factors or {}):
            data = {**data, "factors": {**(factors or {}), FAIRNESS: ["fixed", "tuned"]}}
        watch, fixed = data.get("watch"), data.get("fixed")
        if isinstance(watch, list) and watch and isinstance(fixed, dict | None):
            data = {**data, "fixed": {**(fixed or {}), "program.watch": watch}}
        return {**data, "fairness": fairness}

    @field_validator("seeds", mode="before", json_schema_input_type=int | list[int] | dict[str, int])
    @classmethod
    def _counted(cls, seeds: Any) -> Any:
        """Write ``{first, count}`` out as a list, which is what registration, plans and reports keep."""
        wrong = ValueError("a count, a list of whole numbers, or {first: a number >= 0, count: a number >= 1}")
        if not isinstance(seeds, dict):
            if not all(type(seed) is int for seed in (seeds if isinstance(seeds, list) else [seeds])):
                raise wrong
            return seeds
        whole = {key: value for key, value in seeds.items() if type(value) is int}
        if set(seeds) != {"first", "count"} or set(whole) != set(seeds) or whole["first"] < 0 or whole["count"] < 1:
            raise wrong
        if whole["count"] > MOST_SEEDS or whole["first"] + whole["count"] - 1 > MOST_SEED:
            raise ValueError(f"at most {MOST_SEEDS:,} seeds per arm, none above {MOST_SEED} (2^63 - 1)")
        return list(range(whole["first"], whole["first"] + whole["count"]))

    @field_validator("looks")
    @classmethod
    def _without_lost(cls, looks: Any, info: ValidationInfo) -> Any:
        """Refuse what would contradict itself: a look is taken when every run of it has a result."""
        if looks and info.data.get("lost"):
            raise ValueError("left out where `lost` is said: a look waits until every run has a result")
        return looks

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave later keys out where empty: what is stored of a study, and hashed, is what it was before they came."""
        data: dict[str, Any] = handler(self)
        for key in ("uses", "lost", "labels"):
            if not data.get(key):
                data.pop(key, None)
        return data

    @property
    def fixed_looks(self) -> tuple[int, ...]:
        """The looks that are planned one by one; empty where there are none, or at any time."""
        return () if isinstance(self.looks, AnyTime) else tuple(self.looks)

    @property
    def any_time(self) -> AnyTime | None:
        """When looks at any time begin, and how far apart they are; None where the study has none of these."""
        return self.looks if isinstance(self.looks, AnyTime) else None

    def names(self) -> Names:
        """Return factor -> level -> how it is written, told from the other levels of its factor."""
        return factor_names(self.factors)

    def base_levels(self) -> Levels:
        """Return the baseline's level of every factor."""
        only = self.design[0] if len(self.design) == 1 else None
        named = self.baseline or (only.full if isinstance(only, LeaveOneOut) else {})
        return {factor: own_level(named.get(factor, levels[0]), levels) for factor, levels in self.factors.items()}
