"""A sweep that claims nothing says in the terminal what the first screen of its report says."""

from ablate.app.judged import say_verdicts
from ablate.work.judging import judge_tables

from ..judge.conftest import NORM, make_study, make_tables


def test_effects_of_a_sweep_without_claims_are_said(capsys):
    tables = make_tables(NORM, lambda levels, seed: 0.6 + 0.2 * (levels["norm"] == "batch") + seed / 1000)
    say_verdicts(judge_tables(make_study(NORM), tables))
    out = capsys.readouterr().out
    assert "nobody said beforehand which difference matters" in out
    assert "norm: batch − none: test accuracy" in out
    assert "+20.0" in out
