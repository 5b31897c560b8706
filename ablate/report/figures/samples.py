"""Figure: what the generator of `augment=gan` makes, a panel per arm."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from ablate.lang import counted, tr
from ablate.registry import register
from ablate.report.figure import Figure as Kind
from ablate.report.figure import Material
from ablate.report.figures.observed import not_drawn, observed_titles, over_seeds
from ablate.report.figures.panels import columns_for
from ablate.report.figures.style import INK, Drawn, drawing
from ablate.track.record import StudyTables

MOST_PANELS = 6
MOST_CLASSES = 10
SHOWN = 10

_GAP = 2  # pixels between images


@register("figure", "gan_samples")
@dataclass(frozen=True)
class Samples(Kind):
    """What the generator of an augmentation makes."""

    place, order, unasked = "own", 90, True
    recorded = True

    def draw(self, material: Material, *, name: str) -> Drawn | None:
        """Draw it."""
        return samples(material.tables, name=name)


def samples(tables: StudyTables, *, name: str = "gan-samples") -> Drawn | None:
    """Draw images of the first seed's generator, a row per class; None where no run had one."""
    images = over_seeds(tables, "gan/samples")
    if not images:
        return None
    titles, landed, distinct = (
        observed_titles(tables),
        over_seeds(tables, "gan/landed"),
        over_seeds(tables, "gan/distinct"),
    )
    arms = list(images)[:MOST_PANELS]
    asked = int(landed[arms[0]][0, 0].sum())
    panels = []
    for arm in arms:
        in_class = np.einsum("sii->si", landed[arm]).sum(axis=1) / landed[arm].sum(axis=(1, 2))
        different = _range(distinct[arm].mean(axis=1))
        text = tr(
            "{arm}\n{share} % in their class, {different} of {asked} distinct",
            arm=titles[arm],
            share=_range(100 * in_class),
            different=different,
            asked=asked,
        )
        panels.append((text, _mosaic(images[arm][0])))
    with drawing():
        figure = _draw(panels)
    caption = tr(
        "Images of the first seed's generator, one row per class, {n} of each: all that it learnt "
        "from are that seed's own training images. Above each panel, over all seeds (lowest to highest): "
        "how many of {images} per class have a nearest training image of the class they were asked for, "
        "and how many different training images those are, per class. Few distinct ones mean that the "
        "generator repeats itself.{not_drawn}",
        n=SHOWN,
        images=counted(asked, "image"),
        not_drawn=not_drawn(len(images), len(arms)),
    )
    alt = tr("Generated images. ") + tr("; ").join(text.replace("\n", ": ") for text, _ in panels)
    return Drawn(name, tr("What the generator makes"), figure, caption, alt, floor=560)


def _range(values: NDArray[np.float64]) -> str:
    low, high = f"{values.min():.0f}", f"{values.max():.0f}"
    return low if low == high else tr("{low} to {high}", low=low, high=high)


def _mosaic(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (classes, images, channels, height, width) as one picture, dark on white where it is grey."""
    classes, count, channels, height, width = images[:MOST_CLASSES, :SHOWN].shape
    paper = np.full((classes * (height + _GAP), count * (width + _GAP), channels), 255, np.uint8)
    for row in range(classes):
        for column in range(count):
            top, left = row * (height + _GAP), column * (width + _GAP)
            one = images[row, column].transpose(1, 2, 0)
            paper[top : top + height, left : left + width] = 255 - one if channels == 1 else one
    return paper


def _draw(panels: list[tuple[str, NDArray[np.uint8]]]) -> Figure:
    columns = columns_for(len(panels))
    rows = math.ceil(len(panels) / columns)
    spacing = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    figure = Figure(figsize=(max(4.6, 3.4 * columns), 3.9 * rows), layout=spacing)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax in grid:
        ax.set_axis_off()
    for ax, (text, picture) in zip(grid, panels, strict=False):
        grey = picture.shape[2] == 1
        ax.imshow(picture[:, :, 0] if grey else picture, cmap="gray" if grey else None, vmin=0, vmax=255)
        ax.set_title(text, fontsize=8.5, color=INK)
    return figure
