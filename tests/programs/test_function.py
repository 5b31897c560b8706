import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.identity import describe
from ablate.programs.function import Function, FunctionConfig, settings, try_out
from ablate.programs.returned import to_result
from ablate.train.metric import metric_from
from ablate.train.program import Curve, RunResult

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_training.py"


def write(folder, body, name="mine.py"):
    path = folder / name
    path.write_text(body, encoding="utf-8")
    return path


def test_the_example_runs_and_width_pays():
    narrow = Function(f"{EXAMPLE}:train", {"width": 16, "penalty": 0.1}).run(FunctionConfig(), [0, 1])
    wide = Function(f"{EXAMPLE}:train", {"width": 256, "penalty": 0.1}).run(FunctionConfig(), [0, 1])
    for a, b in zip(narrow, wide, strict=True):
        assert a.error is None
        assert a.metrics["final/test_accuracy"] + 0.05 < b.metrics["final/test_accuracy"]
        assert len(b.test_correct) == 997


def test_the_function_gets_what_it_owns_as_a_plain_dict_of_its_own(config):
    owned = Function("mine:train").own(config())
    given = settings(owned, {"width": 8, "dropout": 0.5})
    assert given == {
        "params": {"width": 8, "dropout": 0.5}, "target_accuracy": 0.9, "target_split": "validation"
    }  # fmt: skip
    held = {"width": [8]}
    settings(owned, held)["params"]["width"].append(9)
    assert held == {"width": [8]}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("config['dropout']", "config has no 'dropout', only 'target_accuracy', 'target_split', 'params'"),
        ("config['width']", "'params'; settings of your own are in config['params'] (`program.params.width`)"),
        ("config['params']['widht']", "config['params'] has no 'widht', only 'width', 'deep'; nearest match: 'width'"),
        ("config['params']['deep']['x']", "config['params']['deep'] has no 'x', only 'rate'"),
        ("config.pop('epochs')", "config has no 'epochs'"),
    ],
)  # fmt: skip
def test_a_setting_that_is_not_there_names_those_that_are(tmp_path, asked, said):
    path = write(tmp_path, f"def train(config, seed): return {{'m': {asked}}}\n")
    program = Function(f"{path}:train", {"width": 8, "deep": {"rate": 1}}).told(["m"])
    (result,) = program.run(FunctionConfig(), [0])
    assert result.outcome == "crashed"
    assert "MissingSettingError: config" in result.error
    assert said in result.error


def test_a_setting_that_is_not_there_is_the_error_of_any_dict(tmp_path):
    body = "def train(config, seed):\n    try: config['epochs']\n    except KeyError as e: return {e.args[0]: 1.0}\n"
    (result,) = Function(f"{write(tmp_path, body)}:train").told(["epochs"]).run(FunctionConfig(), [0])
    assert result.metrics == {"epochs": 1.0}


def test_what_a_study_knows_of_a_function_is_no_part_of_what_the_function_is():
    plain = Function("mine:train", {"width": 8})
    for known in (plain.told(["m"]), plain.planned({"metrics": {"m": {}}, "sources": {"mine": "0"}})):
        assert vars(known).keys() >= vars(plain).keys()
        assert {name: getattr(known, name) for name in vars(plain)} == vars(plain)
    assert vars(plain) == {"target": "mine:train", "params": {"width": 8}, "watch": [], "timeout": None}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("mine", "must be `module:function`"),
        ("", "must be `module:function`"),
        ("no_such_module_here:train", "no module 'no_such_module_here'"),
        ("nowhere.py:train", "no file"),
        ("mine.py:trian", "no function 'trian'; nearest match: train"),
        ("mine.py:SIZE", "must be a function, got a int"),
        ("broken.py:train", "importing .*broken.py fails: ZeroDivisionError"),
        ("needs.py:train", "importing .*needs.py fails: ModuleNotFoundError: No module named 'not_installed'"),
    ],
)
def test_a_target_that_is_not_there_is_one_clear_error(tmp_path, monkeypatch, target, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "SIZE = 3\ndef train(config, seed): return {}\n")
    write(tmp_path, "1 / 0\n", "broken.py")
    write(tmp_path, "import not_installed\n", "needs.py")
    with pytest.raises(UserError, match=message):
        Function(target).facts(None)


