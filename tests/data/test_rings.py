"""Rings: a circle parts them, a line does not."""

import numpy as np

from ablate.data.rings import Rings
from ablate.streams import stream


def test_a_circle_parts_the_rings_and_a_line_does_not():
    from sklearn.linear_model import LogisticRegression

    examples = Rings().examples()
    points = examples.images.reshape(-1, 2) * 2.5 - 1.25
    inside = np.hypot(*points.T) < 0.6
    assert np.mean(inside == (examples.labels == 0)) > 0.99
    assert LogisticRegression().fit(points, examples.labels).score(points, examples.labels) < 0.7


def test_the_points_are_the_same_everywhere():
    assert Rings().examples().fingerprint == "91e9d3c1cf3ccf2b43986f28b450622c11a886e94f5a1476c1d808a33bc27f28"


def test_every_seed_draws_its_own_parts():
    one, two = (Rings().split(stream(seed, "split")) for seed in (0, 1))
    assert len(one.test) == 2_000
    assert len(one.validation) == 500
    assert not np.array_equal(one.test, two.test)
