"""What a study calls its factors, levels and metrics stands on axes, in tables and in sentences; its keys are kept."""

import dataclasses
import json
import re

import pytest

from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.paper import paper_files
from ablate.report.write import write_report
from ablate.sweep.study import Study
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of
from ablate.work.judging import Judgement
from ablate.work.labelled import Called, labels_of
from ablate.work.shown import as_named, as_read

LABELS = {
    "factors": {"norm": "Normalisation", "init.std": "initial scale σ"},
    "levels": {"norm": {"none": "without", "batch": "BatchNorm"}},
    "metrics": {
        "aulc/train_accuracy": "mean training accuracy",
        "final/test_accuracy": "test accuracy",
        "train/accuracy": "training accuracy",
    },
}
ZH = {
    "factors": {"norm": "归一化"},
    "levels": {"norm": {"batch": "批归一化"}},
    "metrics": {"final/test_accuracy": "测试准确率"},
}
# What speaks of a key and is no label: a key stands beside its label where a reader may want to type it.
KEYS = re.compile(r"\bnorm\b|init\.std|(?:norm|σ)=(?:none|batch)\b")


@pytest.fixture(scope="module")
def judged(make):
    study, tables = make(labels=LABELS, zh={"labels": ZH}, stds=(0.01, 0.1, 1.0))
    head = {**tables.study, "mixtures": [], "doubts": [], "looks": [], "extensions": [], "fresh": []}
    tables = dataclasses.replace(tables, study=head)
    return Judgement(study, tables, judge(study, tables), [])


@pytest.fixture(scope="module")
def page(judged, tmp_path_factory):
    shown = as_read(judged)
    recorded = (judged.verdicts, judged.extended)
    out = tmp_path_factory.mktemp("labelled")
    return write_report(shown.study, shown.tables, shown.verdicts, out, recorded=recorded, kept=judged.tables)


def texts(html):
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return [text.strip() for text in re.split(r"<[^>]+>", body) if text.strip()]


def test_no_key_stands_on_a_page_where_a_label_can(page):
    told = texts(page.html.read_text(encoding="utf-8"))
    assert [text for text in told if KEYS.search(text)] == []
    assert any("initial scale σ = 0.01" in text or "initial scale σ=0.01" in text for text in told)
    assert {"without", "BatchNorm", "Normalisation", "training accuracy (%)"} <= set(told)  # axes are text


def test_markdown_and_table_have_labels_too(page):
    markdown, table = (path.read_text(encoding="utf-8") for path in (page.markdown, page.table))
    assert not KEYS.search(re.sub(r"<!--.*?-->|\(figures/[^)]*\)", "", markdown, flags=re.DOTALL))
    assert "Normalisation" in table
    assert "BatchNorm" in table
    assert "init.std" not in table


def test_what_is_kept_has_the_keys_of_the_study(page, judged):
    runs, kept = page.runs.read_text(encoding="utf-8"), json.loads(page.verdicts.read_text(encoding="utf-8"))
    assert runs.splitlines()[0].startswith("arm_id,arm,baseline,norm,init.std,seed")
    assert "BatchNorm" not in runs
    first = kept["verdicts"][0]
    assert first["claim_id"] == "faster[init.std=0.01]" == judged.verdicts[0].claim_id
    assert "norm=batch raises aulc/train_accuracy" in first["sentence"]
    assert "called" not in first


def test_the_verdicts_are_the_same_numbers(judged):
    shown = as_read(judged)
    for before, after in zip(judged.verdicts, shown.verdicts, strict=True):
        assert (before.outcome, before.effect, before.p, before.differences) == (
            after.outcome, after.effect, after.p, after.differences)  # fmt: skip
    assert [v.claim_id for v in shown.verdicts][:2] == ["faster[initial scale σ=0.01]", "faster[initial scale σ=0.1]"]
    assert [v.claim_id for v in as_read(judged, ids=False).verdicts] == [v.claim_id for v in judged.verdicts]
    assert as_named(judged) is judged


def test_sentences_speak_of_labels(judged):
    told = [sentence_of(v) for v in as_read(judged).verdicts]
    assert "Normalisation=BatchNorm raises test accuracy by" in told[-1]
    assert "against Normalisation=without" in told[-1]
    assert "at initial scale σ=0.1" in told[1]
    assert not any(KEYS.search(text) for text in [*told, *(said(v.reason) for v in as_read(judged).verdicts)])


def test_chinese_pages_have_chinese_labels_and_the_others_where_there_is_none(judged):
    with speaking("zh"):
        told = [sentence_of(v) for v in as_read(judged).verdicts]
    assert "归一化=批归一化" in told[-1]
    assert "归一化=without" in told[-1]
    assert "测试准确率" in told[-1]
    assert "initial scale σ=0.1" in told[1]
    assert "mean training accuracy" in told[1]


