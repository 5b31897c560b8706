from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ablate.judge.rule import judge
from ablate.report.latex import latex_table
from ablate.report.paper import paper_files
from ablate.report.templating import Column, Table, TextRow
from ablate.report.verdict_table import verdict_table
from ablate.report.write import make_report

TABLE = Table(
    "Test accuracy at the last step (final/test_accuracy)",
    (
        Column("norm: batch", "mark"), Column("init.std", "n"), Column("mean (%)", "n"), Column("± 95 %", "n"),
        Column("to baseline (pp)", "n"), Column("95 % jointly", "n"), Column("Holm p", "n"), Column("diverged", "n"),
    ),
    (
        TextRow(("–", "0.1", "10.14", "2.59", "baseline", "–", "–", "0/8"), "base"),
        TextRow(("✓", "0.01", "69.22", "4.30", "+59.08", "[+54.56, +∞]", "0.0078", "0/8")),
        TextRow(("✓", "1", "9.80", "4.30", "−0.34", "[−1.56, +0.22]", "< 0.000001", "8/8")),
    ),
    "Mean over seeds with its 95 % t interval. n: seeds with a value / planned.",
)  # fmt: skip


def test_numbers_are_set_by_siunitx_and_words_among_them_stand_in_braces():
    lines = latex_table(TABLE, label="x").splitlines()
    (columns,) = [line for line in lines if line.startswith(r"\begin{tabular}")]
    assert columns == (
        r"\begin{tabular}{@{}cS[table-format=1.2]S[table-format=2.2]S[table-format=1.2]S[table-format=+2.2]r"
        r"S[table-format=1.4]r@{}}"
    )
    assert r"\textit{--} & 0.1 & 10.14 & 2.59 & {baseline} & \textit{--} & {--} & 0/8 \\" in lines
    assert r"\checkmark{} & 0.01 & 69.22 & 4.30 & +59.08 & $[+54.56,\,+\infty]$ & 0.0078 & 0/8 \\" in lines
    assert r"\checkmark{} & 1 & 9.80 & 4.30 & -0.34 & $[-1.56,\,+0.22]$ & {$<$ 0.000001} & 8/8 \\" in lines


def test_the_caption_is_one_line_and_the_note_stands_below():
    text = latex_table(TABLE, label="x")
    assert r"\caption{Test accuracy at the last step (final/test\_accuracy)}" in text
    assert text.index(r"\bottomrule") < text.index("Mean over seeds") < text.index(r"\end{table}")


def compiled(folder: Path, body: str, option: str) -> None:
    """Compile a document, and refuse what is wider than its column by more than a point, or higher than its page."""
    (folder / "paper.tex").write_text(
        rf"\documentclass[{option}]{{article}}" + "\n"
        r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}" + "\n"
        r"\usepackage{booktabs,siunitx,adjustbox,amssymb}" + "\n"
        r"\begin{document}" + "\n" + body + r"\end{document}" + "\n",
        encoding="utf-8",
    )
    run_tex(folder)


def run_tex(folder: Path) -> None:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    if re.search(r"File `(siunitx|adjustbox|booktabs|iftex)\.sty' not found", done.stdout):
        pytest.skip("this TeX has no booktabs, siunitx, adjustbox or iftex")
    assert done.returncode == 0, done.stdout[-2000:]
    over = [float(points) for points in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt", done.stdout)]
    assert [points for points in over if points > 1.0] == []
    assert "Float too large" not in done.stdout


needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
both = pytest.mark.parametrize("option", ["twocolumn", "onecolumn"])


@needs_tex
@both
def test_the_table_of_a_study_fits_one_column(study, tmp_path: Path, option: str):
    model, tables = study
    made = make_report(model, tables, judge(model, tables), page_too=False)["table.tex"]
    assert isinstance(made, str)
    compiled(tmp_path, made, option)


@needs_tex
@both
def test_many_rows_long_texts_and_long_names_fit_one_column_and_its_pages(tmp_path: Path, option: str):
    columns = (Column("comparison"), Column("dropout.drop_probability", "n"), Column("verdict"), Column("δ", "n"))
    texts = [f"model.hidden=[200,200], augment.max_pixels={n} against optimizer=nesterov at η={n}" for n in range(45)]
    long = Table(
        "A", columns, tuple(TextRow((t, "0.5", "refuted (smaller than δ)", "0.5 pp")) for t in texts), "Note. " * 60
    )
    many = Table("B", TABLE.columns, TABLE.rows * 40, TABLE.note)
    compiled(tmp_path, latex_table(long, label="a") + latex_table(many, label="b"), option)


def test_a_level_that_is_a_path_does_not_make_its_column_as_wide_as_itself():
    path = "/data/experiments/2026/11/30/run_with_everything_enabled_and_more_and_more_and_more"
    rows = tuple(TextRow((told, "0.5")) for told in (path, f"the file {path}", "none"))
    text = latex_table(Table("A", (Column("data"), Column("mean", "n")), rows), label="a")
    (width,) = re.findall(r"p\{([\d.]+)em\}", text)
    assert float(width) <= 15
    assert r"\allowbreak{}" in text
    assert text.replace(r"\allowbreak{}", "").count(path.replace("_", r"\_")) == 2


@needs_tex
def test_the_document_of_a_paper_kit_compiles(make, tmp_path: Path):
    model, tables = make((0.01, 0.1))
    for name, content in paper_files(model, tables, judge(model, tables)).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    run_tex(tmp_path)


FINDINGS = sorted((Path(__file__).parents[2] / "studies" / "findings").glob("*/table.tex"))


@needs_tex
@both
@pytest.mark.parametrize("path", FINDINGS, ids=lambda path: path.parent.name)
def test_the_committed_tables_fit_one_column(path: Path, tmp_path: Path, option: str):
    text = path.read_text(encoding="utf-8")
    if "group-digits" not in text:
        pytest.skip("written by an earlier release: `ablate report --findings STUDY` writes it again")
    compiled(tmp_path, text, option)


def test_a_long_table_goes_on_under_the_same_number():
    text = latex_table(Table("B", TABLE.columns, TABLE.rows * 40, TABLE.note), label="b")
    assert len(re.findall(r"\\begin\{table\}", text)) == 3
    assert text.count(r"\addtocounter{table}{-1}") == text.count(r"\caption{B (continued)}") == 2
    assert text.count(r"\label{") == text.count(r"\begin{minipage}") == 1
    assert text.rindex("seeds with a value") > text.rindex(r"\bottomrule")


def test_long_texts_are_broken_and_what_every_row_says_stands_below(study):
    model, tables = study
    made = verdict_table(judge(model, tables))
    assert "δ" not in [column.title for column in made.columns]
    assert "δ: 0.5 pp in every row." in made.note
    text = latex_table(made, label="v")
    assert r">{\raggedright\arraybackslash}p{" in text
    assert r"norm=\allowbreak{}batch against norm=\allowbreak{}none at init.std=\allowbreak{}0.01" in text


def test_a_table_holds_every_arm_of_the_study(study):
    model, tables = study
    made = make_report(model, tables, judge(model, tables), page_too=False)["table.tex"]
    assert isinstance(made, str)
    assert len(re.findall(r"^.* \\\\$", made, re.MULTILINE)) == len(tables.planned) + 1
