from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ablate.judge.rule import judge
from ablate.report.latex import latex_table
from ablate.report.templating import Column, Row, Table
from ablate.report.write import make_report

TABLE = Table(
    "Test accuracy at the last step (final/test_accuracy)",
    (
        Column("norm: batch", "mark"), Column("init.std", "n"), Column("mean (%)", "n"), Column("± 95 %", "n"),
        Column("to baseline (pp)", "n"), Column("95 % jointly", "n"), Column("Holm p", "n"), Column("diverged", "n"),
    ),
    (
        Row(("–", "0.1", "10.14", "2.59", "baseline", "–", "–", "0/8"), "base"),
        Row(("✓", "0.01", "69.22", "4.30", "+59.08", "[+54.56, +∞]", "0.0078", "0/8")),
        Row(("✓", "1", "9.80", "4.30", "−0.34", "[−1.56, +0.22]", "< 0.000001", "8/8")),
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


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
@pytest.mark.parametrize("option", ["twocolumn", "onecolumn"])
def test_the_table_of_a_study_fits_one_column(study, tmp_path: Path, option: str):
    model, tables = study
    made = make_report(model, tables, judge(model, tables), page_too=False)["table.tex"]
    assert isinstance(made, str)
    (tmp_path / "paper.tex").write_text(
        rf"\documentclass[{option}]{{article}}" + "\n"
        r"\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}" + "\n"
        r"\usepackage{booktabs,siunitx,adjustbox,amssymb}" + "\n"
        r"\begin{document}" + "\n" + made + r"\end{document}" + "\n",
        encoding="utf-8",
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    if re.search(r"File `(siunitx|adjustbox|booktabs)\.sty' not found", done.stdout):
        pytest.skip("this TeX has no booktabs, siunitx or adjustbox")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


def test_a_table_holds_every_arm_of_the_study(study):
    model, tables = study
    made = make_report(model, tables, judge(model, tables), page_too=False)["table.tex"]
    assert isinstance(made, str)
    assert len(re.findall(r"^.* \\\\$", made, re.MULTILINE)) == len(tables.planned) + 1
