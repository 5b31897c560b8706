import dataclasses
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from ablate.errors import UserError
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.manifest import Part, publish
from ablate.report.findings.folder import Finding
from ablate.report.recognised import BOARD
from ablate.report.runs_csv import runs_csv
from ablate.report.scoreboard.board import both_ways, gather
from ablate.report.scoreboard.headline import check_headlines
from ablate.report.scoreboard.strip import strip
from ablate.report.scoreboard.write import read_board, write_board, write_scoreboard
from ablate.sweep.sentences import Sentence
from ablate.words.document import document_of, verdict_from


def judged(label, words, *, number="1", zh="使用Batch Norm后，学习进行得更快了。", **rest):
    """A sentence that is right where the net learns faster at all four scales, weakly where it does at one."""
    reading = {"says": "It does.", "says_zh": "是的。"}
    rule = {"claim": "quickstart/faster", "outcome": "supported"}
    headlines = [{"label": label, "en": words, "zh": words}]
    return Sentence.model_validate({
        "id": number, "zh": zh, "en": "Faster.", "who": "book", "studies": ["quickstart"], "kind": "empirical",
        "strong": {**reading, "rule": {**rule, "cells": "all"}}, "weak": {**reading, "rule": {**rule, "cells": "any"}},
        "headlines": headlines, **rest,
    })  # fmt: skip


WORDS = "Faster at {{ quickstart/faster.supported }} of {{ quickstart/faster.members }} scales."
TASTE = Sentence.model_validate({
    "id": "2", "zh": "还有dropout技术，也是非常垃圾。", "en": "Garbage.", "who": "reader", "studies": ["dropout"],
    "kind": "taste", "headlines": [{"label": "none", "en": "A matter of taste.", "zh": "口味问题。"}],
})  # fmt: skip
SENTENCES = [judged("right", WORDS), TASTE]


@pytest.fixture(scope="module")
def finding(study, tmp_path_factory):
    model, tables = study
    folder = tmp_path_factory.mktemp("findings") / "quickstart"
    folder.mkdir()
    verdicts = judge(model, tables)
    head = {"name": "quickstart", "definition": model.model_dump(mode="json")}
    text = json.dumps({"study": head, "verdicts": [document_of(v) for v in verdicts]})
    (folder / "verdicts.json").write_text(text, encoding="utf-8")
    return Finding("quickstart", folder, model, head, tuple(verdicts))


def fallen(finding, *outcomes, claim="faster"):
    """The finding with other outcomes of a claim, in the order of its cells."""
    left = list(outcomes)
    verdicts = [dataclasses.replace(v, outcome=left.pop(0)) if v.source_id == claim else v for v in finding.verdicts]
    return dataclasses.replace(finding, verdicts=tuple(verdicts))


def first(finding, sentence):
    return gather([sentence], [finding], {}).entries[0]


def test_a_sentence_has_what_decides_it_its_context_and_what_is_not_run(finding):
    board = gather(SENTENCES, [finding], {})
    one, other = board.entries
    assert [line.claim for line in one.decisive] == ["faster"]
    assert one.lines == ()  # the claim that quotes it decides it already
    assert (one.label, one.kind) == ("right", "empirical")
    assert [reading.outcome.word for reading in one.readings] == ["right", "right"]
    assert (other.label, other.kind, other.decisive, other.readings) == ("none", "a matter of taste", (), ())
    assert (other.waiting, board.waiting) == (("dropout",), ("dropout",))
    assert [line.claim for line in board.rest] == ["better"]


def test_the_headline_is_that_of_the_label_with_its_numbers_filled_in(finding):
    assert first(finding, SENTENCES[0]).headline == "Faster at 4 of 4 scales."
    weak = first(fallen(finding, "supported", "refuted", "supported", "supported"), judged("weak", WORDS))
    assert (weak.label, weak.headline) == ("weak", "Faster at 3 of 4 scales.")


