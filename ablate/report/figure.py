"""The figure contract: what a class has to do so that a report draws it, ours and a user's own alike.

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

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from ablate.errors import UserError
from ablate.judge.main_effects import Sweep
from ablate.judge.verdict import Verdict
from ablate.report.ablation import claimed_metrics
from ablate.report.figures.style import Drawn
from ablate.report.pairs import PairedValues, paired_values
from ablate.report.sweep import effects_of
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

PLACES = ("verdicts", "evidence", "own", "curves", "endings", "tuning")
"""Parts of a report that figures stand in (`report.page.PageFigures`)."""


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
    whole
        Draw every arm, on as many sheets as that takes, where a figure of many arms shows a choice of them otherwise.
    """

    study: Study
    tables: StudyTables
    verdicts: Sequence[Verdict]
    whole: bool = False

    @cached_property
    def contrast(self) -> str | None:
        """The factor that the claims speak of, told apart by hue; None without a claim on one."""
        return next((next(iter(claim.arm)) for claim in self.study.claims if claim.arm), None)

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """The metrics of which every seed is shown: the first two that are claimed, or the main one."""
        return tuple(claimed_metrics(self.tables, self.verdicts)[:2])

    @cached_property
    def effects(self) -> Sweep | None:
        """What a study without claims shows on its main metric; None where it claims, or nothing can be compared."""
        return None if self.study.claims or not self.ends else effects_of(self.tables, self.ends[0])

    @cached_property
    def pairs(self) -> Sequence[PairedValues]:
        """Both sides of every claim on paired differences, seed by seed."""
        return paired_values(self.study, self.tables, self.verdicts)


@dataclass(frozen=True)
class Figure(ABC):
    """A kind of figure; its fields are the settings that a study file may give.

    Attributes
    ----------
    place
        The part of a report that it stands in, one of `PLACES`.
    order
        Where in that part: ascending. A user's own stand among the figures that a study asks for.
    unasked
        Whether reports have it though no study asks for it. A study that asks gets it as it asks, and once; of a
        user's own only what is asked for is drawn.
    recorded
        Whether it shows what was recorded while training (curves, activations), which `runs.csv` does not hold.
    """

    place: ClassVar[str] = "own"
    order: ClassVar[int] = 50
    unasked: ClassVar[bool] = False
    recorded: ClassVar[bool] = False

    def applies(self, material: Material) -> bool:
        """Tell whether there is something to draw; a figure that does not apply is left out."""
        del material
        return True

    @abstractmethod
    def draw(self, material: Material, *, name: str) -> Drawn | Sequence[Drawn] | None:
        """Return the figure under the name it is given, or None. The same runs give the same figure.

        Several are a list, their names begin with the given one and a dash. Draw inside `figures.style.drawing()`,
        which sets the fonts and colours of the page.
        """

    def pieces(self, material: Material, *, name: str) -> list[Callable[[], list[Drawn]]]:
        """Return what draws it, in pieces that may be drawn in processes of their own; by default all at once."""
        return [lambda: self.drawings(material, name=name)]

    def drawings(self, material: Material, *, name: str) -> list[Drawn]:
        """Return what it draws of the runs as a list; empty where it does not apply.

        Raises
        ------
        UserError
            `draw` returns something else.
        """
        if not self.applies(material):
            return []
        drawn = self.draw(material, name=name)
        figures = [drawn] if isinstance(drawn, Drawn) else list(drawn or [])
        for one in figures:
            if not isinstance(one, Drawn):
                raise UserError(
                    f"{type(self).__qualname__}.draw must return a Drawn, a list of them or None, got "
                    f"{type(one).__name__}"
                )
        return figures


def metric_stem(metric: str) -> str:
    """Write a metric as part of a figure's name: `final/test_accuracy` is `final-test-accuracy`."""
    return metric.replace("/", "-").replace("_", "-")
