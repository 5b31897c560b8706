"""How a training function is called, what it may return, and what of its settings is refused before it runs."""

import numpy as np
import pytest

import ablate
from ablate.errors import UserError
from ablate.programs.calling import calling
from ablate.programs.function import Function, FunctionConfig, try_out
from ablate.programs.source import read_source


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(body, name="mine.py"):
        path = tmp_path / name
        path.write_text(body, encoding="utf-8")
        return path

    return write


def run(params, seed=0, metrics=("m",)):
    (result,) = Function("mine.py:train", params).told(metrics).run(FunctionConfig(), [seed])
    return result


@pytest.mark.parametrize(
    ("signature", "given", "by_name"),
    [
        ("config, seed", {}, False),
        ("config, seed, log", {}, False),
        ("config, seed, verbose=True", {}, False),
        ("config=None, seed=0", {}, False),
        ("c, s", {}, False),
        ("*arguments", {}, False),
        ("lr=0.1, seed=0", {}, True),
        ("lr: float, seed: int", {}, True),
        ("lr, seed", {"lr": 0.1}, True),
        ("lr, dropout, seed", {}, True),
        ("seed, lr=0.1", {}, True),
        ("*, lr=0.1, seed", {}, True),
        ("**settings", {}, True),
    ],
)
def test_a_signature_says_how_a_function_is_called(signature, given, by_name):
    space = {}
    exec(f"def train({signature}): ...", space)
    assert calling("mine.py:train", space["train"], given).by_name is by_name


@pytest.mark.parametrize(
    ("signature", "params", "message"),
    [
        ("lr=0.1, seed=0", {"lrr": 1}, "unknown setting of mine.py:train 'lrr': expected one of lr; nearest match: lr"),
        ("lr, width, seed", {"widht": 1, "lr": 1}, "unknown setting of mine.py:train 'widht'.*nearest match: width"),
        ("lr, width, seed", {"lr": 1}, "mine.py:train needs `width`, which has no default"),
        ("lr=0.1, seed=0", {"seed": 3}, "`seed` is the number of the replicate.*seeds=8"),
        ("lr=0.1, seed=0, log=None", {"log": 3}, "`log` is what ablate gives"),
        ("lr=0.1", {"lr": 1}, r"takes \(lr=0.1\), but .*all that is random comes from `seed`"),
        ("lr, /, seed=0", {"lr": 1}, r"takes \(lr, /, seed=0\)"),
        ("lr: float = 0.1, seed=0", {"lr": "0.1"}, "mine.py:train: lr` must be a number, got '0.1'"),
        ("lr=0.1, seed=0", {"lr": "high"}, "lr` must be a number, as its default 0.1 is, got 'high'"),
        ("n: int = 1, seed=0", {"n": 0.5}, "n` must be a whole number, got 0.5"),
        ("n: int = 1, seed=0", {"n": True}, "n` must be a whole number, got True"),
        ("bn=False, seed=0", {"bn": "off"}, "bn` must be true or false, as its default False is, got 'off'"),
        ("bn=False, seed=0", {"bn": 1}, "bn` must be true or false"),
        ("act: str = 'relu', seed=0", {"act": 1}, "act` must be a text, got 1"),
        ("act: Literal['relu', 'tanh'] = 'relu', seed=0", {"act": "tan"}, r"must be Literal\['relu', 'tanh'\]"),
        ("lr: float | None = None, seed=0", {"lr": "x"}, r"must be float \| None, got 'x'"),
        ("sizes: list[int] = (), seed=0", {"sizes": [1, 0.5]}, r"must be list\[int\], got \[1, 0.5\]"),
    ],
)  # fmt: skip
def test_settings_are_checked_against_the_signature_before_anything_runs(write, signature, params, message):
    write(f"from typing import Literal\ndef train({signature}): raise SystemExit\ntrain.metrics = ['m']\n")
    with pytest.raises(UserError, match=message):
        Function("mine.py:train", params).facts(None)


@pytest.mark.parametrize(
    ("signature", "params"),
    [
        ("lr: float = 0.1, seed=0", {"lr": 1}),
        ("width=64, seed=0", {"width": 0.5}),
        ("norm='batch', seed=0", {"norm": None}),
        ("lr: float | None = None, seed=0", {"lr": None}),
        ("sizes: list[int] = (), seed=0", {"sizes": [1, 2]}),
        ("optimizer=None, seed=0", {"optimizer": {"lr": 1}}),
        ("data: 'Unknown' = 1, seed=0", {"data": "x"}),
        ("seed, **settings", {"anything": "x"}),
    ],
)
def test_what_fits_the_signature_is_passed(write, signature, params):
    write(
        f"def train({signature}):\n    said = dict(locals())\n    said |= said.pop('settings', {{}})\n"
        f"    return float(said | {params!r} == said and seed == 3)\n"
    )
    assert run(params, seed=3).metrics == {"m": 1.0}


