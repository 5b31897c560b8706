"""What is tracked already, and results made elsewhere: judged, read and reported from Python."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import UserError, must
from ablate.face.place import Place, bench_at
from ablate.face.results import Result, runs_table
from ablate.face.study import Study, listening
from ablate.programs.uses import use
from ablate.sources.choose import source_for
from ablate.sweep.study_file import check_own_figures
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Tell
from ablate.work.importing import import_study
from ablate.work.judging import judge_tracked

if TYPE_CHECKING:
    import pandas as pd


def judge_results(
    study: Study,
    results: pd.DataFrame | str | Path,
    *,
    source: str | None = None,
    leave_out: tuple[str, ...] = (),
    store: Place = None,
    tell: Tell = events.nobody,
) -> Result:
    """Judge the claims of a study by runs that were made elsewhere; nothing is trained.

    Parameters
    ----------
    results
        A row per run: a table, the path to a file or another address, with a column for every factor, `seed`, and the
        metrics (docs/own-training.md, "Results you already have"). They are tracked as `NAME-imported`.
    source
        What reads the file or address, by its name; by default the source that declares to read it.
    leave_out
        Columns of `results` that are passed over.
    store
        See `Study.run`.

    Raises
    ------
    UserError
        The results do not fit the study.
    """
    bench = _bench(store, tell)
    name, definition = f"{study.name}-imported", study.definition()
    use(definition.uses)
    check_own_figures(definition, where=study.name)

    def of(address: str) -> Result:
        command = f"ablate.judge_results(ablate.Study({study.name!r}, …), {Path(address).name!r})  # Python"
        key = import_study(
            definition, source_for(address, source), bench, name=name, command=command, leave_out=leave_out,
            report=False,
        )  # fmt: skip
        return Result(judge_tracked(name, key, bench.store), bench)

    if isinstance(results, str | Path):
        return of(str(results))
    if source is not None:
        raise UserError(f"`source={source}` reads a file or an address, got a table; leave it out")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.csv"
        _written(results, path)
        try:
            return of(str(path))
        except UserError as error:
            raise UserError(str(error).replace(str(path), "results")) from None


def _written(results: Any, path: Path) -> None:
    if not hasattr(results, "to_csv"):
        raise must("results", "be a pandas DataFrame or the path to a CSV", results)
    results.to_csv(path, index=False)


def read_study(name: str, *, store: Place = None) -> Result:
    """Judge a tracked study by the claims it was run with, whoever ran it: this program or the command line.

    Raises
    ------
    UserError
        Nothing is tracked under the name.
    """
    bench = _bench(store, events.nobody)
    return Result(judge_tracked(name, None, bench.store), bench)


def read_runs(name: str, *, store: Place = None) -> pd.DataFrame:
    """Return the runs of a tracked study, a row per seed run (see `Result.runs`).

    Raises
    ------
    UserError
        Nothing is tracked under the name.
    """
    return runs_table(_bench(store, events.nobody).store.read(name))


def write_report(name: str, out: str | Path | None = None, *, lang: str = "en", store: Place = None) -> Path:
    """Judge a tracked study and write its report (see `Result.report`); returns its folder."""
    return read_study(name, store=store).report(out, lang=lang)


def _bench(store: Place, tell: Tell) -> Bench:
    return bench_at(store, listening(progress=False, tell=tell))
