"""Everything that is committed below `studies/findings/` says what its own runs say."""

import re
from pathlib import Path

import pytest

from ablate.lang import LANGUAGES, closed_up, speaking
from ablate.report.findings.folder import read_finding
from ablate.report.findings.words import read_words, words_path
from ablate.report.findings.write import board_name, report_name
from ablate.report.templating import markdown_text
from ablate.resources import findings_folder, sentences_file
from ablate.train.metric import STEPS_TO_TARGET
from ablate.work.findings import differences, judge_findings

FINDINGS = findings_folder()
FOLDERS = sorted(path.parent for path in FINDINGS.glob("*/verdicts.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_verdicts_recompute_from_the_committed_runs(folder):
    judged, document = judge_findings(folder)
    assert differences(document["verdicts"], judged.verdicts) == []
    assert differences(document["extended"], judged.extended) == []
    for name in STEPS_TO_TARGET.values():  # one column of the file holds one clock; an arm may have two
        stored = {arm: facts[name] for arm, facts in document["facts"].items() if name in facts}
        assert stored == {arm: judged.tables.facts[arm][name] for arm in stored}


def test_a_changed_number_is_seen(tmp_path):
    folder = next(folder for folder in FOLDERS if folder.name == "book-batchnorm-init")
    for name in ("verdicts.json", "runs.csv"):
        (tmp_path / name).write_text((folder / name).read_text(encoding="utf-8"), encoding="utf-8")
    text = (tmp_path / "runs.csv").read_text(encoding="utf-8")
    (tmp_path / "runs.csv").write_text(text.replace(",reached,", ",diverged,", 40), encoding="utf-8")
    judged, document = judge_findings(tmp_path)
    assert differences(document["verdicts"], judged.verdicts)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("tongue", LANGUAGES)
def test_the_words_say_what_the_verdicts_say(folder, tongue):
    finding = read_finding(folder)
    with speaking(tongue):
        if not words_path(folder).is_file():
            pytest.skip("no words in this language")
        words = [closed_up(markdown_text(one)) for one in read_words(folder, finding.study, finding.verdicts)]
    report = folder / report_name(tongue)
    if report.is_file():
        text = report.read_text(encoding="utf-8")
        for paragraph in words:
            assert paragraph in text, "the report was written before the words were; write it again"


def test_the_sentences_are_known_and_the_scoreboard_names_every_finding():
    assert sentences_file().is_file()
    text = (FINDINGS / board_name("en")).read_text(encoding="utf-8")
    for folder in FOLDERS:
        assert folder.name in text


def test_the_committed_findings_stay_small():
    total = sum(path.stat().st_size for path in Path(FINDINGS).rglob("*") if path.is_file())
    assert total < 50_000_000  # a study that tunes in every seed keeps every trial of every seed


def test_the_first_page_counts_the_panels_as_the_verdicts_do():
    finding = read_finding(FINDINGS / "book-batchnorm-init")
    panels = [verdict for verdict in finding.verdicts if verdict.source_id == "faster"]
    faster = sum(verdict.outcome == "supported" for verdict in panels)
    slower = sum(verdict.outcome == "refuted" and verdict.label == "reversed" for verdict in panels)
    text = " ".join((Path(FINDINGS).parents[1] / "README.md").read_text(encoding="utf-8").split())
    assert f"{faster} of these {len(panels)} panels" in text
    assert f"the other way round in {('none', 'one', 'two', 'three', 'four')[slower]}," in text
    assert faster + slower == len(panels)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_picture_of_a_report_is_there_and_shown_once(folder):
    for name in ("report.md", "report.zh.md"):
        if (folder / name).is_file():
            shown = re.findall(r"\]\((figures[^)]*)\)", (folder / name).read_text(encoding="utf-8"))
            assert all((folder / path).is_file() for path in shown)
            assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_report_is_there_in_every_language_and_they_name_each_other(folder):
    tops = {tongue: (folder / report_name(tongue)).read_text(encoding="utf-8")[:600] for tongue in LANGUAGES}
    for tongue, top in tops.items():
        assert f"](../{board_name(tongue)})" in top
        assert all(f"]({report_name(other)})" in top for other in LANGUAGES if other != tongue)


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_the_scoreboard_links_to_reports_in_its_own_language(tongue):
    text = (FINDINGS / board_name(tongue)).read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(([^)]*/report[^)]*)\)", text)) <= {f"{f.name}/{report_name(tongue)}" for f in FOLDERS}


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_every_item_of_the_scoreboard_has_a_line_of_its_own(name):
    lines = (FOLDERS[0].parent / name).read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if line.startswith("- ") and line.count("](#s-") > 1]
