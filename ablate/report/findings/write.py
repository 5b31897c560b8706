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
from ablate.lang import language
from ablate.report.findings.words import read_words
from ablate.report.tell import Told, write_told
from ablate.report.write import Progress

_SVG_LINK = re.compile(r" \(\[SVG\]\(figures/[^)]*\.svg\)\)")
DOTS_PER_INCH = 100  # a figure of 10 inches then fills a phone held upright, at half the size in bytes
_KEPT = ("verdicts.json", "runs.csv", "table.tex", "tuning.csv")


def report_name(tongue: str) -> str:
    """Return the name of a findings report: `report.md`, `report.zh.md`."""
    return "report.md" if tongue == "en" else f"report.{tongue}.md"


def write_findings(told: Told, folder: Path, *, progress: Progress | None = None) -> Path:
    """Write the findings of a study into `folder`, in the language of the moment; returns the Markdown report.

    In another language than English the report is `report.zh.md` with its figures in `figures-zh/`, beside the same
    `verdicts.json`.

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
        paths = write_told(told, made, words=words, dots_per_inch=DOTS_PER_INCH, progress=progress)
        text = _SVG_LINK.sub("", paths.markdown.read_text(encoding="utf-8")).replace("](figures/", f"]({figures}/")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            report = folder / report_name(language())
            report.write_text(text, encoding="utf-8")
            for name in _KEPT:
                if (made / name).is_file():
                    shutil.copyfile(made / name, folder / name)
            _replace(folder / figures, [path for path in paths.figures if path.suffix == ".png"])
        except OSError as error:
            raise Failure(f"the findings could not be written to {folder}: {error.strerror or error}.") from error
    return report


def _replace(folder: Path, pictures: list[Path]) -> None:
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.png"), *folder.glob("*.svg")):
        old.unlink()
    for path in pictures:
        shutil.copyfile(path, folder / path.name)
