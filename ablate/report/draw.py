"""Which figures a report has: each drawn only where the data or the claims call for it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from ablate.judge.endpoint import metrics_of
from ablate.judge.fairness import fixed_and_tuned
from ablate.judge.tuned import filled
from ablate.judge.verdict import Verdict
from ablate.report.arms import arm_title
from ablate.report.fair import score_title
from ablate.report.families import failed_runs
from ablate.report.figure import Material, draw_own
from ablate.report.figures.activation_histograms import activation_histograms
from ablate.report.figures.basin import basin_figures
from ablate.report.figures.curve_grid import curve_grid
from ablate.report.figures.endings import endings
from ablate.report.figures.exchange import exchange_figures
from ablate.report.figures.fair import fixed_against_tuned
from ablate.report.figures.forest import forest
from ablate.report.figures.gradient_norms import gradient_norms
from ablate.report.figures.heat_map import default_maps, heat_map
from ablate.report.figures.interaction import claimed_interactions, interactions
from ablate.report.figures.learning_curves import learning_curves
from ablate.report.figures.paths import paths
from ablate.report.figures.reach import reach
from ablate.report.figures.regions import equivalence, regions
from ablate.report.figures.samples import samples
from ablate.report.figures.slopes import slopes
from ablate.report.figures.step_sizes import step_sizes
from ablate.report.figures.style import Drawn
from ablate.report.figures.tuning import budget_curve, sensitivity_curves
from ablate.report.figures.variance import variance
from ablate.report.figures.verdict_map import verdict_map
from ablate.report.page import Figures
from ablate.report.pairs import paired_values
from ablate.report.wording import unit
from ablate.sweep.figures import ActivationHistograms, CurveGrid, GradientNorms, HeatMap, Paths, StepSizes, VerdictMap
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


def draw_all(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> Figures:
    """Draw every figure of a report."""
    contrast = next((next(iter(claim.arm)) for claim in study.claims if claim.arm), None)
    own, grids = [], [wanted for wanted in study.figures if isinstance(wanted, CurveGrid)]
    for position, wanted in enumerate(grids, start=1):
        own.append(curve_grid(tables, wanted, name="curve-grid" if len(grids) == 1 else f"curve-grid-{position}"))
    maps = [wanted for wanted in study.figures if isinstance(wanted, HeatMap)]
    for position, asked in enumerate(maps, start=1):
        own.append(heat_map(tables, asked, name="heat-map" if len(maps) == 1 else f"heat-map-{position}"))
    walks = [wanted for wanted in study.figures if isinstance(wanted, Paths)]
    for position, walk in enumerate(walks, start=1):
        own.append(paths(tables, walk, name="paths" if len(walks) == 1 else f"paths-{position}"))
    judged = [wanted for wanted in study.figures if isinstance(wanted, VerdictMap)]
    for position, told in enumerate(judged, start=1):
        name = "verdict-map" if len(judged) == 1 else f"verdict-map-{position}"
        own.append(verdict_map(study, tables, verdicts, told, name=name))
    own += draw_own(Material(study, tables, verdicts))
    drawn_already = {wanted.metric for wanted in grids}
    metrics = [metric for metric in curve_metrics(tables, verdicts) if metric not in drawn_already]
    known = metrics_of(tables)
    ends = list(dict.fromkeys(v.metric for v in verdicts if v.metric in known))[:2] or _first_ending(tables)
    pairs = paired_values(study, tables, verdicts)
    return _filed(Figures(
        verdicts=_kept([forest(verdicts, failed=failed_runs(study, tables)), equivalence(verdicts), regions(verdicts)]),
        evidence=_kept([
            *exchange_figures(study, tables, verdicts), *basin_figures(study, tables, verdicts),
            slopes(pairs), *interactions(pairs),
            *claimed_interactions(paired_values(study, tables, verdicts, kinds=("interaction",))),
            reach(tables, contrast=contrast),
            variance(tables, ends[0]) if ends else None,
            *(heat_map(tables, w, name="heat-map-success") for w in ([] if maps else default_maps(tables))),
        ]),
        own=_kept([*own, *_observed(study, tables, contrast), samples(tables)]),
        curves=_kept([learning_curves(tables, metric, contrast=contrast) for metric in metrics]),
        endings=_kept([endings(tables, metric, contrast=contrast) for metric in ends]),
        tuning=_kept([fixed_against_tuned(fixed_and_tuned(study, tables)), *_tuning(tables)]),
    ))  # fmt: skip


def _observed(study: Study, tables: StudyTables, contrast: str | None) -> list[Drawn | None]:
    """Draw what the runs observed: as the study asks, else once each."""
    drawn: list[Drawn | None] = []
    for kind in (ActivationHistograms, GradientNorms, StepSizes):
        asked = [wanted for wanted in study.figures if isinstance(wanted, kind)] or [kind()]
        for position, wanted in enumerate(asked, start=1):
            name = wanted.kind.replace("_", "-") + (f"-{position}" if len(asked) > 1 else "")
            if isinstance(wanted, ActivationHistograms):
                drawn.append(activation_histograms(tables, wanted, name=name))
            elif isinstance(wanted, GradientNorms):
                drawn.append(gradient_norms(tables, wanted, name=name))
            else:
                drawn.append(step_sizes(tables, wanted, contrast=contrast, name=name))
    return drawn


def _tuning(tables: StudyTables) -> list[Drawn | None]:
    runs = None if tables.tuning is None else filled(tables.tuning)
    if runs is None or runs.empty or runs["score"].isna().all():
        return []
    names = {str(arm): arm_title(str(label)) for arm, label in zip(runs["arm_id"], runs["arm"], strict=True)}
    metric = metrics_in(tables).of(str(runs["metric"].iloc[0]))
    runs, score = runs.assign(score=runs["score"] * unit(metric.unit).scale), score_title(metric)
    return [*sensitivity_curves(runs, names, score=score), budget_curve(runs, names, score=score)]


def curve_metrics(tables: StudyTables, verdicts: Sequence[Verdict], *, most: int = 3) -> list[str]:
    """Return the curves worth drawing: those behind the claims, then held-out accuracy, train accuracy, loss."""
    # Coordinates of a path are no learning curves: they are drawn against each other.
    known = {metric for metric in tables.curves["metric"].unique() if not str(metric).startswith("path/")}
    behind = [v.metric.rpartition("/")[2].replace("_", "/", 1) for v in verdicts]
    usual = ["test/accuracy", "validation/accuracy", "train/accuracy", "train/loss"]
    # The loss is always among them: it shows a divergence long before the accuracy does.
    chosen = [m for m in dict.fromkeys([*behind, *usual, *sorted(known)]) if m in known]
    if "train/loss" in chosen[most:]:
        return [*chosen[: most - 1], "train/loss"]
    return chosen[:most]


def _first_ending(tables: StudyTables) -> list[str]:
    usual = ["final/test_accuracy", "final/validation_accuracy", "final/train_loss"]
    return [metric for metric in usual if metric in tables.metrics][:1]


def _filed(figures: Figures) -> Figures:
    """Return the figures under names that are file stems everywhere, each another one.

    Names of metrics are in them: `loss/train` and `loss_train` would be one file, and on some disks `Loss` and `loss`.
    """
    seen: set[str] = set()

    def filed(drawn: Drawn) -> Drawn:
        stem = re.sub(r"[^\w.-]+", "-", drawn.name).encode()[:150].decode(errors="ignore").strip(".-") or "figure"
        name, count = stem, 1
        while name.casefold() in seen:
            count += 1
            name = f"{stem}-{count}"
        seen.add(name.casefold())
        return dataclasses.replace(drawn, name=name)

    return Figures(**{f.name: tuple(map(filed, getattr(figures, f.name))) for f in dataclasses.fields(figures)})


def _kept(figures: Sequence[Drawn | None]) -> tuple[Drawn, ...]:
    return tuple(figure for figure in figures if figure is not None)
