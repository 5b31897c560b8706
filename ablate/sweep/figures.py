"""The figures a study file can ask for, told apart by `kind`."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from ablate.claims.kinds import KINDS
from ablate.claims.parts import Strict
from ablate.errors import UserError, unknown
from ablate.registry import offered, options, provide


class CurveGrid(Strict):
    """One small panel of learning curves for each level of a factor (the book's figure 6-19)."""

    kind: Literal["curve_grid"] = "curve_grid"
    metric: str
    panel: str
    hue: str
    title: str = ""


class HeatMap(Strict):
    """Two factors as a map: the share of runs that reached the target (`outcome`), or the mean of a metric."""

    kind: Literal["heat_map"] = "heat_map"
    x: str
    y: str
    metric: str = "outcome"
    title: str = ""


class VerdictMap(Strict):
    """The verdicts of one claim as a map over two factors of its `each`: where it holds, where not, where it is open.

    Attributes
    ----------
    claim
        Its id; a kind whose effect is 0 where the sides do not differ (`MAPPED`).
    x, y
        Two factors of its `each`; every combination of the others is a panel.
    """

    kind: Literal["verdict_map"] = "verdict_map"
    claim: str
    x: str
    y: str
    title: str = ""


MAPPED = tuple(name for name, kind in KINDS.items() if kind.mapped)
"""Kinds of claims of which a map can be drawn: of shares, slopes and properties 0 is not "no difference"."""


class Paths(Strict):
    """The paths of `program: surface` over contours of f(x, y) = a x² + b y² (the book's figures 6-3 to 6-8)."""

    kind: Literal["paths"] = "paths"
    hue: str
    coefficients: Annotated[tuple[float, float], Field(strict=False)] = (0.05, 1.0)
    title: str = ""


class _Observed(Strict):
    observer: ClassVar[str]
    """What the runs must `observe` for the figure to have anything to draw."""

    title: str = ""


class ActivationHistograms(_Observed):
    """Activations by layer, a row per arm (the book's figures 6-10 to 6-14).

    Attributes
    ----------
    at
        `start`, `end`, or the steps done at an evaluation.
    """

    observer: ClassVar[str] = "activations"

    kind: Literal["activation_histograms"] = "activation_histograms"
    at: str | int = "start"

    @field_validator("at")
    @classmethod
    def _look(cls, at: str | int) -> str | int:
        if at not in ("start", "end") and (isinstance(at, str) or at < 0):
            raise ValueError("start, end or a number of steps >= 0")
        return at


class GradientNorms(_Observed):
    """The size of the gradient in each layer over training, a panel per arm."""

    observer: ClassVar[str] = "gradients"

    kind: Literal["gradient_norms"] = "gradient_norms"


class StepSizes(_Observed):
    """Effective step sizes and the share of weights an update leaves unchanged, over log t."""

    observer: ClassVar[str] = "steps"

    kind: Literal["step_sizes"] = "step_sizes"


class OwnFigure(BaseModel):
    """A figure of a kind that a plug-in or a `uses` file brings; what else is said of it are its settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    title: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """What the study file says of it."""
        return dict(self.model_extra or {})


def own_figure(wanted: OwnFigure) -> Any:
    """Return the figure that a study asks for, with its settings; imports the plug-in that brings it.

    Raises
    ------
    UserError
        There is no such kind, or it has no such setting, or refuses a value.
    """
    provide("figure", wanted.kind)
    kinds = options("figure")
    if wanted.kind not in kinds:
        raise unknown("figure kind", wanted.kind, own_kinds())
    cls = kinds[wanted.kind]
    names = [field.name for field in fields(cls) if field.init]
    for key in wanted.settings:
        if key not in names:
            raise UserError(f"kind {wanted.kind}: {unknown('key', key, ['kind', *names])}")
    try:
        return cls(**wanted.settings)
    except TypeError as error:
        raise UserError(f"kind {wanted.kind}: {error}") from None


def own_kinds() -> set[str]:
    """Return the kinds of figures there are, those of plug-ins that were not imported yet among them."""
    return {*FIGURES, *options("figure"), *offered("figure")}


_BUILT_IN = (CurveGrid, HeatMap, VerdictMap, Paths, ActivationHistograms, GradientNorms, StepSizes)

FIGURES: dict[str, type[Any]] = {str(kind.model_fields["kind"].default): kind for kind in _BUILT_IN}
"""Figure kind -> what a study file may say of it."""

OWN = "own"


def _tag(figure: Any) -> str | None:
    kind = figure.get("kind") if isinstance(figure, dict) else getattr(figure, "kind", None)
    if not isinstance(kind, str):
        return None
    return kind if kind in FIGURES else OWN


Wanted = Annotated[
    Annotated[CurveGrid, Tag("curve_grid")]
    | Annotated[HeatMap, Tag("heat_map")]
    | Annotated[VerdictMap, Tag("verdict_map")]
    | Annotated[Paths, Tag("paths")]
    | Annotated[ActivationHistograms, Tag("activation_histograms")]
    | Annotated[GradientNorms, Tag("gradient_norms")]
    | Annotated[StepSizes, Tag("step_sizes")]
    | Annotated[OwnFigure, Tag(OWN)],
    Discriminator(_tag),
]
