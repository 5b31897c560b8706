import numpy as np
import pandas as pd
import pytest

from ablate.errors import UserError
from ablate.report.figures.paths import paths
from ablate.report.figures.render import svg
from ablate.sweep.figures import Paths
from ablate.track.record import StudyTables


def tables(*, diverge=False):
    planned = pd.DataFrame({"arm_id": ["a", "b"], "arm": ["baseline", "optimizer=adam"], "baseline": [True, False],
                            "optimizer": ["sgd", "adam"]})  # fmt: skip
    rows = []
    for arm in "ab":
        for seed in (0, 1):
            for step in range(6):
                x, y = -7.0 * 0.8**step + seed, 2.0 * (-0.9) ** step
                if diverge and arm == "b":
                    x = -7.0 * 10.0**step
                for metric, value in (("path/x", x), ("path/y", y)):
                    rows.append({"run_id": f"{arm}{seed}", "arm_id": arm, "seed": seed, "metric": metric,
                                 "step": step, "value": value})  # fmt: skip
    return StudyTables({}, planned, pd.DataFrame(), pd.DataFrame(rows))


def test_every_arm_is_a_panel_with_the_path_of_every_seed():
    drawn = paths(tables(), Paths(hue="optimizer"))
    panels = [ax for ax in drawn.figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in panels] == ["sgd", "adam"]
    lines = [line for line in panels[0].lines if len(line.get_xdata()) == 6]
    assert len(lines) == 2
    heavy = max(lines, key=lambda line: line.get_linewidth())
    assert np.asarray(heavy.get_xdata()) == pytest.approx(-7.0 * 0.8 ** np.arange(6))
    assert "seed 0" in svg(drawn)
    assert "f(x, y) = 0.05 x² + 1 y²" in drawn.caption


def test_a_path_that_leaves_the_axes_is_counted_and_does_not_shrink_the_others():
    drawn = paths(tables(diverge=True), Paths(hue="optimizer"))
    assert "Paths that leave the axes: 2" in drawn.caption
    assert drawn.figure.axes[0].get_xlim()[0] > -20


def test_a_study_without_paths_has_no_such_figure():
    empty = tables()
    assert paths(StudyTables({}, empty.planned, empty.seeds, empty.curves.iloc[:0]), Paths(hue="optimizer")) is None


def test_an_unknown_factor_is_refused():
    with pytest.raises(UserError, match="nearest match: optimizer"):
        paths(tables(), Paths(hue="optimiser"))
