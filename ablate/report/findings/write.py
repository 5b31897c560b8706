"""Write a study's findings: the report as it is committed, for a reader on a phone and for a clone without runs.

Markdown, one PNG per figure (light, palette), `verdicts.json`, `runs.csv`, `table.tex`; no HTML and no SVG, which
weigh ten times as much and change with every run. What a person wrote there (`words.md`) stays.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from ablate.errors import Failure
from ablate.lang import LANGUAGES, language, speaking, tr
from ablate.report.findings.words import read_words
from ablate.report.tell import Told, write_told
from ablate.report.write import Progress

_TOP = re.compile(r"(?P<title># [^\n]*\n\n)(?:\[[^\n]*README[^\n]*\n\n)?")
_NAMES = {"en": "English", "zh": "中文"}
DOTS_PER_INCH = 100  # a figure of 10 inches then fills a phone held upright, at half the size in bytes
_KEPT = ("verdicts.json", "runs.csv", "table.tex", "tuning.csv")


def board_name(tongue: str) -> str:
    """Return the name of the Markdown scoreboard beside the findings: `README.md`, `README.zh.md`."""
    return "README.md" if tongue == "en" else f"README.{tongue}.md"


def report_name(tongue: str) -> str:
    """Return the name of a findings report: `report.md`, `report.zh.md`."""
    return "report.md" if tongue == "en" else f"report.{tongue}.md"


def write_findings(told: Told, folder: Path, *, progress: Progress | None = None) -> Path:
    """Write the findings of a study into `folder`, in the language of the moment; returns the Markdown report.

    In another language than English the report is `report.zh.md` with its figures in `figures-zh/`, beside the same
    `verdicts.json`; a figure without words is not written twice. Reports in several languages link to each other.

    Raises
    ------
    UserError
        The words beside the findings quote what the verdicts do not say.
    Failure
        The folder cannot be written.
    """
    words = read_words(folder, told.original or told.study, told.recorded[0])
    figures = "figures" if language() == "en" else f"figures-{language()}"
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch)
        paths = write_told(
            told, made, words=words, dots_per_inch=DOTS_PER_INCH, page_too=False, progress=progress
        )  # fmt: skip
        text = paths.markdown.read_text(encoding="utf-8")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            own = [path for path in paths.figures if not _is_english(folder, path)]
            for path in own:
                text = text.replace(f"](figures/{path.name})", f"]({figures}/{path.name})")
            report = folder / report_name(language())
            report.write_text(text, encoding="utf-8")
            link_languages(folder)
            for name in _KEPT:
                if (made / name).is_file() and (language() == "en" or name != "table.tex"):
                    shutil.copyfile(made / name, folder / name)
            _replace(folder / figures, own)
        except OSError as error:
            raise Failure(f"the findings could not be written to {folder}: {error.strerror or error}.") from error
    return report


def link_languages(folder: Path) -> None:
    """Let the reports of a findings folder name each other, and the scoreboard, below their titles."""
    there = [tongue for tongue in LANGUAGES if (folder / report_name(tongue)).is_file()]
    for tongue in there:
        path = folder / report_name(tongue)
        with speaking(tongue):
            links = [f"[{tr('All findings')}](../{board_name(tongue)})"]
        links += [f"[{_NAMES[other]}]({report_name(other)})" for other in there if other != tongue]
        text = path.read_text(encoding="utf-8")
        if top := _TOP.match(text):
            text = f"{top['title']}{' · '.join(links)}\n\n{text[top.end() :]}"
            path.write_text(text, encoding="utf-8")


def _is_english(folder: Path, picture: Path) -> bool:
    """Whether a picture holds no words, so that the English one is the same and serves both languages."""
    english = folder / "figures" / picture.name
    return language() != "en" and english.is_file() and english.read_bytes() == picture.read_bytes()


def _replace(folder: Path, pictures: list[Path]) -> None:
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.png"), *folder.glob("*.svg")):
        old.unlink()
    for path in pictures:
        shutil.copyfile(path, folder / path.name)
