"""The figures of a report: every kind that is registered, in the order that each states."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.errors import UserError
from ablate.judge.verdict import Verdict
from ablate.programs.uses import use
from ablate.registry import ours
from ablate.report.figure import PLACES, Figure, Material
from ablate.report.figures.style import Drawn
from ablate.report.page import Figures
from ablate.sweep.figures import OwnFigure, own_figure
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

_LOG = logging.getLogger("ablate")


def draw_all(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> Figures:
    """Draw every figure of a report: what the study asks for, and what reports have unasked where it applies."""
    material = Material(study, tables, verdicts)
    parts: dict[str, list[Drawn]] = {place: [] for place in PLACES}
    for turn in sorted([*_asked(study), *_unasked(study)], key=lambda turn: turn.figure.order):
        parts[turn.figure.place] += turn.drawings(material)
    return _filed(Figures(**{place: tuple(drawn) for place, drawn in parts.items()}))


@dataclass(frozen=True)
class _Turn:
    """A figure that is to be drawn, and under which name; whether it is the user's own."""

    figure: Figure
    kind: str
    name: str
    title: str = ""
    own: bool = False

    def drawings(self, material: Material) -> list[Drawn]:
        """Return its drawings; an own figure that cannot be drawn is a warning, for the verdicts stand."""
        try:
            drawn = self.figure.drawings(material, name=self.name)
        except Exception as error:  # whatever a figure of somebody else's raises
            if not self.own:
                raise
            _left_out(self.kind, error)
            return []
        if not self.title:
            return drawn
        several = len(drawn) > 1
        return [
            dataclasses.replace(one, title=self.title + (f" ({number})" if several else ""))
            for number, one in enumerate(drawn, start=1)
        ]


def _asked(study: Study) -> list[_Turn]:
    """Return the figures that a study asks for, in its order."""
    if any(isinstance(wanted, OwnFigure) for wanted in study.figures):
        try:
            use(study.uses)
        except UserError as error:
            _LOG.warning("%s", error)
    often, turns = Counter(wanted.kind for wanted in study.figures), []
    for position, wanted in enumerate(study.figures):
        number = sum(other.kind == wanted.kind for other in study.figures[: position + 1])
        name = _stem(wanted.kind) + (f"-{number}" if often[wanted.kind] > 1 else "")
        if not isinstance(wanted, OwnFigure):  # the class draws its own title, where one is given
            turns.append(_Turn(ours("figure")[wanted.kind](wanted=wanted), wanted.kind, name))
            continue
        own = wanted.kind not in ours("figure")
        try:
            turns.append(_Turn(_checked(own_figure(wanted)), wanted.kind, name, wanted.title, own))
        except Exception as error:  # noqa: BLE001 - whatever a figure of somebody else's raises
            _left_out(wanted.kind, error)
    return turns


def _unasked(study: Study) -> list[_Turn]:
    asked = {wanted.kind for wanted in study.figures}
    return [
        _Turn(cls(), kind, _stem(kind)) for kind, cls in ours("figure").items() if cls.unasked and kind not in asked
    ]


def _checked(figure: object) -> Figure:
    if not isinstance(figure, Figure):
        raise UserError(f"{type(figure).__qualname__} is not derived from {Figure.__module__}:Figure")
    if figure.place not in PLACES:
        raise UserError(f"{type(figure).__qualname__}.place must be one of {', '.join(PLACES)}, got {figure.place!r}")
    return figure


def _left_out(kind: str, error: Exception) -> None:
    said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    _LOG.warning("figures: %s is left out: %s", kind, " ".join(said.split()))


def _stem(kind: str) -> str:
    return kind.replace("_", "-")


def _filed(figures: Figures) -> Figures:
    """Return the figures under names that are file stems everywhere, each another one.

    Names of metrics are in them: `loss/train` and `loss_train` would be one file, and on some disks `Loss` and `loss`.
    """
    seen: set[str] = set()

    def filed(drawn: Drawn) -> Drawn:
        stem = re.sub(r"[^\w.-]+", "-", drawn.name).encode()[:150].decode(errors="ignore").strip(".-") or "figure"
        name, count = stem, 1
        while name.casefold() in seen:
            count += 1
            name = f"{stem}-{count}"
        seen.add(name.casefold())
        return dataclasses.replace(drawn, name=name)

    return Figures(**{f.name: tuple(map(filed, getattr(figures, f.name))) for f in dataclasses.fields(figures)})
