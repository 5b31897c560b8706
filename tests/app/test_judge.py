"""`ablate judge`: results people already have, no study file, one command."""

import csv
import itertools
import json

import numpy as np
import pytest
import scipy.stats


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def rows(n=8, gain=0.02, noise=0.004, metric="test_acc"):
    rng = np.random.default_rng(5)
    return [
        {"norm": norm, "seed": seed, metric: round(0.9 + gain * (norm == "batch") + noise * rng.normal(), 6)}
        for norm in ("none", "batch")
        for seed in range(n)
    ]


def verdicts(folder):
    return json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]


def test_a_table_gets_verdicts_and_a_report_that_says_what_was_done(ablate, tmp_path):
    write(tmp_path / "runs.csv", rows())
    code, out, err = ablate("judge", "runs.csv")
    assert (code, err) == (0, "")
    assert "factors: norm (none, batch)" in out
    assert "▲ [exploratory] Shown: norm=batch raises test_acc by " in out
    assert "noise floor:" in out
    assert not (tmp_path / "mlruns").exists()
    report = (tmp_path / "reports" / "runs-judged" / "report.md").read_text(encoding="utf-8")
    assert "runs used" in report
    assert "Nobody claimed these comparisons before the runs were known" in report


def test_without_a_report_the_verdicts_are_printed_and_nothing_is_written_but_what_is_saved(ablate, tmp_path):
    write(tmp_path / "runs.csv", rows())
    code, out, err = ablate("judge", "runs.csv", "--no-report")
    assert (code, err) == (0, "")
    assert "▲ [exploratory] Shown: norm=batch raises test_acc by " in out
    assert "report.html" not in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs.csv"]
    assert ablate("judge", "runs.csv", "--no-report", "--save", "mine.yaml")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.runs.csv", "mine.yaml", "runs.csv"]
    code, _, err = ablate("judge", "runs.csv", "--no-report", "--out", "here")
    assert (code, "`--out` says where the report goes, and `--no-report` writes none" in err) == (2, True)


def test_the_saved_study_gives_the_same_numbers(ablate, tmp_path):
    held = [{**run, "State": "finished"} for run in rows(10)]
    held[3]["State"] = "preempted"
    write(tmp_path / "runs.csv", [run for run in held if run["seed"] != 9 or run["norm"] == "none"])
    code, out, _ = ablate("judge", "runs.csv", "--lost", "preempted", "--by-at-least", "0.005", "--save", "mine.yaml")
    assert code == 0
    assert "1 lost, as asked: its pair is dropped" in out
    assert "1 of its runs was lost and does not count; if it had failed" in out
    text = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert "#     ablate import mine.yaml mine.runs.csv" in text
    assert ablate("import", "mine.yaml", "mine.runs.csv")[0] == 0
    ours, again = (verdicts(tmp_path / "reports" / name) for name in ("runs-judged", "mine-imported"))
    assert ours == again
    code, _, err = ablate("judge", "runs.csv", "--save", "mine.yaml")
    assert code == 2
    assert "mine.yaml exists already" in err


def test_the_report_can_be_judged_again_from_its_own_runs(ablate, tmp_path):
    held = [{**run, "State": "finished"} for run in rows(10)]
    held[3]["State"] = "killed"
    write(tmp_path / "runs.csv", held)
    assert ablate("judge", "runs.csv")[0] == 0
    code, out, _ = ablate("report", "--csv", "reports/runs-judged")
    assert code == 0, out


def test_a_killed_run_that_would_change_the_verdict_holds_it_back(ablate, tmp_path):
    held = [{**run, "State": "finished", "majority_rate": 0.1} for run in rows(10)]
    held[13]["State"] = "killed"
    write(tmp_path / "runs.csv", held)
    code, out, _ = ablate("judge", "runs.csv", "--leave-out", "majority_rate")
    assert code == 0
    assert "1 of its runs did not finish and does not count" in out


