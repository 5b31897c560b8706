"""A study from Python is the study of the command line: plan, identities, store, verdicts."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

import ablate
from ablate.cli import main
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.track.read import read_study
from ablate.words.document import document_of
from ablate.work.events import Planned, RunFinished, StudyRan, Warned

TRAIN = """
from helper import noise


def train(config, seed):
    params = config["params"]
    return {"score": 0.5 + 0.2 * params["gain"] + (0.05 if params["norm"] == "batch" else 0.0) + noise(seed)}
"""
HELPER = "def noise(seed):\n    return (seed * 7 % 5) / 200\n"
METRIC = ablate.Metric("score", better="higher", unit="fraction")
FACTORS = {"gain": [0.0, 0.5], "norm": ["none", "batch"]}
P = "program.params."
CLAIM = {"id": "norm-helps", "says": "Norm helps", "metric": "score", "by_at_least": 0.01}


def study(name="mine", **more):
    claim = ablate.claim(CLAIM["id"], CLAIM["says"], metric="score", by_at_least=0.01, each="gain",
                         arm={"norm": "batch"}, against={"norm": "none"})  # fmt: skip
    given = {"factors": FACTORS, "metrics": [METRIC], "claims": [claim], "fixed": {"depth": 3}, "seeds": 7}
    return ablate.Study(name, **{**given, **more})


@pytest.fixture
def train(folder):
    (folder / "mine_training.py").write_text(TRAIN, encoding="utf-8")
    (folder / "helper.py").write_text(HELPER, encoding="utf-8")
    from mine_training import train

    return train


def test_python_and_the_command_line_make_the_same_runs_and_verdicts(folder, train, capsys):
    ours = study().run(train, jobs=1, progress=False)
    assert capsys.readouterr() == ("", ""), "a use case prints nothing by itself"
    mine = read_study(folder, "mine")
    content = {
        "title": "mine", "metrics": {"score": METRIC.as_dict()}, "seeds": 7,
        "fixed": {P + "depth": 3, "program": "function", "program.target": "mine_training:train"},
        "factors": {P + name: levels for name, levels in FACTORS.items()},
        "claims": [{**CLAIM, "each": P + "gain", "arm": {P + "norm": "batch"}, "against": {P + "norm": "none"}}],
    }  # fmt: skip
    (folder / "typed").mkdir()
    (folder / "typed" / "mine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    assert main(["run", "typed/mine.yaml", "--jobs", "1", "--no-report"]) == 0
    assert "nothing to do, all 28 runs are finished" in capsys.readouterr().out

    assert main(["run", "typed/mine.yaml", "--jobs", "1", "--no-report", "--root", str(folder / "other")]) == 0
    theirs = read_study(folder / "other", "mine")
    assert mine.study["key"] == theirs.study["key"]
    assert mine.study["definition"] == theirs.study["definition"]
    assert mine.study["registration"]["sha256"] == theirs.study["registration"]["sha256"]
    assert sorted(mine.seeds["identity"]) == sorted(theirs.seeds["identity"])
    assert mine.planned["arm_id"].tolist() == theirs.planned["arm_id"].tolist()
    capsys.readouterr()
    assert main(["verdict", "mine", "--json", "--root", str(folder / "other")]) == 0
    said = json.loads(capsys.readouterr().out)["verdicts"]
    assert [json.loads(json.dumps(document_of(v))) for v in ours._judgement.verdicts] == said
    assert [v["claim_id"] for v in said] == [f"norm-helps[{P}gain=0.0]", f"norm-helps[{P}gain=0.5]"]
    assert [v.claim_id for v in ours.verdicts] == ["norm-helps[gain=0.0]", "norm-helps[gain=0.5]"]
    assert [v.outcome for v in ours.verdicts] == ["supported", "supported"]


def test_it_is_found_by_report_and_its_own_report_says_the_same(folder, train, capsys):
    result = study().run(train, jobs=1, progress=False)
    written = result.report("out")
    assert main(["report", "mine"]) == 0
    assert "Supported" in capsys.readouterr().out
    for name in ("runs.csv", "verdicts.json"):
        assert (written / name).read_text("utf-8") == (folder / "reports" / "mine" / name).read_text("utf-8")
    assert main(["report", "--csv", "out"]) == 0


def test_pages_in_two_languages_are_made_from_one_judging(folder, train, monkeypatch):
    result = study().run(train, jobs=1, progress=False)
    judged = []

    def counted(*args, **kwargs):
        judged.append(args)
        return judge(*args, **kwargs)

    monkeypatch.setattr("ablate.judge.planned.judge", counted)
    english, chinese = result.report("out"), result.report("out-zh", lang="zh")
    assert judged == []
    assert main(["report", "mine", "--lang", "zh"]) == 0
    assert len(judged) == 1
    files = [
        (where / "verdicts.json").read_text("utf-8") for where in (english, chinese, folder / "reports" / "mine.zh")
    ]
    assert files[0] == files[1] == files[2]
    assert "支持" in (chinese / "report.md").read_text("utf-8")
    with speaking("zh"):
        assert "支持" in result.verdicts[0].sentence()
    assert result.verdicts[0].sentence().startswith("Supported")


def test_the_second_call_has_nothing_to_do_and_more_seeds_are_an_extension(train):
    seen = []
    study().run(train, jobs=1, progress=False)
    study().run(train, jobs=1, progress=False, tell=seen.append)
    (ran,) = [event for event in seen if isinstance(event, StudyRan)]
    assert (ran.summary.ran, ran.summary.skipped) == (0, 28)
    assert not [event for event in seen if isinstance(event, RunFinished)]
    seen.clear()
    plan = study().plan(train, seeds=8)
    assert (plan.runs, plan.left, repr(plan)) == (32, 4, "mine: 4 arms x 8 seeds = 32 runs, 4 of them left")
    assert plan.arms.to_dict("list") == {
        "arm": ["baseline", "norm=batch", "gain=0.5", "gain=0.5, norm=batch"],
        "gain": [0.0, 0.0, 0.5, 0.5], "norm": ["none", "batch"] * 2, "done": [7] * 4, "left": [1] * 4,
    }  # fmt: skip
    assert plan._repr_html_().count("<tr") == 5
    result = study().run(train, seeds=8, jobs=1, progress=False, tell=seen.append)
    assert [event.seed for event in seen if isinstance(event, RunFinished)] == [7] * 4
    assert any("an extension" in event.text for event in seen if isinstance(event, Warned))
    assert (len(result.verdicts), len(result.extended)) == (2, 2)
    assert any(isinstance(event, Planned) for event in seen)


def test_runs_are_a_table_under_the_names_that_were_given(train):
    runs = study().run(train, jobs=1, progress=False).runs
    assert list(runs.columns) == ["arm", "gain", "norm", "seed", "outcome", "seconds", "score"]
    assert len(runs) == 28
    means = runs.groupby("norm")["score"].mean()
    assert means["batch"] - means["none"] == pytest.approx(0.05)
    pd.testing.assert_frame_equal(ablate.read_runs("mine"), runs)
    assert [v.outcome for v in ablate.read_study("mine").verdicts] == ["supported", "supported"]


def test_a_changed_file_makes_new_runs_and_is_what_runs_even_if_it_was_imported_before(folder, train):
    study().run(train, jobs=1, progress=False)
    (folder / "helper.py").write_text(HELPER.replace("200", "100"), encoding="utf-8")
    (folder / "mine_training.py").write_text(TRAIN.replace("0.05", "0.1"), encoding="utf-8")
    seen = []
    result = study().run(train, jobs=1, progress=False, tell=seen.append)
    warned = [event.text for event in seen if isinstance(event, Warned)]
    assert "mine_training:train was changed since it was imported: what its file says now is run" in warned
    assert any("changed since 28 finished runs were made" in text for text in warned)
    scores = result.runs[(result.runs["norm"] == "batch") & (result.runs["gain"] == 0.0)]["score"]
    assert sorted(scores) == pytest.approx(sorted(0.6 + (seed * 7 % 5) / 100 for seed in range(7)))


def test_workers_find_the_function_and_a_module_that_the_user_holds_is_left_alone(folder, train):
    import helper

    before = helper
    result = study().run(train, jobs=2, progress=False)
    assert len(result.runs) == 28
    import helper as after

    assert after is before


def test_a_study_of_the_core_and_a_study_file_are_run_without_a_function(folder, capsys):
    small = {"dataset": "digits", "dataset.train_size": 100, "model.hidden": [8], "batch_size": 20, "epochs": 2}
    claim = {"id": "scale", "says": "Scale matters", "metric": "final/test_accuracy",
             "arm": {"init.std": 0.3}, "against": {"init.std": 0.0001}}  # fmt: skip
    core = ablate.Study("core", fixed=small, factors={"init.std": [0.3, 0.0001]}, claims=[claim])
    result = core.run(seeds=6, jobs=1, progress=False)
    (folder / "core.yaml").write_text(
        yaml.safe_dump({"title": "core", "fixed": small, "factors": {"init.std": [0.3, 0.0001]}, "claims": [claim],
                        "seeds": 6}), encoding="utf-8",
    )  # fmt: skip
    seen = []
    same = ablate.Study.from_file("core.yaml").run(jobs=1, progress=False, tell=seen.append)
    assert [event.summary.ran for event in seen if isinstance(event, StudyRan)] == [0]
    assert [v.as_dict() for v in same.verdicts] == [v.as_dict() for v in result.verdicts]
    assert main(["run", "core.yaml", "--no-report"]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_numbers_of_numpy_are_numbers(train):
    study().run(train, jobs=1, progress=False)
    same = study(factors={"gain": np.linspace(0.0, 0.5, 2), "norm": ("none", "batch")}, fixed={"depth": np.int64(3)})
    assert same.plan(train, seeds=np.arange(7)).left == 0
    assert same.plan(train, seeds=range(np.int64(8))).left == 4


def test_components_of_the_users_own_are_used_as_in_a_study_file(folder, capsys):
    (folder / "parts.py").write_text(
        "from dataclasses import dataclass\nfrom ablate.nn.activations.smooth import Tanh\n"
        "from ablate.registry import register\n\n\n@register('activation', 'own_tanh')\n@dataclass(frozen=True)\n"
        "class OwnTanh(Tanh):\n    pass\n", encoding="utf-8",
    )  # fmt: skip
    small = {"dataset": "digits", "dataset.train_size": 100, "model.hidden": [4], "steps": 5}
    mine = ablate.Study("mine", fixed=small, factors={"activation": ["tanh", "own_tanh"]}, uses=["parts.py"], seeds=2)
    runs = mine.run(jobs=2, progress=False).runs
    assert runs["activation"].tolist() == ["tanh"] * 2 + ["own_tanh"] * 2
    losses = runs.groupby("seed")["final/test_loss"].nunique()
    assert losses.tolist() == [1, 1]
    with pytest.raises(ablate.UserError, match="unknown activation 'own_tanh'"):
        ablate.Study("other", fixed=small, factors={"activation": ["tanh", "own_tanh"]}, seeds=2).plan()


def test_a_quick_budget_has_a_name_of_its_own(train):
    quick = study(quick={"factors": {"gain": [0.0]}}).run(train, jobs=1, progress=False, quick=True)
    assert quick.name == "mine-quick"
    assert sorted(quick.runs["gain"].unique()) == [0.0]


def test_hydra_of_the_users_own_program_is_left_as_it_was(train, folder):
    import hydra
    from hydra.core.global_hydra import GlobalHydra

    (folder / "conf").mkdir()
    (folder / "conf" / "own.yaml").write_text("a: 1\n", encoding="utf-8")
    with hydra.initialize_config_dir(str(folder / "conf"), version_base="1.3"):
        study().run(train, jobs=1, progress=False)
        assert hydra.compose("own").a == 1
    assert not GlobalHydra.instance().is_initialized()


def test_results_made_elsewhere_are_judged_as_a_table_and_as_a_file(folder):
    table = pd.DataFrame({
        "norm": ["none"] * 6 + ["batch"] * 6, "seed": [*range(6)] * 2,
        "score": [0.5, 0.52, 0.49, 0.51, 0.5, 0.53, 0.61, 0.64, 0.6, 0.62, 0.63, 0.64],
    })  # fmt: skip
    claim = {**CLAIM, "arm": {"norm": "batch"}, "against": {"norm": "none"}}
    question = ablate.Study("others", factors={"norm": ["none", "batch"]}, metrics=[METRIC], claims=[claim], seeds=6)
    (verdict,) = ablate.judge_results(question, table).verdicts
    assert (verdict.outcome, round(verdict.effect, 3)) == ("supported", 0.115)
    table.to_csv(folder / "table.csv", index=False)
    (same,) = ablate.judge_results(question, "table.csv").verdicts
    assert same.as_dict() == verdict.as_dict()
    assert len(ablate.read_runs("others-imported")) == 12
    with pytest.raises(ablate.UserError, match=r"^results: no column 'norm'"):
        ablate.judge_results(question, table.drop(columns="norm"))


def test_runs_are_kept_where_store_says(folder, train):
    memory, elsewhere = ablate.MemoryStore(), folder / "elsewhere"
    result = study().run(train, jobs=1, progress=False, store=memory)
    assert not (folder / "mlruns").exists()
    assert study().plan(train, store=memory).left == 0
    assert study().plan(train).left == 28
    pd.testing.assert_frame_equal(ablate.read_runs("mine", store=memory), result.runs)
    for store in (str(elsewhere), elsewhere, ablate.LocalStore("elsewhere")):
        seen = []
        same = study().run(train, jobs=1, progress=False, store=store, tell=seen.append)
        (ran,) = [event.summary.ran for event in seen if isinstance(event, StudyRan)]
        assert ran == (28 if isinstance(store, str) else 0)
        assert [v.effect for v in same.verdicts] == [v.effect for v in result.verdicts]
    assert ablate.write_report("mine", "out", store=memory).name == "out"
    assert not (folder / "mlruns").exists()


@pytest.mark.parametrize(("store", "got"), [(7, "got 7"), ("http://", "got 'http:'")])
def test_a_store_that_is_none_is_one_line(folder, train, store, got):
    with pytest.raises(ablate.UserError, match=rf"^`(store|tracking.uri)` must be .*{got}"):
        study().run(train, store=store)


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_a_reader_meets_the_names_of_the_function_and_files_keep_the_keys(folder, train, capsys, tongue):
    watched = {"kind": "heat_map", "metric": "score", "x": "gain", "y": "norm"}
    result = study(figures=[watched]).run(train, jobs=1, progress=False)
    assert repr(result.verdicts).count("norm=batch raises score") == 2
    assert P not in repr(result) + result._repr_html_()
    out = result.report("out", lang=tongue)
    page = (out / "report.md").read_text(encoding="utf-8")
    assert P not in page
    assert "norm-helps[gain=0.5]" in page
    assert P not in "".join(path.read_text(encoding="utf-8") for path in (out / "figures").glob("*.svg"))
    head = (out / "runs.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    assert [column for column in head if column.startswith(P)] == [f"{P}gain", f"{P}norm"]
    held = json.loads((out / "verdicts.json").read_text(encoding="utf-8"))
    assert [v["claim_id"] for v in held["verdicts"]] == [f"norm-helps[{P}gain=0.0]", f"norm-helps[{P}gain=0.5]"]
    assert held["study"]["definition"]["factors"].keys() == {f"{P}gain", f"{P}norm"}
    capsys.readouterr()
    assert main(["report", "--csv", "out"]) == 0
    told = capsys.readouterr().out
    assert "equal to" in told
    assert P not in told


@pytest.mark.parametrize("key", ["factors", "fixed"])
def test_what_is_not_a_mapping_is_one_clear_error(key):
    with pytest.raises(ablate.UserError, match=f"`{key}` must be a mapping of .*, got 5"):
        ablate.Study(**{key: 5})
