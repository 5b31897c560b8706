"""A training function of one's own, through the command line: what is run again, what is said, what is judged."""

import hashlib
import json
import os
import re
import sqlite3
from pathlib import Path

import pytest
import yaml

from ablate.identity import digest

pytestmark = pytest.mark.slow

MINE = """
import numpy as np
import helper

def train(config, seed):
    params = config["params"]
    rng = np.random.default_rng(seed)
    gain = 0.1 if params.get("batchnorm") else 0.0
    return {"acc": helper.BASE + gain + params.get("width", 0) / 10 + 0.01 * rng.standard_normal()}

train.metrics = {"acc": "higher"}
"""


@pytest.fixture
def project(tmp_path, ablate):
    """A project in an empty folder; `project(...)` runs a command in it without a report and one process."""
    (tmp_path / "studies").mkdir()

    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")

    def study(factors, claims=(), **more):
        fixed = {"program": "function", "program.target": "mine.py:train", **more.pop("fixed", {})}
        made = {"title": "t", "fixed": fixed, "factors": factors, "seeds": 8, "claims": list(claims), **more}
        write("studies/s.yaml", yaml.safe_dump(made))

    def run(*arguments, jobs=1):
        return ablate("run", "s", "--no-report", "-j", str(jobs), *arguments)

    write("helper.py", "BASE = 0.5")
    write("mine.py", MINE)
    run.write, run.study, run.ablate, run.folder = write, study, ablate, tmp_path
    return run


def verdicts(project):
    _, out, _ = project.ablate("verdict", "s", "--json")
    return {v["claim_id"]: v for v in json.loads(out)["verdicts"]}


def values(project, metric="acc"):
    with sqlite3.connect(project.folder / "mlruns" / "mlflow.db") as connection:
        rows = connection.execute(
            "SELECT m.value FROM metrics m JOIN tags k ON k.run_uuid = m.run_uuid "
            "WHERE m.key = ? AND k.key = 'ablate.kind' AND k.value = 'seed'",
            (metric,),
        )
        return [value for (value,) in rows]


def equal(factor, one, other, name="same"):
    return {"id": name, "kind": "equivalence", "says": "no matter", "metric": "acc", "within": 0.005,
            "arm": {factor: other}, "against": {factor: one}}  # fmt: skip


def better(factor, one, other, name="better"):
    return {"id": name, "says": "it helps", "metric": "acc", "by_at_least": 0.01, "arm": {factor: other},
            "against": {factor: one}}  # fmt: skip


def test_a_factor_that_nobody_reads_is_named_and_not_tested(project):
    project.study({"program.params.widht": [0, 0.5]}, [equal("program.params.widht", 0, 0.5)])
    code, out, err = project()
    assert code == 0
    assert "no run read `widht`, which is a factor: its levels make no difference" in err
    assert "it looked for `width`, which is not given" in err
    verdict = verdicts(project)["same"]
    assert verdict["outcome"] == "not_tested"
    assert "No run read program.params.widht" in verdict["why"]
    project.ablate("report", "s")
    page = (project.folder / "reports" / "s" / "report.md").read_text(encoding="utf-8")
    assert "No run read the factor widht: its levels cannot make a difference." in page
    code, out, _ = project.ablate("report", "--csv", "reports/s")
    assert code == 0
    assert "equal to" in out


@pytest.mark.parametrize("jobs", [1, 2])
def test_off_and_on_are_texts_and_said_to_be(project, jobs):
    factor = "program.params.batchnorm"
    project.study({factor: ["off", "on"]}, [better(factor, "off", "on")])
    code, _, err = project(jobs=jobs)
    assert code == 0
    assert "`batchnorm`: the function gets the texts 'off' and 'on', which Python takes for true" in err
    assert "is the factor read (program.params.batchnorm)?" in verdicts(project)["better"]["why"]


