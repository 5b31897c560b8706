"""What a reader sees before anything is unfolded: the question, the answers, one picture, how far to trust them."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from ablate.claims.parts import effect_label
from ablate.claims.reason import because
from ablate.judge.rule import judge
from ablate.report.answers import answer
from ablate.report.claim_text import change_text
from ablate.report.families import families
from ablate.report.write import ReportPaths, write_report
from ablate.sweep.study_file import load_study
from ablate.words.sentence import sentence_of, why_of

from ..judge.conftest import BN, NORM, make_study, make_tables
from .conftest import build

MOST_WORDS = 350
_VOID = {"meta", "br", "img", "link", "input", "hr"}


class _Screen(HTMLParser):
    """Collects the words before the first fold, without the picture and what shows on hover or focus alone."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tips: dict[str, str] = {}
        self.wanted: list[tuple[str, str]] = []  # id of a tip, and the text that asks for it
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self._folded = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._folded |= tag == "details"
        if tag not in _VOID:
            self._open.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        inside = {tag for tag, _ in self._open}
        tips = [attrs["id"] for _, attrs in self._open if attrs.get("role") == "tooltip"]
        if tips and tips[0]:
            self.tips[tips[0]] = data
            return
        hidden = inside & {"style", "script", "svg", "title"} or any(a.get("class") == "sr" for _, a in self._open)
        if self._folded or hidden or "body" not in inside:
            return
        self.words += data.split()
        self.wanted += [(a["aria-describedby"] or "", data) for _, a in self._open if "aria-describedby" in a]


def screen_of(report: ReportPaths) -> _Screen:
    screen = _Screen()
    screen.feed(report.html.read_text(encoding="utf-8"))
    return screen


@pytest.fixture(scope="module")
def quickstart(make, tmp_path_factory):
    study = load_study("quickstart")
    _, tables = make(stds=(1.0, 0.1, 0.01, 0.001), missing=0, claims=False)
    tables.study["ui"] = "http://127.0.0.1:5000"
    verdicts = judge(study, tables)
    return study, tables, verdicts, write_report(study, tables, verdicts, tmp_path_factory.mktemp("quickstart"))


def test_the_first_screen_of_the_quickstart_is_short(quickstart):
    *_, report = quickstart
    assert 60 < len(screen_of(report).words) <= MOST_WORDS
    before, _ = report.markdown.read_text(encoding="utf-8").split("<details>", 1)
    words = re.sub(r"!\[[^\n]*\]\([^)]*\)", "", before).split()
    assert 60 < len(words) <= MOST_WORDS


def test_every_effect_stands_on_the_first_screen_once(quickstart):
    study, tables, verdicts, report = quickstart
    text = " ".join(screen_of(report).words)
    before = report.markdown.read_text(encoding="utf-8").split("![", 1)[0]
    for family in families(study, tables, verdicts):
        assert family.answer.number.text
        assert text.count(family.answer.number.text) == 1
        assert before.count(f"**{family.answer.number.text}**") == 1
        assert text.count(family.says) == before.count(family.says) == 1


def test_every_term_and_number_of_the_answers_explains_itself(quickstart):
    study, tables, verdicts, report = quickstart
    screen = screen_of(report)
    assert all(screen.tips[name] for name, _ in screen.wanted)
    explained = {text for _, text in screen.wanted}
    for family in families(study, tables, verdicts):
        assert {family.answer.number.text, family.answer.metric.text} <= explained
    assert "8 seeds" in explained
    markdown = report.markdown.read_text(encoding="utf-8")
    assert "- **8 seeds:** Each seed is one" in markdown


def test_no_mark_can_begin_a_line_of_its_own(quickstart):
    *_, report = quickstart
    html = report.html.read_text(encoding="utf-8")
    assert 'role="tooltip"' in html
    # A button is as wide as its longest line: a mark after it would stand at the far end of its last one.
    assert not re.search(r'</button>(<span class="tip".*?</span>)?\s*(</span>)?\s*[.,;:·。，；：]', html)
    assert re.search(r"<span>[^<]*</span><span aria-hidden=\"true\">\.</span></button>", html)


def test_what_is_wider_than_its_window_scrolls_and_shows_it(quickstart):
    *_, report = quickstart
    html = report.html.read_text(encoding="utf-8")
    (rule,) = re.findall(r"\n\.scroll, nav\.contents \{(.*?)\}", html, re.DOTALL)
    assert rule.count("no-repeat scroll") == rule.count("no-repeat local") == 2  # two shadows, two covers
    body = html[html.index("<main") :]
    for tag in ("<table", "<svg"):
        places = [at.start() for at in re.finditer(tag, body)]
        assert places
        assert all(body[:at].rfind('class="scroll"') > body[:at].rfind("<section") for at in places)