@pytest.mark.parametrize("n", [3, 4, 5])
def test_three_to_five_seeds_show_an_interval_and_what_would_decide(ablate, tmp_path, n):
    write(tmp_path / "runs.csv", rows(n))
    code, out, _ = ablate("judge", "runs.csv")
    assert code == 0
    assert f"{n} pairs have been run; an exact sign-flip test can decide from 6 pairs on" in out
    assert "by Student's t (95 %" in out
    assert "norm-batch: About " in out
    few = f"{n} pairs are too few to decide anything at level 0.05, for any δ: 6 pairs are needed ({6 - n} more seed"
    assert f"none yet. {few}" in out
    assert "4 of 5 such sets" not in out


def test_pairs_too_few_for_the_corrected_level_show_an_interval_that_decides_nothing(ablate, tmp_path):
    shifts = {1: (0.0, 0.0), 2: (-0.1, 0.002)}
    held = [{"lr": lr, **run, "test_acc": run["test_acc"] + shift + grow * run["seed"]}
            for run in rows(6) for lr, (shift, grow) in shifts.items()]  # fmt: skip
    write(tmp_path / "runs.csv", held)
    code, out, _ = ablate("judge", "runs.csv")
    assert code == 0
    assert "∞" not in out
    assert out.count("(97.5 % interval, Student's t, 6 pairs; Holm p = 0.062)") == 2
    assert "every δ" not in out
    few = "6 pairs are too few to decide anything at level 0.025, for any δ: 7 pairs are needed (1 more seed)."
    assert f"none yet. {few}" in out
    report = (tmp_path / "reports" / "runs-judged" / "report.md").read_text(encoding="utf-8")
    assert "∞" not in report
    assert "pp by Student's t**. 6 pairs are too few to decide anything" in report
    for one in verdicts(tmp_path / "reports" / "runs-judged"):
        gaps = np.array(list(one["differences"].values()))
        low, high = scipy.stats.ttest_1samp(gaps, 0.0).confidence_interval(0.975)
        assert (one["interval_low"], one["interval_high"]) == pytest.approx((low, high))
        assert (one["outcome"], one["interval_method"], one["detectable"]) == ("inconclusive", "Student's t", "inf")


def test_a_held_back_verdict_has_no_noise_floor(ablate, tmp_path):
    held = [{**run, "epochs": 5 + 5 * (run["norm"] == "batch")} for run in rows(8)]
    write(tmp_path / "runs.csv", held)
    _, out, _ = ablate("judge", "runs.csv", "--factor", "norm")
    assert "Held back" in out
    assert "4 of 5 such sets" not in out


def test_runs_without_seeds_are_compared_by_their_means(ablate, tmp_path):
    held = [{name: value for name, value in run.items() if name != "seed"} for run in rows(8)]
    write(tmp_path / "runs.csv", held[:-2])
    code, out, _ = ablate("judge", "runs.csv")
    assert code == 0
    assert "no seeds: runs are not paired" in out
    assert "6 and 8 runs, not paired" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["runs.csv", "--where", "norm=none", "--where", "norm=batch"],
            "--where norm is given twice, 'none' and 'batch'",
        ),
        (
            ["runs.csv", "--baseline", "norm=none", "--baseline", "norm=x"],
            "--baseline norm is given twice, 'none' and 'x'",
        ),
        (["runs.csv", "--metric", "test_acc:higher", "--metric", "test_acc:lower"], "'test_acc' is given twice"),
        (("nothing.csv",), "nothing.csv cannot be read: No such file or directory"),
        (("rusn.csv",), "rusn.csv cannot be read: No such file or directory; nearest match: runs.csv"),
        (("runs.csv", "--metric", "test_ac"), "no column 'test_ac' for --metric; nearest: test_acc"),
        (("runs.csv", "--metric", "test_acc:up"), "expected NAME, NAME:higher or NAME:lower"),
        (("runs.csv", "--metric", "test_acc:higher:percents"), "must be `fraction` or `percent` for a share"),
        (("runs.csv", "--baseline", "norm"), "--baseline norm: expected NAME=VALUE"),
        (("runs.csv", "--repeat", "first"), "unknown --repeat 'first': expected one of last, mean, refuse"),
        (("runs.csv", "--by-at-least", "0"), "`--by-at-least` must be a number > 0"),
        (("runs.csv", "--save", "x.txt"), "--save x.txt: expected a name ending in .yaml"),
        (("runs.csv", "--lost", "oom"), "unknown --lost 'oom'"),
        (("runs.csv", "--failed-counts-as", "10"), "`failed_counts_as` must lie in [0.0, 1.0]"),
        (("runs.csv", "--failed-counts-as", "nan"), "or a finite number, got nan"),
    ],
)
def test_bad_input_is_one_line(ablate, tmp_path, arguments, message):
    write(tmp_path / "runs.csv", rows())
    code, _, err = ablate("judge", *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [("delay:lower:ms", "raises delay (worse) by 20.1 ms"), ("delay:lower", "raises delay (worse) by 20.1 ["),
     ("delay:lower:percent", "--metric delay:lower:percent: expected values in [0, 100], got 100")],
)  # fmt: skip
def test_the_unit_of_a_metric_is_said_last(ablate, tmp_path, typed, told):
    table = rows(gain=20.0, noise=0.0, metric="delay")
    varied = [{**run, "delay": run["delay"] + 100 + run["seed"] + n / 100} for n, run in enumerate(table)]
    write(tmp_path / "runs.csv", varied)
    code, out, err = ablate("judge", "runs.csv", "--metric", typed, "--no-report")
    assert told in " ".join((out + err).split()), out + err
    assert code == (2 if "expected" in told else 0)


