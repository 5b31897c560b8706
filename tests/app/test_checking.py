import os
import subprocess
import sys

import pytest

from tests.app.test_doors import MISH

GOOD = """
def train(config, seed):
    return {"m": float(seed)}


train.metrics = {"m": "higher"}
"""


def test_a_part_that_keeps_to_its_contract_is_a_line_per_check(ablate, tmp_path):
    (tmp_path / "mish.py").write_text(MISH)
    code, out, err = ablate("check", "mish.py:Mish")
    assert (code, err) == (0, "")
    *checks, last = out.splitlines()
    assert len(checks) > 15
    assert all(line.startswith("✓ ") for line in checks)
    assert "✓ slope is the derivative of value, or of the documented surrogate" in checks
    assert last == f"mish.py:Mish: all {len(checks)} checks pass"


def test_a_part_that_breaks_it_ends_with_1_and_says_why(ablate, tmp_path):
    (tmp_path / "mish.py").write_text(MISH.replace("return t + x", "return t + 1.1 * x"))
    code, out, err = ablate("check", "mish.py:Mish")
    assert code == 1
    (line,) = [line for line in out.splitlines() if "slope is the derivative" in line]
    assert line.startswith("✗ slope is the derivative of value, or of the documented surrogate: slope at ")
    assert err.startswith("ablate: mish.py:Mish: ")
    assert err.endswith("checks fail\n")


