"""What a written finding shows that its `runs.csv` does not hold: what was recorded while training, and who ran it.

A finding is judged again from its own files when the judge was corrected. What was recorded step by step (curves,
activations, samples) stands in the store of whoever ran it, not in the folder; its pictures do not depend on how the
runs are judged, so they stay as they were drawn.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.lang import tr
from ablate.registry import ours
from ablate.report.page import SECTIONS, Page, PageFact, Picture
from ablate.report.provenance import PRIVATE, VERSIONS
from ablate.report.templating import plain_text

_PLACES = {
    "verdicts": "pictures", "claims": "pictures", "evidence": "evidence", "ablation": "endings", "tuning": "tuning",
    "figures": "own", "curves": "curves",
}  # fmt: skip
"""Section -> the field of a page that holds its pictures."""

_PICTURE = re.compile(r"!\[(?P<alt>.*)\]\((?P<file>figures(?:-[a-z]+)?/(?P<name>[^)]+)\.png)\)")
_VECTOR = re.compile(r" \(\[SVG\]\([^)]*\)\)$")


@dataclass(frozen=True)
class Earlier:
    """What is kept of a report that was written before.

    Attributes
    ----------
    pictures
        Field of the page -> its pictures, in the order of the page.
    files
        Name of a picture -> its PNG.
    provenance
        The rows of the table, as they were printed.
    confounds
        The sentences of that section.
    """

    pictures: Mapping[str, Sequence[Picture]]
    files: Mapping[str, bytes]
    provenance: Mapping[str, str]
    confounds: Sequence[str]


def read_earlier(path: Path) -> Earlier:
    """Read a Markdown report that stands beside its pictures, in the current language.

    Raises
    ------
    OSError
        The report or one of its pictures cannot be read.
    """
    pictures: dict[str, list[Picture]] = {field: [] for field in _PLACES.values()}
    files: dict[str, bytes] = {}
    provenance: dict[str, str] = {}
    confounds: list[str] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for section, title, number in _places(lines):
        line = lines[number]
        match = _PICTURE.fullmatch(line)
        if match and section in _PLACES:
            folded = lines[number + 2].startswith("<details>")  # the first picture's words on how to read it
            caption = plain_text(_VECTOR.sub("", lines[number + (4 if folded else 2)]))
            name = match["name"]
            pictures[_PLACES[section]].append(Picture(name, title, caption, plain_text(match["alt"]), 0, ""))
            files[name] = (path.parent / match["file"]).read_bytes()
        elif section == "provenance" and line.startswith("| ") and not line.startswith("| --"):
            term, value = (plain_text(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:3])
            provenance[term] = value
        elif section == "confounds" and line.startswith("- "):
            confounds.append(plain_text(line[2:]))
    return Earlier(pictures, files, provenance, confounds)


def recorded(name: str) -> bool:
    """Whether a picture shows what was recorded while training, by its name."""
    stems = [kind.replace("_", "-") for kind, cls in ours("figure").items() if cls.recorded]
    return any(name == stem or name.startswith(f"{stem}-") for stem in stems)


def with_earlier(page: Page, earlier: Earlier) -> Page:
    """Return a page that was made from `runs.csv` with what is kept: its pictures in their places."""
    placed: dict[str, Any] = {field: _merged(getattr(page, field), old) for field, old in earlier.pictures.items()}
    fixed = {fact.term for fact in page.fixed}
    rows = {fact.term: fact.value or earlier.provenance.get(fact.term, "") for fact in page.provenance}
    rows |= {term: value for term, value in earlier.provenance.items() if term not in rows and term not in fixed}
    for term in (tr("what"), *map(tr, PRIVATE)):  # the heading of the table; what pages of older releases showed
        rows.pop(term, None)
    by_version = tr(VERSIONS).split("{")[0]
    told = [text for text in earlier.confounds if text.startswith(by_version) and text not in page.confounds]
    return dataclasses.replace(
        page,
        **placed,
        provenance=tuple(PageFact(term, value) for term, value in rows.items()),
        confounds=(*page.confounds, *told),
    )


def kept_files(page: Page, earlier: Earlier, drawn: Sequence[str]) -> dict[str, bytes]:
    """Return the PNG of every picture of a page that was not drawn again, by its name."""
    shown = [picture.name for field in _PLACES.values() for picture in getattr(page, field)]
    return {name: earlier.files[name] for name in shown if name not in drawn}


def _merged(now: Sequence[Picture], before: Sequence[Picture]) -> tuple[Picture, ...]:
    """Return the pictures drawn now, and those kept, in the order they had; what is new comes last."""
    drawn = {picture.name: picture for picture in now}
    old_names = [picture.name for picture in before]
    old = [drawn.get(picture.name, picture) for picture in before if picture.name in drawn or recorded(picture.name)]
    return (*old, *(picture for picture in now if picture.name not in old_names))


def _places(lines: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the section, the title above it and the number of every line."""
    named = {tr(title): section for section, title in SECTIONS.items()}
    section, title = "", ""
    for number, line in enumerate(lines):
        if line.startswith("## "):
            section, title = named.get(plain_text(line[3:]), ""), plain_text(line[3:])
        elif line.startswith("### "):
            title = plain_text(line[4:])
        elif line.startswith("<details><summary>"):
            title = line.removeprefix("<details><summary>").removesuffix("</summary>")
        yield section, title, number