def test_metrics_must_be_declared_one_way_or_the_other(tmp_path):
    path = write(tmp_path, "def train(config, seed): return {'m': 1}\n")
    with pytest.raises(UserError, match=r"train.metrics = \{'accuracy': 'higher', 'loss': 'lower'\}"):
        Function(f"{path}:train").metrics()
    assert Function(f"{path}:train").told(["m"]).metrics().keys() == {"m"}


def test_a_changed_file_is_another_fingerprint(tmp_path):
    prints = []
    for body in ("def train(config, seed): return {'m': 1}\n", "def train(config, seed): return {'m': 2}\n"):
        path = write(tmp_path, body)
        prints.append(Function(f"{path}:train").facts(None)["fingerprint"])
    assert prints[0] != prints[1]


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "must return a dict of metrics, or a number, got NoneType"),
        (0.9, "got float"),
        ({"m": "high"}, "must be a number, got a str"),
        ({"m": True}, "must be a number, got a bool"),
        ({"m": np.ones(2)}, "must be a number, got a ndarray"),
        ({"metrics": {"m": 1.0}, "outcome": "won"}, "unknown outcome 'won'"),
    ],
)
def test_a_return_that_cannot_be_read_is_one_clear_error(returned, message):
    with pytest.raises(UserError, match=message):
        to_result(returned, 0, frozenset({"m"}))


def test_what_may_be_returned():
    declared = frozenset({"m", "final/validation_accuracy"})
    assert to_result({"m": np.float32(0.5)}, 3, declared).metrics == {"m": 0.5}
    assert to_result({"m": np.array([2.0])}, 3, declared).metrics == {"m": 2.0}
    rich = to_result(
        {"metrics": {"m": 1}, "curves": {"l": [3, 2]}, "outcome": "reached", "test_correct": [True, False]}, 3, declared
    )
    assert rich.outcome == "reached"
    assert rich.curves["l"].steps.tolist() == [0, 1]
    assert rich.test_correct.tolist() == [True, False]
    own = RunResult(9, "censored", {"m": 1.0}, {"l": Curve(np.array([0, 5]), np.array([1.0, 2.0]))})
    assert to_result(own, 3, declared).seed == 3
    assert to_result(own, 3, declared).curves["l"].steps.tolist() == [0, 5]


def test_what_was_not_declared_is_kept_and_said():
    result = to_result({"m": 1.0, "n": 2.0, "mm": float("nan"), "name": "x"}, 0, frozenset({"m"}))
    assert result.metrics == {"m": 1.0, "n": 2.0}
    assert result.outcome == "finished", "what was not declared decides nothing"
    assert [note.partition(",")[0] for note in result.notes] == ["returns 'n'", "returns 'mm'", "returns 'name'"]
    assert "(nearest declared: m); it is not a finite number, and left out" in result.notes[1]
    assert result.notes[0].endswith("it is kept")


def test_a_metric_that_is_none_is_missing():
    assert to_result({"m": 1.0, "n": None}, 0, frozenset({"m", "n"})).metrics == {"m": 1.0}


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ({"accurcy": 0.9}, "expected 'accuracy', got 'accurcy'; nearest match: 'accurcy'"),
        ({"accuracy": None, "x": 1.0}, "expected 'accuracy', got 'accuracy': None, 'x'"),
        ({}, "expected 'accuracy', got nothing"),
        ({"accuracy": np.ma.masked}, "expected 'accuracy', got 'accuracy': masked"),
        ({"metrics": {"x": 1.0}, "outcome": "finished"}, "expected 'accuracy', got 'x'"),
    ],
)
def test_a_run_that_gives_none_of_its_metrics_has_no_result(tmp_path, returned, said):
    with pytest.raises(UserError, match="it gave none of the metrics that are declared") as caught:
        to_result(returned, 0, frozenset({"accuracy"}))
    assert str(caught.value).endswith(said)
    path = write(
        tmp_path, f"import numpy as np\ndef train(seed=0): return {returned!r}".replace("masked", "np.ma.masked")
    )
    (run,) = Function(f"{path}:train").told(["accuracy"]).run(FunctionConfig(), [0])
    assert run.outcome == "crashed"
    assert said in run.error


