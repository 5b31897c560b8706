"""What MkDocs calls while it builds the site (`mkdocs build`): the pages are the repository's own files, as they are.

The site has the repository's folders, so that a link which works on a code host works here, too. What is made: a page
for each folder or source that some page links to, shown as text; the gallery of figures, from the committed findings;
and the lists of findings and decisions in the navigation, from what lies in their folders.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
FINDINGS = ROOT / "studies" / "findings"
GALLERY = "docs/gallery.md"
SHOWN = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**/*", "studies/findings/**/*", "examples/*/README.md",
    "benchmarks/RESULTS.md",
)  # fmt: skip
"""What is copied or made into pages."""
UNSHOWN = re.compile(r"(^|/)(words(\.zh)?\.md|__pycache__/.*|[^/]*\.py)$")
"""Sources of pages, not pages: a finding's words stand in its report with the numbers filled in."""
TEXTS = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".json": "json", ".md": "markdown"}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:)([^)\s#]+)((?:#[^)\s]*)?)(?=\))")
_FENCE = re.compile(r"^ *(`{3,}|~{3,})")
_ITEM = re.compile(r"^ *([-*]|\d+\.) ")


def shown_files() -> Iterator[str]:
    """Yield the files of the site by their paths in the repository."""
    for pattern in SHOWN:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and not UNSHOWN.search(name):
                yield name


def target_of(link: str, page: str) -> Path:
    """Return the file or folder of the repository that a relative link of a page means."""
    return ROOT / posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def link_here(link: str, page: str) -> str:
    """Return a link as it is here: a folder leads to its README or its listing, a source to its page."""
    path = target_of(link, page)
    if path.is_dir():
        return f"{link.rstrip('/')}/{'README.md' if (path / 'README.md').is_file() else 'index.md'}"
    if path.suffix in TEXTS and path.suffix not in {".md", ".json"} and path.is_file():
        return f"{link}.md"
    return link


def as_here(text: str, page: str) -> str:
    """Write Markdown as code hosts read it so that Python-Markdown reads the same.

    Links to folders and sources lead to their pages; a list may follow a line of text; what is indented by two spaces
    belongs to its list item; Markdown inside `<details>` is Markdown. Code blocks stay as they are.
    """
    fence, before, in_item, lines = "", "", False, []
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        elif not fence:
            spaces = len(line) - len(line.lstrip(" "))
            is_item = bool(_ITEM.match(line))
            if is_item and before.strip() and not in_item:
                lines.append("")  # else Python-Markdown reads on in the paragraph before
            in_item = bool(line.strip()) and (is_item or in_item)
            marked = " " * spaces + line.replace("<details>", '<details markdown="1">')
            lines.append(_LINK.sub(lambda found: link_here(found[1], page) + found[2], marked))
            before = line
            continue
        before = line
        lines.append(line)
    return "\n".join(lines) + "\n"


def listing(path: Path) -> str:
    """Return a page that shows a source, or every text file of a folder under its path."""
    own = path.relative_to(ROOT).as_posix()
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.suffix in TEXTS)
    parts = [f"# {own}\n"]
    for file in files:
        if "__pycache__" not in file.parts:
            head = "" if file == path else f"\n## {file.relative_to(path).as_posix()}\n"
            parts.append(f"{head}\n`````{TEXTS[file.suffix]}\n{file.read_text(encoding='utf-8').rstrip()}\n`````\n")
    return "".join(parts)


def linked_sources(names: list[str]) -> dict[str, Path]:
    """Return the pages that links ask for and that are not there: the page's path -> the source or folder it shows."""
    held = {}
    for page in (name for name in names if name.endswith(".md")):
        for found in _LINK.finditer((ROOT / page).read_text(encoding="utf-8")):
            path = target_of(found[1], page)
            there = posixpath.normpath(posixpath.join(posixpath.dirname(page), link_here(found[1], page)))
            if there.endswith(".md") and not (ROOT / there).is_file() and path.exists():
                held[there] = path
    return held


