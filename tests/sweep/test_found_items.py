"""Tables with a row per test item: the runs that are made of them, and what other items would show."""

import numpy as np
import pandas as pd
import pytest

import ablate
from ablate.errors import UserError
from ablate.stats.crossed import crossed_interval


def answers(items=40, seeds=8, lift=0.15):
    rng = np.random.default_rng(3)
    hard = rng.normal(size=items)
    return pd.DataFrame(
        {"item": f"q{item}", "subject": ("algebra", "logic")[item % 2], "arm": arm, "seed": seed,
         "correct": bool(hard[item] + 0.3 * rng.normal() < lift * 3 * (arm == "cot")), "answer": str(rng.normal())}
        for arm in ("plain", "cot") for seed in range(seeds) for item in range(items)
    )  # fmt: skip


def test_runs_are_made_of_items_and_items_compared_over_seeds_too():
    frame = answers()
    found = ablate.judge_runs(frame, baseline={"arm": "plain"})
    d = [frame.loc[frame.arm == arm, "correct"].to_numpy(dtype=float).reshape(8, 40) for arm in ("cot", "plain")]
    ((claim, items, seeds, mean, low, high, p),) = found.items.itertuples(index=False)
    assert (claim, items, seeds) == ("arm-cot", 40, 8)
    assert mean == pytest.approx((d[0] - d[1]).mean())
    assert found.verdicts[0].effect == pytest.approx(mean)
    narrow = crossed_interval(d[0] - d[1], level=0.95)
    assert low <= narrow[0]
    assert high >= narrow[1]
    assert p < 0.05
    told = dict(zip(found.columns["column"], found.columns["what"], strict=True))
    assert told["subject"] == "belongs to the item"
    assert told["answer"] == "an answer, or about it"


def test_one_run_of_each_arm_is_judged_by_items_alone(tmp_path):
    frame = answers(items=60, seeds=1, lift=0.4).drop(columns="seed").rename(columns={"item": "frage"})
    found = ablate.judge_runs(frame, item="frage", baseline={"arm": "plain"})
    assert found.verdicts[0].outcome == "not_tested"
    assert found.items.loc[0, "seeds"] == 1
    assert found.items.loc[0, "low"] > 0
    page = (found.report(tmp_path / "out") / "report.html").read_text()
    assert "Other test items" in page


def test_arms_without_common_seeds_and_items_that_some_lack_are_told():
    frame = answers(seeds=2)
    frame.loc[frame.arm == "cot", "seed"] += 10
    frame = frame.drop(index=frame[(frame["item"] == "q3") & (frame.seed == 1)].index)
    found = ablate.judge_runs(frame, baseline={"arm": "plain"})
    assert found.items.loc[0, "items"] == 39
    assert "items that not every run answered: left out" in set(found.done["what"])
    assert found.items.loc[0, "seeds"] == 1  # means over the seeds of each arm


def test_two_factors_are_compared_at_matched_values():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"item": item, "model": model, "shots": shots, "seed": seed, "acc": 1.0 * (rng.random() < 0.5 + 0.06 * shots)}
        for model in ("a", "b") for shots in (0, 5) for seed in range(3) for item in range(200)
    )  # fmt: skip
    found = ablate.judge_runs(frame, baseline={"shots": 0, "model": "a"})
    items = found.items.set_index("claim")
    at = frame.groupby("shots").acc.mean()
    assert items.loc["shots-5", "difference"] == pytest.approx(at[5] - at[0])
    assert items.loc["shots-5", "low"] > 0 > items.loc["model-b", "low"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="correct"), "no column says whether it was right"),
        (lambda f: f.drop(columns=["arm"]).query("seed < 1"), "no column tells arms apart"),
        (
            lambda f: f.assign(correct=["maybe", *f.correct[1:]]),
            "'correct' must be a number, true or false, got 'maybe'",
        ),
        (lambda f: f.assign(doc_id=f["item"]), "several columns may say which item a row is about: item, doc_id"),
        (lambda f: f.assign(random_state=f.seed + 1), "several columns may be the seed"),
        (lambda f: f[f["item"] != "q" + f.seed.astype(str)], "no item was answered in every run"),
    ],
)
def test_what_cannot_be_compared_is_one_line(change, message):
    with pytest.raises(UserError, match=message):
        ablate.judge_runs(change(answers(items=8)))


def test_items_answered_twice_follow_the_rule_for_repeats():
    twice = pd.concat([answers(items=12), answers(items=12).iloc[:1]])
    assert "answers to an item that the run had answered" in set(ablate.judge_runs(twice).done["what"])
    with pytest.raises(UserError, match="the item 'q0' is there twice"):
        ablate.judge_runs(twice, repeat="refuse")


@pytest.mark.parametrize(("repeat", "share"), [("last", 1.0), ("mean", 2.0 / 3.0)])
def test_an_item_answered_three_times_counts_as_its_last_answer_or_as_the_mean_of_all_three(repeat, share):
    frame = answers(items=12)
    first = frame.iloc[0]
    again = [frame.iloc[:1].assign(correct=float(score)) for score in (1.0, 0.0, 1.0)]
    rest = frame.iloc[1:]
    found = ablate.judge_runs(pd.concat([*again, rest]), repeat=repeat, baseline={"arm": "plain"})
    scores = frame["correct"].astype(float)
    scores.iloc[0] = share
    means = scores.groupby(frame["arm"]).mean()
    assert first["arm"] == "plain"
    assert found.verdicts[0].effect == pytest.approx(means["cot"] - means["plain"])


def test_what_a_data_set_says_of_an_item_is_neither_its_score_nor_its_seed_nor_its_number():
    """A benchmark's own columns have such names too: `params.correct`, `params.seed`, `params.question_id`."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"model": model, "params.correct": item % 2, "params.seed": item % 3, "params.question_id": item + 7,
         "item_id": f"arc/{item}", "acc": float(rng.random() < low)}
        for model, low in (("a", 0.05), ("b", 0.4)) for item in range(60)
    )  # fmt: skip
    found = ablate.judge_runs(frame, baseline={"model": "a"})
    means = frame.groupby("model").acc.mean()
    assert found.items.loc[0, "difference"] == pytest.approx(means["b"] - means["a"])
    assert found.items.loc[0, "items"] == 60


@pytest.mark.parametrize("column", ["filter", "params.num_fewshot"])
def test_two_answers_to_an_item_that_were_made_in_two_ways_are_not_the_last_one(column):
    """Only one of two tasks has both ways, so that they tell no arms apart."""
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        {"model": model, "task": task, "item_id": f"{task}/{item}", column: way, "seed": seed,
         "acc": float(rng.random() < 0.5)}
        for model in "ab" for seed in range(7) for task, ways in (("arc", ["1"]), ("gsm", ["2", "3"]))
        for way in ways for item in range(30)
    )  # fmt: skip
    name = column.rpartition(".")[2]
    with pytest.raises(UserError, match=rf"'gsm/0' was answered twice in one run, with {name} '2' and '3'.*--where"):
        ablate.judge_runs(frame, baseline={"model": "a"})
    mean = ablate.judge_runs(frame, baseline={"model": "a"}, repeat="mean")
    assert mean.items.loc[0, "items"] == 60
    left_out = ablate.judge_runs(frame, baseline={"model": "a"}, leave_out=[column])
    assert left_out.items.loc[0, "items"] == 60
    chosen = ablate.judge_runs(frame[frame[column] != "3"], baseline={"model": "a"})
    assert "answers to an item that the run had answered" not in set(chosen.done["what"])
