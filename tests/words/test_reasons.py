"""Every code has a sentence in every language, and is the same when it is read back from a file."""

import dataclasses
import json
import math
import re

import pytest

from ablate.claims.kinds import KINDS
from ablate.claims.reason import AS_WRITTEN, CODES, Reason, because
from ablate.judge.obstacles import NEXT
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.wording import verdict_effect
from ablate.words.document import document_of, verdict_from
from ablate.words.kinds import CLAUSES
from ablate.words.reasons import SENTENCES, said
from ablate.words.sentence import sentence_of, why_of

from ..judge.conftest import BN, NORM, make_study, make_tables

BUDGET = because("budget", low=100.0, high=250.0)
SIDE = {"side": "norm=batch", "runs": 8, "seeds": 8, "rate": 31.2, "decades": 1.5, "of": 8,
        "at_smallest": 0, "at_largest": 2,
        "broken": 1, "unreached": 3, "values": ("0.1", "0.01")}  # fmt: skip
NUMBERS = {
    "all": 8, "apart": 0.02, "arms": 4,
    "by_signs": True, "cells": "", "claim": "c0", "claim_id": "c0", "delta": 0.01, "effect": 0.02,
    "first": because("run_it"), "second": because("run_again"),
    "sets": ({"data_set": "letter", "effect": 0.02, "reversed": False},
             {"data_set": "digits", "effect": -0.01, "reversed": True},
             {"data_set": "texture", "effect": -0.001, "reversed": False}),
    "new": {"effect": 0.01, "low": -0.02, "high": 0.04, "delta": 0.005, "above": 0.8, "below": 0.003, "spread": 0.01},
    "fact": "steps", "factor": "norm", "factors": ("norm", "depth"), "files": ("my_model.py",),
    "gates": (because("not_on_the_edge"), because("not_tuned", n=1, arms=2)), "high": math.inf, "key": "epochs",
    "left": 1, "level": 0.95, "low": -0.1, "mean": 0.5, "metric": "m", "missing": 2, "more": 1, "most": 30, "n": 3,
    "needed": 6, "of": 8, "outcome": "supported", "over": "init.std", "pairs": 8, "pairwise": True, "planned": 8,
    "rate": 31.2, "rule": BUDGET, "runs": 16, "scale": "difference", "setting": "lr", "side": "norm=batch",
    "sides": (SIDE, {**SIDE, "side": "norm=none"}),
    "smallest": 0.0078, "steps": (20.0, 100.0), "symbol": "", "text": "δ halved", "total": 9,
    "trained_low": -0.01, "trained_high": 0.05,
    "tuned": ({"key": "lr", "chosen": 0.1, "side": "norm=batch"},), "unit": "fraction", "value": 200.0,
    "values": ("100", "not told"), "wanted": "refuted", "wrong": 2,
}  # fmt: skip
OTHERWISE = [  # what changes a sentence beside the numbers in it
    because("silent", n=3, of=8, pairwise=False, rule=BUDGET, left=0, needed=6),
    because("silent", n=3, of=8, pairwise=True, rule=BUDGET, left=4, needed=6),
    because("decided_by_silence", n=3, of=8, pairwise=False, outcome="inconclusive"),
    because("too_few_pairs", n=0, planned=8, needed=6, by_signs=False),
    because("more_pairs", more=4, total=12),
    because("data_sets", sets=NUMBERS["sets"], new=None, unit="fraction"),
    because(
        "bound_is_open",
        level=0.95,
        unit="fraction",
        scale="difference",
        n=0,
        of=8,
        effect=None,
        trained_low=-math.inf,
        trained_high=math.inf,
        low=-0.1,
        high=0.2,
    ),
    because("check_runs", metric="m", cells="norm=batch", low=None, high=0.5, wrong=1, runs=8),
    because("check_mean", metric="m", cells="norm=batch", low=0.1, high=0.5, mean=0.7),
]


def example(code: str) -> Reason:
    numbers = {name: NUMBERS[name] for name in CODES[code]}
    if code == "levels_run":
        numbers |= {"cells": 2, "low": 0.001, "high": 1.0}
    return because(code, **numbers)


EXAMPLES = [*map(example, CODES), *OTHERWISE]


def test_every_code_has_a_sentence_and_every_sentence_a_code():
    assert SENTENCES.keys() == CODES.keys()
    assert CLAUSES.keys() == KINDS.keys()
    assert {code for pair in NEXT.items() for code in pair} <= CODES.keys()


@pytest.mark.parametrize("reason", EXAMPLES, ids=lambda reason: reason.code)
def test_a_reason_is_said_in_every_language(reason):
    english = said(reason)
    assert english
    assert not re.search(r"[{}]|Reason\(|None|\(\)|  ", english)
    with speaking("zh"):
        chinese = said(reason)
    assert re.search("[一-鿿]", chinese)
    assert not re.search(r"[{}]|Reason\(|None", chinese)


