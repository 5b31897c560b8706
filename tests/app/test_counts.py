"""What commands print of one run, one seed, one arm."""

import itertools

import pytest
import yaml

from tests.words.test_counts import wrong

TRAIN = """
def train(lr, seed):
    if lr == 0.1 and seed == 3:
        raise RuntimeError("gone")
    return {"accuracy": 0.9 - lr + 0.001 * ((seed * 7) % 5)}
"""


@pytest.mark.slow
def test_what_commands_print_of_one_run_one_seed_and_one_arm_has_no_plural(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    rows = ["norm,seed,State,test_acc"]
    rows += [f"{norm},{seed},{'preempted' if (norm, seed) == ('b', 2) else 'finished'},0.{9 - (norm == 'b')}{seed}"
             for norm, seed in itertools.product("ab", range(8))]  # fmt: skip
    (tmp_path / "runs.csv").write_text("\n".join(rows), encoding="utf-8")
    claim = {"id": "c", "says": "s", "metric": "accuracy", "by_at_least": 0.005,
             "arm": {"program.params.lr": 0.01}, "against": {"program.params.lr": 0.1}}  # fmt: skip
    study = {"title": "t", "fixed": {"program": "function", "program.target": "train.py:train"}, "seeds": 1,
             "factors": {"program.params.lr": [0.1, 0.01]}, "metrics": {"accuracy": "higher"}}  # fmt: skip
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    (tmp_path / "asks.yaml").write_text(yaml.safe_dump({**study, "seeds": 6, "claims": [claim]}), encoding="utf-8")
    sweep = ("train.py:train", "--metric", "accuracy:higher", "-j", "1")
    printed = []
    for words in (
        ("run", *sweep, "lr=0.1,0.01", "seeds=1", "--name", "one"), ("plan", *sweep, "lr=0.1", "seeds=1"),
        ("run", *sweep, "lr=0.1", "seeds=1", "--name", "arm"), ("status",), ("status", "one"), ("verdict", "one"),
        ("extend", *sweep, "lr=0.1,0.01", "seeds=1", "--name", "one", "--seeds", "1"),
        ("run", *sweep, "lr=0.1,0.01", "seeds=6", "--name", "own", "--lost", "crashed"), ("verdict", "own"),
        ("run", *sweep, "lr=0.1,0.01", "seeds=6", "--name", "failed"), ("run", "mine.yaml", "-j", "1"),
        ("run", "asks.yaml", "-j", "1"), ("rm", "one", "--yes"), ("judge", "runs.csv", "--lost", "preempted"),
        ("judge", "runs.csv", "--where", "seed=1"), ("judge", "runs.csv", "--where", "norm=a"),
        ("check", *sweep, "lr=0.1,0.01", "seeds=1"), ("export", "arm", "arm.zip"),
        ("import", "arm.zip", "--name", "again"),
    ):  # fmt: skip
        _, out, err = ablate(*words)
        printed.append(f"{out}\n{err}")
        assert wrong(printed[-1]) == [], words
    told = "".join(printed)
    for text in ("1 run in ", "1 arm", "1 seed", "1 of its runs was lost", "1 lost, as asked: its pair is dropped"):
        assert text in told, text
    for page in (tmp_path / "reports").glob("*/report.md"):
        assert wrong(page.read_text(encoding="utf-8")) == [], page