def test_truth_values_are_read_as_such(project):
    factor = "program.params.batchnorm"
    project.study({factor: [False, True]}, [better(factor, False, True)])
    _, _, err = project()
    assert err.count("ablate:") == 0
    assert verdicts(project)["better"]["outcome"] == "supported"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("off,on", "the texts 'off' and 'on', which Python takes for true"),
        ("none,shift", "the text 'none', which is not Python's None"),
        ("none,'null',None", "the texts 'none', 'null' and 'None', which are not Python's None"),
        ("'false',true", "the text 'false', which Python takes for true"),
        ("'0.1','0.2'", "the texts '0.1' and '0.2', which are not numbers"),
        ("relu,tanh", ""),
        ("0,1", ""),
        ("null,1", ""),
    ],
)
def test_the_command_line_says_the_same(project, typed, said):
    code, _, err = project.ablate(
        "-m", "program=function", "program.target=mine.py:train", f"program.params.batchnorm={typed}", "seeds=2",
        "hydra.sweeper.action=plan",
    )  # fmt: skip
    assert code == 0
    assert said in err
    assert bool(said) == ("the function gets" in err)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("reg=none,l2", ""),
        ("reg=None,l2", "`reg`: the function gets the text 'None', which is not Python's None"),
        ("bn=off,on", ""),
        ("bn=none,on", "`bn`: the function gets the text 'none'"),
        ("norm=none,batch", ""),
        ("act=none,relu", "`act`: the function gets the text 'none'"),
        ("any=none,0.1", "`any`: the function gets the text 'none'"),
    ],
)
def test_a_text_that_the_function_itself_names_is_what_it_wants(project, typed, said):
    project.write(
        "mine.py",
        "from typing import Any, Literal\n\n"
        "def train(reg='none', bn='off', norm: Literal['none', 'batch'] | None = 'batch', act='relu', any: Any = 0.1,\n"
        "          seed=0):\n    return {'acc': 0.5}\n",
    )
    code, _, err = project.ablate("plan", "mine.py:train", typed, "seeds=8", "--metric", "acc:higher")
    assert code == 0, err
    assert said in err
    assert bool(said) == ("the function gets" in err)


@pytest.mark.parametrize(
    ("metrics", "told", "kept"),
    [
        (["accc:higher"], "expected 'accc', got 'acc', 'late', 'none'; nearest match: 'acc'", "1 crashed"),
        (["accc:higher", "late:lower"], "one of what it returned, 'acc', 'late'; nearest match: 'acc'", "1 finished"),
        (["none:higher", "late:lower"], "", "16 finished"),
        (["late:lower", "accc:higher"], "", "16 finished"),
        (["acc:higher"], "", "16 finished"),
    ],
)
def test_a_mistyped_metric_ends_the_sweep_with_its_first_run(project, metrics, told, kept):
    project.write(
        "mine.py", "def train(lr=0.1, seed=0):\n    return {'acc': lr + seed, 'late': seed * lr, 'none': None}\n"
    )
    words = [word for metric in metrics for word in ("--metric", metric)]
    code, out, err = project.ablate("run", "mine.py:train", "lr=0.1,0.2", "seeds=8", *words, "-j", "1", "--no-report")
    assert code == (1 if told else 0), err
    last = err.strip().splitlines()[-1] if told else ""
    assert told in last
    if told:
        assert last.startswith(
            "ablate: no metric 'accc' came out of the first run (baseline, seed 0), and it is what is"
        )
        assert "runs that finished are kept" in last
    assert kept in project.ablate("status", "adhoc")[1]
    right = ("run", "mine.py:train", "lr=0.1,0.2", "seeds=8", "--metric", "acc:higher", "-j", "1", "--no-report")
    code, out, err = project.ablate(*right)
    assert code == 0, err
    assert ("15 runs in" in out) == (kept == "1 finished")


