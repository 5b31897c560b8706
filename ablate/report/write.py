"""Write a report: page, Markdown twin, figures and verdicts, the same bytes for the same tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import Failure
from ablate.lang import speaking
from ablate.report.ablation import ablation_table, table_metrics
from ablate.report.draw import draw_all
from ablate.report.figures.render import inline, png, svg
from ablate.report.figures.style import DARK_HUES, HUES
from ablate.report.latex import latex_table
from ablate.report.page import build_page
from ablate.report.runs_csv import runs_csv
from ablate.report.templating import render
from ablate.report.tuning_csv import NAME as TUNING
from ablate.report.tuning_csv import tuning_csv
from ablate.stats.verdict import Verdict
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

_HEAD = ("name", "key", "run_id", "command", "created", "definition", "registration", "registered_sha256", "history")
Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what was just finished)


@dataclass(frozen=True)
class ReportPaths:
    """Where the parts of a report are; all below `folder`."""

    folder: Path
    html: Path
    markdown: Path
    verdicts: Path
    runs: Path
    table: Path
    figures: tuple[Path, ...]


def write_report(
    study: Study,
    tables: StudyTables,
    verdicts: Sequence[Verdict],
    out: Path,
    *,
    extended: Sequence[Verdict] = (),
    words: Sequence[str] = (),
    recorded: tuple[Sequence[Verdict], Sequence[Verdict]] | None = None,
    untranslated: Sequence[str] = (),
    dots_per_inch: int = 144,
    progress: Progress | None = None,
) -> ReportPaths:
    """Write a report into a folder.

    `report.html`, `report.md`, `figures/*.{png,svg}`; `verdicts.json`, `runs.csv` (one row per seed run, enough to
    recompute the verdicts), `table.tex` (the ablation table), and for a tuned study `tuning.csv`.

    Parameters
    ----------
    study
        The study as it was judged.
    tables
        Its runs, read back; every number comes from here or from the verdicts.
    verdicts
        What `judge` returned; empty for a study without claims.
    out
        The folder; made if need be. Figures of an earlier report that this one does not have are removed.
    extended
        The verdicts over all seeds, where some were added after results were seen: shown beside those of the plan.
    words
        The three paragraphs in plain words, see `report.findings.words`.
    recorded
        Verdicts and extended ones that `verdicts.json` holds, where the page shows them in another language.
    untranslated
        What of the study's own words stays English on a page in another language.
    dots_per_inch
        Of the PNG figures.
    progress
        Called after each figure and after the page.

    Raises
    ------
    Failure
        The folder cannot be written, or the run ledger does not add up.
    """
    drawn = draw_all(study, tables, verdicts)
    total = len(drawn.all()) + 1
    rendered: dict[str, tuple[str, bytes]] = {}
    for done, figure in enumerate(drawn.all(), start=1):
        rendered[figure.name] = svg(figure), png(figure, dots_per_inch=dots_per_inch)
        if progress:
            progress(done, total, figure.title)
    inlined = {figure.name: inline(rendered[figure.name][0], figure) for figure in drawn.all()}
    page = build_page(
        study, tables, verdicts, drawn, inlined, extended=extended, words=words, untranslated=untranslated
    )
    html = render("report.html.j2", page=page, hues=HUES, dark_hues=DARK_HUES)
    markdown = render("report.md.j2", page=page)
    metric = next(iter(table_metrics(tables, verdicts)), None)
    table = ablation_table(tables, metric) if metric else None
    texts = {
        "report.html": html,
        "report.md": markdown,
        "verdicts.json": _judged(tables, *(recorded or (verdicts, extended))),
        "runs.csv": runs_csv(tables),
        "table.tex": latex_table(table, label=str(tables.study["name"])) if table else "% no metric, no table\n",
    }
    tuning = tuning_csv(tables)
    try:
        paths = _write(out, texts, rendered)
        if tuning is None:
            (out / TUNING).unlink(missing_ok=True)
        else:
            (out / TUNING).write_text(tuning, encoding="utf-8")
    except OSError as error:
        raise Failure(f"the report could not be written to {out}: {error.strerror or error}.") from error
    if progress:
        progress(total, total, "page")
    return paths


def _judged(tables: StudyTables, verdicts: Sequence[Verdict], extended: Sequence[Verdict]) -> str:
    """Everything that `runs.csv` does not hold of what the verdicts were judged by, and the verdicts."""
    head = {name: tables.study.get(name) for name in _HEAD}
    with speaking("en"):  # the file is the same whatever language the page is in
        document = {
            "study": head,
            "facts": tables.facts,
            "verdicts": [verdict.as_dict() for verdict in verdicts],
            "extended": [verdict.as_dict() for verdict in extended],
        }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write(out: Path, texts: dict[str, str], rendered: dict[str, tuple[str, bytes]]) -> ReportPaths:
    folder = out / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (vector, raster) in rendered.items():
        paths += [folder / f"{name}.svg", folder / f"{name}.png"]
        paths[-2].write_text(vector, encoding="utf-8")
        paths[-1].write_bytes(raster)
    for old in folder.iterdir():
        if old.suffix in {".svg", ".png"} and old not in paths:
            old.unlink()
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    html, markdown, verdicts, runs, table = (out / name for name in texts)
    return ReportPaths(out, html, markdown, verdicts, runs, table, tuple(paths))
