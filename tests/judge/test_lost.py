"""Runs without a result: their pairs are dropped, and a verdict says what would follow if they had failed."""

import dataclasses

import numpy as np
import pytest

from ablate.claims.reason import because
from ablate.judge.planned import judge_registered
from ablate.judge.simulated import runs_of
from ablate.stats.mean import mean_interval
from ablate.sweep.metrics import as_declared
from ablate.sweep.study import Study
from ablate.words.document import document_of, verdict_from
from ablate.words.sentence import sentence_of

ARMS = ({"norm": "none"}, {"norm": "batch"})
METRIC = "final/test_accuracy"


def study(metric=METRIC, **declared):
    claim = {"id": "c", "says": "s", "metric": metric, "arm": ARMS[1], "against": ARMS[0], "by_at_least": 0.005}
    metrics = {metric: declared} if declared else {}
    return Study.model_validate(
        {"title": "t", "factors": {"norm": ["none", "batch"]}, "metrics": metrics, "claims": [claim]}
    )


def tables(word, n=20, metric=METRIC):
    rng = np.random.default_rng(1)
    values = np.column_stack((0.9 + 0.004 * rng.normal(size=n), 0.93 + 0.004 * rng.normal(size=n)))
    found = runs_of(ARMS, metric, values)
    gone = (found.seeds["arm_id"] == "norm=batch") & (found.seeds["seed"] == 3)
    found.seeds.loc[gone, "outcome"] = "missing"
    found.seeds.loc[gone, metric] = np.nan
    return dataclasses.replace(found, facts={"norm=batch": {"lost": {"3": word}}} if word else {})


def judged(word, **more):
    return judge_registered(study(**more), tables(word, metric=more.get("metric", METRIC)), seeds=())[0][0]


def test_a_lost_run_drops_its_pair_and_the_sentence_says_what_its_failure_would_have_made():
    found, plain = judged("lost"), judged("")
    assert (found.outcome, found.pairs, found.planned_pairs) == ("supported", 19, 20)
    assert (found.effect, found.interval_low) == (plain.effect, plain.interval_low)
    told = found.details["lost"]
    assert told["declared"]
    assert told["effect"] < 0 < found.effect  # one failure of 20 counts as chance, 10 %
    assert "1 of its runs was lost and does not count; if it had failed: difference −" in sentence_of(found)
    assert "lost" not in plain.details


def test_a_run_that_nobody_declares_lost_holds_a_verdict_back_that_its_failure_would_change():
    found = judged("unfinished")
    assert (found.outcome, found.ungated) == ("inconclusive", "supported")
    assert [gate.reason for gate in found.gates_failed] == [because("unfinished", n=1)]
    assert verdict_from(document_of(found)) == found


@pytest.mark.parametrize("word", ["lost", "unfinished"])
@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize("side", ["norm=batch", "norm=none"])
def test_where_a_failure_has_no_honest_value_the_worst_one_seen_stands_for_it(word, better, side):
    runs, plan = tables("", metric="score"), study("score", better=better)
    seeds = runs.seeds
    whole = np.arange(20) != 3
    values = {
        arm: seeds.loc[seeds["arm_id"] == arm, "score"].to_numpy(copy=True) for arm in ("norm=none", "norm=batch")
    }
    values["norm=batch"][3] = 0.93
    seen = np.concatenate([held[whole] if arm == side else held for arm, held in values.items()])
    for arm, held in values.items():
        seeds.loc[seeds["arm_id"] == arm, "score"] = held
    seeds["outcome"] = "finished"
    gone = (seeds["arm_id"] == side) & (seeds["seed"] == 3)
    seeds.loc[gone, "outcome"], seeds.loc[gone, "score"] = "missing", np.nan
    runs = as_declared(dataclasses.replace(runs, facts={side: {"lost": {"3": word}}}), plan)
    found = judge_registered(plan, runs, seeds=())[0][0]

    sign = 1.0 if better == "higher" else -1.0
    values[side][3] = seen.min() if better == "higher" else seen.max()
    gaps = sign * (values["norm=batch"] - values["norm=none"])
    low, high = mean_interval(gaps, level=found.interval_level)
    told = found.details["lost"]
    assert told["outcome"] == found.outcome == ("supported" if better == "higher" else "refuted")
    assert (told["effect"], told["low"], told["high"]) == pytest.approx((gaps.mean(), low, high), abs=1e-12)
    assert "if it had failed, and so counted as the worst value that any of these runs has: " in sentence_of(found)