def test_a_mistyped_metric_of_a_command_ends_the_sweep_too(project):
    project.write("say.py", "import sys\nprint('accuracy=0.' + sys.argv[1])\n")
    code, _, err = project.ablate(
        "run", "lr=1,2", "seeds=4", "--metric", "acuracy:higher", "-j", "1", "--no-report",
        "--", "python", "say.py", "{lr}{seed}",
    )  # fmt: skip
    assert code == 1
    assert "no metric 'acuracy' came out of the first run (baseline, seed 0)" in err
    assert "only 'accuracy'; nearest match: 'accuracy'" in err
    assert "1 crashed" in project.ablate("status", "adhoc")[1]


def test_a_text_that_is_fixed_is_told_too(project):
    project.study({"program.params.width": [1, 2]}, fixed={"program.params.deep": {"dropout": "no"}})
    _, _, err = project.ablate("plan", "s")
    assert "`deep.dropout`: the function gets the text 'no'" in err


def test_a_comment_in_the_code_runs_nothing_again_and_a_change_in_a_helper_everything(project):
    project.study({"program.params.width": [1, 2]}, [better("program.params.width", 1, 2)])
    assert "16 runs" in project()[1]
    project.write("mine.py", "# a comment\n" + MINE.replace("    params =", "    'a note'\n\n    params ="))
    project.write("helper.py", "BASE = 0.5  # a comment")
    assert "nothing to do" in project()[1]
    project.write("mine.py", MINE + "\ntrain.metrics = {'acc': 'higher', 'loss': 'lower'}\n")
    assert "nothing to do" in project()[1]
    project.write("helper.py", "BASE = 0.7")
    _, out, err = project.ablate("plan", "s")
    assert "helper changed since 16 finished runs were made: they no longer count, and are made again" in err
    assert "16\n" in out
    code, out, err = project.ablate("extend", "s", "--seeds", "2")
    assert code == 2
    assert "its code, its levels or its settings changed since; `ablate run s` first" in err
    assert "16 runs" in project("seeds=8")[1]
    assert "2 runs" in project("seeds=9")[1], "seeds are added to runs of the same code"
    project.ablate("report", "s")
    shown = (project.folder / "reports" / "s" / "runs.csv").read_text(encoding="utf-8").splitlines()[1:]
    accuracies = [float(line.rpartition(",")[2]) for line in shown]
    assert len(accuracies) == 18
    assert min(accuracies) > 0.75, "no run of the old code stands beside those of the new"
    page = (project.folder / "reports" / "s" / "report.md").read_text(encoding="utf-8")
    assert page.count("The code changed (helper) after 16 runs had finished") == 1
    project.write("helper.py", "BASE = 0.5")
    assert "nothing to do" in project()[1], "the old code finds its own runs again"


@pytest.mark.parametrize("option", ["program.params.unused=1", "target_accuracy=0.5"])
def test_an_option_that_nobody_reads_runs_nothing_again(project, option):
    project.study({"program.params.width": [1, 2]}, [better("program.params.width", 1, 2)])
    project()
    code, out, err = project(option)
    assert code == 0
    assert "nothing to do" in out
    assert "post hoc" not in err
    key = option.partition("=")[0].removeprefix("program.params.")
    assert f"no run read `{key}`, which is fixed" in err
    _, out, _ = project.ablate("plan", "s", option, "seeds=9")
    assert "     2" in out
    assert verdicts(project)["better"]["post_hoc"] is False


def test_an_option_that_is_read_runs_everything_again(project):
    project.study({"program.params.width": [1, 2]})
    project()
    assert "16 runs" in project("program.params.batchnorm=true")[1]
    project.write("mine.py", MINE.replace("0.01 *", "0.01 * len(config['target_split']) *"))
    assert "16 runs" in project()[1]
    assert "nothing to do" in project("target_accuracy=0.5")[1]
    assert "16 runs" in project("target_split=train")[1]


