"""The page on paper: no page is empty, no head stands alone, no table and no figure runs off the sheet."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ablate.judge.rule import judge
from ablate.report.templating import Column, Table, TextRow, cell_text
from ablate.report.write import write_report

from .conftest import build

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARMS = 70


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> list[str]:
    """Return the text of every page of a report with many arms."""
    if CHROMIUM is None or shutil.which("pdftotext") is None:
        pytest.skip("no Chromium, or no pdftotext, on this machine")
    stds = tuple(round(float(s), 5) for s in np.linspace(0.001, 1.0, ARMS // 2))
    study, tables = build(stds=stds, seeds=4, evaluations=13, missing=0, claims=False, figures=[])
    folder: Path = tmp_path_factory.mktemp("printed")
    report = write_report(study, tables, judge(study, tables), folder)
    sheet = folder / "report.pdf"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
               f"--print-to-pdf={sheet}", report.html.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    text = subprocess.run(["pdftotext", "-layout", str(sheet), "-"], check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1]


def test_no_page_is_empty(printed):
    assert len(printed) > 5
    assert [n for n, text in enumerate(printed, 1) if len(text.split()) < 8] == []


def test_a_table_has_its_head_on_every_page_and_its_last_column_on_the_sheet(printed):
    rows = [text for text in printed if len(re.findall(r"init\.std=\S+ +4( +\d+){5} ", text)) > 3]
    assert len(rows) > 1  # the ledger of all arms takes more than a page
    assert all("seed by seed" in text for text in rows)


def test_no_head_stands_alone_at_the_end_of_a_page(printed):
    heads = {"The evidence behind them", "Ablation table", "Learning curves", "Where every run went",
             "How the numbers were made", "Provenance"}  # fmt: skip
    last = [text.strip().splitlines()[-1].strip() for text in printed]
    assert heads & {line.strip() for text in printed for line in text.splitlines()}
    assert not heads & set(last)


@pytest.mark.parametrize(
    ("columns", "fit"), [(3, ""), (11, "crowded"), (16, "packed")], ids=["fits", "smaller letters", "breaks words"]
)
def test_a_table_gets_smaller_before_it_runs_off_the_page(columns, fit):
    row = TextRow(("0.93 [0.91]",) * columns)
    assert Table("", (Column("mean", "n"),) * columns, (row,)).fit == fit


def test_what_may_be_broken_needs_no_more_room_than_its_parts():
    names = "learning_rate_of_the_encoder", "weight_decay_of_the_decoder", "number_of_attention_heads"
    table = Table("", tuple(Column(name) for name in names * 2), (TextRow(("0.1",) * 6),))
    assert table.fit == ""
    assert cell_text(names[0]).count("<wbr>") == 4
    assert cell_text("12/12 runs, 0.5") == "12/12 runs, 0.5"