def figure_kinds() -> dict[str, str]:
    """Return every kind of figure that ablate brings, with the first line of what its class says of itself.

    The files are read, not imported: a build of the site needs none of what draws.
    """
    from ablate.doors import FIGURES, OURS

    kinds = dict.fromkeys(sorted(OURS[FIGURES]), "")
    for file in sorted({f"{module.replace('.', '/')}.py" for module in OURS[FIGURES].values()}):
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        for held in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
            for mark in map(ast.unparse, held.decorator_list):
                kind = mark.removeprefix("register('figure', '").removesuffix("')")
                if kind in kinds:
                    kinds[kind] = (ast.get_docstring(held) or "").partition("\n")[0]
    return kinds


def gallery() -> str:
    """Return the page of every kind of figure in the committed findings, each with a study that made it."""
    kinds = figure_kinds()
    examples: dict[str, tuple[str, str, str]] = {}
    for report in sorted(FINDINGS.glob("*/report.md")):
        for alt, stem, ending in re.findall(
            r"^!\[(.*)\]\(figures/([^)]+)\.(png|svg)\)$", report.read_text(encoding="utf-8"), flags=re.MULTILINE
        ):
            kind = kind_of(stem, kinds)
            if kind:
                examples.setdefault(kind, (report.parent.name, alt, f"{stem}.{ending}"))
    head = (
        "# Figures, and the studies that made them\n\nMade from the committed findings. A study asks for a figure by "
        "its kind ([the study file](study-files.md)); many are drawn without being asked for.\n"
    )
    parts = [head]
    for kind, (study, alt, file) in sorted(examples.items()):
        says = f"{kinds[kind]}\n\n" if kinds[kind] else ""
        at = f"../studies/findings/{study}"
        parts.append(f"\n## {kind}\n\n{says}From [{study}]({at}/report.md):\n\n![{alt}]({at}/figures/{file})\n")
    missing = [f"`{kind}`" for kind in kinds if kind not in examples]
    if missing:
        parts.append(f"\n## Not in a committed finding\n\n{', '.join(missing)}.\n")
    return "".join(parts)


def kind_of(stem: str, kinds: dict[str, str]) -> str | None:
    """Return the kind of figure that a file's name begins with: the longest that fits."""
    fits = [kind for kind in kinds if f"{stem}-".startswith(f"{kind.replace('_', '-')}-")]
    return max(fits, key=len, default=None)


def heading(path: Path) -> str:
    """Return a page's first heading."""
    return path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fill the navigation's two lists: the findings, and the decisions that it does not name elsewhere."""
    named = json.dumps(config.nav)
    decisions = [f"docs/decisions/{path.name}" for path in sorted((ROOT / "docs" / "decisions").glob("0*.md"))]
    lists: dict[str, Callable[[], list[Any]]] = {
        "every finding": lambda: [{heading(path): path.relative_to(ROOT).as_posix()} for path in reports()],
        "every decision": lambda: [{heading(ROOT / name): name} for name in decisions if name not in named],
    }
    config.nav = _filled(config.nav, lists)
    return config


def reports() -> list[Path]:
    """Return the committed reports, in English."""
    return sorted(FINDINGS.glob("*/report.md"))


def _filled(nav: Any, lists: dict[str, Callable[[], list[Any]]]) -> Any:
    if isinstance(nav, list):
        return [item for held in nav for item in _items(held, lists)]
    if isinstance(nav, dict):
        return {title: _filled(held, lists) for title, held in nav.items()}
    return nav


def _items(held: Any, lists: dict[str, Callable[[], list[Any]]]) -> list[Any]:
    return lists[held]() if isinstance(held, str) and held in lists else [_filled(held, lists)]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put the repository's pages into the site under their own paths, with what they link to and the gallery."""
    from mkdocs.structure.files import File

    for file in list(files.documentation_pages()) + list(files.media_files()):
        if file.abs_src_path and Path(file.abs_src_path).is_relative_to(ROOT / "docs"):
            files.remove(file)
    names = list(shown_files())
    for name in names:
        files.append(File(name, str(ROOT), config.site_dir, config.use_directory_urls))
    made = {page: listing(path) for page, path in linked_sources(names).items()} | {GALLERY: gallery()}
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Read a page as code hosts do."""
    del config, files
    return as_here(markdown, page.file.src_uri)
