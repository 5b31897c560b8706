"""`ablate.compare(frame)`: two arms as somebody states them, and the card that shows it."""

import re

import numpy as np
import pandas as pd
import pytest

import ablate

SIDES = {"arm": {"bn": True}, "against": {"bn": False}}


def frame(n=8, gain=0.02):
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        [
            {"bn": bn, "lr": lr, "seed": seed, "test_acc": 0.9 + gain * bn + 0.003 * rng.normal() + seed / 1000}
            for bn in (False, True)
            for lr in (0.1, 0.01)
            for seed in range(n)
        ]
    )


def test_a_stated_comparison_is_judged_as_one_claim_for_every_level(tmp_path):
    found = ablate.compare(frame(), metric="test_acc", **SIDES, each="lr", delta=0.01, better="higher")
    assert [v.claim_id for v in found.verdicts] == ["bn-true-vs-bn-false[lr=0.1]", "bn-true-vs-bn-false[lr=0.01]"]
    assert [v.outcome for v in found.verdicts] == ["supported"] * 2
    assert [v.family for v in found.verdicts] == [2, 2]
    assert list(found.frame["pairs"]) == [8, 8]
    latex = found.to_latex()
    assert len(re.findall(r" \\\\$", latex, flags=re.MULTILINE)) == 3  # the head and two rows
    assert r"\toprule" in latex
    card = found._repr_html_()
    assert card.count("<figure>") == 1
    assert "32 runs used" in card
    page = (found.report(tmp_path / "out") / "report.md").read_text(encoding="utf-8")
    assert "nothing here shows that it was asked before the runs were seen" in page


def test_over_other_columns_the_difference_is_averaged_and_a_margin_turns_the_question():
    found = ablate.compare(frame(gain=-0.001), metric="test_acc", **SIDES, not_worse_by=0.005)
    assert (found.verdicts[0].kind, found.verdicts[0].outcome) == ("noninferiority", "supported")
    assert len(found.verdicts[0].per_cell) == 2
    found = ablate.compare(frame(gain=-0.02), metric="test_acc", **SIDES, not_worse_by=0.005)
    assert (found.verdicts[0].outcome, found.verdicts[0].label) == ("refuted", "inferior")


def test_runs_that_share_no_seeds_are_compared_by_their_means():
    found = ablate.compare(frame(), metric="test_acc", **SIDES, pair=None, not_worse_by=0.005)
    assert (found.verdicts[0].kind, found.verdicts[0].outcome) == ("noninferiority_unpaired", "supported")
    moved = frame()
    moved.loc[moved["bn"], "seed"] += 100
    assert "not paired" in ablate.compare(moved, metric="test_acc", **SIDES, not_worse_by=0.005).verdicts[0].sentence()


def test_sides_may_differ_in_several_columns_and_agree_in_others():
    arm, against = {"bn": True, "lr": 0.1}, {"bn": False, "lr": 0.01}
    found = ablate.compare(frame(), metric="test_acc", arm=arm, against=against, delta=0.01)
    assert found.verdicts[0].arm_text == "bn=true, lr=0.1"
    found = ablate.compare(frame(), metric="test_acc", arm=arm, against={"bn": False, "lr": 0.1}, delta=0.01)
    assert found.verdicts[0].arm_text == "bn=true"
    assert found.done["rows"].tolist() == [16, 16]


