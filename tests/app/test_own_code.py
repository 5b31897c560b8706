"""Code of one's own by its short spelling: `ablate run train.py:train lr=0.1,0.01 seeds=8`."""

import json
import sys

import pytest

from ablate.app.own_code import function_words, is_function, metric_words
from ablate.errors import UserError
from ablate.sweep.registration import changes, registration_document
from ablate.sweep.study import Study

TRAIN = """
import random

def train(lr=0.1, dropout=0.0, seed=0, log=None):
    noise = random.Random(seed).gauss(0, 0.01)
    for step in range(3):
        log(step, accuracy=0.5 + noise + dropout / 10 - lr / 10 + step / 100)
"""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lr=0.1,0.01", "program.params.lr=0.1,0.01"),
        ("+opt.lr=0.1", "program.params.opt.lr=0.1"),
        ("program.watch=[x.sh]", "program.watch=[x.sh]"),
        ("program.params.lr=1", "program.params.lr=1"),
        ("target_accuracy=0.8", "target_accuracy=0.8"),
        ("seeds=[1,2]", "seeds=[1,2]"),
        ("hydra.sweeper.progress=false", "hydra.sweeper.progress=false"),
        ("exclude=lr == 0.1 and bn == 'none'", "exclude=program.params.lr == 0.1 and program.params.bn == 'none'"),
        ("design=ofat", "design=ofat"),
        ("tune={lr:[0.1,1],seeds:3}", "tune={program.params.lr:[0.1,1],seeds:3}"),
    ],
)
def test_a_setting_is_one_of_the_function(typed, meant):
    assert function_words("train.py:train", [typed])[2:] == [meant]


def test_a_function_has_a_time_out_too():
    assert function_words("train.py:train", [], timeout=2.5)[2:] == ["program.timeout=2.5"]


def test_a_study_is_no_function(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [is_function(one) for one in ("a.py:f", "pkg.mod:f", "mod:f", "a.yaml", "quick", "x/a.py:f")] == [
        True, True, True, False, False, True,
    ]  # fmt: skip


def test_a_metric_of_which_nobody_knows_the_direction_is_refused():
    assert metric_words(["latency:lower:ms"]) == ["metrics={latency:{better:lower,unit:ms}}"]
    assert metric_words(["a:b:higher:tokens/s"]) == ["metrics={a\\:b:{better:higher,unit:tokens/s}}"]
    assert metric_words(["accuracy", "val/Acc@1:higher"]) == ["metrics={accuracy:{},val/Acc@1:{better:higher}}"]
    with pytest.raises(UserError, match="--metric score: which way is better"):
        metric_words(["score"])


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("latency:ms", "--metric latency:ms: expected NAME, NAME:higher or NAME:lower, with its unit NAME:lower:ms"),
        ("latency:lowr:ms", "with its unit NAME:lower:ms; nearest match: lower"),
        ("latency:lower:", "with its unit NAME:lower:ms"),
        (":lower:ms", "with its unit NAME:lower:ms"),
        (
            "acc:higher:pct",
            "--metric acc:higher:pct: `unit` must be `fraction` or `percent` for a share, got 'pct'",
        ),
    ],
)
def test_a_unit_is_said_last_and_in_the_words_of_a_study_file(typed, told):
    with pytest.raises(UserError) as caught:
        metric_words([typed])
    assert told in str(caught.value)


@pytest.mark.parametrize("second", ["lower", "higher"])
def test_a_metric_is_said_once(second):
    with pytest.raises(UserError, match="the metric 'ppl' is given twice"):
        metric_words(["ppl:higher", "loss:lower", f"ppl:{second}"])


def test_what_a_failed_run_counts_as_is_said_of_the_metric_that_is_judged():
    words = metric_words(["accuracy:higher", "loss:lower"], 0.1)
    assert words == ["metrics={accuracy:{better:higher,failed_counts_as:0.1},loss:{better:lower}}"]
    with pytest.raises(UserError, match="`--failed-counts-as` is a value of the metric that is judged: say which"):
        metric_words([], 0.1)


