"""What a verdict holds is codes with numbers: nothing in it is a sentence, and what it says can be asked of it."""

import json

import pytest

from ablate.claims.reason import CODES, Reason
from ablate.judge.rule import judge
from ablate.words.document import OTHERS, ROWS, TEXTS, document_of

from .conftest import BN, NORM, make_study, make_tables

DELTA = {**BN, "by_at_least": 0.01}


def verdict_of(gain, claim=DELTA, *, seeds=8):
    noise = (0.004, -0.003, 0.001, -0.002, 0.003, -0.001, 0.002, -0.004)
    tables = make_tables(
        NORM, lambda v, s: 0.8 + (gain + noise[s % 8] / 4 if v["norm"] == "batch" else 0.0), seeds=seeds
    )
    return judge(make_study(NORM, claim, seeds=seeds), tables)[0]


@pytest.mark.parametrize(
    ("gain", "seeds", "code", "advice"),
    [
        (0.05, 8, "above", None),
        (-0.05, 8, "reversed", None),
        (-0.008, 8, "negligible", None),
        (0.0, 8, "negligible", None),
        (0.01, 8, "holds_delta", "no_number_of_pairs"),
        (0.05, 3, "few_pairs_by_now", "more_pairs"),
        (0.05, 1, "too_few_pairs", "run_seeds"),
    ],
)
def test_where_the_interval_lies_is_a_code(gain, seeds, code, advice):
    verdict = verdict_of(gain, seeds=seeds)
    assert verdict.reason.code == code
    assert (verdict.advice and verdict.advice.code) == advice
    if "delta" in CODES[code]:
        assert verdict.reason["delta"] == 0.01
        assert (verdict.reason["low"], verdict.reason["high"]) == (verdict.interval_low, verdict.interval_high)


def test_a_failed_gate_holds_the_reasons_of_gates():
    gate = {"kind": "manipulation_check", "metric": "final/test_accuracy", "where": {"norm": "batch"}, "at_least": 0.99}
    verdict = verdict_of(0.05, {**DELTA, "gates": [gate]})
    assert (verdict.outcome, verdict.reason.code, verdict.reason["outcome"]) == (
        "inconclusive", "gate_failed", "supported",
    )  # fmt: skip
    (held,) = verdict.reason["gates"]
    assert held == verdict.gates_failed[0].reason
    assert (held.code, held["low"], held["high"], held["cells"]) == ("check_mean", 0.99, None, "norm=batch")


def test_every_sentence_of_a_verdict_has_a_code_beside_it():
    verdict = verdict_of(0.05)
    written = json.loads(json.dumps(document_of(verdict)))
    for text, code in TEXTS.items():
        assert bool(written[text]) == (written[code] is not None)
        assert written[code] is None or Reason(**written[code])
    for rows, text in ROWS.items():
        assert all(row[text] and Reason(**row["reason"]) for row in written[rows])
    assert set(OTHERS) <= written.keys()
    assert written["terms"] == {"by_at_least": 0.01, "cells": 1}
    assert written["method"] == {"name": "sign-flip", "draws": 0, "widened": False}