def test_another_code_or_other_numbers_are_refused():
    with pytest.raises(ValueError, match="no reason 'run_itt'"):
        because("run_itt")
    with pytest.raises(ValueError, match="run_seeds"):
        because("run_seeds", seeds=6)
    with pytest.raises(ValueError, match="with the numbers none"):
        Reason("run_seeds")


@pytest.fixture(scope="module")
def verdict():
    study = make_study(NORM, BN)
    (found,) = judge(study, make_tables(NORM, lambda v, s: 0.8 + 0.001 * s + 0.1 * (v["norm"] == "batch")))
    return found


@pytest.mark.parametrize("reason", EXAMPLES, ids=lambda reason: reason.code)
def test_a_reason_is_read_back_from_a_file(verdict, reason):
    told = dataclasses.replace(verdict, reason=reason, advice=reason)
    again = verdict_from(json.loads(json.dumps(document_of(told), allow_nan=False)))
    assert (again.reason, again.advice) == (reason, reason)
    assert document_of(again) == document_of(told)


def test_of_a_file_without_codes_the_sentences_are_kept(verdict):
    old = document_of(verdict)
    for key in ("reason", "advice", "fill", "scope", "terms", "method"):
        del old[key]
    old["sensitivity"] = [{k: v for k, v in row.items() if k != "reason"} for row in old["sensitivity"]]
    again = verdict_from(json.loads(json.dumps(old)))
    assert again.reason == because(AS_WRITTEN, text=old["why"])
    now = document_of(again)
    assert {key: now[key] for key in old if key != "sensitivity"} == {
        k: v for k, v in old.items() if k != "sensitivity"
    }
    assert [row["choice"] for row in now["sensitivity"]] == [row["choice"] for row in old["sensitivity"]]
    assert [row.flips for row in again.sensitivity] == [row.flips for row in verdict.sensitivity]


@pytest.mark.parametrize(
    ("interval", "ruled", "ends", "place"),
    [
        ((-0.42, 0.04, 0.0), ("inconclusive", "", "holds_delta"), "[−0.04, 0.42]", "contains 0."),
        ((-0.42, 0.14, 0.1), ("inconclusive", "", "holds_delta"), "[−0.14, 0.42]", "contains −δ = −0.1."),
        ((-0.24, 0.01, 0.1), ("refuted", "smaller", "below"), "[−0.01, 0.24]", "lies above −δ = −0.1."),
        ((-0.54, -0.46, 0.1), ("refuted", "reversed", "reversed"), "[0.460, 0.540]",
         "lies above δ = 0.1: the effect goes the other way."),
        ((-0.54, -0.1004, 0.1), ("refuted", "reversed", "reversed"), "[0.1004, 0.54]",
         "lies above δ = 0.1: the effect goes the other way."),
        ((-0.54, -0.06, 0.1), ("refuted", "harmful", "harmful"), "[0.06, 0.54]",
         "lies above 0: the effect goes the other way, but is not shown to be larger than δ = 0.1."),
        ((-0.42, -0.36, 0.0), ("refuted", "worse", "below"), "[0.360, 0.420]", "lies above 0."),
        ((-0.05, 0.04, 0.1), ("refuted", "negligible", "negligible"), "[−0.040, 0.050]", "lies within ±δ = 0.1."),
    ],
)  # fmt: skip
def test_of_a_metric_that_should_fall_one_verdict_has_one_orientation(verdict, interval, ruled, ends, place):
    (low, high, delta), (outcome, label, code) = interval, ruled
    own = dataclasses.replace(
        verdict, kind="effect" if delta else "difference", predicts="lower", delta=delta, unit="",
        outcome=outcome, label=label, effect=(low + high) / 2, interval_low=low, interval_high=high,
        reason=because(code, level=0.95, low=low, high=high, delta=delta, unit=""), gates=(),
    )  # fmt: skip
    assert why_of(own) == f"The 95 % interval {ends} {place}"
    assert ends in sentence_of(own)
    assert document_of(own)["why"] == why_of(own)
    assert why_of(dataclasses.replace(own, predicts="higher")) == said(own.reason)


def test_an_end_that_decides_is_not_written_as_the_end_of_what_is_claimed(verdict):
    numbers = {"level": 0.95, "effect": 0.016, "low": 0.01042, "high": 0.0212, "unit": "fraction", "symbol": ""}
    own = dataclasses.replace(
        verdict, kind="interaction", unit="fraction", delta=0.01, effect=0.016, interval_low=0.01042,
        interval_high=0.0212, reason=because("inside", scale="difference", **numbers),
    )  # fmt: skip
    assert "[1.04, 2.1] pp" in why_of(own)
    assert verdict_effect(own) == "+1.6 [+1.04, +2.1] pp"