@pytest.mark.parametrize(
    ("option", "key"),
    [("dropout.drop_probability=0.5", "dropout.drop_probability"), ("dropout=bernoulli", "dropout"),
     ("epochs=3", "epochs"), ("memory_gb=2.0", "memory_gb")],
)  # fmt: skip
def test_a_setting_of_the_net_is_refused_before_anything_runs(project, option, key):
    project.study({"program.params.width": [1, 2]})
    code, out, err = project(option)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert (
        f"`{key}` would have no effect: program=function owns target_accuracy, target_split, program.…; a "
        f"setting of your own function is `program.params.{key}`"
    ) in err
    assert not (project.folder / "mlruns").exists()
    _, _, swept = project.ablate(
        "-m", "program=function", "program.target=mine.py:train", "program.params.a=1,2", option
    )
    assert f"the command line: `{key}` would have no effect: program=function owns" in swept


def test_a_factor_or_a_tuned_key_of_the_net_is_refused_as_well(project):
    project.study({"dropout": ["none", "bernoulli"]})
    assert "s: `dropout` would have no effect: program=function owns" in project()[2]
    project.study({"program.params.width": [1, 2]}, tune={"space": {"optimizer.lr": [0.1, 1]}, "metric": "acc"})
    assert "s: `optimizer.lr` would have no effect" in project()[2]


def test_a_setting_that_one_of_two_programs_owns_is_a_setting_of_that_one(project):
    study = {"title": "t", "factors": {"program": ["surface", "theory_check"]}, "seeds": 2}
    project.write("studies/s.yaml", yaml.safe_dump({**study, "fixed": {"steps": 3}}))
    assert "4 runs in" in project()[1]
    project.write("studies/s.yaml", yaml.safe_dump({**study, "fixed": {"epochs": 3, "norm": "batch"}}))
    said = "s: `norm` would have no effect: program=surface, theory_check owns epochs, optimizer, steps, program.…"
    assert said + "\n" in project()[2]


def test_a_run_is_logged_with_what_its_function_saw_and_nothing_of_a_net(project):
    project.study({"program.params.width": [1, 2]}, seeds=2, fixed={"program.params.dropout": 0.5})
    project()
    with sqlite3.connect(project.folder / "mlruns" / "mlflow.db") as connection:
        keys = {key for (key,) in connection.execute("SELECT DISTINCT key FROM params")}
        values = {value for (value,) in connection.execute("SELECT value FROM params WHERE key LIKE '%dropout'")}
    assert keys == {
        "seed", "outcome", "program.name", "program.params.width", "program.params.dropout", "program.target",
        "target_accuracy", "target_split",
    }  # fmt: skip
    assert values == {"0.5"}
    (config,) = {path.read_text() for path in project.folder.glob("multirun/**/0/.hydra/config.yaml")}
    assert yaml.safe_load(config).keys() == {"program", "seeds", "target_accuracy", "target_split"}


def test_the_former_way_to_name_metrics_names_the_one_there_is(project):
    project.study({"program.params.width": [1, 2]}, fixed={"program.logs": ["acc"]})
    code, _, err = project()
    assert (code, len(err.splitlines())) == (2, 1)
    assert (
        "`program.logs` is not a setting any longer: a study says which metrics its function returns: `metrics: {"
        in err
    )


@pytest.mark.parametrize("how", ["watch", "fixed"])
def test_a_script_that_is_watched_makes_new_runs_when_it_changes(project, how):
    project.write("mine.py", "import subprocess\n" + MINE)
    project.write("script.sh", "echo 1")
    key = {"watch": ["script.sh"]} if how == "watch" else {"fixed": {"program.watch": ["script.sh"]}}
    project.study({"program.params.width": [1, 2]}, **key)
    _, out, err = project()
    assert "16 runs" in out
    assert "subprocess" not in err
    project.write("script.sh", "echo 2")
    _, out, err = project()
    assert "16 runs" in out
    assert "script.sh changed since 16 finished runs were made" in err
    (project.folder / "script.sh").unlink()
    code, _, err = project()
    assert code == 2
    assert "`program.watch` must name files that are there, got 'script.sh'" in err


