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
from ablate.sweep.found.items import ItemComparison, items_in
from ablate.sweep.found.rows import kept_lines
from ablate.sweep.found.saved import runs_path, study_text
from ablate.sweep.study_file import parse_study
from ablate.track.memory import MemoryStore
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Event, TableFound
from ablate.work.importing import import_study
from ablate.work.judging import Judgement, judge_tracked
from ablate.work.places import check_place, short_path
from ablate.work.reporting import write_pages

_QUIET = (events.TableRead, events.ResultsImported, events.TaskStarted, events.TaskAdvanced, events.TaskEnded)


@dataclass(frozen=True)
class TableJudgement:
    """A table that was judged: what was found of it, the judgement, the bench whose store holds its runs, items."""

    found: Found
    judgement: Judgement
    bench: Bench
    items: tuple[ItemComparison, ...] = ()


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
) -> TableJudgement:
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
    name = name_at(address)
    check_place(name, out, report=report)
    judged = judge_table(table, asked, bench, name=name, command=command, save=save, title=title_of(address))
    if report:
        write_pages(name, judged.judgement, judged.bench, out=out, tongue=tongue)
    return judged


def judge_table(
    table: RunTable, asked: Asked, bench: Bench, *, name: str, command: str, save: Path | None = None,
    told_first: Sequence[Done] = (), title: str = "",
) -> TableJudgement:  # fmt: skip
    """Judge a table of runs; see `judge_source`. `told_first` was done with it before; `title` is what it is called."""
    rows = len(table.lines)
    table = unfolded(table)
    items = items_in(kept_lines(table, asked)[0], asked)
    stem = re.sub("-(judged|compared)$", "", name)
    reading = found_in(items.runs if items else table, items.asked if items else asked, name=title or stem)
    reading = replace(reading, done=(*told_first, *reading.done))
    compared: tuple[ItemComparison, ...] = ()
    if items:
        reading = replace(reading, columns=(*reading.columns, *items.told), done=(*items.done, *reading.done))
        compared = items.compared(reading)
    study = parse_study(reading.study, where=table.where)
    bench.tell(TableFound(reading, table.where, rows))
    memory_bench = replace(bench, tell=_but(bench.tell, _QUIET), given=MemoryStore())
    chosen = ChosenSource(Given(reading.table), reading.table.where, "")
    told = {
        "columns": [[one.column, one.role, one.what, one.value] for one in reading.columns],
        "done": [[one.what, one.count, one.which] for one in reading.done],
        "rows": rows,
        **({"items": [one.told for one in compared]} if compared else {}),
    }
    key = import_study(study, chosen, memory_bench, name=name, command=command, report=False, told=told)
    judgement = judge_tracked(name, key, memory_bench.store)
    bench.tell(events.Judged(judgement))
    if compared:
        bench.tell(events.ItemsCompared(compared))
    if save is not None:
        save_study(reading, save, command)
    return TableJudgement(reading, judgement, memory_bench, compared)


def save_study(reading: Found, path: Path, command: str) -> None:
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
            raise UserError(f"--save: {short_path(one)} exists already; give another name, or move it away")
    try:
        path.write_text(study_text(reading, path, command), encoding="utf-8")
        runs.write_text(reading.table.text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--save {path}: {error.strerror or error}") from None


def name_at(address: str) -> str:
    """Return the name that a report has of the runs at an address.

    >>> name_at("runs/My results.csv"), name_at("mlflow:my/experiment"), name_at("optuna:sqlite:///s.db#lr")
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
    return f"{last or address}, from {tool}" if tool else last or name_at(address).removesuffix("-judged")


def _but(tell: Callable[[Event], None], quiet: Sequence[type[Event]]) -> Callable[[Event], None]:
    """Return a listener that hears all but some events."""

    def hear(event: Any) -> None:
        if not isinstance(event, tuple(quiet)):
            tell(event)

    return hear
