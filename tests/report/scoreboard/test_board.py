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
from ablate.report.known import BOARD
from ablate.report.runs_csv import runs_csv
from ablate.report.scoreboard.board import both_ways, gather
from ablate.report.scoreboard.notes import Sentence, read_sentences, same_sentence
from ablate.report.scoreboard.strip import strip
from ablate.report.scoreboard.write import read_board, write_board, write_page
from ablate.resources import sentences_file
from ablate.sweep.study_file import load_study, study_files
from ablate.words.document import document_of, verdict_from

SENTENCES = [
    Sentence(id="1", zh="使用Batch Norm后，学习进行得更快了。", en="Faster.", who="book", studies=["quickstart"]),
    Sentence(id="2", zh="还有dropout技术，也是非常垃圾。", en="Garbage.", who="reader", studies=["dropout"]),
]


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


def changed(finding, **update):
    claims = [claim.model_copy(update=update) for claim in finding.study.claims]
    study = finding.study.model_copy(update={"claims": claims})
    return Finding(finding.name, finding.folder, study, finding.head, finding.verdicts)


def test_a_quote_finds_the_sentence_it_is_a_part_of():
    assert same_sentence("使用Batch Norm后，学习进行得更快", SENTENCES[0].zh)
    assert same_sentence("学习进行得更快了……其他", SENTENCES[0].zh)
    assert not same_sentence("使用Batch Norm后，学习进行得更快", SENTENCES[1].zh)


def test_each_sentence_has_the_claims_that_quote_it_and_says_what_is_not_run(finding):
    board = gather(SENTENCES, [finding], {})
    first, second = board.entries[:2]
    assert [line.claim for line in first.lines] == ["faster"]
    assert (second.lines, second.waiting, second.fell) == ((), ("dropout",), "")
    assert board.waiting == ("dropout",)
    assert sum(first.counts().values()) == len(first.lines[0].verdicts)
    loose = board.entries[2]
    assert loose.sentence.zh == finding.study.quotes[0].zh
    assert [line.claim for line in loose.lines] == ["better"]


def test_a_claim_that_contradicts_the_sentence_counts_the_other_way_and_a_control_for_nothing(finding):
    agrees = gather(SENTENCES, [finding], {}).entries[0].counts()
    against = gather(SENTENCES, [changed(finding, stance="contradicts")], {}).entries[0].counts()
    assert agrees["right"] > 0
    assert (against["right"], against["wrong"], against["open"]) == (agrees["wrong"], agrees["right"], agrees["open"])
    beside = gather(SENTENCES, [changed(finding, stance="beside")], {}).entries[0]
    assert not beside.counts()
    assert beside.fell == "open"


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
    board = gather(SENTENCES, [Finding(finding.name, finding.folder, study, {}, finding.verdicts)], {})
    assert [line.claim for line in board.rest] == ["faster", "better"]
    assert [line.claim for line in board.lines()] == ["faster", "better"]


def test_what_answers_two_sentences_is_told_at_the_first_and_pointed_to_from_the_second(finding, tmp_path):
    twin = Sentence(id="1b", zh="（使用Batch Norm后，学习进行得更快了。）", en="Indeed faster.", who="reader")
    (finding.folder / "words.md").write_text("Found it.\n\nIt means it.\n\nNot that.\n", encoding="utf-8")
    try:
        board = gather([SENTENCES[0], twin], [finding], {})
    finally:
        (finding.folder / "words.md").unlink()
    first, second = board.entries[:2]
    assert first.found == (("quickstart", "Found it."),)
    assert (second.found, second.told, second.same_as) == ((), (("quickstart", "1"),), "1")
    assert second.counts() == first.counts()
    text = write_board(board, tmp_path).read_text(encoding="utf-8")
    assert text.count("Found it.") == 1
    assert text.count(f"board/{first.lines[0].picture}.svg") == 1


def test_which_claims_answer_a_quote_is_read_from_the_study_file_of_today(finding):
    quote = finding.study.quotes[0].model_copy(update={"claims": ["faster"]})
    board = gather(SENTENCES, [finding], {}, {finding.name: [quote]})
    assert [line.claim for line in board.rest] == ["better"]


def test_a_line_says_which_way_its_verdicts_count(finding):
    line = gather(SENTENCES, [finding], {}).entries[0].lines[0]
    one = line.verdicts[0]
    fallen = [dataclasses.replace(one, outcome=outcome) for outcome in ("supported", "supported", "inconclusive")]
    assert dataclasses.replace(line, verdicts=tuple(fallen)).meaning == "2 for the sentence, 1 open"
    against = dataclasses.replace(line, verdicts=tuple(fallen[:2]), stance="contradicts")
    assert against.meaning == "against the sentence"
    assert dataclasses.replace(line, verdicts=tuple(fallen[2:])).meaning == ""
    assert dataclasses.replace(line, stance="beside").meaning == "a control, which counts for neither"


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
        page = write_page(board, tmp_path / "index.html", findings=folder)
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


def test_the_sentences_of_the_notes_read_and_a_typo_in_them_is_one_line(tmp_path):
    sentences = read_sentences(sentences_file())
    assert len({s.id for s in sentences}) == len(sentences) >= 15
    assert {s.who for s in sentences} == {"book", "reader"}
    path = tmp_path / "sentences.yaml"
    path.write_text("- {id: a, zh: 甲, en: x, whom: book}", encoding="utf-8")
    with pytest.raises(UserError, match=r"sentences\.yaml"):
        read_sentences(path)


def test_a_study_named_for_a_sentence_quotes_it():
    files = study_files()
    for sentence in read_sentences(sentences_file()):
        for name in (name for name in sentence.studies if name in files):
            study = load_study(name)
            quotes = [*study.quotes, *(claim.quote for claim in study.claims if claim.quote)]
            assert any(same_sentence(sentence.zh, quote.zh) for quote in quotes), (sentence.id, name)


def test_a_board_is_read_from_what_is_committed_alone(finding, tmp_path):
    board = read_board(finding.folder.parent, tmp_path / "none.yaml")
    assert {line.claim for line in board.lines()} == {"faster", "better"}
