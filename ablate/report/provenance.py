"""Where the numbers come from: data, code, machine, tracking, a file of runs; what is the same in every arm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ablate.lang import counted, msg, tr
from ablate.report.arms import own_runs
from ablate.report.level_texts import short_levels
from ablate.report.templating import Column, Table, TextRow
from ablate.report.vouched import made_here, vouched
from ablate.report.wording import listed, seconds
from ablate.sources.of_one import done_text
from ablate.sweep.grids import space_text
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.vouched import Fact
from ablate.words.reasons import said

_DATA = (
    "dataset",
    "fingerprint",
    "train_size",
    "validation_size",
    "test_size",
    "classes",
    "majority_rate",
    "steps",
    "parameters",
)


_TOLD = (
    "tuned", "tuning", "same_as", "trial_runs",  # in the tuning section
    "settings",  # in the section on the file
    "unread", "vouched", "vouches", "outcome_from",  # in a sentence, or by what a page says
    "lost", "unplanned",  # in the run ledger
    "metrics",  # where numbers are written
)  # fmt: skip
_FILES = {"sources": msg("files of the code"), "watched": msg("files watched"), "used": msg("files used")}
"""Facts that are a file or module -> its digest, and what they are called."""

_BY_FUNCTION = "chosen by "  # how a function's runs say that the data are its own affair

PRIVATE = ("host",)
"""What a store records and no page shows: a report is made to be passed on."""

VERSIONS = msg("The runs were made by {n} versions of the code: {parts}.")

_MACHINE = (
    "blas", "cores", "cpu", "git_commit", "llvmlite", "numba", "numpy", "os", "python", "scipy", "threads",
)  # fmt: skip
"""What is recorded of the process that keeps a study: of its runs only where they were made in it."""


def fixed(study: Study, tables: StudyTables) -> list[tuple[str, str]]:
    """Return the factors with their levels, then every value that is the same in all arms."""
    factors = [(name, ", ".join(short_levels(levels).values())) for name, levels in study.factors.items()]
    rows = [(tr("{name} (factor)", name=name), text) for name, text in factors]
    rows += [(name, _text(value)) for name, value in study.fixed.items()]
    if study.tune is not None and study.fairness != "fixed":
        rows += [
            (tr("{key} (tuned)", key=key), space_text(axis, study.tune.trials or 0))
            for key, axis in study.tune.space.items()
        ]
        for arm_space in study.tune.spaces:
            arms = ", ".join(
                f"{factor}={'|'.join(short_levels(levels).values())}" for factor, levels in arm_space.where.items()
            )
            rows += [
                (tr("{key} (tuned, {arms})", key=key, arms=arms), space_text(axis, study.tune.trials or 0))
                for key, axis in arm_space.space.items()
            ]
    return [*rows, (tr("fairness"), tr(study.fairness))] if made_here(tables) else rows


def provenance_facts(study: Study, tables: StudyTables) -> list[tuple[str, str]]:
    """Return data facts, the tracker's ids, versions and times; facts that differ between arms say so."""
    rows = []
    names = dict.fromkeys([*_DATA, *sorted({name for facts in tables.facts.values() for name in facts})])
    for name in names:
        if name in study.fixed or name in _TOLD:
            continue
        values = [facts[name] for facts in tables.facts.values() if name in facts]
        texts = list(dict.fromkeys(_fact(name, value) for value in values))
        if texts:
            some = (
                texts[0]
                if len(texts) == 1
                else listed(texts)
                if len(texts) <= 4
                else tr("{n} different values", n=len(texts))
            )
            title = tr(_FILES.get(name, name.replace("_", " ")))
            of_data = name == "fingerprint" and vouched(tables, Fact.DATA)
            rows.append((tr("data {name}", name=title) if of_data else title, some))
    head = tables.study
    rows += [(tr("study"), str(head["name"])), (tr("study key (SHA-256)"), str(head["key"]))]
    rows += [(tr("MLflow run"), str(head["run_id"])), (tr("MLflow experiment"), str(head["experiment_id"]))]
    rows += [(tr("created"), str(head["created"]))]
    runs = own_runs(tables)
    ran = runs.loc[runs["outcome"] != "missing", "seconds"].astype(float).dropna()
    if len(ran):
        took = tr("{seconds} over {runs}", seconds=seconds(float(ran.sum())), runs=counted(len(ran), "run"))
        measured = vouched(tables, Fact.SECONDS)
        rows.append((tr("training time, all runs") if measured else tr("time of the runs, as recorded"), took))
    here = vouched(tables, Fact.MACHINE)
    if again := head.get("judged_again"):
        rows.append((tr("judged again, from runs.csv"), f"{again['date']}, ablate {again['ablate']}"))
    public = {str(name): value for name, value in dict(head["provenance"]).items() if name not in PRIVATE}
    recorded = {name: value for name, value in public.items() if here or name not in _MACHINE}
    return rows + [(tr(name.replace("_", " ")), _text(value)) for name, value in recorded.items()]


