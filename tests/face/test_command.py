"""A command as the target of a study from Python."""

import sys

import pytest

import ablate


@pytest.mark.slow
def test_a_command_is_run_by_a_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import sys\nprint(0.5 + float(sys.argv[1]) / 10 + int(sys.argv[2]) / 1000)\n")
    study = ablate.Study(factors={"lr": [1, 2]}, metrics=[ablate.Metric("score", better="higher")])
    command = ablate.Command([sys.executable, "train.py", "{lr}", "{seed}"], timeout=60.0)
    store = ablate.MemoryStore()
    result = study.run(command, seeds=3, jobs=1, store=store, progress=False)
    assert result.runs.groupby("lr")["score"].mean().round(3).tolist() == [0.601, 0.701]
    assert study.plan(command, seeds=4, store=store).left == 2
    with pytest.raises(ablate.UserError, match=r"`lr` would have no effect: the command has no {lr}"):
        study.plan(ablate.Command([sys.executable, "train.py", "{seed}"]), store=store)
