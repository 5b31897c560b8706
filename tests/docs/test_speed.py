"""The figures of docs/speed.md are those that were measured."""

import re
from pathlib import Path

HERE = Path(__file__).parents[2]
ROW = re.compile(r"^\| (\d[^|]*seeds?) \|(.+)\|$", re.MULTILINE)


def rows(text):
    """Return label -> cells of the rows that begin with a net, batch and number of seeds; the first of each label."""
    found = {}
    for label, cells in ROW.findall(text):
        found.setdefault(label, [cell.strip() for cell in cells.split("|")])
    return found


def test_each_row_of_the_page_is_one_that_was_measured():
    shown = rows((HERE / "docs" / "speed.md").read_text())
    measured = rows((HERE / "benchmarks" / "RESULTS.md").read_text())
    assert len(shown) >= 4
    for label, (ours, products, scan, per_step, eager) in shown.items():
        compiled, _, *others = measured[label]
        assert [ours, products, scan, per_step, eager] == [compiled, *others[:4]], label


def test_the_ranges_of_the_page_are_those_of_the_results():
    text = (HERE / "docs" / "speed.md").read_text()
    results = (HERE / "benchmarks" / "RESULTS.md").read_text()
    lasts = [
        float(ratio) for ratio in re.findall(r"\| ([\d.]+) (?:yes|NO) \|$", results.partition("(`conv.py`)")[2], re.M)
    ]
    assert f"takes {min(lasts):.2f} (ResNet) to {max(lasts):.2f} times" in text
    together = results.partition("4 seeds together")[2].partition("```")[0]
    shares = [float(share) for share in re.findall(r"^\w+ +\d+ +([\d.]+) +(?:yes|NO)", together, re.MULTILINE)]
    least = min(share for share in shares if share)
    assert f"costs between {least:.2f} and {max(shares):.2f} of a compiled step" in text
