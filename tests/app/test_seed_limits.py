"""Seeds that no table can hold, and counts that no study has: refused before anything runs, wherever they are given."""

import re

import pytest

from ablate.errors import UserError
from ablate.train.config import MOST_SEED, MOST_SEEDS, seed_list

STUDY = """
title: Tiny
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: SEEDS
"""
TOO_LARGE = r"`SEEDS` must hold no seed above 9223372036854775807 \(2\^63 - 1\), got 9223372036854775808"
TOO_MANY = r"`SEEDS` must ask for at most 100,000 seeds per arm, got \d+"
FIRST_COUNT = (
    r"`seeds` must be at most 100,000 seeds per arm, none above 9223372036854775807 \(2\^63 - 1\), got \{'first'"
)


def refused(ablate, tmp_path, arguments, pattern, where="seeds"):
    code, _, err = ablate(*arguments)
    assert code == 2, err
    assert len(err.strip().splitlines()) == 1
    assert re.search(pattern.replace("SEEDS", where), err), err
    assert not (tmp_path / "mlruns").exists()
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("seeds", "pattern"),
    [
        (f"[1, {2**63}]", TOO_LARGE),
        (str(2**63), TOO_MANY),
        (str(10**30), TOO_MANY),
        ("1000000000", TOO_MANY),
        (str(MOST_SEEDS + 1), TOO_MANY),
        (f"{{first: {2**63 - 2}, count: 3}}", FIRST_COUNT),
        ("{first: 0, count: 1000000000}", FIRST_COUNT),
        (f"{{first: {2**64}, count: 2}}", FIRST_COUNT),
        ("1e30", "`seeds` must be a count, a list of whole numbers, or"),
    ],
)
@pytest.mark.parametrize("command", ["run", "plan"])
def test_in_a_study_file(ablate, tmp_path, seeds, pattern, command):
    (tmp_path / "tiny.yaml").write_text(STUDY.replace("SEEDS", seeds))
    refused(ablate, tmp_path, (command, "tiny.yaml"), pattern)


@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_factor_has_at_most_a_thousand_levels(ablate, tmp_path, command):
    rates = [n / 10_000 for n in range(1, 1002)]
    text = STUDY.replace("SEEDS", "6").replace("norm: [none, batch]", f"optimizer.lr: {rates}")
    (tmp_path / "tiny.yaml").write_text(text)
    refused(ablate, tmp_path, (command, "tiny.yaml"), r"optimizer\.lr has more than 1,000 levels")
    words = (command, "train.py:train", f"lr={','.join(map(str, rates))}", "seeds=6", "--metric", "m:higher")
    (tmp_path / "train.py").write_text("def train(lr=0.1, seed=0):\n    return lr\n")
    refused(ablate, tmp_path, words, r"`?lr`? .*1,000 levels")


@pytest.mark.parametrize(
    ("seeds", "pattern"), [(f"[{2**63}]", TOO_LARGE), (str(2**63), TOO_MANY), ("1000000000", TOO_MANY)]
)
@pytest.mark.parametrize(
    "command",
    [
        ("run", "tiny.yaml"),
        ("plan", "tiny.yaml", "--quick"),
        ("-m", "norm=none,batch", "dataset=rings"),
        ("norm=none",),
    ],
)
def test_on_the_command_line(ablate, tmp_path, seeds, pattern, command):
    (tmp_path / "tiny.yaml").write_text(STUDY.replace("SEEDS", "6\nquick: {seeds: 3}"))
    refused(ablate, tmp_path, (*command, f"seeds={seeds}"), pattern)


@pytest.mark.parametrize(("seeds", "pattern"), [(f"[{2**63}]", TOO_LARGE), ("1000000000", TOO_MANY)])
def test_in_a_quick_budget_and_for_tuning(ablate, tmp_path, seeds, pattern):
    (tmp_path / "tiny.yaml").write_text(STUDY.replace("SEEDS", f"6\nquick: {{seeds: {seeds}}}"))
    refused(ablate, tmp_path, ("run", "tiny.yaml", "--quick"), pattern)
    tuned = STUDY.replace("SEEDS", f"6\ntune: {{space: {{optimizer.lr: [0.1, 1.0]}}, seeds: {seeds}}}")
    (tmp_path / "tuned.yaml").write_text(tuned)
    refused(ablate, tmp_path, ("run", "tuned.yaml"), pattern, where="tune.seeds")


@pytest.mark.parametrize("seed", [str(2**63), "9" * 30, "9" * 5_000, "-1", "1.5", ""])
def test_in_results_made_elsewhere(ablate, tmp_path, seed):
    (tmp_path / "tiny.yaml").write_text(STUDY.replace("SEEDS", "6"))
    (tmp_path / "s.csv").write_text(f"norm,seed,final/test_accuracy\nnone,1,0.5\nbatch,{seed},0.6\n")
    refused(ablate, tmp_path, ("import", "tiny.yaml", "s.csv"), r"s\.csv, line 3: `seed` must be a whole number from 0")


def test_for_an_extension_and_for_noise(ablate, tmp_path):
    (tmp_path / "tiny.yaml").write_text(STUDY.replace("SEEDS", f"[{MOST_SEED - 1}, 1, 2]"))
    refused(
        ablate, tmp_path, ("noise", "tiny.yaml", "--seeds", "1000", "--copies", "101"), "must ask for at most 100,000"
    )
    refused(ablate, tmp_path, ("noise", "tiny.yaml", "--copies", str(10**30)), "must ask for at most 100,000")
    refused(ablate, tmp_path, ("noise", "tiny.yaml", "--seeds", str(10**30)), "`--seeds` must be at least 3 .* at most")
    code, _, err = ablate("run", "tiny.yaml", "--jobs", "1")
    assert code == 0, err
    for more, pattern in ((2, "must hold no seed above"), (10**30, "must ask for at most 100,000")):
        code, _, err = ablate("extend", "tiny.yaml", "--seeds", str(more))
        assert (code, len(err.strip().splitlines())) == (2, 1)
        assert pattern in err
    code, _, err = ablate("extend", "tiny.yaml", "--seeds", "1", "--jobs", "1")
    assert code == 0, err
    assert str(MOST_SEED) in (tmp_path / "reports" / "tiny" / "runs.csv").read_text()
    code, _, err = ablate("report", "--csv", "reports/tiny")
    assert code == 0, err


@pytest.mark.parametrize(
    "seeds",
    [10**5_000, [10**5_000], -(10**5_000), "x" * 10_000, [1, 1], [], True, None, [True]],
    ids=range(9),  # Python cannot write the first ones out
)
def test_an_error_never_fails_on_its_own_number(seeds):
    with pytest.raises(UserError) as caught:
        seed_list(seeds)
    assert len(str(caught.value)) < 250


def test_the_largest_seed_and_the_most_seeds_are_taken():
    assert seed_list([MOST_SEED]) == [2**63 - 1]
    assert len(seed_list(MOST_SEEDS)) == 100_000
