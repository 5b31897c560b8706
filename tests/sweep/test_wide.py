"""Tables with a column per seed: the same verdicts as of the table with a row per run, and what else stands in them."""

import numpy as np
import pandas as pd
import pytest

import ablate
from ablate.testing import assert_not_worse

ACC = {"acc": "higher"}


def long(arms="ab", n=8, **beside):
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        [
            {"method": arm, "seed": seed, "acc": round(0.8 + 0.02 * at + 0.003 * rng.normal(), 4), **beside}
            for at, arm in enumerate(arms) for seed in range(n)
        ]
    )  # fmt: skip


def wide(table, name="seed_{}"):
    made = table.pivot_table(index=[c for c in table.columns if c not in ("seed", "acc")], columns="seed", values="acc")
    made.columns = [name.format(seed) for seed in made.columns]
    return made.reset_index()


def numbers(judged):
    return [(v.claim_id, v.outcome, v.effect, v.interval_low, v.interval_high, v.pairs) for v in judged.verdicts]


def test_an_empty_cell_between_runs_is_a_run_without_a_number_and_one_after_the_last_run_plans_none():
    held = long()
    held.loc[(held["method"] == "b") & (held["seed"] == 3), "acc"] = np.nan
    of_rows = ablate.judge_runs(held, metric=ACC)
    table = wide(long())
    table.loc[1, "seed_3"] = np.nan
    of_columns = ablate.judge_runs(table, metric=ACC)
    assert numbers(of_columns) == numbers(of_rows)
    assert of_columns.verdicts[0].details["lost"] == of_rows.verdicts[0].details["lost"]
    shorter = wide(long())
    shorter.loc[1, ["seed_6", "seed_7"]] = np.nan
    verdict = ablate.judge_runs(shorter, metric=ACC).verdicts[0]
    assert (verdict.pairs, verdict.planned_pairs) == (6, 6)
    assert "lost" not in verdict.details


def test_an_arm_without_any_number_is_told():
    table = wide(long("abc"))
    table.loc[2, [c for c in table.columns if c.startswith("seed")]] = np.nan
    judged = ablate.judge_runs(table, metric=ACC)
    assert "8 not finished" in " ".join(f"{one.rows} {one.what}" for one in judged.done.itertuples())


def test_results_that_a_column_names_are_not_mixed():
    table = pd.concat([wide(long()).assign(metric="acc"), wide(long()).assign(metric="loss")])
    table.loc[table["metric"] == "loss", "seed_0"] = 9.0
    only = numbers(ablate.judge_runs(wide(long()), metric=ACC))
    assert numbers(ablate.judge_runs(table, metric=ACC)) == only
    assert numbers(ablate.judge_runs(table)) == only  # its direction is known
    assert numbers(ablate.judge_runs(table[table["metric"] == "acc"])) == only
    with pytest.raises(ablate.UserError, match="'metric' names the results acc, loss: say which is judged"):
        ablate.judge_runs(table, metric={"score": "higher"})


@pytest.mark.parametrize("name", ["s{}", "run_{}"])
def test_settings_that_are_called_like_columns_of_seeds_are_settings_where_the_metric_is_a_column(name):
    first, second = name.format(1), name.format(2)
    rng = np.random.default_rng(1)
    rows = [{first: a, second: b, "score": a + rng.normal() / 9} for a in (0, 1) for b in (0, 1) for _ in range(8)]
    found = ablate.judge_runs(pd.DataFrame(rows), metric={"score": "higher"})
    assert [v.outcome for v in found.verdicts] == ["supported", "inconclusive"]
    assert found.columns["taken as"].tolist() == ["factor", "factor", "metric"]


def test_what_sums_up_the_seeds_of_a_row_holds_nothing_back_and_settings_do():
    table = wide(long())
    seeds = table[[c for c in table.columns if c.startswith("seed")]]
    summed = table.assign(
        mean_acc=seeds.mean(axis=1).round(4), std=seeds.std(axis=1).round(5), Max=seeds.max(axis=1), n=8
    )
    judged = ablate.judge_runs(summed, metric=ACC)
    assert numbers(judged) == numbers(ablate.judge_runs(table, metric=ACC))
    assert judged.verdicts[0].outcome == "supported"
    assert "mean_acc, std, Max, n" in judged.done["which"].tolist()
    for setting in ({"max_depth": [1, 2]}, {"mean": [0.1, 0.5]}, {"n": [4, 8]}, {"mean_pooling": [1, 0]}):
        held = ablate.judge_runs(table.assign(**setting), metric=ACC).verdicts[0]
        assert held.outcome == "inconclusive", setting
        assert next(iter(setting)) in held.sentence() + str(held.gates)


def test_two_tables_with_a_column_per_seed_are_compared_and_one_with_one_of_rows():
    base, new = (arm.drop(columns="method") for _, arm in long().groupby("method"))
    columns = [pd.DataFrame([{f"seed_{row.seed}": row.acc for row in one.itertuples()}]) for one in (base, new)]
    asked = {"metric": "acc", "better": "higher", "by_more_than": 0.005}
    wanted = assert_not_worse(new, base, **asked).judgement.verdicts[0]
    for one, other in ((columns[1], columns[0]), (columns[1], base), (new, columns[0])):
        found = assert_not_worse(one, other, **asked).judgement.verdicts[0]
        assert (found.effect, found.pairs, found.outcome) == (wanted.effect, wanted.pairs, wanted.outcome)
    both = wide(long())
    found = ablate.compare(both, metric="acc", better="higher", arm={"method": "b"}, against={"method": "a"})
    assert found.verdicts[0].effect == wanted.effect > 0.015
