"""Judging a table of runs that comes without a study: what it holds is found, told, and judged as an import is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.sources.choose import ChosenSource, source_for
from ablate.sources.contract import Done, RunTable
from ablate.sources.given import Given
from ablate.sources.nested import unfolded
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.build import Found, found_in
from ablate.sweep.found.items import ItemsCompared, items_in
from ablate.sweep.found.rows import kept_lines
from ablate.sweep.found.saved import runs_path, study_text
from ablate.sweep.study_file import parse_study
from ablate.track.memory import MemoryStore
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Event, TableFound
from ablate.work.importing import import_study
from ablate.work.judging import Judgement, judge_tracked
from ablate.work.places import check_place, shown
from ablate.work.reporting import write_pages

_QUIET = (events.TableRead, events.ResultsImported, events.TaskStarted, events.TaskAdvanced, events.TaskEnded)


@dataclass(frozen=True)
class Judged:
    """A table that was judged: what was found of it, the judgement, the bench whose store holds its runs, items."""

    found: Found
    judgement: Judgement
    bench: Bench
    items: tuple[ItemsCompared, ...] = ()


def judge_source(
    address: str,
    asked: Asked,
    bench: Bench,
    *,
    source: str | None = None,
    out: Path | None = None,
    report: bool = True,
    save: Path | None = None,
    command: str = "",
    tongue: str = "en",
) -> Judged:
    """Judge the runs at an address, and write their report.

    Nothing is tracked: the runs are kept where they are.

    Parameters
    ----------
    source
        The source that reads them; None: the one that declares to.
    out
        The folder of the report; by default `reports/NAME-judged`.
    report
        Write the report.
    save
        A study file to write, with its runs beside it.

    Raises
    ------
    UserError
        See `source_for` and `found_in`; a file of that name is there already.
    """
    chosen = source_for(address, source)
    bench.warn(*chosen.notes)
    table = chosen.read(fits=lambda head: len(head) > 1)
    name = name_of(address)
    check_place(name, out, report=report)
    held = judge_table(table, asked, bench, name=name, command=command, save=save, title=title_of(address))
    if report:
        write_pages(name, held.judgement, held.bench, out=out, tongue=tongue)
    return held


def judge_table(
    table: RunTable, asked: Asked, bench: Bench, *, name: str, command: str, save: Path | None = None,
    told_first: Sequence[Done] = (), title: str = "",
) -> Judged:  # fmt: skip
    """Judge a table of runs; see `judge_source`. `told_first` was done with it before; `title` is what it is called."""
    rows = len(table.lines)
    table = unfolded(table)
    items = items_in(kept_lines(table, asked)[0], asked)
    stem = re.sub("-(judged|compared)$", "", name)
    found = found_in(items.runs if items else table, items.asked if items else asked, name=title or stem)
    found = replace(found, done=(*told_first, *found.done))
    compared: tuple[ItemsCompared, ...] = ()
    if items:
        found = replace(found, columns=(*found.columns, *items.told), done=(*items.done, *found.done))
        compared = items.compared(found)
    study = parse_study(found.study, where=table.where)
    bench.tell(TableFound(found, table.where, rows))
    own = replace(bench, tell=_but(bench.tell, _QUIET), given=MemoryStore())
    chosen = ChosenSource(Given(found.table), found.table.where, "")
    told = {
        "columns": [[one.column, one.role, one.what, one.value] for one in found.columns],
        "done": [[one.what, one.count, one.which] for one in found.done],
        "rows": rows,
        **({"items": [one.told for one in compared]} if compared else {}),
    }
    key = import_study(study, chosen, own, name=name, command=command, report=False, told=told)
    judgement = judge_tracked(name, key, own.store)
    bench.tell(events.Judged(judgement))
    if compared:
        bench.tell(events.ItemsCompared(compared))
    if save is not None:
        save_study(found, save, command)
    return Judged(found, judgement, own, compared)


def save_study(found: Found, path: Path, command: str) -> None:
    """Write the study that a table was judged as, and its runs beside it.

    Raises
    ------
    UserError
        One of the files is there already, or cannot be written.
    """
    runs = runs_path(path)
    if path.suffix not in (".yaml", ".yml"):
        raise UserError(f"--save {path}: expected a name ending in .yaml")
    for one in (path, runs):
        if one.exists() or one.is_symlink():  # a link without its file would be written through
            raise UserError(f"--save: {shown(one)} is there already; give another name, or take it away")
    try:
        path.write_text(study_text(found, path, command), encoding="utf-8")
        runs.write_text(found.table.text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--save {path}: {error.strerror or error}") from None


def name_of(address: str) -> str:
    """Return the name that a report has of the runs at an address.

    >>> name_of("runs/My results.csv"), name_of("mlflow:my/experiment"), name_of("optuna:sqlite:///s.db#lr")
    ('My-results-judged', 'experiment-judged', 's-db-lr-judged')
    """
    last = Path(address.rstrip("/\\")).name or address
    stem = Path(last).stem if re.search(r"\.(csv|tsv|txt|json|parquet|xlsx)$", last, re.IGNORECASE) else last
    plain = re.sub(r"\W+", "-", stem).strip("-") or "runs"
    return f"{plain}-judged"


_SOURCES = {"mlflow": "MLflow", "wandb": "W&B", "optuna": "Optuna", "tensorboard": "TensorBoard", "hydra": "Hydra",
            "lightning": "Lightning", "sacred": "Sacred", "trainer": "Trainer"}  # fmt: skip


def title_of(address: str) -> str:
    """Return what the runs at an address are called in a title: their own name, and the tool they are from.

    >>> title_of("mlflow:mlflow.db#resnet-norm"), title_of("optuna:sqlite:///tpe.db"), title_of("runs/My results.csv")
    ('resnet-norm, from MLflow', 'tpe.db, from Optuna', 'My results')
    """
    scheme, colon, rest = address.partition(":")
    tool = _SOURCES.get(scheme) if colon else None
    last = Path((rest if tool else address).rpartition("#")[2].rstrip("/\\")).name
    if tool is None:
        last = re.sub(r"\.(csv|tsv|txt|json|parquet|xlsx)$", "", last, flags=re.IGNORECASE)
    return f"{last or address}, from {tool}" if tool else last or name_of(address).removesuffix("-judged")


def _but(tell: Callable[[Event], None], quiet: Sequence[type[Event]]) -> Callable[[Event], None]:
    """Return a listener that hears all but some events."""

    def hear(event: Any) -> None:
        if not isinstance(event, tuple(quiet)):
            tell(event)

    return hear
