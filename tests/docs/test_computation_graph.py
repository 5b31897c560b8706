"""computation-graph.md computes what it says: examples are run, numbers stand in one, figures are drawn from them."""

import importlib.util
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("draw_figures", DOCS / "draw_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def names(script):
    found, failures = script.run()
    assert failures == 0
    return found


def texts(document):
    return [e.text for e in ET.fromstring(document).iter("{http://www.w3.org/2000/svg}text")]


def test_the_examples_of_the_page_give_what_it_says(script, names):
    assert names["total"].value == pytest.approx(715)
    assert script.examples().count(">>>") > 30


def test_every_number_in_the_text_stands_in_an_example(script):
    page = script.PAGE.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)|^ {4}.*$|chapter \d", " ", page, flags=re.DOTALL | re.MULTILINE)
    number = re.compile(r"\d+(?:\.\d+)?")
    assert set(number.findall(prose)) <= set(number.findall(script.examples()))
    assert "650" in number.findall(prose)


def test_the_figures_show_what_the_examples_computed(script, names):
    for name, drawn in script.figures(names).items():
        committed = (DOCS / "figures" / name).read_text(encoding="utf-8")
        assert texts(committed) == texts(drawn)
    apples = texts((DOCS / "figures" / "apples-and-oranges.svg").read_text(encoding="utf-8"))
    assert {"715", "2.2", "110", "3.3", "165", "650"} <= set(apples)


def test_the_networks_on_the_page_are_those_of_today(script, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    page = script.PAGE.read_text(encoding="utf-8")
    nodes = re.compile(r'id="(node-[^"]+)"')
    for name, overrides in script.NETWORKS.items():
        assert f"    ablate graph {' '.join(overrides)}\n" in page
        committed = (DOCS / "figures" / name).read_text(encoding="utf-8")
        assert nodes.findall(committed) == nodes.findall(script.network(overrides))
