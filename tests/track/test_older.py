"""Stores of older releases: what they did not say is not made up."""

import pandas as pd
import pytest

from ablate.track.older import known_facts, older_program, retold
from ablate.track.record import ArmRecord
from ablate.train.vouched import EVERYTHING


def arm(program="numpy", **facts):
    config = {"program": {"name": program}} if program else {}
    return ArmRecord("a", "baseline", {}, config, {"dataset": "x", **facts})


def table(outcome="censored", **columns):
    return pd.DataFrame({"arm_id": ["a"], "outcome": [outcome], "seconds": [0.0], **columns})


def test_only_the_core_is_known_to_have_vouched():
    def vouched(one):
        return known_facts(one.facts, older_program(one))["vouches"]

    assert vouched(arm()) == sorted(EVERYTHING)
    for other in (arm("function"), arm("knn"), arm(""), arm("", imported=True), arm("numpy", imported=True)):
        assert vouched(other) == []
    assert vouched(arm(vouches=["seconds"])) == ["seconds"]


@pytest.mark.parametrize(
    ("one", "outcome", "expected"),
    [
        (arm(), "censored", "censored"),
        (arm("knn"), "censored", "censored"),
        (arm("function"), "censored", "unknown"),
        (arm("function"), "reached", "reached"),
        (arm("function", vouches=[]), "censored", "censored"),
        (arm("", imported=True), "censored", "unknown"),
        (arm("", imported=True), "diverged", "diverged"),
    ],
)
def test_what_nobody_had_told_is_unknown(one, outcome, expected):
    assert retold(table(outcome), [one])["outcome"].tolist() == [expected]


def test_steps_to_a_target_had_told_it():
    seeds = pd.concat([table(), table("reached")], ignore_index=True).assign(**{"ttt/steps": [None, 40.0]})
    assert retold(seeds, [arm("", imported=True)])["outcome"].tolist() == ["censored", "reached"]


def test_imported_runs_that_nobody_had_timed_took_an_unknown_time():
    assert retold(table(), [arm("", imported=True)])["seconds"].isna().all()
    assert retold(table(), [arm()])["seconds"].tolist() == [0.0]