def test_a_change_that_changes_nothing_is_not_worse_but_one_run_copied_shows_nothing():
    same = frame()
    same["test_acc"] = 0.9 + same["seed"] / 1000
    assert ablate.compare(same, metric="test_acc", **SIDES, not_worse_by=0.005).verdicts[0].outcome == "supported"
    same["test_acc"] = 0.9
    assert ablate.compare(same, metric="test_acc", **SIDES, not_worse_by=0.005).verdicts[0].outcome == "not_tested"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({**SIDES, "against": {"bn": "x"}}, "unknown level of bn for `against` 'x': expected one of false, true"),
        ({**SIDES, "against": {"lr": 0.1}}, "must name the same columns, got bn and lr"),
        ({**SIDES, "against": {"bn": True}}, "are the same arm, bn=true"),
        ({**SIDES, "pair": "sed"}, "no column 'sed'"),
        ({**SIDES, "each": "bn"}, "`each` names bn"),
        ({**SIDES, "delta": 0.1, "not_worse_by": 0.1}, "not both"),
        ({**SIDES, "not_worse_by": 0.0}, "must be a number > 0"),
    ],
)
def test_bad_input_is_one_line(asked, message):
    with pytest.raises(ablate.UserError, match=re.escape(message)):
        ablate.compare(frame(), metric="test_acc", **asked)
    with pytest.raises(ablate.UserError, match="expected a row per run, got none"):
        ablate.compare(frame()[:0], metric="test_acc", **SIDES)


def test_a_run_that_its_own_rule_ended_counts_where_that_is_said():
    whole = [
        {"bn": bn, "seed": seed, "epoch": at, "acc": 0.8 + 0.05 * bn + seed / 1000 + at / 100 + seed % 3 * bn / 500}
        for bn in (False, True) for seed in range(8) for at in range(6)
    ]  # fmt: skip
    cut = [row for row in whole if (row["bn"], row["seed"]) != (True, 3) or row["epoch"] < 3]
    asked = {"metric": "acc", "arm": {"bn": True}, "against": {"bn": False}, "delta": 0.01}
    assert ablate.compare(pd.DataFrame(cut), **asked).verdicts[0].pairs == 7
    assert ablate.compare(pd.DataFrame(cut), **asked, early_stopping=True).verdicts[0].pairs == 8


def test_a_level_is_the_number_that_it_is_however_it_is_written():
    rows = [{"drop": drop, "seed": seed, "acc": 0.8 + drop / 5 + seed / 100 + seed % 3 * drop / 50}
            for drop in (0.0, 0.1, 0.25) for seed in range(8)]  # fmt: skip
    for arm, against in ((0.25, 0.0), ("2.5e-1", "0"), (0.25, 0), (np.float64(0.25), np.int64(0))):
        found = ablate.compare(
            pd.DataFrame(rows), metric="acc", arm={"drop": arm}, against={"drop": against}, delta=0.01
        )
        assert found.verdicts[0].outcome == "supported"


def test_a_side_in_fractions_and_one_in_per_cent_are_not_compared():
    mixed = frame()
    mixed.loc[mixed["bn"], "test_acc"] *= 50.0  # 46 per cent beside 0.9
    with pytest.raises(ablate.UserError, match=r"is at most 1 in all runs of one side .* above 1 in all of the other"):
        ablate.compare(mixed, metric="test_acc", **SIDES, not_worse_by=0.005)
    collapsed = frame()
    collapsed["test_acc"] *= 50.0
    collapsed.loc[(collapsed["bn"]) & (collapsed["seed"] == 3), "test_acc"] = 0.4
    found = ablate.compare(collapsed, metric="test_acc", **SIDES, not_worse_by=0.005)
    assert "2 shares of at most 1" in " ".join(f"{one.rows} {one.what}" for one in found.done.itertuples())


def test_runs_where_one_side_alone_was_run_are_told():
    rows = frame()
    rows.loc[rows["bn"] & (rows["lr"] == 0.01), "lr"] = 0.5
    found = ablate.compare(rows, metric="test_acc", **SIDES, delta=0.01)
    told = found.done.set_index("what").loc["runs where one side alone was run: not compared"]
    assert (told["rows"], told["which"]) == (16, "lr=0.01; lr=0.5")
    assert "one side alone" not in " ".join(ablate.compare(frame(), metric="test_acc", **SIDES).done["what"])
    by_level = ablate.compare(rows, metric="test_acc", **SIDES, each="lr")
    assert [what for what in by_level.done["what"] if "one side alone" in what] == [
        "levels that one side alone has: not compared"
    ]
