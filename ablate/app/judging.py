"""`ablate judge`: from options to the use case, and what is printed after it."""

from __future__ import annotations

import argparse
import shlex

from ablate.app.console import say
from ablate.app.printing import bench
from ablate.errors import UserError
from ablate.programs.uses import use
from ablate.sweep.found.asked import Asked, lost_asked, metrics_asked, pairs_asked, units_asked
from ablate.sweep.found.saved import runs_path
from ablate.work.places import short_path
from ablate.work.tables import judge_source


def judge(options: argparse.Namespace) -> None:
    """Run the command."""
    if options.out is not None and options.no_report:
        raise UserError("`--out` says where the report goes, and `--no-report` writes none")
    asked = Asked(
        factors=tuple(options.factor),
        seed=options.seed,
        metrics=metrics_asked(options.metric),
        units=units_asked(options.metric),
        baseline=pairs_asked("--baseline", options.baseline),
        where=pairs_asked("--where", options.where),
        leave_out=tuple(options.leave_out),
        by_at_least=options.by_at_least,
        target=options.target,
        repeat=options.repeat,
        failed_counts_as=options.failed_counts_as,
        lost=lost_asked(options.lost),
        unpaired=options.unpaired,
        item=options.item,
        early_stopping=options.early_stopping,
    )
    use(options.uses)
    judge_source(
        options.source_of_runs, asked, bench(progress=False), source=options.source, out=options.out,
        report=not options.no_report, save=options.save, command=_command(options), tongue=options.lang,
    )  # fmt: skip
    if options.save is not None:
        say(f"study file:       {short_path(options.save)}, its runs: {short_path(runs_path(options.save))}")


def _command(options: argparse.Namespace) -> str:
    """Return the line that gives the same verdicts again."""
    words = ["ablate", "judge", options.source_of_runs]
    for name in ("metric", "factor", "baseline", "where", "leave_out", "uses"):
        words += [word for value in getattr(options, name) for word in (f"--{name.replace('_', '-')}", value)]
    for name, default in (
        ("source", None),
        ("seed", None),
        ("item", None),
        ("by_at_least", None),
        ("target", None),
        ("repeat", "last"),
        ("failed_counts_as", None),
        ("lost", ""),
    ):
        value = getattr(options, name)
        words += [] if value == default else [f"--{name.replace('_', '-')}", str(value)]
    flags = [f"--{name.replace('_', '-')}" for name in ("unpaired", "early_stopping") if getattr(options, name)]
    return shlex.join([*words, *flags])
