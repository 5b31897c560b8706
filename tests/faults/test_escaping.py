"""Texts that come from anywhere, levels, claims, names: on a page, in Markdown, LaTeX and CSV they are texts."""

import csv
import io
import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from ablate.report.csv_cells import level_of
from ablate.sources.choose import ChosenSource
from ablate.sources.contract import RunTable
from ablate.sources.given import Given
from ablate.sweep.study_file import parse_study
from ablate.terminal import plain_line
from ablate.track.memory import MemoryStore
from ablate.work.bench import Bench
from ablate.work.importing import import_study
from ablate.work.reporting import judge_and_report

HOSTILE = (
    "<script>alert(1)</script>", "$\\foo$ and $", "=cmd|'/c calc'!A1", "a\"b' onload=alert(1) x=", "@SUM(A1)",
    "[x](javascript:alert(1))", "\\input{/etc/passwd}", "`code` <img src=x onerror=alert(1)>", "![x](http://a.example/x)",
    "]]>--><svg/onload=alert(1)>", "<javascript:alert(1)>", "{{ 7*7 }}{% include 'x' %}", "-2+3", "\x1b[2J批", "a\nb",
    "\u202egnp.exe", "nul\x00x", "c\n\nd", "e\u2028f",
)  # fmt: skip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a study whose every word is somebody else's."""
    folder = tmp_path_factory.mktemp("report")
    every = " ".join(HOSTILE)
    study = parse_study(
        {
            "title": every, "question": every, "background": every, "not_concluded": list(HOSTILE), "seeds": 6,
            "confounds": [every], "quotes": [{"zh": every, "en": every, "source": every}],
            "factors": {"kind": ["plain", *HOSTILE]}, "metrics": {"score": "higher", "$\\foo$<b>": "higher"},
            "claims": [
                {"id": f"c{number}", "says": level, "metric": "score", "arm": {"kind": level},
                 "against": {"kind": "plain"}, "by_at_least": 0.1}
                for number, level in enumerate(HOSTILE)
            ],
        },
        where="hostile",
    )  # fmt: skip
    runs = [
        {"kind": level, "seed": seed, "score": at + seed % 3 / 10, "$\\foo$<b>": at}
        for at, level in enumerate(["plain", *HOSTILE])
        for seed in range(6)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        bench = Bench(given=MemoryStore())
        chosen = ChosenSource(Given(RunTable.of("hostile", runs)), "hostile", "")
        key = import_study(study, chosen, bench, name="hostile", command=every, out=folder / "out")
        judge_and_report("hostile", key, bench, out=folder / "out")
    return folder / "out"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_holds_no_code_and_no_link_of_theirs(report):
    text = (report / "report.html").read_text(encoding="utf-8")
    page = Tags()
    page.feed(text)
    assert [attributes for tag, attributes in page.found if any(name.startswith("on") for name in attributes)] == []
    assert {tag for tag, _ in page.found} & {"iframe", "object", "embed", "form", "base"} == set()
    assert [attributes for tag, attributes in page.found if tag == "script"] == [{}]
    links = {held[name] for _, held in page.found for name in ("href", "src", "xlink:href") if held.get(name)}
    assert [link for link in links if not link.startswith(("#", "figures/", "data:image/"))] == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{ 7*7 }}" in text


def test_the_markdown_holds_no_html_and_no_link_of_theirs(report):
    text = (report / "report.md").read_text(encoding="utf-8")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inner = [inline for token in tokens for inline in token.children or ()]
    html = [token.content for token in (*tokens, *inner) if token.type.startswith("html")]
    assert html
    written = Tags()
    for content in html:
        written.feed(content)
    assert {tag for tag, _ in written.found} <= {"details", "summary", "b", "br"}
    assert [attributes for _, attributes in written.found if attributes] == []
    links = {str(token.attrs.get(name)) for token in inner for name in ("href", "src") if token.attrs.get(name)}
    assert links
    assert [link for link in links if not link.startswith(("figures/", "#", "runs.csv", "verdicts.json"))] == []


def test_no_text_holds_a_letter_that_cannot_be_seen(report):
    for name in ("report.html", "report.md", "table.tex"):
        text = (report / name).read_bytes().decode()
        assert [mark for mark in set(text) if plain_line(mark) != mark] == [], name
        assert "\\u202egnp.exe" in text.replace("\\textbackslash{}", "\\"), name


def test_latex_is_given_no_command_of_theirs(report):
    text = (report / "table.tex").read_text(encoding="utf-8")
    assert "\\input" not in text
    assert "\\textbackslash{}input\\{/etc/passwd\\}" in text
    assert "\n\n" not in text.partition("begin{table")[2].rpartition("end{table")[0]
    assert not re.search(r"(?<!\\)[#&]", re.sub(r" & ", " ", text))


def test_no_cell_is_a_formula_and_every_level_comes_back(report):
    rows = list(csv.reader(io.StringIO((report / "runs.csv").read_text(encoding="utf-8"), newline="")))
    assert [cell for row in rows for cell in row if re.match(r"[=+@\t\r]|-(?![\d.])", cell)] == []
    column = rows[0].index("kind")
    assert list(dict.fromkeys(level_of(row[column]) for row in rows[1:])) == ["plain", *HOSTILE]


def test_every_figure_is_drawn(report):
    assert list((report / "figures").glob("*.png"))
    for path in (report / "figures").glob("*.svg"):
        assert "<script" not in path.read_text(encoding="utf-8")
