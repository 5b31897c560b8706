"""The commands that speak of runs there are, on a real local store."""

import json
import re
from dataclasses import replace

import pytest

from ablate.testing.store_records import METRIC, metric_value, record_of, study_of
from ablate.track.local import LocalStore
from ablate.train.outcome import Outcome

BOOM = 'Traceback (most recent call last):\n  File "x.py", line 1, in train\nValueError: boom'
CRASHED = {"outcome": Outcome.CRASHED, "error": BOOM, "metrics": {}, "curves": {}, "test_correct": None, "arrays": {}}


@pytest.fixture
def store(tmp_path):
    """Two seeds of each arm, the first of which crashed in the second arm; seed 5 of both is missing."""
    store, study = LocalStore(tmp_path), study_of("norms", "k1")
    session = store.open(study)
    session.log_arm(study.arms[0], [record_of(study.arms[0], seed) for seed in (0, 1)])
    session.log_arm(study.arms[1], [record_of(study.arms[1], 0, **CRASHED), record_of(study.arms[1], 1)])
    session.close("FAILED")
    return store


def test_status_lists_the_studies_that_were_run(ablate, store):
    code, out, _ = ablate("status")
    assert code == 0
    head, line = out.splitlines()
    assert head.split()[:4] == ["study", "state", "runs", "planned"]
    assert line.startswith("norms  ended with crashes     4        6  3 censored, 1 crashed")


def test_status_of_a_study_says_what_failed_and_why_and_what_is_left(ablate, store):
    code, out, _ = ablate("status", "norms")
    assert code == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.startswith("norm=")}
    assert rows == {"norm=none": ["2", "0", "1"], "norm=batch": ["1", "1", "2"]}
    assert "1 run crashed (norm=batch seed 0):" in out
    assert "    ValueError: boom" in out
    assert "3 runs left; continue with: ablate run norms" in out
    document = json.loads(ablate("status", "norms", "--json")[1])
    assert document["left"] == 3
    assert document["crashes"][0]["error"] == "ValueError: boom"
    assert document["crashes"][0]["runs"][0]["seed"] == 0


def test_status_says_who_runs_a_study_and_that_one_was_interrupted(ablate, store):
    session = store.open(study_of("other", "k9"))
    try:
        (running,) = [one for one in json.loads(ablate("status", "--json")[1]) if one["name"] == "other"]
        assert running["state"] == "running"
        assert "pid" in running["driver"]
        assert "other is run by pid" in ablate("status")[1]
    finally:
        session._lock.release()  # as where the driver was killed
    (killed,) = [one for one in json.loads(ablate("status", "--json")[1]) if one["name"] == "other"]
    assert (killed["state"], killed["driver"]) == ("interrupted", "")


def test_status_of_an_empty_folder_says_how_to_start(ablate):
    code, out, _ = ablate("status")
    assert code == 0
    assert "ablate run quickstart" in out
    assert ablate("status", "--json")[1].strip() == "[]"


def test_show_finds_a_run_by_names_and_by_the_first_letters_of_its_id(ablate, store):
    arm = store.plan("norms").arms[0]
    (logged,) = [one for one in store.logged("norms") if one.run.arm_id == arm.id and one.run.seed == 1]
    code, out, _ = ablate("show", "norms", "norm=none", "1")
    assert code == 0
    assert out.startswith("norms: norm=none, seed 1: censored")
    assert out == ablate("show", logged.run.run_id[:12])[1]
    assert ["files", logged.run.files] in [line.split(maxsplit=1) for line in out.splitlines()]
    document = json.loads(ablate("show", logged.run.run_id, "--json")[1])
    assert document["metrics"][METRIC] == metric_value(arm, 1)
    assert document["curves"]["train/loss"] == {"steps": [0, 10], "values": [2.0, 2.0]}
    assert document["settings"] == {"norm": "none", "lr": 0.1}


