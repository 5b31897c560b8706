"""The documentation site: its pages are in the navigation, its reference names the whole face."""

import contextlib
import importlib
import importlib.util
import inspect
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pages
import pytest
import yaml

import ablate
import ablate.stats
import ablate.testing

ROOT = Path(__file__).parents[2]
REFERENCE = "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
NAV = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
FACE = [f"{module.__name__}.{name}" for module in (ablate, ablate.stats, ablate.testing) for name in module.__all__]


@pytest.fixture(scope="module")
def website():
    spec = importlib.util.spec_from_file_location("website", ROOT / "docs" / "website.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("path", FACE)
def test_every_public_name_has_a_docstring_and_stands_in_the_reference(path):
    held = named(path)
    said = inspect.getdoc(held) or ""
    assert len(said.split()) >= 4
    assert not said.startswith(f"{held.__name__}(")  # what a dataclass writes of itself when nobody did
    assert len(re.findall(rf"^::: {re.escape(path)}$", REFERENCE, flags=re.MULTILINE)) == 1


def test_the_reference_names_nothing_that_is_not_there():
    for path in re.findall(r"^::: (\S+)$", REFERENCE, flags=re.MULTILINE):
        assert inspect.getdoc(named(path)), path


def test_every_page_of_docs_is_in_the_navigation_once():
    pages = [f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")] + ["docs/gallery.md"]
    pages += [f"docs/reference/{page.name}" for page in (ROOT / "docs" / "reference").glob("*.md")]
    for page in pages:
        assert len(re.findall(rf"{re.escape(page)}$", NAV, flags=re.MULTILINE)) == 1, page


def test_the_navigation_names_nothing_that_is_not_there():
    for page in re.findall(r"\S+\.md$", NAV, flags=re.MULTILINE):
        assert page == "docs/gallery.md" or (ROOT / page).is_file(), page


def test_lists_of_the_navigation_hold_what_lies_in_their_folders(website):
    nav = [{"Findings": ["every finding"]}, {"House": ["docs/decisions/0002-x.md", {"Decisions": ["every decision"]}]}]
    (findings, house) = website.on_config(SimpleNamespace(nav=nav)).nav
    assert len(findings["Findings"]) == len(list((ROOT / "studies" / "findings").glob("*/report.md")))
    assert {"docs/decisions/0001-own-sweeper.md"} <= {
        name for one in house["House"][1]["Decisions"] for name in one.values()
    }


def test_markdown_of_a_code_host_reads_the_same_here(website):
    text = (
        "A [folder](docs/decisions), [source](examples/own_training.py), [page](docs/guide.md#commands).\n"
        "- one\n  more of it\n- two\n\n  ![a](b.svg)\n- three\n<details><summary>All</summary>\n"
        "```yaml\nkey:\n- [a](docs/decisions)\n  - b\n```\n"
    )
    assert website.as_here(text, "README.md") == (
        "A [folder](docs/decisions/README.md), [source](examples/own_training.py.md), [page](docs/guide.md#commands).\n"
        '\n- one\n    more of it\n- two\n\n    ![a](b.svg)\n\n- three\n<details markdown="1"><summary>All</summary>\n'
        "```yaml\nkey:\n- [a](docs/decisions)\n  - b\n```\n"
    )


def test_sources_that_pages_link_to_have_pages(website):
    held = website.linked_sources(list(website.shown_files()))
    assert {"conf/index.md", "examples/own_code/index.md", "examples/own_training.py.md"} <= set(held)
    assert "## script.py" in website.listing(held["examples/own_code/index.md"])


def test_the_gallery_shows_every_kind_that_a_finding_has(website):
    text, kinds = website.gallery(), website.figure_kinds()
    shown, _, missing = text.partition("## Not in a committed finding")
    assert {"forest", "curve_grid", "heat_map", "heat_map_success"} <= set(kinds)
    for kind in kinds:
        assert (f"\n## {kind}\n" in shown) != (f"`{kind}`" in missing), kind
    for file in re.findall(r"\]\(\.\./([^)]+)\)", shown):
        assert (ROOT / file).is_file()


def test_a_figure_is_of_the_kind_with_the_longest_name(website):
    kinds = {"heat_map": "", "heat_map_success": "", "curves": ""}
    assert website.kind_of("heat-map-success", kinds) == "heat_map_success"
    assert website.kind_of("curves-train-loss", kinds) == "curves"
    assert website.kind_of("curvesome", kinds) is None


def test_the_site_asks_no_other_host():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert "font: false" in text
    assert not re.search(r"https?://|analytics|mermaid", text.split("\n", 2)[2])


@pytest.mark.slow
def test_the_site_is_served_until_it_is_interrupted():
    for name in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(name, reason='needs the extra "docs"')
    (served,) = [line for block in pages.blocks(ROOT / "CONTRIBUTING.md", "bash") for line in block.splitlines()
                 if "# the documentation site" in line]  # fmt: skip
    _, _, command = served.partition("#")[0].partition(" && ")
    with tempfile.TemporaryFile("w+") as said:
        site = subprocess.Popen(
            [*pages.this_python(command), "--port", "0"], cwd=ROOT, stdout=said, stderr=said, start_new_session=True,
            # A shell that runs the tests in the background lets them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
        )  # fmt: skip
        try:
            page = pages.answer(lambda: re.search(r"http://127\.0\.0\.1:\d+/", so_far(said)), site)
            assert "Does a technique work, or is it fashionable?" in page
            os.killpg(site.pid, signal.SIGINT)  # as a terminal does
            assert site.wait(timeout=60) == 0, so_far(said)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(site.pid, signal.SIGKILL)
            site.wait()


def so_far(said):
    said.seek(0)
    return said.read()


def test_what_a_command_prints_has_the_class_whose_lines_are_broken():
    markdown = pytest.importorskip("markdown", reason='needs the extra "docs"')
    pytest.importorskip("pymdownx", reason='needs the extra "docs"')
    (settings,) = re.findall(
        r"^  - pymdownx\.highlight: (.+)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M
    )
    extensions = ["pymdownx.highlight", "pymdownx.superfences"]
    styled = re.findall(r"\.(language-\w+) code", (ROOT / "docs" / "site.css").read_text(encoding="utf-8"))
    assert len(styled) == 3
    for name in styled:
        page = f"```{name.partition('-')[2]}\nablate run quickstart\n```\n"
        held = {"pymdownx.highlight": yaml.safe_load(settings)}
        html = markdown.markdown(page, extensions=extensions, extension_configs=held)
        assert re.search(rf'class="[^"]*\b{name}\b', html), html


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A.\n\n>>> f(1)\n[2, 3]\n", "A.\n\n```pycon\n>>> f(1)\n[2, 3]\n```"),
        ("A.\n\nExamples\n--------\n>>> f(1)\n\n>>> f(2)\n", "A.\n\nExamples\n--------\n>>> f(1)\n\n>>> f(2)\n"),
        ("So::\n\n    f(1)\n", "So:\n\n    f(1)\n"),
    ],
)
def test_examples_in_a_docstring_are_code(text, read):
    pytest.importorskip("griffe", reason='needs the extra "docs"')
    spec = importlib.util.spec_from_file_location("docstrings", ROOT / "docs" / "docstrings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.with_fences(text) == read
