"""Write a report: page, Markdown twin, figures and verdicts, the same bytes for the same tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ablate.judge.verdict import Verdict
from ablate.manifest import Part, publish
from ablate.manifest.entries import as_bytes
from ablate.report.ablation import ablation_table, claimed_metrics, described
from ablate.report.draw import render_all
from ablate.report.figure import Material
from ablate.report.figures.render import inline, png, svg, within
from ablate.report.figures.style import DARK_HUES, HUES, Drawn
from ablate.report.findings.earlier import Earlier, kept_files, with_earlier
from ablate.report.latex import arms_latex
from ablate.report.page import build_page
from ablate.report.provenance import PRIVATE
from ablate.report.recognised import COPY, FIGURES, REPORT, TEXTS, TUNING, check_report_folder, known_files
from ablate.report.runs_csv import runs_csv
from ablate.report.schema import VERSION
from ablate.report.templating import render
from ablate.report.tuning_csv import copy_csv, tuning_csv
from ablate.report.vouched import naming
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.words.document import document_of

_HEAD = (
    "name", "key", "run_id", "experiment_id", "command", "created", "definition", "registration", "registered_sha256",
    "history", "provenance", "code", "arithmetic", "judged_again",
)  # fmt: skip
Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what was just finished)


@dataclass(frozen=True)
class ReportPaths:
    """Where the parts of a report are; all below `folder`. `html` is not there where no page was asked for.

    `contents`: name below `folder` -> what was written. `left` are files that an earlier report may have written, which
    this one has not and which stay: see `manifest`.
    """

    folder: Path
    html: Path
    markdown: Path
    verdicts: Path
    runs: Path
    table: Path
    figures: tuple[Path, ...]
    contents: Mapping[str, bytes] = field(default_factory=dict)
    left: tuple[Path, ...] = ()


def write_report(
    study: Study,
    tables: StudyTables,
    verdicts: Sequence[Verdict],
    out: Path,
    *,
    extended: Sequence[Verdict] = (),
    words: Sequence[str] = (),
    recorded: tuple[Sequence[Verdict], Sequence[Verdict]] | None = None,
    kept: StudyTables | None = None,
    untranslated: Sequence[str] = (),
    whole: bool = False,
    progress: Progress | None = None,
) -> ReportPaths:
    """Write a report into a folder: what `make_report` makes.

    Parameters
    ----------
    out
        The folder; made if need be. Of its files only those are replaced that ablate wrote, and those of an earlier
        report that this one does not have are removed.
    progress
        Called after each figure and after the page.

    Raises
    ------
    UserError
        The folder holds files of the same names that ablate did not write; nothing is written then.
    Failure
        The folder cannot be written, or the run ledger does not add up.
    """
    check_report_folder(out)
    files = make_report(
        study, tables, verdicts, extended=extended, words=words, recorded=recorded, kept=kept,
        untranslated=untranslated, whole=whole, progress=progress,
    )  # fmt: skip
    done = publish(out, [Part(REPORT, files)], known=known_files)
    html, markdown, judged, runs, table = (out / name for name in TEXTS)
    figures = tuple(path for path in done.paths if path.parent.name == FIGURES)
    contents = {name: as_bytes(data) for name, data in files.items()}
    return ReportPaths(out, html, markdown, judged, runs, table, figures, contents, done.left)


def make_report(
    study: Study,
    tables: StudyTables,
    verdicts: Sequence[Verdict],
    *,
    extended: Sequence[Verdict] = (),
    words: Sequence[str] = (),
    recorded: tuple[Sequence[Verdict], Sequence[Verdict]] | None = None,
    kept: StudyTables | None = None,
    untranslated: Sequence[str] = (),
    whole: bool = False,
    dots_per_inch: int = 144,
    page_too: bool = True,
    earlier: Earlier | None = None,
    progress: Progress | None = None,
) -> dict[str, bytes | str]:
    """Return the files of a report, name -> content.

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
    extended
        The verdicts over all seeds, where some were added after results were seen: shown beside those of the plan.
    words
        The three paragraphs in plain words, see `report.findings.words`.
    recorded
        Verdicts and extended ones that `verdicts.json` holds, where the page shows them in another language, or under
        other names.
    kept
        The tables that `runs.csv`, `tuning.csv` and `verdicts.json` hold, where the page has other names for factors.
    untranslated
        What of the study's own words stays English on a page in another language.
    whole
        Draw every arm in figures of many arms, sheet by sheet; else they show a choice (see `figures.sheets`).
    dots_per_inch
        Of the PNG figures.
    page_too
        Make the page and the SVG figures it is made of; without them a report takes half the time.
    earlier
        What is kept of the report written before, where the tables come from its `runs.csv`.
    progress
        Called after each figure and after the page.

    Raises
    ------
    Failure
        The run ledger does not add up.
    """
    total = 1

    def reported(done: int, parts: int, what: str) -> None:
        nonlocal total
        total = parts
        if progress:
            progress(done, parts, what)

    with naming(tables):
        rendered = partial(_rendered, page_too=page_too, dots_per_inch=dots_per_inch)
        material = Material(study, tables, verdicts, whole)
        drawn, pictures = render_all(material, rendered, progress=reported)
        files: dict[str, bytes | str] = {}
        inlined: dict[str, str] = {}
        for figure in drawn.all():
            vector, picture = pictures[figure.name]
            inlined[figure.name] = inline(vector, figure) if page_too else ""
            files |= {f"{FIGURES}/{figure.name}.svg": vector} if page_too else {}
            files[f"{FIGURES}/{figure.name}.png"] = picture
        inlined = within(inlined, {name: picture for name, (_, picture) in pictures.items()})
        frames = {metric: described(tables, metric) for metric in claimed_metrics(tables, verdicts)}
        page = build_page(
            study, tables, verdicts, drawn, inlined, effects=material.effects, frames=frames, extended=extended,
            words=words, untranslated=untranslated,
        )  # fmt: skip
        if earlier is not None:
            page = with_earlier(page, earlier)
            kept_pictures = kept_files(page, earlier, [figure.name for figure in drawn.all()])
            files |= {f"{FIGURES}/{name}.png": picture for name, picture in kept_pictures.items()}
        metric = next(iter(frames), None)
        table = ablation_table(tables, metric, frames[metric], seconds_too=False) if metric else None
        tex = arms_latex(table, metric or "", label=str(tables.study["name"]))
    html = render("report.html.j2", page=page, hues=HUES, dark_hues=DARK_HUES) if page_too else ""
    markdown = render("report.md.j2", page=page, vectors=page_too)
    kept = tables if kept is None else kept
    tuning, copy = tuning_csv(kept), copy_csv(kept)
    files |= {
        **({"report.html": html} if page_too else {}),
        "report.md": markdown,
        "verdicts.json": _judged(kept, *(recorded or (verdicts, extended))),
        "runs.csv": runs_csv(kept),
        "table.tex": tex,
        **({TUNING: tuning} if tuning is not None else {}),
        **({COPY: copy} if copy is not None else {}),
    }
    if progress:
        progress(total, total, "page")
    return files


def _rendered(figure: Drawn, *, page_too: bool, dots_per_inch: int) -> tuple[str, bytes]:
    return svg(figure) if page_too else "", png(figure, dots_per_inch=dots_per_inch)


def _judged(tables: StudyTables, verdicts: Sequence[Verdict], extended: Sequence[Verdict]) -> str:
    """Everything that `runs.csv` does not hold of what the verdicts were judged by, and the verdicts."""
    head = {name: tables.study[name] for name in _HEAD if name in tables.study}
    if "provenance" in head:
        head["provenance"] = {name: value for name, value in dict(head["provenance"]).items() if name not in PRIVATE}
    document = {
        "version": VERSION,
        "study": head,
        "facts": tables.facts,
        "verdicts": [document_of(verdict) for verdict in verdicts],
        "extended": [document_of(verdict) for verdict in extended],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
