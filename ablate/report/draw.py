"""The figures of a report: every kind that is registered, in the order that each states."""

from __future__ import annotations

import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from matplotlib.figure import Figure as Blank

from ablate.errors import UserError
from ablate.interrupts import stop_if_asked
from ablate.judge.verdict import Verdict
from ablate.programs.uses import use
from ablate.registry import ours
from ablate.report.cores import on_all_cores
from ablate.report.figure import PLACES, Figure, Material
from ablate.report.figures.style import Drawn
from ablate.report.page import PageFigures
from ablate.sweep.figures import OwnFigure, own_figure
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

R = TypeVar("R")
_LOG = logging.getLogger("ablate")


def draw_all(study: Study, tables: StudyTables, verdicts: Sequence[Verdict], *, whole: bool = False) -> PageFigures:
    """Draw every figure of a report: what the study asks for, and what reports have unasked where it applies.

    `whole`: see `Material`.
    """
    material = Material(study, tables, verdicts, whole)
    parts: dict[str, list[Drawn]] = {place: [] for place in PLACES}
    for turn in _turns(study):
        parts[turn.figure.place] += turn.drawings(material)
    return _filed(PageFigures(**{place: tuple(drawn) for place, drawn in parts.items()}))


def render_all(
    material: Material,
    render: Callable[[Drawn], R],
    *,
    progress: Callable[[int, int, str], None] | None = None,
) -> tuple[PageFigures, dict[str, R]]:
    """Draw every figure of a report as `draw_all` does, and render each, on all cores.

    Parameters
    ----------
    render
        What becomes of a figure; the same figure gives the same.
    progress
        Called with (parts done, parts in all and one for the page, what was just finished).

    Returns
    -------
    Figures
        Without what is drawn in them, where another process drew it.
    dict
        Name -> what was rendered.
    """
    # Asked here, so that not every process finds them out for itself.
    _ = material.contrast, material.ends, material.effects, material.pairs
    pieces = [(turn, piece) for turn in _turns(material.study) for piece in turn.pieces(material)]

    def part(number: int) -> list[tuple[Drawn, R]]:
        turn, piece = pieces[number]
        drawn = [dataclasses.replace(one, name=_file_stem(one.name)) for one in piece()]
        pairs = [(one, render(one)) for one in drawn]
        return pairs if turn.own else [(dataclasses.replace(one, figure=Blank()), made) for one, made in pairs]

    here = [number for number, (turn, _) in enumerate(pieces) if turn.own]  # they warn where they cannot be drawn
    away = [number for number in range(len(pieces)) if number not in here]
    longest = [at for at, number in enumerate(away) if pieces[number][0].figure.place == "curves"]
    done: dict[int, list[tuple[Drawn, R]]] = {}
    for at, made in on_all_cores([partial(part, number) for number in away], first=longest):
        done[away[at]] = made
        if progress is not None:
            progress(len(done), len(pieces) + 1, made[0][0].title if made else "")
    for number in here:
        done[number] = part(number)
        if progress is not None:
            progress(len(done), len(pieces) + 1, pieces[number][0].kind)
    parts: dict[str, list[Drawn]] = {place: [] for place in PLACES}
    places: dict[str, list[tuple[int, int, R]]] = {place: [] for place in PLACES}
    for number, (turn, _) in enumerate(pieces):
        for position, (one, rendered) in enumerate(done[number]):
            parts[turn.figure.place].append(one)
            places[turn.figure.place].append((number, position, rendered))
    figures = _filed(PageFigures(**{place: tuple(drawn) for place, drawn in parts.items()}))
    by_name: dict[str, R] = {}
    for place, entries in places.items():
        for one, before, (number, position, rendered) in zip(
            getattr(figures, place), parts[place], entries, strict=True
        ):
            # A name that two figures had is in what was rendered, too.
            same = one.name == before.name
            by_name[one.name] = (
                rendered if same else render(dataclasses.replace(pieces[number][1]()[position], name=one.name))
            )
    return figures, by_name


def _turns(study: Study) -> list[_Turn]:
    return sorted([*_asked(study), *_unasked(study)], key=lambda turn: turn.figure.order)


@dataclass(frozen=True)
class _Turn:
    """A figure that is to be drawn, and under which name; whether it is the user's own."""

    figure: Figure
    kind: str
    name: str
    title: str = ""
    own: bool = False

    def pieces(self, material: Material) -> list[Callable[[], list[Drawn]]]:
        """Return what draws it, in pieces that can be drawn apart."""
        if self.own or self.title:
            return [partial(self.drawings, material)]
        return self.figure.pieces(material, name=self.name)

    def drawings(self, material: Material) -> list[Drawn]:
        """Return its drawings; an own figure that cannot be drawn is a warning, for the verdicts stand."""
        try:
            drawn = self.figure.drawings(material, name=self.name)
        except Exception as error:  # whatever a figure of somebody else's raises
            stop_if_asked()
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
        foreign = wanted.kind not in ours("figure")
        try:
            turns.append(_Turn(_checked(own_figure(wanted)), wanted.kind, name, wanted.title, foreign))
        except Exception as error:  # noqa: BLE001 - whatever a figure of somebody else's raises
            stop_if_asked()
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


def _file_stem(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).encode()[:150].decode(errors="ignore").strip(".-") or "figure"


def _filed(figures: PageFigures) -> PageFigures:
    """Return the figures under names that are file stems everywhere, each another one.

    Names of metrics are in them: `loss/train` and `loss_train` would be one file, and on some disks `Loss` and `loss`.
    """
    seen: set[str] = set()

    def filed(drawn: Drawn) -> Drawn:
        stem = _file_stem(drawn.name)
        name, count = stem, 1
        while name.casefold() in seen:
            count += 1
            name = f"{stem}-{count}"
        seen.add(name.casefold())
        return dataclasses.replace(drawn, name=name)

    return PageFigures(**{f.name: tuple(map(filed, getattr(figures, f.name))) for f in dataclasses.fields(figures)})