def test_code_that_starts_other_code_is_told_to_be_watched(project):
    project.write("helper.py", "import subprocess\nBASE = 0.5")
    project.study({"program.params.width": [1, 2]})
    _, _, err = project.ablate("plan", "s")
    assert "mine.py:train: helper has `subprocess`; what that runs is not seen" in err
    assert "program.watch=[script.sh]" in err


def test_what_a_watched_script_imports_from_elsewhere_is_told(project):
    (project.folder / "scripts" / "lib").mkdir(parents=True)
    project.write("scripts/run.py", "import sys, json\nsys.path.insert(0, 'scripts/lib')\nimport beside\nimport tools")
    project.write("scripts/beside.py", "")
    project.write("scripts/lib/tools.py", "A = 1")
    project.study({"program.params.width": [1, 2]}, watch=["scripts/run.py"])
    _, _, err = project.ablate("plan", "s")
    assert err.count("scripts/run.py imports tools, which is not found from its folder; a change to it would not") == 1
    project.study({"program.params.width": [1, 2]}, watch=["scripts/run.py", "scripts/lib"])
    _, _, err = project.ablate("plan", "s")
    assert "tools" not in err  # named in `watch`


def test_fresh_runs_everything_again_and_only_that_is_read(project):
    project.study({"program.params.width": [1, 2]}, [better("program.params.width", 1, 2)])
    project.write("mine.py", MINE.replace("    rng", "    import time; rng").replace("0.01 *", "1e-12 * time.time() +"))
    project()
    before = values(project)
    code, out, _ = project("--fresh")
    assert code == 0
    assert "s: 16 runs put aside; they stay in MLflow and no longer count" in out
    assert "s: 16 runs in" in out
    after = values(project)
    assert len(after) == 16
    assert not set(before) & set(after)
    assert "nothing to do" in project()[1]
    project.ablate("report", "s")
    page = (project.folder / "reports" / "s" / "report.md").read_text(encoding="utf-8")
    assert "the earlier 16 runs are kept in MLflow and not judged here" in page


def test_fresh_goes_with_a_run_alone(project):
    project.study({"program.params.width": [1, 2]})
    code, _, err = project.ablate("plan", "s", "--fresh")
    assert code == 2
    assert "--fresh" in err


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_would_end_the_process_crashes_its_run_and_the_others_go_on(project, jobs):
    project.write("mine.py", MINE.replace("    rng", "    if seed == 3: raise SystemExit(0)\n    rng"))
    project.study({"program.params.width": [1, 2]})
    code, out, err = project(jobs=jobs)
    assert code == 1
    assert "2 crashed, 14 finished" in out
    assert "2 of 2 arms crashed: " in err
    assert "baseline; width=2 (it ended the process (SystemExit: 0))" in err  # one error of two arms is said once
    assert "Traceback" not in err


def test_a_metric_that_was_not_declared_is_kept_and_said_once(project):
    project.write("mine.py", MINE.replace("return {", "return {'loss': 0.5, "))
    project.study({"program.params.width": [1, 2]}, [better("program.params.width", 1, 2)])
    code, _, err = project()
    assert code == 0
    assert err.count("mine.py:train returns 'loss', which it does not declare; it is kept") == 1
    assert values(project, "loss") == [0.5] * 16
    assert verdicts(project)["better"]["outcome"] == "supported"


