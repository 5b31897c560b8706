from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.errors import Failure, UserError
from ablate.judge.rule import judge
from ablate.judge.summary import summary
from ablate.lang import speaking
from ablate.report.families import families
from ablate.report.figures.learning_curves import curve_metrics
from ablate.report.level_texts import short_lists
from ablate.report.write import ReportPaths, write_report
from ablate.words.sentence import sentence_of

_VOID = {"meta", "br", "img", "link", "input", "hr"}


class _Checked(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(path: Path) -> _Checked:
    parser = _Checked()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    return parser


@pytest.fixture(scope="module")
def report(study, tmp_path_factory) -> ReportPaths:
    model, tables = study
    return write_report(model, tables, judge(model, tables), tmp_path_factory.mktemp("report"))


def test_page_is_well_formed_and_its_ids_are_unique(report):
    page = parse(report.html)
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links
    assert {link.removeprefix("#") for link in links if not link.startswith("http")} <= set(ids)


def test_page_loads_nothing_and_runs_only_its_own_script(report):
    text = report.html.read_text(encoding="utf-8")
    page = parse(report.html)
    tags = [tag for tag, _ in page.tags]
    assert not {"link", "iframe", "img", "object", "embed"} & set(tags)
    assert tags.count("script") == 1
    for tag, attrs in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            assert tag == "a" or not (attrs.get(name) or "").startswith(("http", "//"))  # a link asks for nothing
        assert not any(name.startswith("on") for name in attrs)
    assert "@import" not in text
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|\bimport\(", text)
    policy = next(attrs["content"] for _, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none';")  # the browser refuses what the page should not ask for
    assert not re.search(r"url\((?!#)", text)


def test_every_reference_inside_the_figures_leads_somewhere(report):
    text = report.html.read_text(encoding="utf-8")
    wanted = set(re.findall(r'xlink:href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert wanted
    assert wanted <= set(re.findall(r'\bid="([^"]+)"', text))


def test_page_follows_light_and_dark(report):
    text = report.html.read_text(encoding="utf-8")
    assert "prefers-color-scheme: dark" in text
    figures = text[text.index("<main>") :]
    assert "var(--ink)" in figures
    assert "#1f2429" not in figures.lower()


def test_study_text_is_escaped(report):
    text = report.html.read_text(encoding="utf-8")
    assert "&lt;and are not corrected&gt;" in text
    assert "<and are" not in text
    assert "\\<and are" in report.markdown.read_text(encoding="utf-8")


def test_verdict_sentences_and_quotes_stand_in_both_versions(report, study):
    model, tables = study
    words = " ".join("".join(parse(report.html).text).split())
    markdown = report.markdown.read_text(encoding="utf-8")
    for verdict in judge(model, tables):
        assert short_lists(sentence_of(verdict)) in words
    for quote in (model.quotes[0], model.claims[0].quote):
        assert quote is not None
        assert quote.zh in words
        assert quote.en in words
        assert quote.zh in markdown
    assert model.not_concluded[0] in words


def test_ablation_table_prints_what_stats_computed(report, study):
    _, tables = study
    page = "".join(parse(report.html).text)
    markdown = report.markdown.read_text(encoding="utf-8")
    for row in summary(tables, "aulc/train_accuracy").to_dict("records"):
        mean = f"{100 * row['mean']:.2f}"
        assert mean in page
        assert mean in markdown
        assert row["baseline"] or f"{100 * row['difference']:+.2f}".replace("-", "−") in page


def test_printed_ledger_adds_up_for_every_arm_and_in_all(report, study):
    _, tables = study
    rows = re.findall(
        r"^\|([^|]+)\|((?: *\**\d+\** *\|){7})", report.markdown.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) == len(tables.planned) + 1
    numbers = [[int(n.strip(" *")) for n in cells.strip("|").split("|")] for _, cells in rows]
    assert all(planned == sum(ends) for planned, *ends in numbers)
    assert numbers[-1] == [sum(column) for column in zip(*numbers[:-1], strict=True)]
    assert numbers[-1][0] == len(tables.seeds)


def test_an_outcome_nobody_knows_is_refused(study, tmp_path):
    model, tables = study
    strange = tables.seeds.assign(outcome=["exploded", *tables.seeds["outcome"][1:]])
    broken = type(tables)(tables.study, tables.planned, strange, tables.curves, tables.facts)
    with pytest.raises(Failure, match="exploded"):
        write_report(model, broken, [], tmp_path)


def test_markdown_shows_every_figure_and_every_figure_exists(report):
    text = report.markdown.read_text(encoding="utf-8")
    shown = set(re.findall(r"\((figures/[^)]+)\)", text))
    assert shown == {str(path.relative_to(report.folder)) for path in report.figures}
    assert all(path.stat().st_size > 0 for path in report.figures)
    assert all(path.stat().st_size < 250_000 for path in report.figures if path.suffix == ".png")


def test_markdown_blocks_stand_apart(report):
    lines = ["", *report.markdown.read_text(encoding="utf-8").splitlines(), ""]
    headings = [i for i, line in enumerate(lines) if line.startswith("#")]
    assert len(headings) > 8
    pictures = [i for i, line in enumerate(lines) if line.startswith(("![", "<details>", "</details>"))]
    for i in headings + pictures:
        assert lines[i - 1] == ""
        assert lines[i + 1] == ""
    starts = [i for i, line in enumerate(lines) if line[:1] in "|>" and line and lines[i - 1][:1] != line[0]]
    assert all(lines[i - 1] == "" for i in starts)


def test_markdown_tables_have_one_width(report):
    table: list[str] = []
    for line in [*report.markdown.read_text(encoding="utf-8").splitlines(), ""]:
        if line.startswith("|"):
            table.append(line)
            continue
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table}
        assert len(cells) <= 1
        table = []


def test_verdicts_file_is_strict_json_with_every_difference(report, study):
    model, tables = study

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    document = json.loads(report.verdicts.read_text(encoding="utf-8"), parse_constant=refuse)
    for written, verdict in zip(document["verdicts"], judge(model, tables), strict=True):
        assert written["claim_id"] == verdict.claim_id
        assert {int(seed): d for seed, d in written["differences"].items()} == verdict.differences


def test_same_tables_give_the_same_bytes_whatever_their_row_order(make, tmp_path):
    model, tables = make(stds=(0.001, 1.0), seeds=6)
    order = np.random.default_rng(1)
    mixed = type(tables)(
        tables.study,
        tables.planned,
        tables.seeds.iloc[order.permutation(len(tables.seeds))].reset_index(drop=True),
        tables.curves.iloc[order.permutation(len(tables.curves))].reset_index(drop=True),
        tables.facts,
    )
    first = write_report(model, tables, judge(model, tables), tmp_path / "a")
    again = write_report(model, mixed, judge(model, mixed), tmp_path / "b")
    for one, other in zip(
        (first.html, first.markdown, first.verdicts, *first.figures),
        (again.html, again.markdown, again.verdicts, *again.figures),
        strict=True,
    ):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_figures_of_an_earlier_report_are_removed_and_nothing_else(make, tmp_path):
    model, tables = make(stds=(0.1,), seeds=6, missing=0, figures=[])
    before = write_report(model, tables, judge(model, tables), tmp_path)
    for name in ("holiday.png", "notes.txt"):
        (tmp_path / "figures" / name).write_text("x")
    model, tables = make(stds=(0.1,), seeds=6, missing=0, figures=[], claims=False)
    after = write_report(model, tables, [], tmp_path)
    gone = set(before.figures) - set(after.figures)
    assert gone
    assert not any(path.exists() for path in gone)
    assert all(
        path.exists() for path in (*after.figures, tmp_path / "figures/holiday.png", tmp_path / "figures/notes.txt")
    )
    assert after.left == ()


def test_a_file_in_place_of_the_folder_is_one_clear_error(make, tmp_path):
    model, tables = make(stds=(0.1,), norms=(None,), seeds=2, missing=0)
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match=r"/file is a file, expected a folder to write to: give another with --out"):
            write_report(model, tables, [], out)
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("norms", [(None,), ("none", None)], ids=["one arm", "a level None"])
def test_a_study_without_claims_is_described(make, tmp_path, norms):
    model, tables = make(stds=(0.1,), norms=norms, claims=False, missing=0, figures=[])
    paths = write_report(model, tables, [], tmp_path)
    text = paths.html.read_text(encoding="utf-8")
    assert "states no claim" in text
    assert 'id="forest"' not in text
    assert ">nan<" not in text.lower()


def test_one_arm_and_one_claim_are_counted_in_the_singular(make, tmp_path):
    model, tables = make(stds=(0.1,), norms=("none",), seeds=1, claims=False, missing=0, figures=[])
    text = write_report(model, tables, [], tmp_path / "en").markdown.read_text(encoding="utf-8")
    assert "1 arm · 1 seed · 1 run · none failed · 0 claims" in text
    with speaking("zh"):
        text = write_report(model, tables, [], tmp_path / "zh").markdown.read_text(encoding="utf-8")
    assert "1 个实验组 · " in text


def test_a_metric_that_is_called_what_it_is_is_named_once(study):
    model, tables = study
    verdicts = judge(model, tables)[-1:]
    plain = [dataclasses.replace(verdict, metric="deviation") for verdict in verdicts]
    assert families(model, tables, plain)[0].terms.startswith("Metric: deviation. ")
    assert families(model, tables, verdicts)[0].terms.startswith("Metric: final/test_accuracy, test accuracy at the")


def test_a_study_nothing_of_which_has_run_is_reported(make, tmp_path):
    model, tables = make(seeds=3)
    seeds = tables.seeds[["arm_id", "arm", "seed", "run_id", "identity", "norm", "init.std", "majority_rate"]]
    seeds = seeds.assign(outcome="missing", seconds=np.nan, first_nonfinite_step=np.nan)
    empty = type(tables)(tables.study, tables.planned, seeds, tables.curves.iloc[:0], {})
    paths = write_report(model, empty, [], tmp_path)
    assert "24 planned = 0 reached" in paths.markdown.read_text(encoding="utf-8")


def test_progress_counts_up_to_its_total(make, tmp_path):
    model, tables = make(stds=(0.1,), seeds=6, missing=0, figures=[])
    seen: list[tuple[int, int, str]] = []
    write_report(model, tables, judge(model, tables), tmp_path, progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == list(range(1, seen[-1][1] + 1))


def test_the_curve_behind_a_claim_comes_first_and_the_loss_is_kept(study):
    model, tables = study
    assert curve_metrics(tables, judge(model, tables)) == ["train/accuracy", "train/loss"]
    more = pd.concat([tables.curves.assign(metric=f"a/{i}") for i in range(5)] + [tables.curves])
    assert "train/loss" in curve_metrics(type(tables)(tables.study, tables.planned, tables.seeds, more), [])


def test_a_family_names_its_few_exceptions(study):
    model, tables = study
    *members, other = judge(model, tables)
    members[2] = dataclasses.replace(members[2], outcome="refuted", label="reversed")
    family, single = families(model, tables, [*members, other])
    assert "Supported in 3 of 4, refuted in 1 of 4" in family.headline
    assert "Refuted at init.std=0.1 (reversed)." in family.headline
    assert not family.single
    assert single.single