def mixed(tables: StudyTables) -> list[str]:
    """Return, in sentences, what differs within a comparison beside its factors: data, length, code, arithmetic."""
    notes = [said(reason) for reason in tables.study.get("mixtures") or ()]
    code = tables.study.get("code") or {}
    if len(code) > 1 and made_here(tables):
        parts = listed(f"{version} ({counted(runs, 'run')})" for version, runs in code.items())
        notes.append(tr(VERSIONS, n=len(code), parts=parts))
    for name, values in (tables.study.get("arithmetic") or {}).items():
        if len(values) > 1:
            parts = listed(f"{value} ({counted(runs, 'run')})" for value, runs in values.items())
            notes.append(
                tr(
                    "The runs were computed with several values of {name}: {parts}. The last digits may differ, and "
                    "more where training is unstable.",
                    name=tr(name),
                    parts=parts,
                )
            )
    return notes


def _fact(name: str, value: Any) -> str:
    if name in _FILES and isinstance(value, dict):
        return ", ".join(f"{file} {str(digest)[:12]}" for file, digest in value.items())
    if name == "dataset" and isinstance(value, str) and value.startswith(_BY_FUNCTION):
        return tr("chosen by {target}", target=value.removeprefix(_BY_FUNCTION))
    return tr(_text(value)) if name == "dataset" else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def imported_table(tables: StudyTables) -> Table | None:
    """Return what was read from a file: its columns, and in the note the rows; None for a study run here."""
    read = (tables.study.get("design") or {}).get("imported") or {}
    if not read.get("columns"):
        return None
    rows = tuple(TextRow((column, tr(role), _what(what, value))) for column, role, what, value in read["columns"])
    note = tr("{rows} rows of {file}.", rows=read["rows"], file=read["file"])
    done = [_done(what, count, which) for what, count, which in read.get("done", ())]
    note += tr(" Of its rows: {done}.", done=tr("; ").join(done)) if done else ""
    repairs: Sequence[str] = read.get("repairs") or ()
    if repairs:
        note += tr(" Read so: {repairs}.", repairs=tr("; ").join(map(tr, repairs)))
    columns = (Column(tr("column")), Column(tr("taken as")), Column(tr("what")))
    return Table(tr("What was read from the file"), columns, rows, note)


def items_tables(tables: StudyTables) -> tuple[Table, ...]:
    """Return the table of what other test items would show; none for a study without items."""
    read = (tables.study.get("design") or {}).get("imported") or {}
    rows = tuple(
        TextRow((claim, f"{mean:+.4f}", f"[{low:.4f}, {high:.4f}]", f"{p:.2g}", str(items), str(seeds)))
        for claim, items, seeds, mean, low, high, p in read.get("items", ())
    )
    if not rows:
        return ()
    titles = (msg("claim"), msg("mean difference"), msg("95 % interval"), msg("p (Holm)"), msg("items"), msg("seeds"))
    columns = tuple(Column(tr(title), "n" if place else "") for place, title in enumerate(titles))
    note = tr(
        "For other items of the same kind, with errors clustered by item; where runs have several seeds, for other "
        "seeds too. The verdicts above compare seeds on these items."
    )
    return (Table(tr("Other test items"), columns, rows, note),)


def _done(what: str, count: int, which: str) -> str:
    return f"{count} {done_text(what, count)}" + (tr(" ({text})", text=which) if which else "")


def _what(what: str, value: str) -> str:
    return tr(what, value=value) if value else tr(what)