def test_a_headline_that_its_decisive_claims_do_not_bear_out_cannot_be_written(finding):
    fell = fallen(finding, *["refuted"] * 4)
    with pytest.raises(UserError, match="f: sentence 1: its decisive claims make it 'wrong'") as error:
        gather([SENTENCES[0]], [fell], {}, where="f")
    assert "quickstart/faster 4 refuted), and its headlines are for 'right'" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_headline_says_beside_the_label_has_to_hold_too(finding):
    better = {"claim": "quickstart/better", "outcome": "supported"}
    headlines = [{"label": "right", "when": better, "en": "And better by {{ quickstart/better.effect }}.", "zh": "x"}]
    assert first(fallen(finding, "supported", claim="better"), judged("right", "", headlines=headlines)).headline != "x"
    fell = fallen(finding, "refuted", claim="better")
    with pytest.raises(UserError, match="no headline for it may stand: expected quickstart/better: supported") as error:
        first(fell, judged("right", "", headlines=headlines))
    assert "quickstart/better refuted" in str(error.value)
    plain = [*headlines, {"label": "right", "en": "Faster.", "zh": "x"}]
    assert first(fell, judged("right", "", headlines=plain)).headline == "Faster."
    not_shown = [{"label": "right", "when": {**better, "outcome": "not_shown"}, "en": "Not better.", "zh": "x"}]
    assert first(fell, judged("right", "", headlines=not_shown)).headline == "Not better."


def test_where_nothing_is_decided_the_open_claims_are_named_in_the_language_of_the_page(finding):
    rule = {"claim": "quickstart/faster", "outcome": "supported", "cells": "all"}
    strong = {"says": "x", "says_zh": "x", "rule": rule, "gates": [rule]}
    fell = fallen(finding, *["inconclusive"] * 4)
    entry = first(fell, judged("right", WORDS, strong=strong))
    assert entry.label == "open"
    assert "quickstart/faster (4 inconclusive)" in entry.headline
    assert [reading.gate for reading in entry.readings] == [True, False]
    with speaking("zh"):
        assert "quickstart/faster（4 " in first(fell, judged("right", WORDS)).headline


@pytest.mark.parametrize(("words", "said"), [
    ("By {{ quickstart/better.effect }}.", "unknown claim that decides it 'quickstart/better': .*quickstart/faster"),
    ("By {{ quickstart/faster.efect }}.", "unknown field 'efect': .*nearest match: effect"),
    ("By {{ quickstart/faster }}.", "expected numbers as"),
])  # fmt: skip
def test_a_headline_speaks_of_what_decides_alone(words, said):
    with pytest.raises(UserError, match=said) as error:
        check_headlines([judged("right", words)], where="f.yaml")
    assert "f.yaml: sentence 1: headline for 'right': " in str(error.value)
    numbered = TASTE.headlines[0].model_copy(update={"zh": "{{ quickstart/faster.members }}"})
    with pytest.raises(UserError, match="nothing decides this sentence"):
        check_headlines([TASTE.model_copy(update={"headlines": [numbered]})], where="f.yaml")


def test_a_number_typed_into_a_headline_is_refused(finding):
    with pytest.raises(UserError, match="31 stands neither in the studies that decide nor in their verdicts"):
        first(finding, judged("right", "Faster at 31 scales."))


def test_a_label_depends_on_what_decides_and_context_changes_nothing(finding):
    whole = first(finding, SENTENCES[0])
    for outcome in ("supported", "refuted", "inconclusive"):
        other = first(fallen(finding, outcome, claim="better"), SENTENCES[0])
        assert (other.label, other.headline, other.decisive) == (whole.label, whole.headline, whole.decisive)


def test_the_quick_budget_decides_nothing(finding):
    quick = dataclasses.replace(finding, study=finding.study.model_copy(update={"budget": "quick"}))
    entry = first(quick, SENTENCES[0])
    assert entry.label == "open"
    assert entry.decisive[0].quick


