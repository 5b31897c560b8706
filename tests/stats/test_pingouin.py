"""Agreement with pingouin, written independently of scipy's and statsmodels' own tests."""

import numpy as np
import pandas as pd
import pingouin
import pytest

from ablate.stats.anova import importances
from ablate.stats.equivalence import tost_t_p
from ablate.stats.multiplicity import holm
from ablate.stats.student import standardised, t_interval


@pytest.fixture
def sides(rng):
    against = rng.normal(0.8, 0.02, size=12)
    return against + rng.normal(0.01, 0.015, size=12), against


def test_the_paired_t_interval_is_pingouins(sides):
    arm, against = sides
    found = pingouin.ttest(arm, against, paired=True)
    column = next(name for name in found.columns if name.startswith("CI95"))
    assert t_interval(arm - against) == pytest.approx(tuple(found[column].iloc[0]), abs=0.005)  # rounded there
    t = float(found["T"].iloc[0])
    assert standardised(arm - against) == pytest.approx(t / np.sqrt(12))


def test_the_equivalence_p_is_pingouins(sides):
    arm, against = sides
    for within in (0.005, 0.01, 0.03):
        theirs = float(pingouin.tost(arm, against, bound=within, paired=True)["pval"].iloc[0])
        assert tost_t_p(arm - against, within=within) == pytest.approx(theirs)


def test_holm_is_pingouins(rng):
    p = rng.random(20) ** 3
    assert holm(p) == pytest.approx(pingouin.multicomp(p.tolist(), method="holm")[1])


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # pingouin's own use of pandas
def test_the_f_of_a_factor_with_seeds_as_blocks_is_that_of_a_repeated_measures_anova(rng):
    levels = ["a", "b", "c"]
    y = rng.normal(size=(10, 3)) + rng.normal(size=(10, 1)) + np.array([0.0, 0.5, 1.0])
    (ours,) = importances(y, {"arm": levels}, rng=rng, resamples=19)
    long = pd.DataFrame({"y": y.ravel(), "arm": levels * 10, "seed": np.repeat(np.arange(10), 3)})
    theirs = pingouin.rm_anova(long, dv="y", within="arm", subject="seed", correction=False)
    assert ours.f == pytest.approx(float(theirs["F"].iloc[0]))
    assert ours.p == pytest.approx(float(theirs.filter(regex="^p.unc$").iloc[0, 0]))
