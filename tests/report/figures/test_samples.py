"""The figure of generated images."""

from __future__ import annotations

import dataclasses
import re

import numpy as np

from ablate.report.figures.render import svg
from ablate.report.figures.samples import samples


def arrays(seed: int, *, channels: int = 1) -> dict[str, np.ndarray]:
    landed = np.full((3, 3), 5)
    np.fill_diagonal(landed, 40 - 5 * seed)
    landed[:, 0] += 50 - landed.sum(axis=1)
    return {
        "gan/samples": np.random.default_rng(seed).integers(256, size=(3, 10, channels, 5, 4)).astype(np.uint8),
        "gan/landed": landed,
        "gan/distinct": np.array([10, 20, 30]) + 3 * seed,
    }


def with_arrays(tables, *, arms, **settings):
    ids = tables.planned["arm_id"].astype(str)[:arms]
    return dataclasses.replace(tables, arrays={arm: {seed: arrays(seed, **settings) for seed in (0, 1)} for arm in ids})


def test_a_panel_per_arm_tells_what_landed_and_how_many_differ(make):
    _, tables = make((0.01, 1.0), ("none",), seeds=2, missing=0)
    drawn = samples(with_arrays(tables, arms=2))
    text = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg(drawn)))
    own = [np.trace(arrays(seed)["gan/landed"]) / 150 * 100 for seed in (0, 1)]
    assert f"{min(own):.0f} to {max(own):.0f} % in their class, 20 to 23 of 50 distinct" in text
    assert len(drawn.figure.axes) == 2
    assert "further arm" not in drawn.caption


def test_grey_images_are_dark_on_white_and_coloured_ones_as_they_are(make):
    _, tables = make((0.01,), ("none",), seeds=2, missing=0)
    for channels in (1, 3):
        picture = samples(with_arrays(tables, arms=1, channels=channels)).figure.axes[0].images[0].get_array()
        first = arrays(0, channels=channels)["gan/samples"][0, 0].transpose(1, 2, 0)
        shown = np.asarray(picture)[:5, :4].reshape(5, 4, channels)
        np.testing.assert_array_equal(shown, 255 - first if channels == 1 else first)


def test_without_a_generator_nothing_is_drawn(make):
    _, tables = make((0.01,), ("none",), seeds=2, missing=0)
    assert samples(tables) is None