def test_the_question_the_failures_and_one_picture_are_there(quickstart):
    study, tables, _, report = quickstart
    text = " ".join(screen_of(report).words)
    failed = int(tables.seeds["outcome"].isin(["diverged", "crashed"]).sum())
    assert study.question in text
    assert f"64 runs · {failed} failed" in text
    assert "nothing tuned" in text
    html = report.html.read_text(encoding="utf-8")
    first = html[: html.index("<details>")]
    assert first.count("<svg") == 1


def test_every_run_leads_to_its_page_in_mlflow(quickstart):
    *_, report = quickstart
    links = re.findall(r'href="(http[^"]+)"', report.html.read_text(encoding="utf-8"))
    assert links.pop().endswith("/experiments/1/runs?workflowType=machine_learning&amp;viewStateShareKey=ablate")
    assert len(links) == 64
    assert links[0] == "http://127.0.0.1:5000/#/experiments/1/runs/0000-0"


@pytest.mark.parametrize(
    ("label", "word", "instead"),
    [
        ("reversed", "refuted: reversed", "Shown instead: the opposite, by more than δ = 1 pp."),
        ("harmful", "refuted: harmful", "Shown instead: an effect in the other direction."),
        ("negligible", "refuted: negligible", "Shown instead: an effect smaller than δ = 1 pp in either direction."),
        ("too small", "refuted: smaller than δ",
         "Shown instead: no more than δ = 1 pp in the direction of the claim; the other way is open."),
        ("", "refuted", "Shown instead: an effect outside what the claim says."),
    ],
)  # fmt: skip
def test_refuted_always_says_what_is_shown_instead(study, label, word, instead):
    model, tables = study
    single = dataclasses.replace(judge(model, tables)[-1], outcome="refuted", label=label, delta=0.01)
    found = families(model, tables, [single])[0].answer
    assert (found.outcome.text, found.more) == (word, instead)


@pytest.mark.parametrize(
    ("outcome", "low", "high", "says"),
    [
        ("supported", 0.006, 0.03, "norm=batch is better than norm=none by more than δ = 0.5 pp."),
        ("refuted", -0.04, -0.006, "norm=batch is worse than norm=none by more than δ = 0.5 pp."),
        ("refuted", -0.04, -0.001, "norm=batch is worse than norm=none; whether by more than δ = 0.5 pp is open."),
        ("refuted", -0.003, 0.001, "norm=batch and norm=none differ by less than δ = 0.5 pp."),
        ("refuted", -0.066, 0.0, "norm=batch is not better than norm=none by more than δ = 0.5 pp; it may be worse."),
        ("inconclusive", -0.066, 0.01, "Whether norm=batch is better than norm=none by more than δ = 0.5 pp is open."),
    ],
)
def test_what_nobody_predicted_says_of_what_and_how_much(study, outcome, low, high, says):
    """A badge says `refuted: reversed`, and the heading asks how two arms compare: neither tells which is better."""
    model, tables = study
    single = dataclasses.replace(
        judge(model, tables)[-1], kind="difference", outcome=outcome, interval_low=low, interval_high=high, delta=0.005,
        label=effect_label(low, high, 0.005) if outcome == "refuted" else "", arm_text="norm=batch",
        against_text="norm=none", gates=(), unit="fraction",
    )  # fmt: skip
    assert answer([single], outcome, "", "").more == says
    assert "instead" not in says


def test_a_claim_with_levels_names_those_that_came_out_otherwise(study):
    model, tables = study
    *members, _ = judge(model, tables)
    members = [dataclasses.replace(v, outcome="supported", label="") for v in members]
    members[2] = dataclasses.replace(members[2], outcome="refuted", label="harmful")
    found = families(model, tables, members)[0].answer
    assert found.outcome.text == "supported 3/4, refuted 1/4"
    assert found.more == "refuted at init.std=0.1 (harmful)."