def test_a_metric_without_a_label_has_the_name_that_pages_give_it(judged):
    bare = dataclasses.replace(judged, study=judged.study.model_copy(update={"labels": None, "zh": None}))
    assert "norm=batch raises test accuracy at the last step by" in sentence_of(as_read(bare).verdicts[-1])
    with speaking("zh"):
        assert "final/test_accuracy" not in sentence_of(as_read(bare).verdicts[-1])


def test_a_paper_has_labels(judged):
    shown = as_read(judged)
    files = paper_files(shown.study, shown.tables, shown.verdicts)
    for name in ("verdicts.tex", "arms.tex", "methods.tex"):
        assert not KEYS.search(files[name]), name
    assert r"Normalisation=\allowbreak{}BatchNorm" in files["verdicts.tex"]


def test_a_label_that_a_metric_of_the_runs_has_is_left_out(judged):
    study = Study.model_validate({**judged.study.model_dump(), "labels": {"factors": {"norm": "final/test_accuracy"}}})
    assert as_read(Judgement(study, judged.tables, judged.verdicts, [])).tables.factors == ["norm", "init.std"]


def test_every_place_of_a_study_that_names_levels_has_labels(make):
    study, tables = make(labels=LABELS)
    listed = [{"kind": "listed", "arms": [{"norm": "batch"}]}]
    gate = {"kind": "manipulation_check", "metric": "m", "at_least": 0.0, "where": {"norm": ["batch"]}}
    claims = [{**study.claims[1].model_dump(), "gates": [gate], "where": {"init.std": [0.1]}}]
    study = Study.model_validate({**study.model_dump(), "design": listed, "claims": claims})
    tables = dataclasses.replace(tables, study={**tables.study, "mixtures": [], "doubts": []})
    shown = as_read(Judgement(study, tables, [], [])).study
    assert shown.design[0].arms == [{"Normalisation": "BatchNorm"}]
    assert shown.claims[0].arm == {"Normalisation": "BatchNorm"}
    assert shown.claims[0].where == {"initial scale σ": [0.1]}
    assert shown.claims[0].gates[0].where == {"Normalisation": ["BatchNorm"]}
    assert shown.factors["Normalisation"] == ["without", "BatchNorm"]


def test_arms_of_a_function_which_are_called_by_its_own_names_have_labels_too(make):
    study, tables = make(claims=False)
    key = "program.params.norm"
    labels = {"factors": {key: "Norm of it"}, "levels": {key: {"batch": "B"}}}
    factors = {key: ["none", "batch"], "init.std": study.factors["init.std"]}
    study = Study.model_validate({**study.model_dump(), "factors": factors, "figures": [], "labels": labels})
    columns = {"norm": key}
    planned, seeds = (table.rename(columns=columns) for table in (tables.planned, tables.seeds))
    head = {**tables.study, "mixtures": [], "doubts": []}
    tables = dataclasses.replace(tables, study=head, planned=planned, seeds=seeds)
    shown = as_read(Judgement(study, tables, [], [])).tables
    assert shown.factors == ["Norm of it", "init.std"]
    assert shown.planned["arm"].iloc[-1] == "Norm of it=B, init.std=1"


def test_a_text_that_only_looks_like_a_level_is_left_alone(make):
    study, tables = make(labels={"factors": {"norm": "N"}, "levels": {"norm": {"batch": "B"}}}, claims=False)
    called = Called.of(labels_of(study, None), Judgement(study, tables, [], []))
    assert called.text("norm=batch, init.norm=batch, norm=batchy, norm=none|batch, abnorm=batch, says norm") == (
        "N=B, init.norm=batch, N=batchy, N=none|B, abnorm=batch, says norm"
    )


def test_a_parameter_of_ones_own_code_keeps_its_name_in_every_language():
    study = Study(title="t", factors={"program.params.kind": ["a", "b"], "program.params.mean_of": ["a", "b"]})
    with speaking("zh"):
        assert labels_of(study, None).factors == {}


def test_a_setting_of_a_program_is_called_by_its_own_name_unless_a_label_says_otherwise():
    def names(labels=None, **fixed):
        factors = {"program.check": ["a", "b"], "program.learning_rate": [1, 2], "norm": ["none", "batch"]}
        return labels_of(Study(title="t", factors=factors, fixed=fixed, labels=labels), None).factors

    assert names() == {"program.check": "check", "program.learning_rate": "learning rate"}
    assert names(labels={"factors": {"program.check": "What is tried"}})["program.check"] == "What is tried"
    assert "program.check" not in names(check=1)  # another thing has this name
    with speaking("zh"):
        assert names()["program.check"] == "检验"
