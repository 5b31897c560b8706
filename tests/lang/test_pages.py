"""A page in Chinese is Chinese: what is left in Latin letters are names, levels, numbers and quotes."""

import json
import re
import warnings
from html.parser import HTMLParser

import pytest
from matplotlib.text import Text

from ablate.judge.rule import judge
from ablate.lang import speaking, tr
from ablate.registry import options
from ablate.report.draw import draw_all
from ablate.report.figures.style import font_family
from ablate.report.metric_names import metric_title
from ablate.report.write import write_report
from ablate.sweep.found.build import NOT_CLAIMED
from ablate.sweep.study import Study
from ablate.sweep.study_file import parse_study
from ablate.sweep.translated import translated
from ablate.words.document import document_of
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of
from tests.report.conftest import build

# Names of methods, formats and programs, and what the files beside the page are called.
KNOWN = {
    "Holm", "Brier", "Student", "Clopper", "Pearson", "MLflow", "runs", "json", "verdicts", "table", "ablate", "log",
    "hash", "report", "Sans", "inf", "nan", "main", "SHA", "Test", "CPU", "BLAS", "NumPy", "Bonferroni",
    "max", "SVG", "NaN", "csv", "tex", "trained", "bounds",
}  # fmt: skip
CLAIMS = [
    {"id": "faster", "says": "学得更快", "why_delta": "理由", "metric": "aulc/train_accuracy", "arm": {"norm": "batch"},
     "against": {"norm": "none"}, "each": ["init.std"], "by_at_least": 0.005,
     "quote": {"zh": "使用后更快", "en": "Faster."},
     "gates": [{"kind": "positive_control", "claim": "better"},
               {"kind": "manipulation_check", "metric": "aulc/train_accuracy", "at_least": 0.2, "at_most": 1.0},
               {"kind": "tuning_edge"}]},
    {"id": "better", "says": "更好", "metric": "final/test_accuracy", "arm": {"norm": "batch"},
     "against": {"norm": "none"}, "by_at_least": 0.005},
    {"id": "same", "says": "相同", "kind": "equivalence", "within": 0.01, "metric": "final/test_accuracy",
     "arm": {"norm": "batch"}, "against": {"norm": "none"}, "where": {"init.std": [0.1]}},
    {"id": "sooner", "says": "更早达标", "kind": "time_to_target", "arm": {"norm": "batch"},
     "against": {"norm": "none"}},
    {"id": "wins", "says": "胜出", "kind": "win_probability", "arm": {"norm": "batch"}, "against": {"norm": "none"}},
    {"id": "slope", "says": "斜率", "kind": "trend", "over": "init.std", "slope": [-0.1, 0.1], "log_log": True,
     "metric": "aulc/train_accuracy", "arm": {"norm": "batch"}},
    {"id": "most", "says": "大多数格", "kind": "proportion", "of": "cells", "at_least": 3,
     "metric": "aulc/train_accuracy", "arm": {"norm": "batch"}, "against": {"norm": "none"}},
    {"id": "trains", "says": "能训练", "kind": "proportion", "of": "runs", "at_least": 0.5, "arm": {"norm": "batch"}},
    {"id": "bound", "says": "有界", "kind": "exact", "at_most": 1.0, "metric": "aulc/train_accuracy",
     "arm": {"norm": "batch"}},
    {"id": "wide", "says": "更宽", "kind": "basin_width", "over": "init.std", "by_at_least": 0.5,
     "arm": {"norm": "batch"}, "against": {"norm": "none"}},
    {"id": "more", "says": "交互", "kind": "interaction", "metric": "aulc/train_accuracy", "arm": {"norm": "batch"},
     "against": {"norm": "none"}, "at": {"init.std": 0.001}, "than_at": {"init.std": 0.1}},
]  # fmt: skip

MADE = {
    "resnet, from MLflow: every level against the baseline": "resnet（来自 MLflow）：每个水平与基线相比",
    "runs: How lr=0.01 compares with lr=0.1": "runs：lr=0.01 与 lr=0.1 相比如何",
    "runs: new is not worse than old by more than 0.5": "runs：new 比 old 差出的不超过 0.5",
    "Ad-hoc sweep over lr, width": "临时扫描：lr, width",
    "train.py: sweep over lr": "train.py：扫描 lr",
    "What changes with lr?": "lr 会带来什么变化？",
    "Noise floor of quickstart": "quickstart 的噪声下限",
}


class _Reader(HTMLParser):
    """Collects the text of a page, English renderings of quotes and code left out."""

    def __init__(self):
        super().__init__()
        self.texts, self._skipped = [], 0

    def handle_starttag(self, tag, attrs):
        skipped = tag in ("style", "script", "code", "pre", "title") or ("class", "en") in attrs
        if self._skipped or skipped:
            self._skipped += tag not in ("meta", "br", "path", "use", "rect")

    def handle_endtag(self, tag):
        self._skipped -= bool(self._skipped)

    def handle_data(self, data):
        if not self._skipped and data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="module")
def chinese():
    _, tables = build(seeds=8, missing=1)
    steps = 40.0 + 5.0 * tables.seeds["seed"] + 20.0 * (tables.seeds["norm"] == "none")
    tables.seeds["ttt/steps"] = steps.where(tables.seeds["outcome"] == "reached")
    study = Study.model_validate({
        "title": "标题", "question": "问题？",
        "factors": {"norm": ["none", "batch"], "init.std": [0.001, 0.01, 0.1, 1.0]},
        "fixed": {"dataset": "mnist5k", "optimizer": "sgd"}, "seeds": 8, "claims": CLAIMS, "confounds": ["混杂"],
        "forecasts": {"book": {"better": 0.9}}, "not_concluded": ["不作结论"],
    })  # fmt: skip
    tables.study.update(
        preregistration={"time": "2026-01-01", "hash": "ab" * 32, "intact": True, "seeds": list(range(8)),
                         "runs_before": 0, "forecasts": study.forecasts, "forecasts_edited": True, "edits": [],
                         "diff": "", "post_hoc": ["better"]},
        looks=[], extensions=[{"time": "2026-01-02", "seeds_before": 6, "seeds_after": 8}],
        mixtures=[], code={"abc": 3, "def": 4}, arithmetic={"blas": {"openblas 1": 3, "openblas 2": 4}},
    )  # fmt: skip
    return study, tables


