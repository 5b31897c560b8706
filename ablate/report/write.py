"""Write a report: page, Markdown twin, figures and verdicts, the same bytes for the same tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import Failure
from ablate.report.families import failed_runs
from ablate.report.figures.curve_grid import curve_grid
from ablate.report.figures.endings import endings
from ablate.report.figures.forest import forest
from ablate.report.figures.learning_curves import learning_curves
from ablate.report.figures.render import inline, png, svg
from ablate.report.figures.style import DARK_HUES, HUES, Drawn
from ablate.report.page import Figures, build_page
from ablate.report.templating import render
from ablate.stats.verdict import Verdict
from ablate.sweep.study import Study
from ablate.track.record import StudyTables

Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what was just finished)


@dataclass(frozen=True)
class ReportPaths:
    """Where the parts of a report are; all below `folder`."""

    folder: Path
    html: Path
    markdown: Path
    verdicts: Path
    figures: tuple[Path, ...]


def write_report(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict], out: Path, *, progress: Progress | None = None
) -> ReportPaths:
    """Write `report.html`, `report.md`, `verdicts.json` and `figures/*.{png,svg}` into a folder.

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
        rendered[figure.name] = svg(figure), png(figure)
        if progress:
            progress(done, total, figure.title)
    inlined = {figure.name: inline(rendered[figure.name][0], figure) for figure in drawn.all()}
    page = build_page(study, tables, verdicts, drawn, inlined)
    html = render("report.html.j2", page=page, hues=HUES, dark_hues=DARK_HUES)
    markdown = render("report.md.j2", page=page)
    try:
        paths = _write(out, html, markdown, _judged(tables, verdicts), rendered)
    except OSError as error:
        raise Failure(f"the report could not be written to {out}: {error.strerror or error}.") from error
    if progress:
        progress(total, total, "page")
    return paths


def draw_all(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> Figures:
    """Draw every figure of a report."""
    contrast = next((next(iter(claim.arm)) for claim in study.claims if claim.arm), None)
    own = []
    for position, wanted in enumerate(study.figures, start=1):
        name = "curve-grid" if len(study.figures) == 1 else f"curve-grid-{position}"
        own.append(curve_grid(tables, wanted, name=name))
    drawn_already = {wanted.metric for wanted in study.figures}
    metrics = [metric for metric in curve_metrics(tables, verdicts) if metric not in drawn_already]
    ends = list(dict.fromkeys(v.metric for v in verdicts))[:2] or _first_ending(tables)
    return Figures(
        forest=forest(verdicts, failed=failed_runs(study, tables)),
        own=_kept(own),
        curves=_kept([learning_curves(tables, metric, contrast=contrast) for metric in metrics]),
        endings=_kept([endings(tables, metric, contrast=contrast) for metric in ends]),
    )


def curve_metrics(tables: StudyTables, verdicts: Sequence[Verdict], *, most: int = 3) -> list[str]:
    """Return the curves worth drawing: those behind the claims, then held-out accuracy, train accuracy, loss."""
    known = set(tables.curves["metric"])
    behind = [v.metric.rpartition("/")[2].replace("_", "/", 1) for v in verdicts]
    usual = ["test/accuracy", "validation/accuracy", "train/accuracy", "train/loss"]
    # The loss is always among them: it shows a divergence long before the accuracy does.
    chosen = [m for m in dict.fromkeys([*behind, *usual, *sorted(known)]) if m in known]
    if "train/loss" in chosen[most:]:
        return [*chosen[: most - 1], "train/loss"]
    return chosen[:most]


def _first_ending(tables: StudyTables) -> list[str]:
    return [m for m in ("final/test_accuracy", "final/validation_accuracy", "final/train_loss") if m in tables.seeds][
        :1
    ]


def _kept(figures: Sequence[Drawn | None]) -> tuple[Drawn, ...]:
    return tuple(figure for figure in figures if figure is not None)


def _judged(tables: StudyTables, verdicts: Sequence[Verdict]) -> str:
    head = {name: tables.study[name] for name in ("name", "key", "run_id", "command", "created")}
    document = {"study": head, "verdicts": [verdict.as_dict() for verdict in verdicts]}
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write(out: Path, html: str, markdown: str, verdicts: str, rendered: dict[str, tuple[str, bytes]]) -> ReportPaths:
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
    result = ReportPaths(out, out / "report.html", out / "report.md", out / "verdicts.json", tuple(paths))
    result.html.write_text(html, encoding="utf-8")
    result.markdown.write_text(markdown, encoding="utf-8")
    result.verdicts.write_text(verdicts, encoding="utf-8")
    return result
