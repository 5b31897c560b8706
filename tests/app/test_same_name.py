"""A study of one's own that is named like one of ours is another study: nothing of ours is said of it."""

import pytest

from ablate.report.findings.folder import belongs, same_question
from ablate.report.tell import words_of
from ablate.resources import findings_folder
from ablate.sweep.study_file import load_study, parse_study

TRAIN = """
def train(config, seed):
    return {"accuracy": 0.5 + 0.1 * config["params"]["gain"] + 0.001 * ((seed * 7) % 5)}

train.metrics = {"accuracy": "higher"}
"""
STUDY = """
title: Does gain help?
fixed: {program: function, program.target: "mine.py:train"}
factors: {program.params.gain: [0, 1]}
seeds: 6
claims:
  - {id: gain, says: Gain raises accuracy, metric: accuracy, arm: {program.params.gain: 1},
     against: {program.params.gain: 0}, by_at_least: 0.01}
"""


@pytest.mark.slow
def test_its_report_is_written_without_our_words_and_titles(ablate, tmp_path):
    (tmp_path / "mine.py").write_text(TRAIN, encoding="utf-8")
    (tmp_path / "batchnorm.yaml").write_text(STUDY, encoding="utf-8")
    assert (findings_folder() / "batchnorm" / "words.md").is_file()
    code, _, err = ablate("run", "batchnorm.yaml", "--jobs", "1")
    assert (code, "words.md" in err) == (0, False), err
    text = (tmp_path / "reports" / "batchnorm" / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# Does gain help?")
    assert "In plain words" not in text
    assert ablate("report", "batchnorm", "--lang", "zh")[0] == 0
    chinese = (tmp_path / "reports" / "batchnorm.zh" / "report.md").read_text(encoding="utf-8")
    assert chinese.startswith("# Does gain help?"), "our translation is not of this study"


def test_what_makes_a_study_another_one_is_what_it_asks():
    study = load_study("batchnorm")
    reworded = study.model_copy(update={"title": "t", "seeds": 3, "zh": None})
    assert same_question(study, reworded)
    other = study.model_copy(update={"fixed": {**study.fixed, "epochs": 7}})
    claimed = study.model_copy(update={"claims": study.claims[1:]})
    levels = study.model_copy(update={"factors": {**study.factors, "lr": [0.1]}})
    assert not any(same_question(study, one) for one in (other, claimed, levels))


def test_every_finding_of_ours_belongs_to_its_study_file():
    for path in sorted(findings_folder().glob("*/words.md")):
        assert belongs(path.parent, load_study(path.parent.name)), path


def test_a_folder_without_verdicts_may_become_any_studys(tmp_path):
    (tmp_path / "words.md").write_text("One.", encoding="utf-8")
    study = parse_study({"title": "t", "factors": {"lr": [1, 2]}}, where="x")
    assert belongs(tmp_path, study)
    assert not belongs(findings_folder() / "batchnorm", study)


def test_a_corrected_translation_is_shown_where_what_it_translates_is_the_same():
    now = load_study("batchnorm")
    tracked = now.model_copy(update={"zh": now.zh.model_copy(update={"title": "旧的标题"})})
    assert words_of("batchnorm", tracked) == now.zh
    assert words_of("batchnorm", tracked.model_copy(update={"zh": None})) == now.zh
    otherwise = tracked.model_copy(update={"title": "It said something else"})
    assert words_of("batchnorm", otherwise).title == "旧的标题"
    assert words_of("no-such-study", tracked).title == "旧的标题"