def test_a_run_that_ended_otherwise_needs_no_metric():
    for outcome in ("diverged", "crashed", "censored", "reached"):
        assert to_result({"outcome": outcome}, 0, frozenset({"m"})).outcome == outcome
    assert to_result({"ttt/steps": None}, 0, frozenset({"ttt/steps"})).outcome == "censored"
    assert to_result({"m": float("nan")}, 0, frozenset({"m"})).outcome == "diverged"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"curvs": {}}, "nearest match: curves; it is left out"),
        ({"curves": {"l": ([2, 1], [0.1, 0.2])}}, "the curve 'l' must be .* >= 0 and rising; it is left out"),
        ({"curves": {"l": ([0, 0.5], [0.1, 0.2])}}, "steps whole"),
        ({"curves": {"l": "abc", "k": [1, 2]}}, "must be a list of numbers"),
        ({"curves": [1, 2]}, "are not a dict"),
        ({"test_correct": [1, 0]}, "list of truth values; it is left out"),
    ],
)
def test_a_training_that_came_to_its_end_is_not_thrown_away_for_its_curves(part, said):
    result = to_result({"metrics": {"m": 1.0}, **part}, 0, frozenset({"m"}))
    assert result.metrics == {"m": 1.0}
    assert result.outcome == "finished"
    assert result.error is None
    assert set(result.curves) <= {"k"}
    (note,) = result.notes
    assert re.search(said, note)


def test_an_outcome_beside_the_metrics_is_the_outcome():
    result = to_result({"m": 0.3, "outcome": "diverged", "curves": {"l": [1, 2]}}, 0, frozenset({"m"}))
    assert (result.outcome, result.metrics, list(result.curves), result.notes) == ("diverged", {"m": 0.3}, ["l"], ())


@pytest.mark.parametrize("word", ["PRUNED", "TrialState.PRUNED", "killed", "FAIL", "timeout"])
def test_a_run_that_was_stopped_has_no_result(word):
    with pytest.raises(UserError, match="was stopped before its end has no result"):
        to_result({"metrics": {"m": 0.9}, "outcome": word}, 0, frozenset({"m"}))


def test_an_outcome_may_be_written_in_capitals_and_a_crash_that_was_returned_is_one():
    assert to_result({"metrics": {"m": 0.9}, "outcome": "Diverged"}, 0, frozenset({"m"})).outcome == "diverged"
    crashed = to_result({"metrics": {"m": 0.9}, "outcome": "CRASHED"}, 0, frozenset({"m"}))
    assert crashed.outcome == "crashed"
    assert crashed.error == "the function returned the outcome `crashed`"


def test_what_cannot_be_read_stands_in_the_error(tmp_path):
    path = write(tmp_path, "def train(config, seed): return {'m': 'high', 'n': 0.123456}\n")
    (result,) = Function(f"{path}:train").told(["m"]).run(FunctionConfig(), [0])
    assert result.outcome == "crashed"
    assert "It had returned {'m': 'high', 'n': 0.123456}" in result.error
    assert result.error.strip().splitlines()[-1].endswith("got a str: 'high'")


@pytest.mark.parametrize("body", ["import sys; sys.exit(0)", "raise KeyboardInterrupt", "raise GeneratorExit"])
def test_what_would_end_the_process_crashes_its_seed(tmp_path, body):
    path = write(tmp_path, f"def train(config, seed):\n    if seed == 1: {body}\n    return {{'m': 1}}\n")
    a, b, c = Function(f"{path}:train").told(["m"]).run(FunctionConfig(), [0, 1, 2])
    assert (a.outcome, b.outcome, c.outcome) == ("finished", "crashed", "finished")


def test_a_run_says_what_it_looked_at(tmp_path):
    path = write(tmp_path, "def train(config, seed):\n    p = config['params']\n"
                 "    return {'m': p.get('width', 1) * len(config['target_split'])}\n")  # fmt: skip
    (result,) = Function(f"{path}:train", {"depth": 2}).told(["m"]).run(FunctionConfig(), [0])
    assert result.reads == ("params.width", "params?", "target_split")
    path = write(tmp_path, "def train(config, seed): return {'final/validation_accuracy': 0.5}\n", "other.py")
    (result,) = Function(f"{path}:train").told(["final/validation_accuracy"]).run(FunctionConfig(), [0])
    assert result.reads == ("target_accuracy", "target_split"), "the outcome depends on them"


