"""What a figure keeps to: the same runs give the same drawing, with words for it, and nothing else is touched."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import matplotlib as mpl

from ablate.report.figure import PLACES, Figure, Material
from ablate.report.figures.render import svg
from ablate.report.figures.style import Drawn
from ablate.testing.base import Check, require, suite


@dataclass(frozen=True)
class _Tried:
    figure: Figure
    given: Material | None

    @cached_property
    def material(self) -> Material:
        from ablate.testing.material import small_material

        return self.given or small_material()

    def draw(self) -> list[Drawn]:
        """Return what it draws; that this is nothing is told by one check, and not by each."""
        return self.figure.drawings(self.material, name="checked") if self.figure.applies(self.material) else []


def figure_checks(figure: Figure, material: Material | None = None) -> list[Check]:
    """Return the checks for a figure, drawn of `material`; by default of a small study of two activations."""
    return suite(
        ("says in which part of a report it stands, and where in it", _placed),
        ("applies to a study that logged what it draws", _applies),
        ("has the name it was given, a title, a caption and words for who cannot see it", _words),
        ("the same runs give the same drawing", _same),
        ("leaves the tables and matplotlib's settings as they were", _leaves),
        ("does not fail where there are no runs", _empty),
        of=_Tried(figure, material),
    )


def _placed(tried: _Tried) -> None:
    figure = tried.figure
    require(figure.place in PLACES, f"place must be one of {', '.join(PLACES)}, got {figure.place!r}")
    require(isinstance(figure.order, int), f"order must be a whole number, got {figure.order!r}")


def _applies(tried: _Tried) -> None:
    applies = tried.figure.applies(tried.material)
    require(isinstance(applies, bool), f"applies returns {applies!r}, expected True or False")
    metrics = ", ".join(tried.material.tables.metrics)
    given = "what it is given" if tried.given else "the small study of this check (two activations, a claim)"
    require(
        applies and tried.draw(),
        f"it draws nothing of {given}, which logged {metrics}; try it on runs that it is for: "
        "`ablate.testing.figure_checks(figure, material)` in a test",
    )


def _words(tried: _Tried) -> None:
    drawn = tried.draw()
    names = [one.name for one in drawn]
    require(
        not names or names == ["checked"] or all(name.startswith("checked-") for name in names),
        f"asked for the name 'checked' it is called {', '.join(map(repr, names))}",
    )
    require(len(set(names)) == len(names), f"two of its drawings are called alike: {', '.join(names)}")
    for one in drawn:
        for word in ("title", "caption", "alt"):
            require(getattr(one, word).strip(), f"its {word} is empty")


def _same(tried: _Tried) -> None:
    one, other = ([svg(drawn) for drawn in tried.draw()] for _ in range(2))
    require(one == other, "drawn twice it differs: no dates, no random places, draw inside `drawing()`")


def _leaves(tried: _Tried) -> None:
    tables = tried.material.tables
    seeds, curves, settings = tables.seeds.copy(), tables.curves.copy(), dict(mpl.rcParams)
    tried.draw()
    require(seeds.equals(tables.seeds) and curves.equals(tables.curves), "it changes the tables it is given")
    changed = sorted(key for key, value in settings.items() if mpl.rcParams[key] != value)
    require(not changed, f"it changes matplotlib's settings {', '.join(changed)}: draw inside `drawing()`")


def _empty(tried: _Tried) -> None:
    tables = tried.material.tables
    none = dataclasses.replace(tables, seeds=tables.seeds.iloc[:0], curves=tables.curves.iloc[:0], arrays={})
    material = dataclasses.replace(tried.material, tables=none, verdicts=())  # without runs nothing is judged
    tried.figure.drawings(material, name="checked")
