"""`ablate compare BASE NEW`: a change against its base, and what its exit code says."""

import csv
import json

import numpy as np
import pytest

N = 10


def write(path, shift=0.0, noise=0.002, seeds=range(N), **more):
    rng = np.random.default_rng(len(path.name))
    base = np.random.default_rng(1).normal(0.9, 0.01, N)
    rows = [
        {"seed": seed, "lr": 0.1, "commit": path.stem, "test_acc": base[i] + shift + noise * rng.normal()} | more
        for i, seed in enumerate(seeds)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def compared(ablate, tmp_path):
    write(tmp_path / "base.csv", noise=0.0)

    def run(*arguments, **change):
        write(tmp_path / "new.csv", **change)
        return ablate("compare", "base.csv", "new.csv", *arguments)

    return run


@pytest.mark.parametrize(
    ("change", "code"),
    [({}, 0), ({"shift": 0.02}, 0), ({"shift": -0.02}, 1), ({"noise": 0.03}, 3), ({"seeds": range(3)}, 3)],
)
def test_the_exit_code_is_the_verdict(compared, change, code):
    assert compared("--non-inferior", "0.005", "--no-report", **change)[0] == code


def test_better_is_another_question_than_not_worse(compared):
    assert compared("--by-at-least", "0", "--no-report")[0] == 3
    assert compared("--by-at-least", "0.005", "--no-report", shift=0.02)[0] == 0


def test_what_differs_as_a_whole_is_the_change_and_how_runs_ended_never_is(compared):
    code, out, _ = compared("--non-inferior", "0.005", "--no-report", lr=0.05)
    assert code == 0
    assert "part of the change (lr: 0.1 → 0.05)" in out
    code, out, _ = compared("--non-inferior", "0.005", "--no-report", State="failed")
    assert code == 3
    assert "10 failed" in out


def test_json_says_outcome_code_and_verdict_and_nothing_else_is_printed(compared):
    code, out, err = compared("--non-inferior", "0.005", "--json", shift=-0.02)
    document = json.loads(out)
    assert (code, document["exit_code"], document["outcome"]) == (1, 1, "refuted")
    assert document["verdicts"][0]["sentence"].startswith("Refuted (worse by more than the margin)")
    assert err == "ablate: 1 of 1 claim is refuted: runs-new-vs-runs-base\n"


def test_the_report_says_what_was_compared_and_how_to_do_it_again(compared, tmp_path):
    code, _, _ = compared("--non-inferior", "0.005", "--metric", "test_acc:higher")
    assert code == 0
    page = (tmp_path / "reports" / "new-compared" / "report.md").read_text(encoding="utf-8")
    assert "ablate compare base.csv new.csv --metric test_acc:higher --non-inferior 0.005" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say what is asked: `--non-inferior D`"),
        (("--non-inferior", "0.1", "--by-at-least", "0"), "one of the two"),
        (("--non-inferior", "-1"), "must be a number > 0"),
        (("--non-inferior", "0.1", "--json", "--out", "rep"), "`--out` says where the report goes"),
        (("--non-inferior", "0.1", "--metric", "test_ac"), "no column 'test_ac' for --metric; nearest: test_acc"),
    ],
)
def test_bad_input_is_one_line(compared, arguments, message):
    code, _, err = compared(*arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_a_ledger_counts_edits_and_keeps_at_a_level_of_their_own(compared, tmp_path):
    code, out, err = compared(
        "--by-at-least", "0", "--ledger", "edits.json", "--edits", "100", "--no-report", shift=0.02
    )
    assert code == 3
    assert "edit 1: not kept, p = 0.00195, supported, at level 0.0005 of its own" in out
    assert "the next one needs at least 12 pairs" in out
    assert "edit 1 is not kept" in err
    code, out, _ = compared("--by-at-least", "0", "--ledger", "other.json", "--json", shift=0.02)
    assert (code, json.loads(out)["edit"]["kept"]) == (0, True)
    assert compared("--by-at-least", "0", "--edits", "100")[0] == 2
    code, out, _ = compared(
        "--by-at-least", "0", "--ledger", "other.json", "--json", "--metric", "test_acc:lower", shift=0.02
    )
    assert (code, json.loads(out)["edit"]["number"]) == (1, 2)  # the other direction is another question


def test_messages_name_the_file_and_its_line(ablate, tmp_path):
    rows = "".join(f"{seed},0.9{seed}\n" for seed in range(8))
    (tmp_path / "base.csv").write_text("seed,acc\n" + rows)
    (tmp_path / "new.csv").write_text("seed,acc\n" + rows.replace("5,0.95", "five,0.95"))
    code, _, err = ablate("compare", "base.csv", "new.csv", "--non-inferior", "0.01")
    assert (code, "new.csv, line 7: 'seed' must be a whole number, got 'five'" in err) == (2, True), err
    (tmp_path / "new.csv").write_text("seed,acc\n" + rows + "5,0.97\n")
    code, _, err = ablate("compare", "base.csv", "new.csv", "--non-inferior", "0.01", "--repeat", "refuse")
    assert (code, "new.csv, line 7; new.csv, line 10 are runs of runs=new with seed 5" in err) == (2, True), err


def test_per_cent_beside_fractions_is_no_gain(ablate, tmp_path):
    for side, scale in (("base", 1), ("new", 100)):
        lines = [f"{seed},{scale * (0.8 + seed / 100)}" for seed in range(8)]
        (tmp_path / f"{side}.csv").write_text("\n".join(["seed,test_acc", *lines]), encoding="utf-8")
    code, _, err = ablate("compare", "base.csv", "new.csv", "--non-inferior", "0.005", "--no-report")
    assert code == 2
    assert "which looks like a fraction beside per cent" in err


@pytest.mark.parametrize(
    ("base", "asked", "message"),
    [
        ("test_acc", (), "the two have no result in common: base.csv has test_acc and new.csv has val_acc"),
        ("test_acc", ("--metric", "val_acc"), "base.csv: no run has a value of 'val_acc'; base.csv has test_acc"),
        ("score", (), "base.csv has none of a known name"),
    ],
)
def test_tables_without_a_common_result_say_what_each_has(ablate, tmp_path, base, asked, message):
    for side, name in (("base", base), ("new", "val_acc")):
        lines = [f"{seed},0.{80 + seed}" for seed in range(8)]
        (tmp_path / f"{side}.csv").write_text("\n".join([f"seed,{name}", *lines]), encoding="utf-8")
    code, _, err = ablate("compare", "base.csv", "new.csv", "--non-inferior", "0.005", "--no-report", *asked)
    assert (code, message in err) == (2, True), err


def test_a_result_that_one_of_the_two_alone_has_is_left_out_and_told(ablate, tmp_path):
    write(tmp_path / "base.csv", noise=0.0, val_acc=0.5)
    write(tmp_path / "new.csv", shift=0.02)
    (tmp_path / "new.csv").write_text((tmp_path / "new.csv").read_text().replace("test_acc", "val_acc"))
    lines = (tmp_path / "base.csv").read_text().splitlines()
    own = [line.rsplit(",", 1) for line in lines[1:]]
    (tmp_path / "base.csv").write_text("\n".join([lines[0], *(f"{line},0.8{i}" for i, (line, _) in enumerate(own))]))
    code, out, _ = ablate("compare", "base.csv", "new.csv", "--non-inferior", "0.005", "--no-report")
    assert code == 0
    assert "results that one of the two alone has: left out (test_acc)" in out
    assert "val_acc by more than" in out


def test_what_a_failed_run_counts_as_is_said_and_advised_once(ablate, tmp_path):
    write(tmp_path / "base.csv", state="ok")
    write(tmp_path / "new.csv", state="ok")
    rows = (tmp_path / "new.csv").read_text(encoding="utf-8").splitlines()
    rows[4] = ",".join([*rows[4].split(",")[:3], "", "failed"])
    (tmp_path / "new.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    code, out, _ = ablate("compare", "base.csv", "new.csv", "--non-inferior", "0.005", "--no-report")
    assert (code, out.count("`--failed-counts-as VALUE`")) == (3, 1)
    asked = ("--non-inferior", "0.005", "--failed-counts-as", "0.5", "--no-report")
    code, out, _ = ablate("compare", "base.csv", "new.csv", *asked)
    assert code == 3
    assert "1 of 10 runs of runs=new count as 0.5, as declared" in out


def test_the_column_of_items_can_be_named(ablate, tmp_path):
    for side in ("base", "new"):
        answers = [f"q{item},{seed},{(item + seed) % 3 > 0:d}" for seed in range(6) for item in range(12)]
        text = "\n".join(["riddle,seed,correct", *answers]) + "\n"
        (tmp_path / f"{side}.csv").write_text(text, encoding="utf-8")
    _, out, _ = ablate(
        "compare", "base.csv", "new.csv", "--non-inferior", "0.05", "--item", "riddle", "--metric", "correct:higher"
    )
    assert "12 items, averaged within each run" in out