def test_a_training_function_is_checked_as_a_program(ablate, tmp_path):
    (tmp_path / "mine.py").write_text(GOOD)
    code, out, _ = ablate("check", "mine.py:train")
    assert code == 0
    assert "✓ a seed gives the same numbers alone, among others, and again" in out
    (tmp_path / "mine.py").write_text(GOOD.replace('"m": float', '"n": float'))
    code, out, _ = ablate("check", "mine.py:train")
    assert code == 1
    assert "✗ a run logs finite metrics that it declares" in out


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ("mish.py", "expected module:Thing or path/to/file.py:Thing, got 'mish.py'"),
        ("mich.py:Mish", "nearest match: mish.py"),
        ("mish.py:Mich", "unknown name in mish.py 'Mich': expected one of Mish; nearest match: Mish"),
        ("mish.py:np", "there is no contract for"),
        ("ablate.claims.kinds.effect:EffectClaim", "is a kind of claim, which a plug-in cannot add"),
        ("no_such_module:Mish", "no_such_module cannot be imported: ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_checked_is_one_line(ablate, tmp_path, thing, message):
    (tmp_path / "mish.py").write_text(MISH)
    code, out, err = ablate("check", thing)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


def test_checking_needs_no_pytest(tmp_path):
    (tmp_path / "mish.py").write_text(MISH)
    (tmp_path / "run.py").write_text(
        "import sys\nsys.modules['pytest'] = None\nfrom ablate.cli import main\n"
        "sys.exit(main(['check', 'mish.py:Mish']))\n"
    )
    assert subprocess.run([sys.executable, "run.py"], cwd=tmp_path, check=False, capture_output=True).returncode == 0


SET = """
def train(config, seed):
    return {"m": float(config["params"]["width"]) + len(config["params"].get("sizes", [])) + seed}


train.metrics = {"m": "higher"}
"""


def test_a_training_function_is_checked_with_settings(ablate, tmp_path):
    (tmp_path / "mine.py").write_text(SET)
    assert ablate("check", "mine.py:train")[0] == 1  # without its width
    code, out, _ = ablate("check", "mine.py:train", "width=16", "sizes=[1,2]")
    assert code == 0, out
    assert ablate("check", "mine.py:train", "width=wide")[0] == 1


def test_a_class_is_checked_with_settings(ablate, tmp_path):
    (tmp_path / "mish.py").write_text(MISH.replace("* self.beta / (1", "/ (1"))  # right at its default alone
    assert ablate("check", "mish.py:Mish")[0] == 0
    code, out, _ = ablate("check", "mish.py:Mish", "beta=2.0")
    assert code == 1
    assert "✗ slope is the derivative" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["beta"], "expected key=value, the name of a setting and its value, got 'beta'"),
        (["a.b=1"], "expected key=value"),
        (["+beta=1"], "expected key=value"),
        (["beta=1,2"], "`beta`: one value is checked at a time, got 'beta=1,2'; a list is written beta=[a,b]"),
        (["beta=1", "beta=2"], "`beta` is given twice"),
        (["bta=1"], "unknown setting of mish.py:Mish 'bta': expected one of beta; nearest match: beta"),
        (["beta=${x}"], "`beta`: "),
        (["beta=[1"], "beta=[1"),
    ],
)
def test_a_setting_that_cannot_be_taken_is_one_line(ablate, tmp_path, words, message):
    (tmp_path / "mish.py").write_text(MISH)
    code, out, err = ablate("check", "mish.py:Mish", *words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


SWEPT = """
import random, time, uuid


def fair(lr, seed):
    return {"acc": random.Random(seed).random() + lr, "took": time.perf_counter()}


fair.metrics = {"acc": "higher", "took": {"unit": "s"}}


def seedless(lr, seed):
    return {"acc": 1 - lr, "drifting": time.perf_counter()}


def deaf(lr, drop, seed):
    return {"acc": random.Random(seed).random() + lr}


def drifting(lr, seed):
    return {"acc": uuid.uuid4().int % 1000 / 1000}


def diverging(lr, seed):
    return {"acc": float("nan")}


def crashing(lr, seed):
    if lr > 0.05:
        raise ValueError("too large")
    return {"acc": random.Random(seed).random() + lr}
"""

REPEATS, SEEDS = "a seed gives the same run twice, to the bit (times aside)", "another seed gives another run"
ARMS, DIVERGES = "no two arms give the same run", "not every run diverges"


@pytest.mark.parametrize(
    ("function", "failing", "line"),
    [
        ("fair", [], "fair: all 6 checks pass"),
        ("seedless", [REPEATS, SEEDS], "  baseline: seeds 0 and 1 give the same run: more seeds would be copies of it"),
        ("deaf", [ARMS], "  baseline; drop=1 give the same run: `drop` makes no difference there"),
        ("drifting", [REPEATS], "  baseline, seed 0: acc is "),
        ("diverging", [DIVERGES], "  all 6 runs diverge, as where a declared metric is not finite: there is nothing"),
        ("crashing", ["no run crashes"], "  baseline, seed 0: ValueError: too large"),
    ],
)
def test_a_sweep_is_tried_before_it_is_run(ablate, tmp_path, function, failing, line):
    (tmp_path / "mine.py").write_text(SWEPT)
    levels = ["lr=0.1,0.01", *(["drop=0,1"] if function == "deaf" else [])]
    words = ["--metric", "acc:higher"] if function != "fair" else []
    code, out, err = ablate("check", f"mine.py:{function}", *levels, "seeds=8", "--name", function, "-j", "1", *words)
    assert code == (1 if failing else 0), err
    assert [one[2:-1] for one in out.splitlines() if one.startswith("✗ ")] == failing
    assert line in out
    if function in ("diverging", "drifting"):  # no number tells runs apart: nothing is said of seeds and arms
        assert f"✓ {SEEDS}" not in out
        assert f"✓ {ARMS}" not in out
    assert f"{function}: {4 if 'drop=0,1' in levels else 2} arms tried in" in out
    assert ablate("status")[1].startswith("no runs under ")


def test_a_study_is_tried_before_it_is_run(ablate, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "title: t\nquestion: q\nfixed: {dataset: digits, dataset.train_size: 50, epochs: 1, model.hidden: [8], "
        "batch_size: 25}\nfactors: {activation: [relu, sigmoid]}\nseeds: 6\n"
    )
    code, out, err = ablate("check", "mine.yaml", "-j", "1")
    assert code == 0, err
    assert out.splitlines() == [
        "mine: 2 arms tried in 6 runs; nothing is tracked", "✓ no run crashes", f"✓ {REPEATS}",
        f"✓ {DIVERGES}", f"✓ {SEEDS}", f"✓ {ARMS}", "mine: all 5 checks pass",
    ]  # fmt: skip
    code, out, err = ablate("check", "mine.yaml", "optimizer=adan")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "nearest" in err


ORDERED = """
NAMES = {f"name-{number}" for number in range(40)}


def train(lr, seed):
    first = next(iter(NAMES))
    return {"acc": lr + seed + int(first.partition("-")[2]) / 1000}


if __name__ == "__main__":
    import sys

    print(f"acc={train(float(sys.argv[1]), int(sys.argv[2]))['acc']}")
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("how", ["function", "command"])
def test_what_goes_by_the_order_of_a_set_of_texts_does_not_repeat(ablate, tmp_path, monkeypatch, how, jobs):
    (tmp_path / "mine.py").write_text(ORDERED)
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    settings = ["lr=0.1,0.01", "seeds=4", "--metric", "acc:higher", "-j", jobs]
    own = ["--", sys.executable, "mine.py", "{lr}", "{seed}"]
    words = ["mine.py:train", *settings] if how == "function" else [*settings, *own]
    code, out, err = ablate("check", *words)
    assert (code, [line for line in out.splitlines() if line.startswith("✗")]) == (1, [f"✗ {REPEATS}:"]), out + err
    assert "PYTHONHASHSEED was 1 in the first run of a seed, 2 in the second" in out
    assert out.count(", seed 0: acc is 0.") == 2  # both arms
    assert "PYTHONHASHSEED" not in os.environ
    (tmp_path / "mine.py").write_text(ORDERED.replace("iter(NAMES)", "iter(sorted(NAMES))"))
    code, out, err = ablate("check", *words)
    assert (code, f"✓ {REPEATS}" in out) == (0, True), out + err


def test_a_hash_seed_that_the_user_set_is_kept_and_said(ablate, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(ORDERED)
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    code, out, _ = ablate("check", "mine.py:train", "lr=0.1,0.01", "seeds=4", "--metric", "acc:higher", "-j", "1")
    assert code == 0
    assert "PYTHONHASHSEED was 7 in both runs of a seed, as it is set: what depends on it is not seen" in out
    assert os.environ["PYTHONHASHSEED"] == "7"