def stored_before(project, target="mine.py:train"):
    """Make the stored runs what the version before stored: no tags, and the file's own digest in every name."""
    code = hashlib.sha256((project.folder / "mine.py").read_bytes()).hexdigest()
    former = digest({"target": target, "code": code})
    with sqlite3.connect(project.folder / "mlruns" / "mlflow.db") as connection:
        runs = connection.execute("SELECT r.run_uuid, r.artifact_uri, t.value FROM runs r JOIN tags t ON "
                                  "t.run_uuid = r.run_uuid WHERE t.key = 'ablate.arm_id'").fetchall()  # fmt: skip
        for run, uri, _ in runs:
            config = json.loads((Path(uri.removeprefix("file://")) / "config.json").read_text(encoding="utf-8"))
            what = {"revision": 1, "config": config, "fingerprint": former}
            seeds = connection.execute("SELECT value FROM tags WHERE run_uuid = ? AND key = 'ablate.seed'", (run,))
            changed = {"ablate.arm_id": digest(what)[:12]}
            for (seed,) in seeds.fetchall():
                changed["ablate.identity"] = digest({**what, "seed": int(seed)})
            for key, value in changed.items():
                connection.execute("UPDATE tags SET value = ? WHERE run_uuid = ? AND key = ?", (value, run, key))
        connection.execute("DELETE FROM tags WHERE key IN ('ablate.fingerprint', 'ablate.read', 'ablate.config')")


def test_runs_that_were_stored_before_are_found_again_until_something_changes(project):
    project.study({"program.params.width": [1, 2]})
    project()
    stored_before(project)
    assert "nothing to do" in project()[1]
    assert "2 runs" in project("seeds=9")[1]
    project.write("mine.py", "# a comment\n" + MINE)
    assert "nothing to do" in project("seeds=9")[1], "found once, they are known by what their code says"
    project.write("helper.py", "BASE = 0.7")
    assert "18 runs" in project("seeds=9")[1]


def test_runs_that_were_stored_before_are_not_taken_for_those_of_a_helper_written_since(project):
    project.study({"program.params.width": [1, 2]})
    project()
    stored_before(project)
    later = project.folder.stat().st_mtime + 3600
    os.utime(project.folder / "helper.py", (later, later))
    assert "16 runs" in project()[1]


