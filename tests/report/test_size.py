from __future__ import annotations

from ablate.report.figures.render import within


def test_the_largest_figures_give_way_until_the_page_is_small_enough():
    inlined = {"huge": "<svg>" + "x" * 900_000, "large": "<svg>" + "y" * 700_000, "small": "<svg>z</svg>"}
    pictures = dict.fromkeys(inlined, b"picture")
    found = within(inlined, pictures)
    assert found["huge"].startswith('<img alt="" src="data:image/png;base64,')
    assert (found["large"], found["small"]) == (inlined["large"], inlined["small"])
    assert within({"small": "<svg/>"}, pictures) == {"small": "<svg/>"}
