"""A figure of one's own: what a class has to do so that a study file can ask for it.

::

    @register("figure", "spread")
    @dataclass(frozen=True)
    class Spread(Figure):
        metric: str = "final/test_accuracy"      # a setting: `figures: [{kind: spread, metric: …}]`

        def draw(self, material, *, name):
            with drawing():
                figure, ax = plt.subplots(figsize=(7, 3))
                ...
            return Drawn(name, "A few words", figure, caption="What every mark means.", alt="What a reader sees.")
"""

from __future__ import annotations

import dataclasses
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.errors import UserError
from ablate.judge.verdict import Verdict
from ablate.programs.uses import use
from ablate.report.figures.style import Drawn
from ablate.sweep.figures import OwnFigure, own_figure
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

_LOG = logging.getLogger("ablate")


@dataclass(frozen=True)
class Material:
    """What a figure is drawn from.

    Attributes
    ----------
    tables
        The runs: `seeds` has a row per run (`arm`, `arm_id`, `seed`, `outcome`, …), `logged(metric)` is a
        column of it; `levels()` the factors of each planned arm, `curves` what was logged while training.
    verdicts
        Those of the study's claims, in their order.
    """

    study: Study
    tables: StudyTables
    verdicts: Sequence[Verdict]


@dataclass(frozen=True)
class Figure(ABC):
    """A kind of figure; its fields are the settings that a study file may give."""

    def applies(self, material: Material) -> bool:
        """Tell whether there is something to draw; a figure that does not apply is left out."""
        del material
        return True

    @abstractmethod
    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Return the figure under the name it is given, or None. The same runs give the same figure.

        Draw inside `figures.style.drawing()`, which sets the fonts and colours of the page.
        """


def draw_own(material: Material) -> list[Drawn]:
    """Draw the own figures that a study asks for; one that cannot be drawn is a warning, for the verdicts stand."""
    asked = [figure for figure in material.study.figures if isinstance(figure, OwnFigure)]
    if not asked:
        return []
    try:
        use(material.study.uses)
    except UserError as error:
        _LOG.warning("%s", error)
    drawn = []
    for number, wanted in enumerate(asked, start=1):
        same = [other for other in asked if other.kind == wanted.kind]
        name = wanted.kind.replace("_", "-") + (f"-{number}" if len(same) > 1 else "")
        try:
            one = _drawn(wanted, material, name)
        except Exception as error:  # noqa: BLE001 - whatever a figure of somebody else's raises
            said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            _LOG.warning("figures: %s is left out: %s", wanted.kind, " ".join(said.split()))
            continue
        if one is not None:
            drawn.append(one)
    return drawn


def _drawn(wanted: OwnFigure, material: Material, name: str) -> Drawn | None:
    figure = own_figure(wanted)
    if not isinstance(figure, Figure):
        raise UserError(f"{type(figure).__qualname__} is not derived from {Figure.__module__}:Figure")
    if not figure.applies(material):
        return None
    one = figure.draw(material, name=name)
    if not isinstance(one, Drawn | None):
        raise UserError(f"{type(figure).__qualname__}.draw must return a Drawn or None, got {type(one).__name__}")
    return dataclasses.replace(one, title=wanted.title) if one is not None and wanted.title else one