def test_a_study_of_the_numpy_core_says_which_key_it_does_not_read(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    study = {
        "title": "t", "seeds": 8, "factors": {"epochs": [1, 2]}, "claims": [
            {"id": "c", "kind": "equivalence", "says": "no matter", "metric": "final/test_accuracy", "within": 0.01,
             "arm": {"epochs": 2}, "against": {"epochs": 1}}],
        "fixed": {"dataset": "rings", "dataset.train_size": 20, "steps": 2, "batch_size": 10, "model.hidden": [2]},
    }  # fmt: skip
    (tmp_path / "studies" / "s.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    code, out, _ = ablate("run", "s", "-j", "1")
    assert code == 0
    assert "Not tested: whether" in out
    assert "No run read epochs, which is all that its arms differ in" in out


def test_imported_arms_that_agree_to_the_last_bit_are_not_tested(ablate, tmp_path):
    study = {"title": "t", "seeds": 8, "factors": {"norm": ["none", "batch"]}, "claims": [
        {"id": "c", "kind": "equivalence", "says": "no matter", "metric": "final/test_accuracy", "within": 0.01,
         "arm": {"norm": "batch"}, "against": {"norm": "none"}}]}  # fmt: skip
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    rows = [f"{norm},{seed},0.{90 + seed}" for norm in ("none", "batch") for seed in range(8)]
    (tmp_path / "s.csv").write_text("\n".join(["norm,seed,final/test_accuracy", *rows]), encoding="utf-8")
    code, out, _ = ablate("import", "s.yaml", "s.csv")
    assert code == 0
    assert "Not tested: whether" in out
    assert "is the factor read (norm)?" in out


UNDECLARED = """
def train(config, seed):
    return {"val/score": 0.1 * config["params"]["k"] + seed / 1000, "lat": 3.5 + seed / 1000}
"""
DECLARED = {"val/score": "higher", "lat": {"better": "lower", "unit": "ms"}}


@pytest.mark.parametrize("given", ["in the file", "on the command line"])
def test_the_metrics_of_a_study_are_those_its_function_returns(project, given):
    project.write("mine.py", UNDECLARED)
    claim = {**better("program.params.k", 0, 1), "metric": "val/score"}
    declared = "metrics={val/score: higher, lat: {better: lower, unit: ms}}"
    project.study({"program.params.k": [0, 1]}, [claim], **({"metrics": DECLARED} if given == "in the file" else {}))
    code, _, err = project(*([declared] if given == "on the command line" else []))
    assert code == 0, err
    assert verdicts(project)["better"]["outcome"] == "supported"
    if given == "on the command line":
        code, _, err = project.ablate("plan", "s")
        assert code == 2
        assert "does not say which metrics it returns" in err


def test_an_ad_hoc_sweep_declares_the_metrics_of_its_function(project):
    project.write("mine.py", UNDECLARED)
    sweep = ["-m", "program=function", "program.target=mine.py:train", "program.params.k=0,1", "seeds=6"]
    code, _, err = project.ablate(*sweep, "metrics={val/score: higher, lat: {better: lower, unit: ms}}")
    assert code == 0, err
    page = (project.folder / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert "val/score" in page
    assert "lat (ms)" in page
    for wrong, told in (("metrics=higher", "`metrics` must be"), ("metrics={lat: lwoer}", "nearest match: lower")):
        code, _, err = project.ablate(*sweep, wrong)
        assert (code, len(err.strip().splitlines())) == (2, 1)
        assert told in err


RANKED = """
def train(config, seed):
    width = config["params"]["width"]
    return {"alpha": float(width), "final/test_accuracy": 0.6 + seed / 100, "zeta": width + seed / 10}


train.metrics = {"zeta": "higher", "final/test_accuracy": "higher", "alpha": "lower"}
"""


def test_the_metric_that_a_function_declares_first_is_the_main_one(project):
    project.write("mine.py", RANKED)
    code, _, err = project.ablate(
        "-m", "program=function", "program.target=mine.py:train", "program.params.width=1,2", "seeds=6"
    )
    assert code == 0, err
    page = (project.folder / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (.*)$", page.split("## Ablation table")[1], re.M)[0] == "zeta"
    assert re.findall(r"\]\(figures/([^)]*)\.png", page) == ["effects-zeta", "seeds-zeta"]


IN_A_FOLDER = "import sys\nsys.path.insert(0, 'lib')\n" + MINE
MADE_UP = MINE.replace("import helper\n", "import importlib\n").replace(
    "helper.BASE", "importlib.import_module('hel' + 'per').BASE"
)


@pytest.mark.parametrize(("file", "mine"), [("lib/helper.py", IN_A_FOLDER), ("helper.py", MADE_UP)])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_module_that_no_folder_or_name_shows_is_part_of_the_code(project, file, mine, jobs):
    (project.folder / "helper.py").unlink()
    (project.folder / "lib").mkdir()
    project.write(file, "BASE = 0.1")
    project.write("mine.py", mine)
    project.study({"program.params.width": [1, 2]}, [better("program.params.width", 1, 2)])
    code, out, err = project(jobs=jobs)
    assert (code, "16 runs" in out, "crashed" in out + err) == (0, True, False)
    project.write(file, "BASE = 0.5  # set")
    project.study({"program.params.width": [1, 2, 3]}, [better("program.params.width", 1, 3)])
    _, out, err = project.ablate("plan", "s")
    assert "changed since 16 finished runs were made: they no longer count" in err
    _, out, _ = project(jobs=jobs)
    assert "24 runs" in out
    assert "finished before" not in out
    assert "nothing to do" in project()[1]
    assert verdicts(project)["better"]["outcome"] == "supported"
    project.write(file, "BASE = 0.1")
    assert "8 runs" in project(jobs=jobs)[1], "the runs of before are found again"


def test_runs_that_imported_different_code_are_not_compared(project):
    changing = (
        "    if params['width'] == 2:\n        __import__('pathlib').Path('helper.py').write_text('BASE = 0.9')\n"
    )
    project.write("mine.py", MADE_UP.replace("    rng =", f"{changing}    rng ="))
    project.study({"program.params.width": [1, 2, 3]}, [better("program.params.width", 1, 3)])
    project(jobs=1)
    held = verdicts(project)["better"]
    assert held["outcome"] == "not_tested"
    assert "Its runs were made with different code of helper.py." in held["sentence"]
    _, out, _ = project.ablate("plan", "s")
    assert "nothing to do" not in out


def test_arms_that_differ_in_what_their_program_does_not_own_share_runs_and_are_not_compared(ablate, tmp_path):
    (tmp_path / "mixed.yaml").write_text(
        "title: t\nquestion: q\nseeds: 8\nfixed: {dataset: digits, dataset.train_size: 100, epochs: 1}\n"
        "factors: {program: [numpy, knn], optimizer.lr: [0.1, 0.5]}\n"
        "claims:\n  - {id: lr, says: s, metric: final/test_accuracy, by_at_least: 0.01, each: program,\n"
        "     arm: {optimizer.lr: 0.5}, against: {optimizer.lr: 0.1}}\n"
    )
    code, out, err = ablate("plan", "mixed.yaml")
    assert code == 0, err
    assert "4 arms x 8 seeds = 24 runs (1 arm whose program does not own what it differs in: the same runs)" in out
    code, out, err = ablate("run", "mixed.yaml", "--jobs", "1")
    assert code == 0, err
    assert "24 runs in" in out
    assert "at program=knn. No run read optimizer.lr, which is all that its arms differ in" in out
    assert "nothing to do" in ablate("run", "mixed.yaml")[1]


def test_where_every_run_fails_that_is_said_first_with_the_commonest_error_and_its_log(project):
    project.write(
        "mine.py",
        "def train(lr=0.1, seed=0):\n    if lr > 0.1 and seed == 0:\n        raise KeyError('other')\n"
        "    raise RuntimeError('out of memory')\n",
    )
    code, out, _ = project.ablate("run", "mine.py:train", "lr=0.1,0.5", "seeds=3", "--metric", "acc:higher", "-j", "1")
    assert code == 1
    told = "ll 6 runs failed (6 crashed). Most often: RuntimeError: out of memory (5 runs). Its log: ablate"
    assert out.startswith(f"adhoc: a{told} status adhoc\n")
    assert f"no verdict. A{told} show " in out
    assert "In two parts" not in out
    page = (project.folder / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    log = re.search(rf"\*\*A{re.escape(told)} show (\w+)\*\*", page)
    assert page.index(log[0]) < page.index("## ")
    code, shown, _ = project.ablate("show", log[1])
    assert "RuntimeError: out of memory" in shown
    html = (project.folder / "reports" / "adhoc" / "report.html").read_text(encoding="utf-8")
    assert f"<b>A{told} show {log[1]}</b>" in html
    project.ablate("report", "adhoc", "--lang", "zh")
    chinese = (project.folder / "reports" / "adhoc.zh" / "report.md").read_text(encoding="utf-8")
    assert "全部 6 次运行都失败了" in chinese


def test_where_one_run_does_not_fail_nothing_is_said_first(project):
    project.write(
        "mine.py", "def train(lr=0.1, seed=0):\n    assert lr > 0.1 or seed == 1\n    return {'acc': lr + seed / 10}\n"
    )
    _, out, _ = project.ablate("run", "mine.py:train", "lr=0.1,0.5", "seeds=3", "--metric", "acc:higher", "-j", "1")
    assert "runs failed (" not in out
    page = (project.folder / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert "runs failed (" not in page
