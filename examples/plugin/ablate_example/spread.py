"""A figure: `figures: [{kind: spread, metric: final/test_accuracy}]` in a study file."""

from dataclasses import dataclass

from matplotlib.figure import Figure as Canvas

from ablate.registry import register
from ablate.report.figure import Figure, Material
from ablate.report.figures.style import Drawn, bare_axes, drawing, hue


@register("figure", "spread")
@dataclass(frozen=True)
class Spread(Figure):
    """The values of a metric, a row of dots per arm."""

    metric: str = "final/test_accuracy"

    def applies(self, material: Material) -> bool:
        """Tell whether some run logged the metric."""
        return self.metric in material.tables.metrics

    def draw(self, material: Material, *, name: str) -> Drawn:
        """Draw every run that has a value."""
        values = material.tables.logged(self.metric).dropna()
        by_arm = dict(list(values.groupby(material.tables.seeds["arm"].astype(str), sort=False)))
        with drawing():
            canvas = Canvas(figsize=(7.0, 1.0 + 0.35 * len(by_arm)), layout="constrained")
            ax = canvas.subplots()
            for row, dots in enumerate(by_arm.values()):
                ax.plot(dots, [row] * len(dots), "o", color=hue(row), alpha=0.6)
            ax.set_yticks(range(len(by_arm)), list(by_arm))
            ax.set_xlabel(self.metric)
            bare_axes(ax, grid="x")
        ranges = "; ".join(f"{arm}: {dots.min():.3g} to {dots.max():.3g}" for arm, dots in by_arm.items())
        return Drawn(
            name,
            f"Spread of {self.metric}",
            canvas,
            caption="A dot is a run; runs without a value are left out.",
            alt=f"{self.metric} of every run. {ranges}.",
        )