def left_over(texts, study, tables):
    """Return the words in Latin letters that no name accounts for, with the text they stand in."""
    names = json.dumps([study.model_dump(mode="json"), tables.study, tables.facts, list(tables.seeds.columns)])
    known = KNOWN | set(re.findall(r"[A-Za-z]{3,}", names))
    found = {}
    for text in texts:
        for word in re.findall(r"(?<![A-Za-z_./])[A-Za-z]{4,}", text):
            if word not in known and word.lower() not in known:
                found.setdefault(word, text[:120])
    return found


def test_a_report_in_chinese_leaves_no_english_sentence(chinese, tmp_path):
    study, tables = chinese
    with speaking("zh"):
        verdicts = judge(study, tables)
        paths = write_report(study, tables, verdicts, tmp_path, extended=verdicts)
    reader = _Reader()
    reader.feed(paths.html.read_text(encoding="utf-8"))
    assert len(reader.texts) > 300
    assert left_over(reader.texts, study, tables) == {}
    bare = re.sub(r"\]\([^)]*\)|</?[a-z]+>|^> \*.*", "", paths.markdown.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert left_over(bare.splitlines(), study, tables) == {}
    assert 'lang="zh-Hans"' in paths.html.read_text(encoding="utf-8")


def test_the_words_left_over_would_be_seen(chinese):
    study, tables = chinese
    assert "sentence" in left_over(["这里有一个 sentence 没有翻译"], study, tables)


def test_figures_in_chinese_have_glyphs_for_every_letter(chinese):
    if len(font_family()) < 2:
        pytest.skip("no font with Chinese glyphs on this machine")
    study, tables = chinese
    with speaking("zh"):
        figures = draw_all(study, tables, judge(study, tables)).all()
        texts = [t.get_text() for one in figures for t in one.figure.findobj(Text) if t.get_text().strip()]
        assert any(re.search("[一-鿿]", text) for text in texts)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for one in figures:
                one.figure.draw_without_rendering()
    assert left_over(texts, study, tables) == {}


def test_one_verdict_is_told_in_every_language(chinese):
    study, tables = chinese
    verdicts = judge(study, tables)
    english = list(map(document_of, verdicts))
    with speaking("zh"):
        for verdict, written in zip(verdicts, english, strict=True):
            assert re.search("[一-鿿]", sentence_of(verdict))
            assert re.search("[一-鿿]", said(verdict.reason))
            assert document_of(verdict) == written  # the file is the same whatever language the page is in
    assert {"supported", "inconclusive"} <= {verdict.outcome for verdict in verdicts}
    assert not re.search("[一-鿿]", json.dumps([{**one, "says": ""} for one in english], ensure_ascii=False))


def test_nothing_that_is_judged_depends_on_the_language(chinese):
    study, tables = chinese
    with speaking("zh"):
        other = judge(study, tables)
    assert list(map(document_of, judge(study, tables))) == list(map(document_of, other))


def test_what_ablate_made_itself_of_levels_and_names_is_in_the_language_of_the_page():
    study = parse_study({
        "title": "runs: every level against the baseline", "factors": {"lr": [0.1, 0.01]},
        "metrics": {"score": {"better": "higher"}}, "not_concluded": [NOT_CLAIMED],
        "claims": [{"id": "a", "kind": "difference", "says": "How lr=0.01 compares with lr=0.1 at norm=none",
                    "metric": "score", "arm": {"lr": 0.01}, "against": {"lr": 0.1}}],
    }, where="x")  # fmt: skip
    with speaking("zh"):
        spoken, left = translated(study, None)
    assert left == []
    assert spoken.title == "runs：每个水平与基线相比"
    assert spoken.claims[0].says == "在 norm=none 时，lr=0.01 与 lr=0.1 相比如何"
    assert "Nobody" not in spoken.not_concluded[0]
    for text, said_so in MADE.items():
        with speaking("zh"):
            assert translated(study.model_copy(update={"title": text}), None)[0].title == said_so
    own = study.model_copy(update={"title": "What {x} does", "not_concluded": ["Mine."]})
    with speaking("zh"):
        assert translated(own, None)[1] == ["title", "not_concluded"]


def test_every_metric_and_fact_that_we_log_has_a_chinese_name():
    # Other tests register Programs of their own.
    programs = [one for one in options("program").values() if one.__module__.startswith("ablate.")]
    logged = {name for program in programs for name in getattr(program, "METRICS", {})}
    facts = {"cpu", "cores", "threads", "git_commit", "os", "blas", "change_step", "recovery_steps", "graph_width"}
    assert {"final/test_accuracy", "ttt/steps_easier", "check/graph_width", "flips/low"} <= logged
    names = {"log", "softmax", "exp", "BLAS", "Git"}
    with speaking("zh"):
        titles = {name: metric_title(name) for name in logged} | {name: tr(name.replace("_", " ")) for name in facts}
    left = {name: title for name, title in titles.items() if set(re.findall("[A-Za-z]{3,}", title)) - names}
    assert left == {}
