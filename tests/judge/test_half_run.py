"""A study of which only a part has run, as after an interrupted import: judged, and nothing but verdicts are said."""

from __future__ import annotations

import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.words.sentence import sentence_of

from ..claims.test_contract import LEAST
from .conftest import NORM, make_study, make_tables

HALF = {
    "an arm that did not run": lambda levels, seed: levels["norm"] == "batch",
    "a cell that did not run": lambda levels, seed: levels["std"] == 1.0,
    "no seed in common": lambda levels, seed: (levels["norm"] == "batch") == (seed < 4),
    "one seed": lambda levels, seed: seed > 0,
    "one run": lambda levels, seed: seed > 0 or levels != {"norm": "none", "std": 0.1},
    "nothing": lambda levels, seed: True,
}


@pytest.mark.parametrize("half", HALF)
@pytest.mark.parametrize("crashed", [False, True], ids=["", "all of it crashed"])
@pytest.mark.parametrize("kind", LEAST)
def test_a_study_that_ran_in_part_is_judged_without_a_word_of_pythons(kind, crashed, half):
    def value(levels, seed):
        if HALF[half](levels, seed):
            return "missing"
        return "crashed" if crashed else float(np.random.default_rng(seed).random())

    factors = {**NORM, "std": [0.1, 1.0]}
    metric = "ttt/steps" if kind in ("time_to_target", "basin_width") else "final/test_accuracy"
    ties = {"ties_by": metric} if kind == "win_probability" else {}
    study = make_study(factors, {"kind": kind, **LEAST[kind], **ties, "metric": metric})
    tables = make_tables(factors, value)
    if metric == "ttt/steps":
        tables.seeds[metric] = [50.0 if outcome == "reached" else np.nan for outcome in tables.seeds["outcome"]]
    (verdict,) = judge(study, tables)
    assert sentence_of(verdict)
    assert verdict.outcome == "not_tested" or kind in ("exact", "proportion")
