"""The calibration page: what `calibrate` found, as HTML, Markdown, figures and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.judge.calibration import CalibrationCheck, CalibrationResult
from ablate.lang import counted
from ablate.manifest import Part, check_free, publish
from ablate.report.figures.calibration import calibration_figures
from ablate.report.figures.render import inline, png, svg
from ablate.report.figures.style import DARK_HUES, HUES, Drawn
from ablate.report.page import Picture
from ablate.report.recognised import CALIBRATION, known_files
from ablate.report.templating import Column, Table, TextRow, render
from ablate.report.wording import NONE

# Which check each figure shows.
_OF = {"false-supported": "coverage"}
_HEADS = {
    "kind": "kind", "claims": "claims", "levels": "levels", "data": "data", "seeds": "seeds", "level": "level",
    "what": "what", "planted": "planted", "oracle": "oracle",
    "cases": "cases", "largest_difference": "largest difference", "supported": "supported", "refuted": "refuted",
    "inconclusive": "inconclusive", "held": "held", "rate": "rate", "se": "± simulation error", "studies": "studies",
    "limit": "limit", "met": "met",
}  # fmt: skip
_TEXT = ("kind", "levels", "data", "what", "planted", "oracle", "met", "spread")
_UNSEEN = ("wrong", "row")  # what a figure marks, and the name of a row for `--only`
_TEXTS = ("calibration.html", "calibration.md", "calibration.json")
_SHARES = ("supported", "refuted", "inconclusive", "rate", "se", "limit", "usual test alone", "read as all runs")


@dataclass(frozen=True)
class CalibrationPaths:
    """Where the parts of the calibration page are; all below `folder`."""

    folder: Path
    html: Path
    markdown: Path
    data: Path
    figures: tuple[Path, ...]


@dataclass(frozen=True)
class CheckView:
    """One check as the templates print it."""

    name: str
    title: str
    passed: bool
    note: str
    table: Table
    figures: tuple[Picture, ...]


@dataclass(frozen=True)
class CalibrationPage:
    """Everything both templates print."""

    passed: bool
    lead: str
    facts: tuple[str, ...]
    checks: tuple[CheckView, ...]
    about: Mapping[str, str]


def check_calibration_folder(out: Path) -> None:
    """Refuse a folder in which the page would replace files of somebody else's, before anything is simulated."""
    check_free(out, _TEXTS, known=known_files)


def write_calibration(
    result: CalibrationResult, out: Path, *, about: Mapping[str, str] | None = None
) -> CalibrationPaths:
    """Write `calibration.html`, `calibration.md`, `calibration.json` and `figures/*.{svg,png}` into a folder.

    Parameters
    ----------
    about
        What else should stand on the page (command, versions, date), term -> value; the page itself adds no clock, so
        the same result gives the same bytes.

    Raises
    ------
    UserError
        The folder holds files of the same names that ablate did not write; nothing is written then.
    Failure
        The folder cannot be written.
    """
    drawn = calibration_figures(result)
    rendered = {figure.name: (svg(figure), png(figure)) for figure in drawn}
    page = _page(result, drawn, {f.name: inline(rendered[f.name][0], f) for f in drawn}, about or {})
    html = render("calibration.html.j2", page=page, hues=HUES, dark_hues=DARK_HUES)
    markdown = render("calibration.md.j2", page=page)
    data = json.dumps(_finite(result.as_dict()), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files: dict[str, bytes | str] = {}
    for name, (vector, raster) in rendered.items():
        files |= {f"figures/{name}.svg": vector, f"figures/{name}.png": raster}
    files |= dict(zip(_TEXTS, (html, markdown, data), strict=True))
    done = publish(out, [Part(CALIBRATION, files)], known=known_files)
    page_, twin, numbers = (out / name for name in _TEXTS)
    return CalibrationPaths(out, page_, twin, numbers, done.paths[: -len(_TEXTS)])


def _page(
    result: CalibrationResult, drawn: list[Drawn], inlined: Mapping[str, str], about: Mapping[str, str]
) -> CalibrationPage:
    pictures: dict[str, list[Picture]] = {}
    for f in drawn:
        picture = Picture(f.name, f.title, f.caption, f.alt, f.floor, inlined[f.name])
        pictures.setdefault(_OF.get(f.name, f.name), []).append(picture)
    checks = tuple(
        CheckView(c.name, c.title.replace("`", ""), c.passed, c.note.replace("`", ""), _table(c),
                  tuple(pictures.get(c.name, ())))
        for c in result.checks
    )  # fmt: skip
    failed = [check.title for check in checks if not check.passed]
    lead = (
        f"All {counted(len(checks), 'check')} are met: on simulated studies in which the truth is known, the engine is "
        f"wrong no more often than the level of {100 * result.alpha:g} % it states. Where that ends (strong skew with "
        "few seeds or at strict levels, failures nobody has seen) stands below too."
        if not failed
        else f"{len(failed)} of {counted(len(checks), 'check')} failed: {'; '.join(failed)}."
    )
    facts = (
        f"{result.studies:,} simulated studies per row, fewer where a row says so",
        f"{result.seeds_per_study} seeds per study",
        f"α = {result.alpha:g}", f"random seed {result.seed}",
    )  # fmt: skip
    return CalibrationPage(result.passed, lead, facts, checks, about)


def _table(check: CalibrationCheck) -> Table:
    keys = [key for key in _HEADS if any(key in row for row in check.rows)]
    others = dict.fromkeys(key for row in check.rows for key in row if key not in (*_HEADS, *_UNSEEN))
    keys += others
    columns = tuple(Column(_HEADS.get(key, key.replace("_", " ")), "" if key in _TEXT else "n") for key in keys)
    rows = tuple(TextRow(tuple(_cell(key, row.get(key)) for key in keys)) for row in check.rows)
    return Table(check.title.replace("`", ""), columns, rows)


def _cell(key: str, value: Any) -> str:
    if value is None:
        return NONE
    if key == "met":
        return "✓ yes" if value else "✕ no"
    if key in _SHARES:
        return f"{100 * float(value):.2f} %"
    return f"{value:.2g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124  # NaN
        return None
    return str(value) if isinstance(value, float) and value in (float("inf"), float("-inf")) else value