def test_the_outcome_where_none_is_given(config):
    declared = frozenset({"m", "final/validation_accuracy"})
    assert to_result({"m": float("nan")}, 0, declared).outcome == "diverged"
    assert to_result({"m": float("inf")}, 0, declared).metrics == {}
    assert to_result({"final/validation_accuracy": 0.95}, 0, declared, config()).outcome == "reached"
    assert to_result({"final/validation_accuracy": 0.85}, 0, declared, config()).outcome == "censored"
    assert to_result({"final/validation_accuracy": 93.0}, 0, declared, config()).outcome == "unknown"
    assert to_result({"final/validation_accuracy": 0.95}, 0, declared).outcome == "finished"
    assert to_result({"m": 1.0}, 0, declared, config()).outcome == "finished"
    assert to_result({"metrics": {"m": 1.0}, "outcome": "unknown"}, 0, declared).outcome == "unknown"


@pytest.mark.parametrize(
    ("steps", "outcome"), [({"ttt/steps": 40}, "reached"), ({}, "censored"), ({"ttt/steps": math.inf}, "censored"),
                           ({"ttt/steps": math.nan}, "censored")],
)  # fmt: skip
def test_a_function_that_counts_steps_to_a_target_has_one(steps, outcome):
    found = to_result({"m": 1.0, **steps}, 0, frozenset({"m", "ttt/steps"}))
    assert found.outcome == outcome
    assert found.metrics.get("ttt/steps") == (40 if outcome == "reached" else None)


def test_a_function_vouches_for_no_more_than_its_time():
    assert Function.vouches == {"seconds"}
    assert "vouches" not in describe(Function("mine:train"))


def test_what_the_function_raises_crashes_its_seed_with_a_traceback(tmp_path):
    path = write(tmp_path, "def train(config, seed):\n    return {'m': 1 / (seed - 1)}\n")
    a, b, c = Function(f"{path}:train").told(["m"]).run(FunctionConfig(), [0, 1, 2])
    assert (a.outcome, b.outcome, c.outcome) == ("finished", "crashed", "finished")
    assert "ZeroDivisionError" in b.error


def square(config, seed):
    return {"m": float(config["params"].get("width", 1)) ** 2}


square.metrics = ["m"]


def test_a_function_at_hand_can_be_tried_out(monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or type(sys)("x"))
    monkeypatch.setattr(sys.modules[__name__], "square", square, raising=False)
    monkeypatch.setattr("ablate.programs.target._by_name", lambda name: sys.modules[__name__])
    assert [run.metrics for run in try_out(square, seeds=2, width=3)] == [{"m": 9.0}] * 2
    with pytest.raises(UserError, match="at the top of a module"):
        Function.of(lambda config, seed: {})


def test_importing_the_programs_imports_nothing_heavy():
    heavy = ["sklearn", "scipy.stats", "numba", "pandas", "mlflow", "hydra", "matplotlib", "torch"]
    code = f"import sys, ablate.programs\nprint([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_a_declared_direction_leaves_steps_to_the_target_what_they_are():
    declared = {name: metric_from(name, "lower") for name in ("m", "ttt/steps")}
    assert to_result({"m": 1.0, "ttt/steps": 40}, 0, declared).outcome == "reached"
    assert to_result({"m": 1.0}, 0, declared).outcome == "censored"


def test_a_long_curve_is_thinned_and_lies_beside_its_run_as_a_whole():
    values = np.sin(np.arange(1_000_001) / 1000)
    steps = 7 * np.arange(len(values))
    result = to_result({"metrics": {"m": 1}, "curves": {"long": (steps, values), "short": [1.0, 2.0]}}, 0, ["m"])
    kept = result.curves["long"]
    assert 9_000 <= len(kept.steps) <= 10_001
    assert (kept.steps[0], kept.steps[-1]) == (0, steps[-1])
    np.testing.assert_array_equal(kept.values, values[kept.steps // 7])
    assert (np.diff(kept.steps[:-1]) == kept.steps[1]).all()
    np.testing.assert_array_equal(result.arrays["curves/long/steps"], steps)
    np.testing.assert_array_equal(result.arrays["curves/long/values"], values)
    np.testing.assert_array_equal(result.curves["short"].values, [1.0, 2.0])
    (note,) = result.notes
    assert "curves of more than 10000 points" in note


def test_many_curves_share_the_points_that_a_run_may_have():
    curves = {f"c{i}": np.arange(1000.0) for i in range(500)}
    result = to_result({"metrics": {"m": 1}, "curves": curves}, 0, ["m"])
    assert all(len(curve.steps) <= 401 for curve in result.curves.values())
    assert len(result.arrays) == 1000