def test_one_cell_that_decides_has_a_picture_of_its_own_and_the_whole_claim_stays_context(finding):
    cell = finding.verdicts[0].claim_id
    rule = {"claim": f"quickstart/{cell}", "outcome": "supported"}
    reading = {"says": "x", "says_zh": "x", "rule": rule}
    entry = first(finding, judged("right", "Faster.", strong=reading, weak=reading))
    assert [(line.picture, len(line.verdicts)) for line in entry.decisive] == [("quickstart--faster--1", 1)]
    assert [(line.picture, len(line.verdicts)) for line in entry.lines] == [("quickstart--faster", 4)]


def test_the_board_says_when_the_rules_were_fixed(finding):
    def note(**registered):
        head = finding.head | ({"registration": {"runs_before": 0, **registered}} if registered else {})
        return first(dataclasses.replace(finding, head=head), SENTENCES[0]).rules

    sha = SENTENCES[0].sha256
    assert note(sentences={"1": sha}) == "Its rules were registered before the runs and not changed since."
    assert "changed after they were registered with quickstart" in note(sentences={"1": "0" * 64})
    assert "fixed after the runs of quickstart" in note(sentences={"1": sha}, runs_before=3)
    assert "fixed after the runs of quickstart" in note()


def test_an_average_is_told_with_the_range_of_its_cells(finding):
    (line,) = gather(SENTENCES, [finding], {}).rest
    values = line.verdicts[0].per_cell.values()
    assert len(values) == 4
    assert line.cells.startswith("an average: its 4 cells lie from ")
    assert f"{100 * max(values):.2f} pp" in line.cells
    alone = dataclasses.replace(line.verdicts[0], per_cell={"": 0.1})
    assert not dataclasses.replace(line, verdicts=(alone,)).cells


def test_a_study_run_both_ways_shows_each_claim_with_fixed_and_with_tuned_values(make, tmp_path):
    model, tables = make(stds=(0.01, 0.1), figures=[], missing=0)
    ways = {0.01: "fixed", 0.1: "tuned"}

    def renamed(table):
        return table.rename(columns={"init.std": "fairness"}).assign(fairness=table["init.std"].map(ways))

    factors = {"norm": model.factors["norm"], "fairness": ["fixed", "tuned"]}
    claims = [claim.model_copy(update={"each": []}) for claim in model.claims]
    study = model.model_copy(update={"factors": factors, "claims": claims})
    both = type(tables)(tables.study, renamed(tables.planned), renamed(tables.seeds), tables.curves, tables.facts)
    (tmp_path / "runs.csv").write_text(runs_csv(both), encoding="utf-8")
    found = both_ways(Finding("x", tmp_path, study, {}, ()), study)
    assert [one.id.split("[")[0] for one in found] == ["faster", "better"]
    gain = found[0].tuned.effect - found[0].fixed.effect
    assert found[0].change.effect == pytest.approx(gain)
    assert both_ways(Finding("x", tmp_path, model, {}, ()), model) == []


def test_a_claim_that_answers_no_quote_is_shown_too(finding):
    claims = [claim.model_copy(update={"quote": None}) for claim in finding.study.claims]
    study = finding.study.model_copy(update={"claims": claims, "quotes": []})
    board = gather(SENTENCES[1:], [Finding(finding.name, finding.folder, study, {}, finding.verdicts)], {})
    assert [line.claim for line in board.rest] == ["faster", "better"]
    assert [line.claim for line in board.lines()] == ["faster", "better"]


