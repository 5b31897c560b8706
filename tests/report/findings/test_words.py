import dataclasses
import json

import pytest

from ablate.claims.reason import AS_WRITTEN
from ablate.errors import UserError
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.findings.folder import read_finding
from ablate.report.findings.words import fill_words, read_words, strange_figures
from ablate.report.findings.write import linked, write_findings
from ablate.report.tell import Told
from ablate.report.wording import verdict_effect
from ablate.words.document import document_of, verdict_from
from ablate.words.reasons import said

WORDS = """
Over {{ faster.members }} scales BatchNorm was faster in {{ faster.supported }}: from {{ faster.least }} to
{{ faster.most }}; in the end the difference is {{ better.effect }} {{ better.interval }} ({{ better.outcome }}).

The note holds for 20 epochs and with 8 seeds; p = {{ better.p }}.

Nothing about tuned learning rates: 0.01 is the book's.
"""


@pytest.fixture(scope="module")
def small(make):
    return make(figures=[])


@pytest.fixture(scope="module")
def findings(small, tmp_path_factory):
    model, tables = small
    folder = tmp_path_factory.mktemp("findings") / "quickstart"
    folder.mkdir()
    (folder / "words.md").write_text(WORDS, encoding="utf-8")
    definition = model.model_dump(mode="json")
    tables = type(tables)({**tables.study, "definition": definition}, tables.planned, tables.seeds, tables.curves,
                          tables.facts)  # fmt: skip
    verdicts = judge(model, tables)
    write_findings(Told(model, tables, verdicts, (), recorded=(verdicts, ())), folder)
    return folder


def test_verdicts_read_back_are_the_verdicts_that_were_written(study):
    model, tables = study
    for verdict in judge(model, tables):
        stored = json.loads(json.dumps(document_of(verdict)))
        again = verdict_from(stored)
        assert document_of(again) == document_of(verdict)
        assert again.differences == verdict.differences
        assert again.gates == verdict.gates


@pytest.mark.parametrize("number", ["missing", "other"])
def test_a_reason_of_another_release_is_told_in_the_words_that_were_written(study, number):
    verdict = judge(*study)[0]
    stored = json.loads(json.dumps(document_of(verdict)))
    for reason in (stored["reason"], stored["sensitivity"][0]["reason"]):
        reason["numbers"]["unheard of"] = 1
        if number == "other":
            reason["code"] = "unheard_of"
    again = verdict_from(stored)
    assert again.reason.code == again.sensitivity[0].reason.code == AS_WRITTEN
    assert said(again.reason) == said(verdict.reason)
    assert again.outcome == verdict.outcome


@pytest.mark.parametrize("damage", ["missing", "text", "list", "outcome", "scale", "kind"])
def test_a_damaged_verdict_is_told_in_a_line(study, damage):
    stored = json.loads(json.dumps(document_of(judge(*study)[0])))
    if damage == "missing":
        del stored["outcome"]
    elif damage == "text":
        stored["effect"] = "about three"
    elif damage in ("outcome", "scale", "kind"):
        stored[damage] = "unheard of"
    else:
        stored["sensitivity"] = [1]
    with pytest.raises(UserError, match="is not complete, or of another release") as told:
        verdict_from(stored, where="old/verdicts.json")
    assert str(told.value).startswith("old/verdicts.json: the verdict ")


def test_numbers_are_filled_in_from_the_verdicts(findings, small):
    model, tables = small
    verdicts = {v.claim_id: v for v in judge(model, tables)}
    finding = read_finding(findings)
    found, note, rest = read_words(findings, finding.study, finding.verdicts)
    effect = verdict_effect(verdicts["better"])
    assert f"the difference is {effect.split(' [')[0]} pp" in found
    assert "Over 4 scales" in found
    assert "{{" not in found + note + rest
    text = (findings / "report.md").read_text(encoding="utf-8")
    assert "In plain words" in text
    assert "What it means for the note" in text


def test_findings_hold_what_a_reader_needs_and_nothing_heavy(findings):
    names = {str(path.relative_to(findings)) for path in findings.rglob("*") if path.is_file()}
    assert {"report.md", "verdicts.json", "runs.csv", "table.tex", "words.md"} <= names
    assert not any(name.endswith((".svg", ".html")) for name in names)
    text = (findings / "report.md").read_text(encoding="utf-8")
    shown = {f"figures/{name.removeprefix('figures/')}" for name in names if name.startswith("figures/")}
    assert shown
    assert all(f"({name})" in text for name in shown)
    assert ".svg" not in text


def test_reports_in_several_languages_link_to_each_other_and_to_the_scoreboard():
    alone = linked("# Title\n\nQuestion [README](x.md)\n", "en", ["en"])
    assert alone == "# Title\n\n[All findings](../README.md)\n\nQuestion [README](x.md)\n"
    english, chinese = alone, "# 标题\n\n问题\n"
    for _ in range(2):  # writing again changes nothing
        english, chinese = linked(english, "en", ["en", "zh"]), linked(chinese, "zh", ["en", "zh"])
        assert english == (
            "# Title\n\n[All findings](../README.md) · [中文](report.zh.md)\n\nQuestion [README](x.md)\n"
        )
        assert chinese == "# 标题\n\n[全部结果](../README.zh.md) · [English](report.md)\n\n问题\n"


def test_a_claim_at_a_list_of_levels_is_found_however_the_list_is_written(findings):
    one = dataclasses.replace(read_finding(findings).verdicts[0], claim_id="deep[model.hidden=[100, 100, 100]]")
    texts = {fill_words("{{ deep[model.hidden=" + levels + "].outcome }}", [one])
             for levels in ("[100, 100, 100]", "[100,100,100]", "[100 ×3]")}  # fmt: skip
    assert texts == {one.outcome}


def test_a_planted_number_is_found(findings):
    finding = read_finding(findings)
    good = WORDS.replace("8 seeds", "8 seeds, not a hundredth more")
    assert strange_figures(good, finding.study, finding.verdicts) == []
    bad = WORDS.replace("20 epochs", "20 epochs and 37.31 pp")
    assert strange_figures(bad, finding.study, finding.verdicts) == ["37.31"]
    (findings / "words.zh.md").write_text(bad, encoding="utf-8")
    with speaking("zh"), pytest.raises(UserError, match=r"37\.31 stands neither"):
        read_words(findings, finding.study, finding.verdicts)
    (findings / "words.zh.md").unlink()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ fastr.effect }}", "unknown claim 'fastr'.*nearest match: faster"),
        ("{{ better.efect }}", "unknown field 'efect'.*nearest match: effect"),
        ("{{ faster.effect }}", "4 verdicts differ in it"),
    ],
)
def test_a_placeholder_for_what_does_not_exist_is_refused(findings, text, words):
    with pytest.raises(UserError, match=words):
        fill_words(text, read_finding(findings).verdicts)


def test_other_than_three_paragraphs_are_refused(findings, tmp_path):
    finding = read_finding(findings)
    (tmp_path / "words.md").write_text("One.\n\nTwo.\n", encoding="utf-8")
    with pytest.raises(UserError, match="three paragraphs"):
        read_words(tmp_path, finding.study, finding.verdicts)