@pytest.mark.parametrize(
    ("body", "metrics"),
    [
        ("return 0.5", {"m": 0.5}),
        ("import numpy as np; return np.float32(0.5)", {"m": 0.5}),
        ("return {'m': 0.5}", {"m": 0.5}),
        ("log(0, m=0.1); log(1, m=0.5)", {"m": 0.5}),
        ("log(0, m=0.1); return 0.5", {"m": 0.5}),
        ("log(0, {'m': 0.5}, other=1); return {}", {"m": 0.5}),
        ("yield 0, {'m': 0.1}; yield 4, {'m': 0.5}", {"m": 0.5}),
        ("yield 0, {'m': 0.1}; return 0.5", {"m": 0.5}),
    ],
)
def test_what_a_function_returns_yields_or_logs_is_its_result(write, body, metrics):
    write("def train(seed=0, log=None):\n    " + body)
    result = run({})
    assert (result.error, result.metrics) == (None, metrics)


def test_a_result_that_is_said_to_be_nothing_is_not_what_was_logged_before(write):
    write("def train(seed=0, log=None):\n    log(0, m=0.5); return {'m': None}")
    result = run({})
    assert result.metrics == {}
    assert "it gave none of the metrics that are declared, expected 'm', got 'm': None" in result.error


def test_what_is_logged_are_curves(write):
    write("def train(config, seed, log):\n    for i in (0, 2, 4): log(i, m=i / 4, loss=-i)\n    return {'m': 0.9}\n")
    result = run({})
    assert result.metrics == {"m": 0.9}
    np.testing.assert_array_equal(result.curves["m"].steps, [0, 2, 4])
    np.testing.assert_array_equal(result.curves["loss"].values, [0, -2, -4])


def test_a_curve_that_ends_in_nan_diverged(write):
    write("def train(seed=0):\n    yield 0, {'m': 0.1}\n    yield 1, {'m': float('nan')}\n")
    assert run({}).outcome == "diverged"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 0.5", "returned one number, 0.5, but 2 metrics are declared"),
        ("return 'good'", "must return a dict of metrics, or a number, got str"),
        ("log(0.5, m=1)", "`log: step` must be a whole number >= 0, got 0.5"),
        ("log(1, m=1); log(1, m=2)", "`log: step of m` must be larger than the last one, 1, got 1"),
        ("log(1, m='good')", "`log: m` must be a number, got 'good'"),
        ("yield 0.5", "`yield` must give a step and its metrics"),
    ],
)
def test_what_cannot_be_a_result_crashes_the_run_and_says_why(write, body, message):
    write("def train(seed=0, log=None):\n    " + body)
    result = run({}, metrics=("m", "n"))
    assert result.outcome == "crashed"
    assert message in result.error


def test_every_parameter_counts_as_read_so_that_a_default_that_is_set_makes_new_runs(write):
    write("def train(lr=0.1, momentum=0.9, seed=0): return lr\n")
    assert run({"lr": 1}).reads == ("params.lr", "params.momentum")
    write("def train(seed, **settings): return settings['lr']\n")
    assert run({"lr": 1}).reads == ("params.**",)


DECORATED = """
import ablate

@ablate.experiment(metrics={"seconds": "lower", "accuracy": "higher"}, main="accuracy")
def train(lr=0.1, seed=0):
    return {"accuracy": lr, "seconds": 1.0}
"""


def test_a_decorated_function_stays_what_it_was_and_says_what_it_returns(write):
    write(DECORATED)
    program = Function("mine.py:train", {"lr": 0.5})
    assert program.function()(lr=0.3) == {"accuracy": 0.3, "seconds": 1.0}
    assert {name: metric.better for name, metric in program.metrics().items()} == {
        "accuracy": "higher", "seconds": "lower",
    }  # fmt: skip
    (result,) = program.run(FunctionConfig(), [0])
    assert result.metrics == {"accuracy": 0.5, "seconds": 1.0}


def test_another_declaration_is_the_same_code(write):
    first = read_source(write(DECORATED)).shape
    assert read_source(write(DECORATED.replace(', main="accuracy"', ""), "b.py")).shape == first
    assert read_source(write(DECORATED.replace("return {", "return {'x': 1, "), "c.py")).shape != first


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: ablate.experiment(metrics={}), "write `@ablate.experiment"),
        (lambda: ablate.experiment(metrics=lambda lr: lr), "write `@ablate.experiment"),
        (lambda: ablate.experiment(metrics={"acc": "up"}), "unknown `better` 'up'"),
        (lambda: ablate.experiment(metrics={"acc": "higher"}, main="ac"), "nearest match: acc"),
    ],
)
def test_a_wrong_declaration_is_one_clear_error(declare, message):
    with pytest.raises(UserError, match=message):
        declare()


def plain(lr: float = 0.1, seed: int = 0) -> float:
    return lr + seed


plain.metrics = {"m": "higher"}


def test_a_function_by_names_is_tried_out_and_checked():
    assert [result.metrics["m"] for result in try_out(plain, lr=0.5)] == [0.5, 1.5]
