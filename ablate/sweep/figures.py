"""The figures a study file can ask for, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ablate.sweep.claim_parts import Strict


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


class Paths(Strict):
    """The paths of `program: surface` over contours of f(x, y) = a x² + b y² (the book's figures 6-3 to 6-8)."""

    kind: Literal["paths"] = "paths"
    hue: str
    coefficients: tuple[float, float] = (0.05, 1.0)
    title: str = ""


Wanted = Annotated[CurveGrid | HeatMap | Paths, Field(discriminator="kind")]
