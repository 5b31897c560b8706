"""What differs together with the compared arms holds the claim back, whatever its name or type."""

import pytest

from ablate.app.tables import follow_lines
from ablate.judge.confounded import holding_back
from ablate.sources.choose import source_for
from ablate.sweep.imported import import_runs
from ablate.sweep.study_file import parse_study

STUDY = parse_study(
    {
        "title": "T",
        "factors": {"norm": ["none", "batch"]},
        "claims": [{"id": "c", "says": "s", "metric": "acc", "arm": {"norm": "batch"}, "against": {"norm": "none"},
                    "by_at_least": 0.01}],
    },
    where="x",
)  # fmt: skip


def read(folder, head, cell, *, leave_out=()):
    rows = [f"norm,seed,acc,status,{head}"]
    for arm in ("none", "batch"):
        for seed in range(8):
            acc = 0.8 + 0.03 * (arm == "batch") + (seed * (3 if arm == "batch" else 2) % 8) / 997
            rows.append(f"{arm},{seed},{acc:.5f},FINISHED,{cell(arm, seed)}")
    (folder / "r.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = import_runs(STUDY, source_for(folder / "r.csv"), name="x", command="c", leave_out=leave_out)
    arms = found.record.arms
    return found, holding_back(STUDY, [arm.levels for arm in arms], [arm.facts for arm in arms])


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("loss", lambda arm, seed: "mse" if arm == "batch" else "ce"),
        ("summary.loss", lambda arm, seed: "mse" if arm == "batch" else "ce"),
        ("config.lr", lambda arm, seed: (0.1 if arm == "batch" else 0.01) + seed / 1000),
        ("params.steps", lambda arm, seed: 100 + seed + 50 * (arm == "batch")),
        ("config.lr", lambda arm, seed: 0.1 if arm == "batch" and seed < 2 else 0.01),
        ("tags.mlflow.source.git.commit", lambda arm, seed: "abc" if arm == "batch" else "def"),
        ("tags.code_version", lambda arm, seed: 2 if arm == "batch" else 1),
    ],
)
def test_a_column_that_differs_with_the_arms_holds_the_claim_back(tmp_path, head, cell):
    found, held = read(tmp_path, head, cell)
    assert held == {head: ["c"]}
    assert head not in found.metrics
    assert f"--leave-out {head}" in "\n".join(follow_lines(tuple(held), ()))
    assert read(tmp_path, head, cell, leave_out=[head])[1] == {}


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("config.lr", lambda arm, seed: 0.1 + seed / 1000),
        ("config.data_seed", lambda arm, seed: (seed + 3 * (arm == "batch")) % 8),
        ("lr", lambda arm, seed: 0.1 if (arm == "batch") == (seed < 4) else 0.2),
        ("train_loss", lambda arm, seed: "inf" if arm == "batch" and seed < 2 else seed / 7 + (arm == "batch")),
        ("tags.mlflow.source.git.commit", lambda arm, seed: "abc"),
    ],
)
def test_a_column_that_the_arms_share_holds_nothing_back(tmp_path, head, cell):
    found, held = read(tmp_path, head, cell)
    assert held == {}
    assert not found.follows


@pytest.mark.parametrize("head", ["Group", "tags.mlflow.source.name", "Host"])
def test_what_is_said_about_the_runs_is_warned_of_where_it_differs_with_the_arms(tmp_path, head):
    found, held = read(tmp_path, head, lambda arm, seed: "v2-fixed" if arm == "batch" else "v1")
    assert (found.follows, held) == ((head,), {})
    assert f"differs between arms: {head}" in found.record.definition["confounds"][1]
    assert f"differs between arms: {head}" in "\n".join(follow_lines((), found.follows))
    found, _ = read(tmp_path, head, lambda arm, seed: "v1" if seed % 2 else "v2")
    assert not found.follows


def test_that_claims_are_held_back_is_said_only_where_one_is():
    assert list(follow_lines((), ())) == []