def test_show_of_a_crashed_run_shows_the_end_of_its_error(ablate, store):
    code, out, _ = ablate("show", "norms", "norm=batch", "0")
    assert code == 0
    assert out.partition("the error ends with:\n")[2].splitlines() == [f"    {line}" for line in BOOM.splitlines()]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("show", "norm", "norm=none", "1"), "nearest match: norms"),
        (("show", "norms", "norm=non", "1"), "nearest match: norm=none"),
        (("show", "norms", "norm=none", "5"), "has no run of seed 5; it has 0, 1"),
        (("show", "norms", "norm=none", "x"), "expected a seed, a whole number, got 'x'"),
        (("show", "norms"), "'norms' is a study"),
        (("show", "zzzzzz"), "no run that counts has the id 'zzzzzz'"),
        (("show", "ab"), "at least 4 letters"),
        (("show", "norms", "norm=none"), "expected a run's id, or STUDY ARM SEED"),
        (("status", "norm"), "nearest match: norms"),
        (("statsu",), "nearest match: status"),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest(ablate, store, words, error):
    code, out, err = ablate(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert error in err


def test_a_table_is_drawn_at_a_terminal_and_plain_in_a_pipe(monkeypatch, capsys):
    from ablate.app.console import say_table

    say_table(["arm", "left"], [["baseline", 2], ["norm=batch\nx", 12]])
    assert capsys.readouterr().out == "arm           left\nbaseline         2\nnorm=batch x    12\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    say_table(["arm", "state"], [["[bold]baseline", "running"]], styles={"running": "bold red"})
    drawn = capsys.readouterr().out
    assert "\x1b[1;31mrunning" in drawn
    assert "[bold]baseline" in drawn, "what stands in a cell is not markup"
    monkeypatch.setenv("NO_COLOR", "1")
    say_table(["arm", "state"], [["baseline", "running"]], styles={"running": "bold red"})
    assert "31m" not in capsys.readouterr().out


def test_columns_stand_below_each_other_whatever_the_letters(monkeypatch, capsys):
    from ablate.app.console import say_table
    from ablate.terminal import columns_of

    rows = [["norm=批归一化", 2], ["norm=layer", 12]]
    say_table(["arm", "left"], rows)
    lines = capsys.readouterr().out.splitlines()
    assert {columns_of(line) for line in lines} == {19}
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr("ablate.app.console.shows_everything", lambda stream: False)
    say_table(["arm", "left"], rows)  # a terminal without these letters shows longer ones in their place
    assert r"norm=\u6279\u5f52\u4e00\u5316      2" in capsys.readouterr().out


def test_a_verdict_is_broken_between_words_at_a_terminal_and_is_one_line_in_a_pipe(monkeypatch, capsys):
    from ablate.app.console import say_ruling
    from ablate.terminal import columns_of

    sentence = "Supported: norm=批归一化 raises accuracy by 3.0 pp [2.1, 3.7] against norm=无, over 3 cells, by a test."
    say_ruling("supported", sentence)
    assert capsys.readouterr().out == f"✓ {sentence}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    say_ruling("supported", sentence)
    drawn = capsys.readouterr().out
    assert drawn.startswith("\x1b[1;32m✓ Supported:\x1b[0m")
    lines = re.sub(r"\x1b\[[\d;]*m", "", drawn).splitlines()
    assert len(lines) > 2
    assert max(map(columns_of, lines)) <= 40
    assert all(line.startswith("  ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == f"✓ {sentence}"
    monkeypatch.setenv("NO_COLOR", "1")
    say_ruling("supported", sentence)
    assert "32m" not in capsys.readouterr().out


def test_left_counts_the_seeds_of_a_copy_of_the_baseline_that_has_its_own():
    from ablate.testing.store_records import norm_arm
    from ablate.track.memory import MemoryStore
    from ablate.track.record import Trials
    from ablate.work.status import study_status

    study = study_of("tuned", "k1", arms=("none",), seeds=(0, 1))
    own, others = (tuple(replace(norm_arm(name), id=name) for name in names) for names in (("a", "b"), ("c", "d")))
    copy = replace(study.arms[0], id="copy")
    of = {study.arms[0].id: ("a", "b"), "copy": ("c", "d")}
    trials = Trials({"name": "m", "better": "higher"}, {}, ({"lr": 0.1}, {"lr": 1.0}), (*own, *others), of, copy)
    study, store = replace(study, trials=trials), MemoryStore()
    session = store.open(study)
    session.log_arm(others[0], [record_of(others[0], trials.copy_seed(0))])
    session.close("FINISHED")
    assert [(arm.done, arm.left) for arm in study_status("tuned", store).arms] == [(0, 2), (0, 2), (1, 1), (0, 2)]