def test_the_help_has_examples(ablate, capsys):
    with pytest.raises(SystemExit):
        ablate("judge", "--help")
    assert "ablate judge runs.csv --metric score:higher" in capsys.readouterr().out


def test_a_majority_rate_says_what_the_accuracy_of_a_failed_run_counts_as(ablate, tmp_path):
    rows = []
    for norm, seed in itertools.product(("none", "batch"), range(8)):
        failed = (norm, seed) == ("none", 3)
        accuracy = "" if failed else 0.8 + 0.001 * seed + 0.05 * (norm == "batch")
        rows.append(f"{norm},{seed},{accuracy},{'failed' if failed else 'ok'},0.1")
    (tmp_path / "r.csv").write_text("\n".join(["norm,seed,acc,state,majority_rate", *rows]) + "\n", encoding="utf-8")
    code, out, _ = ablate("judge", "r.csv")
    assert code == 0
    assert "fact: majority_rate" in out
    assert "1 of 8 runs of norm=none count as the majority rate (10 %)" in out
    text = (tmp_path / "r.csv").read_text(encoding="utf-8").replace(",majority_rate", "").replace(",0.1\n", "\n")
    (tmp_path / "bare.csv").write_text(text, encoding="utf-8")
    code, out, _ = ablate("judge", "bare.csv")
    assert code == 0
    assert "Not tested" in out
    assert "no mean over all runs, because some have no value" in out


def test_what_a_failed_run_counts_as_is_said_on_the_command_line(ablate, tmp_path):
    held = [{**run, "state": "ok"} for run in rows(8)]
    held[3] |= {"test_acc": "", "state": "failed"}
    write(tmp_path / "runs.csv", held)
    _, out, _ = ablate("judge", "runs.csv", "--no-report")
    assert "Not tested" in out
    assert "`--failed-counts-as VALUE`" in out
    assert "`--lost WORD`" in out
    code, out, _ = ablate("judge", "runs.csv", "--failed-counts-as", "0.5", "--save", "study.yaml")
    assert code == 0
    assert "Not tested" not in out
    assert "1 of 8 runs of norm=none count as 0.5, as declared" in out
    numbers = {(run["norm"], run["seed"]): float(run["test_acc"] or 0.5) for run in held}
    mean = np.mean([numbers["batch", seed] - numbers["none", seed] for seed in range(8)])
    (verdict,) = verdicts(tmp_path / "reports" / "runs-judged")
    assert verdict["effect"] == pytest.approx(mean)
    assert "ablate judge runs.csv --failed-counts-as 0.5" in (tmp_path / "study.yaml").read_text(encoding="utf-8")


