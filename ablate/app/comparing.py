"""`ablate compare`: from options to the use case, what is printed after it, and the exit code."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import asdict, replace
from typing import Any

from ablate.app.console import say
from ablate.app.printing import bench
from ablate.app.verdicts import require_verdicts
from ablate.errors import Refuted, Undecided, UserError, plural
from ablate.programs.uses import use
from ablate.sweep.found.asked import Asked, lost_asked, metrics_asked, pairs_asked, units_asked
from ablate.terminal import shows_everything
from ablate.words.reasons import said
from ablate.work import events
from ablate.work.comparing import compare_sources, sides
from ablate.work.edits import Edit, Ledger, enter, question
from ablate.work.tables import TableJudgement


def compare(options: argparse.Namespace) -> None:
    """Run the command.

    Raises
    ------
    Refuted
        The new runs are worse, or not better: exit code 1.
    Undecided
        The runs do not decide it: exit code 3.
    """
    margin, by = options.non_inferior, options.by_at_least
    if (margin is None) == (by is None):
        raise UserError(
            "say what is asked: `--non-inferior D` (not worse by more than D) or `--by-at-least D` (better by more "
            "than D), one of the two"
        )
    if options.out is not None and (options.json or options.no_report):
        raise UserError("`--out` says where the report goes, and `--json` and `--no-report` write none")
    if options.edits is not None and options.ledger is None:
        raise UserError("`--edits N` begins a ledger: say where with `--ledger FILE.json`")
    asked = Asked(
        factors=tuple(options.factor), seed=options.seed, metrics=metrics_asked(options.metric),
        units=units_asked(options.metric),
        where=pairs_asked("--where", options.where), leave_out=tuple(options.leave_out), by_at_least=by,
        repeat=options.repeat, failed_counts_as=options.failed_counts_as, lost=lost_asked(options.lost),
        unpaired=options.unpaired, early_stopping=options.early_stopping, item=options.item,
        stated=sides(margin, options.each),
    )  # fmt: skip
    use(options.uses)
    place = bench(progress=False)
    if options.json:
        place = replace(place, tell=events.nobody)
    judged = compare_sources(
        options.base, options.new, asked, place, source=options.source, out=options.out,
        report=not (options.no_report or options.json), command=_command(options), tongue=options.lang,
    )  # fmt: skip
    edit = None
    if options.ledger is not None:
        runs = question(judged.judgement.study, judged.found.table)
        edit, ledger = enter(
            options.ledger, runs, options.new, lambda: judged.judgement.verdicts, alpha=None, edits=options.edits
        )
        if not options.json:
            say(_told(edit, ledger))
    if options.json:
        say(_document(judged, edit))
    else:
        for verdict in judged.judgement.verdicts:
            said_above = verdict.reason.code == "without_value"
            if not verdict.decided and verdict.advice is not None and not said_above:
                say(f"{verdict.claim_id}: {said(verdict.advice)}")
    require_verdicts(judged.judgement.verdicts, supported=True)
    if edit is not None and not edit.kept:
        raise Undecided(f"edit {edit.number} is not kept: {_why(edit)}")


def _told(edit: Edit, ledger: Ledger) -> str:
    """Return what became of an edit, and what the next one needs."""
    word = "kept" if edit.kept else "not kept"
    left = (
        f"; the next one needs at least {plural(ledger.pairs, 'pair')}" if ledger.level > 0.0 else "; no edit is left"
    )
    return f"edit {edit.number}: {word}, {_why(edit)}{left}"


def _why(edit: Edit) -> str:
    p = "not tested" if edit.p is None else f"p = {edit.p:.3g}"
    return f"{p}, {edit.outcome}, at level {edit.level:.3g} of its own"


def _document(judged: TableJudgement, edit: Edit | None) -> str:
    """Return what was found as JSON: the outcome with its exit code, the verdicts, what was done with rows."""
    from ablate.words.document import document_of

    verdicts = judged.judgement.verdicts
    try:
        require_verdicts(verdicts, supported=True)
        outcome, code = "supported", 0
    except (Refuted, Undecided) as error:
        outcome, code = ("refuted" if isinstance(error, Refuted) else "undecided"), error.exit_code
    if edit is not None and code == 0 and not edit.kept:
        outcome, code = "undecided", Undecided.exit_code
    document: dict[str, Any] = {
        "outcome": outcome,
        "exit_code": code,
        "verdicts": [document_of(verdict) for verdict in verdicts],
        "done": [{"what": one.what, "count": one.count, "which": one.which} for one in judged.found.done],
    }
    if edit is not None:
        document["edit"] = asdict(edit)
    return json.dumps(document, indent=1, ensure_ascii=not shows_everything(sys.stdout))


def _command(options: argparse.Namespace) -> str:
    """Return the line that gives the same verdicts again."""
    words = ["ablate", "compare", options.base, options.new]
    for name in ("metric", "factor", "where", "leave_out", "each", "uses"):
        words += [word for value in getattr(options, name) for word in (f"--{name.replace('_', '-')}", value)]
    defaults = {"non_inferior": None, "by_at_least": None, "source": None, "seed": None, "item": None,
                "repeat": "last", "failed_counts_as": None, "lost": ""}  # fmt: skip
    for name, default in defaults.items():
        value = getattr(options, name)
        words += [] if value == default else [f"--{name.replace('_', '-')}", str(value)]
    flags = [f"--{name.replace('_', '-')}" for name in ("unpaired", "early_stopping") if getattr(options, name)]
    return shlex.join([*words, *flags])
