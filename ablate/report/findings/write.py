"""Write a study's findings: the report as it is committed, for a reader on a phone and for a clone without runs.

Markdown, one PNG per figure (light, palette), `verdicts.json`, `runs.csv`, `table.tex`; no HTML and no SVG, which
weigh ten times as much and change with every run. What a person wrote there (`words.md`, and whatever else) stays.
"""

from __future__ import annotations

import re
from pathlib import Path

from ablate.lang import LANGUAGES, language, speaking, tr
from ablate.manifest import Part, Published, check_free, publish
from ablate.report.findings.words import read_words
from ablate.report.recognised import FIGURES, FINDINGS, findings_part, known_files
from ablate.report.tell import Told, make_told
from ablate.report.write import Progress

_TOP = re.compile(r"(?P<title># [^\n]*\n\n)(?:\[[^\n]*README[^\n]*\n\n)?")
_NAMES = {"en": "English", "zh": "中文"}
DOTS_PER_INCH = 100  # a figure of 10 inches then fills a phone held upright, at half the size in bytes
_KEPT = ("verdicts.json", "runs.csv", "tuning.csv", "copy.csv")


def board_name(tongue: str) -> str:
    """Return the name of the Markdown scoreboard beside the findings: `README.md`, `README.zh.md`."""
    return "README.md" if tongue == "en" else f"README.{tongue}.md"


def report_name(tongue: str) -> str:
    """Return the name of a findings report: `report.md`, `report.zh.md`."""
    return "report.md" if tongue == "en" else f"report.{tongue}.md"


def write_findings(told: Told, folder: Path, *, progress: Progress | None = None) -> Published:
    """Write the findings of a study into `folder`, in the current language; the Markdown report comes first.

    In another language than English the report is `report.zh.md` with its figures in `figures-zh/`, beside the same
    `verdicts.json`; a figure without words is not written twice. Reports in several languages link to each other.

    Raises
    ------
    UserError
        The words beside the findings quote what the verdicts do not say; the folder holds files of the same names that
        ablate did not write. Nothing is written then.
    Failure
        The folder cannot be written.
    """
    tongue = language()
    check_free(folder, [report_name(tongue), *_KEPT, *(["table.tex"] if tongue == "en" else [])], known=known_files)
    words = read_words(folder, told.original or told.study, told.recorded[0])
    made = make_told(told, words=words, dots_per_inch=DOTS_PER_INCH, progress=progress)
    report, figures = str(made["report.md"]), FIGURES if tongue == "en" else f"{FIGURES}-{tongue}"
    pictures: dict[str, bytes | str] = {}
    for name, picture in made.items():
        if name.startswith(f"{FIGURES}/") and not _is_english(folder, name, picture):
            new_name = name.replace(FIGURES, figures, 1)
            pictures[new_name] = picture
            report = report.replace(f"]({name})", f"]({new_name})")
    written = {one: _text(folder / report_name(one)) for one in LANGUAGES if one != tongue}
    there = [one for one in LANGUAGES if one == tongue or written[one] is not None]
    own_files: dict[str, bytes | str] = {report_name(tongue): linked(report, tongue, there), **pictures}
    if tongue == "en":
        own_files["table.tex"] = made["table.tex"]
    others = {report_name(one): linked(text, one, there) for one, text in written.items() if text is not None}
    shared = {name: made[name] for name in _KEPT if name in made}
    parts = [Part(findings_part(tongue), own_files), Part(FINDINGS, shared)]
    return publish(folder, parts, known=known_files, amended=others)


def linked(text: str, tongue: str, there: list[str]) -> str:
    """Let a report name those in other languages, and the scoreboard, below its title."""
    with speaking(tongue):
        links = [f"[{tr('All findings')}](../{board_name(tongue)})"]
    links += [f"[{_NAMES[other]}]({report_name(other)})" for other in there if other != tongue]
    top = _TOP.match(text)
    return f"{top['title']}{' · '.join(links)}\n\n{text[top.end() :]}" if top else text


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else None
    except (OSError, ValueError):  # somebody else's, then: it is left alone
        return None


def _is_english(folder: Path, name: str, picture: bytes | str) -> bool:
    """Whether a picture holds no words, so that the English one is the same and serves both languages."""
    english = folder / name
    return language() != "en" and english.is_file() and english.read_bytes() == picture