def test_what_answers_two_sentences_is_told_at_the_first_and_pointed_to_from_the_second(finding, tmp_path):
    one, twin = (
        TASTE.model_copy(update={"id": number, "zh": "（使用Batch Norm后，学习进行得更快了。）", "studies": []})
        for number in ("1", "1b")
    )
    (finding.folder / "words.md").write_text("Found it.\n\nIt means it.\n\nNot that.\n", encoding="utf-8")
    try:
        board = gather([one, twin], [finding], {})
    finally:
        (finding.folder / "words.md").unlink()
    first, second = board.entries
    assert first.found == (("quickstart", "Found it."),)
    assert (second.found, second.told, second.same_as) == ((), (("quickstart", "1"),), "1")
    text = write_board(board, tmp_path).read_text(encoding="utf-8")
    assert text.count("Found it.") == 1
    assert text.count(f"board/{first.lines[0].picture}.svg") == 1


def test_which_claims_answer_a_quote_is_read_from_the_study_file_of_today(finding):
    quote = finding.study.quotes[0].model_copy(update={"zh": TASTE.zh, "claims": ["better"]})
    board = gather(SENTENCES, [finding], {}, {finding.name: [quote]})
    assert [line.claim for line in board.entries[1].lines] == ["better"]
    assert board.rest == ()


class _Checked(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.hrefs, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.hrefs += [attrs["href"]] if "href" in attrs else []
        self.ids += [attrs["id"]] if "id" in attrs else []
        assert not {"src", "onclick"} & attrs.keys()
        if tag not in {"meta", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_the_page_is_well_formed_and_the_readme_links_to_files_that_exist(finding, tmp_path, tongue):
    folder = finding.folder.parent
    (finding.folder / "report.md").write_text("x", encoding="utf-8")
    with speaking(tongue):
        board = gather(SENTENCES, [finding], {})
        page = write_scoreboard(board, tmp_path / "index.html", findings=folder)
        readme = write_board(board, folder)
    parser = _Checked()
    parser.feed(page.read_text(encoding="utf-8"))
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert {h[1:] for h in parser.hrefs if h.startswith("#")} <= set(parser.ids)
    assert all((tmp_path / h).is_file() for h in parser.hrefs if not h.startswith("#"))
    text = readme.read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith(("#", "README"))}
    assert links
    assert all((folder / link).is_file() for link in links)
    for sentence in SENTENCES:
        assert sentence.zh in text
    assert "dropout" in text
    anchors = set(re.findall(r'<a id="([^"]+)"', text))
    assert {link[1:] for link in re.findall(r"\]\((#[^)]+)\)", text)} <= anchors


def test_pictures_are_small_light_svgs_and_old_ones_go(finding):
    folder = finding.folder.parent
    (folder / "board").mkdir(exist_ok=True)
    holiday = folder / "board" / "holiday.svg"
    holiday.write_text("x")
    gone = Part(BOARD, {"board/gone--claim.svg": "x"}, retires=False)
    publish(folder, [gone])
    write_board(gather(SENTENCES, [finding], {}), folder)
    assert holiday.read_text() == "x"
    holiday.unlink()
    pictures = list((folder / "board").glob("*.svg"))
    assert {p.stem for p in pictures} == {"quickstart--faster", "quickstart--better"}
    for path in pictures:
        root = ET.fromstring(path.read_text(encoding="utf-8"))
        assert root.tag.endswith("svg")
        assert path.stat().st_size < 6_000
        assert 'fill="#ffffff"' in path.read_text(encoding="utf-8")


def test_a_picture_marks_what_goes_on_beyond_it_and_what_was_not_tested(finding):
    open_end = verdict_from({**document_of(finding.verdicts[0]), "interval_high": "inf"})
    assert strip([open_end], "x").count('z"') > strip([finding.verdicts[0]], "x").count('z"')
    untested = verdict_from({**document_of(finding.verdicts[0]), "effect": None, "interval_low": None,
                             "interval_high": None, "outcome": "not_tested"})  # fmt: skip
    assert "l6 6m0 -6l-6 6" in strip([untested], "x")


def test_a_board_is_read_from_what_is_committed_alone(finding, tmp_path):
    board = read_board(finding.folder.parent, tmp_path / "none.yaml")
    assert {line.claim for line in board.lines()} == {"faster", "better"}