def test_a_number_is_rounded_alike_wherever_it_stands(study):
    model, tables = study
    *members, _ = judge(model, tables)
    wide = dataclasses.replace(members[0], effect=0.2882, interval_low=0.2355, interval_high=0.3531)
    wide = dataclasses.replace(wide, joint=dataclasses.replace(wide.joint, low=0.2155, high=0.3731))
    fine = dataclasses.replace(members[1], effect=0.843, interval_low=0.8377, interval_high=0.8473)
    family = families(model, tables, [wide, fine])[0]
    assert family.answer.number.text == "+29 to +84.30 pp"
    assert "effects: +29 to +84.30 pp." in family.headline
    assert [row.cells[2] for row in family.table.rows] == ["+29 [+24, +35] pp", "+84.30 [+83.77, +84.73] pp"]
    assert family.table.rows[0].cells[-1] == "[+22, +37] pp"


def test_runs_that_did_not_learn_are_counted_beside_those_that_failed(study):
    model, tables = study
    reached = dataclasses.replace(tables, seeds=tables.seeds.assign(outcome="reached"))
    heads = [column.title for column in families(model, reached, judge(model, reached))[0].table.columns]
    assert "failed runs" in heads
    assert "did not learn" not in heads
    ends = reached.seeds["outcome"].where(tables.seeds["seed"] != 0, "stalled")
    idle = dataclasses.replace(tables, seeds=tables.seeds.assign(outcome=ends))
    table = families(model, idle, judge(model, idle))[0].table
    at = [column.title for column in table.columns].index("did not learn")
    assert {row.cells[at] for row in table.rows} == {"2"}


def test_an_answer_has_the_name_that_pictures_and_tables_give_its_claim(study):
    model, tables = study
    verdicts = judge(model, tables)
    assert [one.answer.name for one in families(model, tables, verdicts)] == [claim.id for claim in model.claims]
    nobody = dataclasses.replace(verdicts[-1], kind="difference")
    assert answer([nobody], nobody.outcome, "", "").name == ""


@pytest.mark.parametrize(("gain", "said"), [(0.02, "lower by 0.02"), (-0.02, "higher by 0.02")])
@pytest.mark.parametrize(
    "kind",
    [
        {"by_at_least": 0.01},
        {"kind": "noninferiority", "margin": 0.01},
        {"kind": "noninferiority_unpaired", "margin": 0.01},
        {"kind": "equivalence", "within": 0.01},
    ],
)
def test_a_metric_that_is_to_fall_is_said_to_fall_or_to_rise(kind, gain, said):
    """Oriented, a loss that rises by 0.02 is −0.02: without a word it would read as a loss that falls."""
    study = make_study(NORM, {**BN, "metric": "final/test_loss", **kind})
    tables = make_tables(
        NORM, lambda v, s: 0.5 + 0.001 * (s % 3) - (gain if v["norm"] == "batch" else 0.0), metric="final/test_loss"
    )
    (verdict,) = judge(study, tables)
    told = answer([verdict], verdict.outcome, verdict.outcome, "")
    assert told.number.text.startswith(said)
    assert "+" not in told.number.text
    assert "difference" not in why_of(verdict) + sentence_of(verdict), "of a gain"


def test_a_difference_of_nothing_is_neither_higher_nor_lower():
    study = make_study(NORM, {**BN, "metric": "final/test_loss"})
    (verdict,) = judge(study, make_tables(NORM, lambda v, s: 0.5 + 0.01 * s, metric="final/test_loss"))
    assert verdict.effect == 0
    assert change_text(verdict).startswith("0")


def test_comparisons_that_nobody_claimed_are_counted_as_comparisons():
    study = make_study(NORM, {**BN, "kind": "difference"})
    (verdict,) = judge(study, make_tables(NORM, lambda v, s: 0.8 + 0.001 * s * (v["norm"] == "batch")))
    tip = answer([verdict], verdict.outcome, verdict.outcome, "").number.tip
    assert "correction for 1 comparison." in tip


def test_what_stands_between_backticks_is_code_wherever_it_stands(many, tmp_path):
    study, tables = many
    html = write_report(study, tables, judge(study, tables), tmp_path).html.read_text(encoding="utf-8")
    body = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    assert "<code>ablate report quickstart --every-arm</code>" in body  # in the caption of a figure
    assert re.findall(r">[^<>]*`[^<>]*<", body) == []


@pytest.fixture(scope="module")
def many():
    stds = tuple(round(0.001 + 0.01 * n, 3) for n in range(40))
    return build(stds=stds, seeds=2, evaluations=4, missing=0, claims=False, figures=[])


def test_of_what_is_not_tested_it_is_said_why(study):
    model, tables = study
    why = because("without_value", n=1, metric="accuracy")
    single = dataclasses.replace(judge(model, tables)[-1], outcome="not_tested", label="", reason=why, gates=())
    assert answer([single], "not_tested", "", "").more.startswith("1 run failed or has no finite value of accuracy")