@pytest.mark.slow
def test_the_unit_of_a_metric_stands_beside_its_numbers(tmp_path, ablate):
    (tmp_path / "t.py").write_text("def train(lr=0.1, seed=0):\n    return {'delay': 5 + lr * 100 + seed % 3}\n")
    code, out, err = ablate("run", "t.py:train", "lr=0.1,0.2", "seeds=8", "--metric", "delay:lower:ms", "-j", "1")
    assert code == 0, err
    assert "raises delay (worse) by 10.0 ms" in out
    page = (tmp_path / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert "higher by 10.0 [10.0, 10.0] ms" in page


@pytest.mark.slow
def test_a_function_needs_no_study_and_is_the_sweep_it_stands_for(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    short = ("train.py:train", "lr=0.1,0.01", "dropout=0.5", "seeds=3", "--metric", "accuracy:higher")
    code, _, err = ablate("plan", "train.py:train", "lrr=0.1", "--metric", "accuracy:higher")
    assert (code, err) == (
        2, "ablate: unknown setting of train.py:train 'lrr': expected one of dropout, lr; nearest match: lr\n"
    )  # fmt: skip
    code, _, err = ablate("run", *short[:-2])
    assert code == 2
    assert "does not say which metrics it returns: say so on the command line, `--metric accuracy:higher`" in err
    assert not (tmp_path / "mlruns").exists()
    code, out, _ = ablate("run", *short, "-j", "1")
    assert (code, "6 runs" in out) == (0, True)
    page = (tmp_path / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert "ablate run train.py:train lr=0.1,0.01 dropout=0.5 seeds=3 --metric accuracy:higher" in page
    code, out, _ = ablate("run", *short, "--no-report")
    assert "nothing to do" in out
    code, out, _ = ablate(
        "-m", "program=function", "program.target=train.py:train", "program.params.lr=0.1,0.01",
        "program.params.dropout=0.5", "seeds=3", "metrics={accuracy: higher}", "hydra.sweeper.report=false",
    )  # fmt: skip
    assert (code, "nothing to do" in out) == (0, True)
    code, out, _ = ablate("run", *short[:3], "seeds=4", *short[4:], "--no-report", "-j", "1")
    assert (code, "2 runs" in out) == (0, True)
    (tmp_path / "train.py").write_text(TRAIN.replace("/ 100", "/ 10"), encoding="utf-8")
    code, out, err = ablate("run", *short, "--no-report", "-j", "1")
    assert (code, "6 runs" in out) == (0, True)
    assert "changed since" in err


@pytest.mark.slow
def test_a_sweep_of_a_function_is_judged_by_every_level_against_the_baseline(tmp_path, ablate):
    noisy = TRAIN.replace("gauss(0, 0.01)", "gauss(0, 0.01) + random.Random(f'{seed} {lr}').gauss(0, 0.0002)")
    (tmp_path / "train.py").write_text(noisy, encoding="utf-8")
    short = ("train.py:train", "lr=0.1,0.01", "seeds=6", "--metric", "accuracy:higher", "--name", "rates", "-j", "1")
    code, out, err = ablate("run", *short)
    assert (code, "ablate:" in err) == (0, False)
    assert "▲ [exploratory] Shown: lr=0.01 raises accuracy by 0." in out
    assert "noise floor:" in out
    page = (tmp_path / "reports" / "rates" / "report.md").read_text(encoding="utf-8")
    assert "Nobody predicted the outcome of these comparisons" in page
    assert "- **▲ shown: better [exploratory].** How lr=0.01 compares with lr=0.1" in page
    assert "## What the runs show" in page
    assert "## Each comparison in full" in page
    assert "Each claim in full" not in page
    trusted = page.split("**How far to trust it:**", 1)[1].split("\n", 1)[0]
    assert "1 exploratory comparison · " in trusted
    assert "outcomes predicted by nobody" in trusted
    assert "registered before" not in trusted
    assert "and none is a registered claim" in page
    _, out, _ = ablate("verdict", "rates", "--json")
    (verdict,) = json.loads(out)["verdicts"]
    assert (verdict["kind"], verdict["claim_id"], verdict["metric"]) == ("difference", "lr-0-01", "accuracy")
    assert verdict["in_words"] == "shown: better [exploratory]"
    code, _, err = ablate("verdict", "rates", "--supported")  # shown, but nobody claimed it
    assert (code, "the study makes no claim" in err) == (3, True)
    code, out, err = ablate("run", *short, "--no-report", "--by-at-least", "0.005", "--baseline", "lr=0.01")
    assert "nothing to do" in out
    assert "post hoc" in err  # another question than the one that was kept before the runs
    _, out, _ = ablate("verdict", "rates")
    assert "[exploratory] Refuted (reversed): lr=0.1 lowers accuracy (worse) by 0." in out
    code, out, _ = ablate("rerun", "rates", "lr=0.1", "3")
    assert (code, "matched to the bit" in out) == (0, True)
    code, _, err = ablate("run", *short[:2], "seeds=3", *short[3:5], "--name", "few", "--no-report", "-j", "1")
    assert code == 0
    assert "3 seeds cannot decide lr-0-01, whatever they show: intervals are shown; 6 seeds could" in err


@pytest.mark.slow
def test_a_delta_stated_after_the_runs_is_told_in_one_line_and_the_report_has_the_whole_change(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    words = ("run", "train.py:train", "lr=0.1,0.01,0.001", "seeds=6", "--metric", "accuracy:higher", "-j", "1")
    assert ablate(*words, "--no-report")[0] == 0
    for typed, was in (("0.005", "none"), ("0.01", "none")):
        _, _, err = ablate(*words, "--by-at-least", typed)
        (line,) = [line for line in err.splitlines() if "registered" in line]
        assert line.startswith(f"ablate: δ (--by-at-least) is {typed}, and was {was} when the sweep was registered on ")
        assert ": its verdicts are post hoc; every line that changed: `ablate report adhoc`, under regi" in line
    page = (tmp_path / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert page.count("-  by_at_least: 0.0\n+  by_at_least: 0.01") == 2
    assert "post hoc" not in ablate(*words, "--no-report")[2], "as it was registered"
    _, _, err = ablate(*words, "--no-report", "--by-at-least", "0.01", "--baseline", "lr=0.01")
    assert "+  by_at_least: 0.01" in err, "another baseline asks other questions"
    assert "the sweep was changed since it was registered on" in err
    assert "`--name NAME` keeps the changed one by itself" in err


def test_a_delta_alone_is_told_from_every_other_change():
    arms = {"arm": {"x": 2}, "against": {"x": 1}, "metric": "m"}
    plain = {"title": "t", "factors": {"x": [1, 2]}, "metrics": {"m": "higher"}}

    def study(delta=0.0, *, kind="difference", **more):
        claim = {"id": "c", "says": "s", "kind": kind, "by_at_least": delta, **arms}
        return Study.model_validate({**plain, "claims": [claim], **more})

    def delta(before, after):
        return changes(registration_document(before, [0], command=""), after).delta

    assert delta(study(), study(0.1)) == (0.0, 0.1)
    assert delta(study(0.1), study(0.2)) == (0.1, 0.2)
    assert delta(study(0.1, kind="effect"), study(0.2, kind="effect")) is None
    assert delta(study(), study(0.1, lost=["crashed"])) is None
    assert delta(study(), study(0.1, metrics={"m": "lower"})) is None
    assert delta(study(), study()) is None


def test_what_is_said_of_comparisons_is_for_code_of_ones_own(tmp_path, ablate):
    code, _, err = ablate("plan", "quickstart", "--by-at-least", "0.1")
    assert (code, "`--by-at-least` is for a sweep of your own code" in err) == (2, True)
    code, _, err = ablate("plan", "quickstart", "--failed-counts-as", "0.1")
    assert (code, "`--failed-counts-as` is for a sweep of your own code" in err) == (2, True)


@pytest.mark.slow
def test_a_study_file_of_a_function_by_names_is_registered_and_looks_at_its_runs(tmp_path, ablate):
    (tmp_path / "train.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        "title: t\nfixed: {program: function, program.target: 'train.py:train'}\n"
        "factors: {program.params.dropout: [0.0, 0.5]}\nmetrics: {accuracy: higher}\nseeds: 12\n"
        "looks: [8, 12]\n"
        "claims: [{id: helps, says: dropout helps, metric: accuracy, by_at_least: 0.01,\n"
        "  arm: {program.params.dropout: 0.5}, against: {program.params.dropout: 0.0}}]\n",
        encoding="utf-8",
    )
    code, out, err = ablate("run", "s.yaml", "--no-report", "-j", "1")
    assert (code, "ablate:" in err) == (0, False)
    assert "16 runs" in out  # of 24: it stopped at the first look
    _, out, _ = ablate("verdict", "s", "--json")
    (verdict,) = json.loads(out)["verdicts"]
    assert verdict["outcome"] == "supported"


SCRIPT = """
import sys
lr, seed = float(sys.argv[1]), int(sys.argv[2])
if lr > 0.5 and seed == 1 and "--fixed" not in open("flag").read():
    sys.exit("no memory")
print("accuracy=", 0.5 + lr / 10 + seed / 1000 * (1 + lr))
"""


@pytest.mark.slow
def test_a_command_crashes_goes_on_and_is_extended(tmp_path, ablate):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "flag").write_text("")

    def run(*more, seeds=3, command="run", code=0):
        words = ["lr=0.1,1", f"seeds={seeds}", "--metric", "accuracy:higher", *more]
        own = [] if command == "plan" else ["--no-report"]
        found, out, err = ablate(
            command, *words, "-j", "1", *own, "--", sys.executable, "train.py", "{lr}", "{seed}"
        )  # fmt: skip
        assert found == code, err
        return out, err

    _, err = run(code=1)
    assert "1 of 2 arms crashed: lr=1 (train.py ended with exit code 1 (no memory))" in err
    kept = list(tmp_path.glob("mlruns/artifacts/adhoc/*/artifacts/output-seed-1.txt"))
    assert "no memory\n" in [path.read_text() for path in kept]
    (tmp_path / "flag").write_text("--fixed")
    assert "adhoc: 1 run in" in run()[0]
    assert "nothing to do" in run("--timeout", "60")[0]
    assert "2 runs" in run(seeds=4)[0]
    (tmp_path / "train.py").write_text(SCRIPT.replace("/ 10 ", "/ 5 "), encoding="utf-8")
    _, err = run(command="plan")
    assert "train.py changed since" in err


@pytest.mark.slow
def test_what_is_wrong_with_a_command_is_one_line(tmp_path, ablate):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    code, _, err = ablate("run", "seeds=2", "--metric", "a:higher", "--", sys.executable, "train.py", "{sed}")
    assert (code, err.count("\n")) == (2, 1)
    assert "unknown placeholder '{sed}'" in err
    code, _, err = ablate("run", "quickstart", "--timeout", "3")
    assert (code, "`--timeout` is for a command, which follows after `--`" in err) == (2, True)
    code, _, err = ablate("run")
    assert (code, "a study, a function or a command is missing" in err) == (2, True)
    code, _, err = ablate("run", "s.yaml", "--", "python", "train.py")
    assert (code, "cannot read 's.yaml'" in err) == (2, True)


@pytest.mark.slow
def test_a_command_that_prints_per_cent_needs_the_unit(tmp_path, ablate):
    (tmp_path / "train.py").write_text("import sys\nprint(f'accuracy={0.5 + float(sys.argv[1])}%')\n", encoding="utf-8")
    words = ("lr=0.1,0.2", "seeds=2", "--no-report", "-j", "1")
    command = ("--", sys.executable, "train.py", "{lr}", "{seed}")
    code, out, err = ablate("run", *words, "--metric", "accuracy:higher", *command)
    assert (code, "4 crashed" in out) == (1, True)
    assert "'accuracy' is '0.6%', in per cent, and is not declared so" in err
    code, out, _ = ablate("run", *words, "metrics={accuracy: {better: higher, unit: percent}}", *command)
    assert (code, "4 finished" in out) == (0, True)