def test_of_two_factors_that_are_named_and_follow_each_other_none_is_passed_over(ablate, tmp_path):
    write(tmp_path / "runs.csv", [{**run, "lr": 0.1 if run["norm"] == "none" else 0.01} for run in rows(8)])
    code, _, err = ablate("judge", "runs.csv", "--factor", "norm", "--factor", "lr")
    assert (code, err.count("\n")) == (2, 1)
    assert "--factor lr: no two runs differ in it alone: norm determines it" in err
    _, out, _ = ablate("judge", "runs.csv", "--factor", "lr", "--no-report")
    assert "Without it the verdict would be “shown: better”" in out
    assert "--leave-out norm" in out
    assert "claim would be" not in out


def ended(**changes):
    """Return runs of ten seeds with their state and last epoch, one of them changed."""
    held = [{**run, "State": "finished", "epoch": 9} for run in rows(10)]
    held[13] |= changes
    return held


@pytest.mark.parametrize(("state", "options"), [("killed", ()), ("crashed", ("--lost", "crashed"))])
def test_what_a_run_that_does_not_count_had_set_holds_nothing_back(ablate, tmp_path, state, options):
    write(tmp_path / "runs.csv", ended(State=state, epoch=2, test_acc=""))
    code, out, _ = ablate("judge", "runs.csv", "--no-report", *options)
    assert code == 0
    assert "epoch is not a factor" not in out
    assert "▲ [exploratory] Shown: norm=batch raises test_acc" in out


def test_a_lost_run_s_partner_is_told_as_that(ablate, tmp_path):
    write(tmp_path / "runs.csv", ended(State="crashed", test_acc=""))
    _, out, _ = ablate("judge", "runs.csv", "--no-report", "--lost", "crashed")
    assert "1 run whose partner has no result: in no pair" in out
    assert "whose seed no other arm has" not in out


@pytest.mark.parametrize("word", ["crashed", "oom", "FAILED"])
def test_the_words_of_the_table_say_how_failed_runs_are_declared_lost(ablate, tmp_path, word):
    held = ended(State=word, test_acc="")
    held[3] |= {"State": "killed", "test_acc": ""}
    write(tmp_path / "runs.csv", held)
    _, out, _ = ablate("judge", "runs.csv", "--no-report")
    assert f"1 failed: it is not left out (line 15; lost to the machine: --lost {word.lower()})" in out
    if word != "FAILED":
        code, _, err = ablate("judge", "runs.csv", "--no-report", "--lost", "failed")
        assert code == 2
        assert word in err
        assert "killed" not in err


@pytest.mark.parametrize("name", ["seed_{}", "s{}", "run_{}"])
def test_a_table_with_a_column_per_seed_is_read_as_runs(ablate, tmp_path, name):
    wide = {norm: {"norm": norm} for norm in ("none", "batch")}
    for run in rows(8):
        wide[run["norm"]][name.format(run["seed"])] = run["test_acc"]
    write(tmp_path / "wide.csv", list(wide.values()))
    write(tmp_path / "long.csv", rows(8))
    code, _, err = ablate("judge", "wide.csv", "--no-report")
    assert code == 2
    assert "are one column per seed" in err
    assert "--metric NAME:higher" in err
    code, out, _ = ablate("judge", "wide.csv", "--no-report", "--metric", "test_acc:higher")
    assert code == 0
    assert "8 columns hold a seed each: every cell of them is a run" in out
    long = ablate("judge", "long.csv", "--no-report", "--metric", "test_acc:higher")[1]
    assert [x for x in out.splitlines() if "Shown:" in x] == [x for x in long.splitlines() if "Shown:" in x]


def test_what_died_is_told_as_that(ablate, tmp_path):
    write(tmp_path / "runs.csv", ended(State="crashed", test_acc=""))
    _, out, _ = ablate("judge", "runs.csv", "--lost", "crashed")
    folder = tmp_path / "reports" / "runs-judged"
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "1 lost" in report
    assert "none failed" not in report
    assert verdicts(folder)[0]["next_step"] == ""
    assert "if it had failed" in out
    assert ", supported." not in out
