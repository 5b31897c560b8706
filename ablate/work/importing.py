"""Judging results that were made elsewhere, whatever source reads them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ablate.errors import UserError
from ablate.programs.uses import use
from ablate.sources.choose import ChosenSource, source_for
from ablate.sweep.import_endings import UNPLANNED
from ablate.sweep.imported import import_runs
from ablate.sweep.study import Study
from ablate.sweep.study_file import check_own_figures, load_study
from ablate.work.bench import Bench
from ablate.work.events import ResultsImported, SettingsFollow, TableRead
from ablate.work.judging import Judgement
from ablate.work.places import check_place
from ablate.work.reporting import judge_and_report


def import_results(
    study_name: str,
    address: str,
    bench: Bench,
    *,
    source: str | None = None,
    uses: Sequence[str] = (),
    out: Path | None = None,
    leave_out: Sequence[str] = (),
) -> Judgement:
    """Track the runs at an address as imported runs of a study of this name, judge its claims, and write the report.

    Parameters
    ----------
    address, source, leave_out
        Where they are, the name of the source that reads them (None: the one that declares to), and columns that are
        passed over.
    uses
        Python files, from the current folder, beside those of the study.
    out
        The folder of the report.

    Raises
    ------
    UserError
        See `import_study`; the study does not exist.
    """
    options = ["--source", source] if source is not None else []
    options += [part for file in uses for part in ("--uses", file)]
    options += [part for column in leave_out for part in ("--leave-out", column)]
    command = shlex.join(["ablate", "import", study_name, address, *options])
    name = Path(study_name).stem + "-imported"
    study = load_study(study_name)
    study = study.model_copy(update={"uses": list(dict.fromkeys([*study.uses, *uses]))})
    use(study.uses)
    check_own_figures(study, where=study_name)
    chosen = source_for(address, source)
    key = import_study(study, chosen, bench, name=name, command=command, leave_out=leave_out, out=out)
    judgement = judge_and_report(name, key, bench, out=out)
    bench.tell_ready()
    return judgement


def import_study(
    study: Study,
    chosen: ChosenSource,
    bench: Bench,
    *,
    name: str,
    command: str,
    leave_out: Sequence[str] = (),
    out: Path | None = None,
    report: bool = True,
    told: Mapping[str, Any] = MappingProxyType({}),
) -> str:
    """Track the runs at an address as those of a study, under a name of their own; returns the key of the study run.

    Parameters
    ----------
    chosen
        A file, or `SCHEME:REST`, with the source that reads it.
    leave_out
        Columns that are passed over.
    out, report
        The folder that a report will be written to, if it will: it is refused before anything is tracked.
    told
        What became of the columns and rows of a table that these runs were found in, where the report is to say that.

    Raises
    ------
    UserError
        See `sweep.imported.import_runs`; the claims do not fit the study or the
        columns, or compare runs that differ in more than their factors (`judge.planning.check_study`); the study is to
        be tuned.
    """
    from ablate.judge.confounded import holding_back
    from ablate.judge.planning import check_study

    _check_tuning(study)
    bench.warn(*chosen.notes)
    imported = import_runs(study, chosen, name=name, command=command, leave_out=leave_out)
    record = imported.record
    if told:
        read = {**record.design["imported"], **told}
        record = replace(record, design={**record.design, "imported": read})
    check_place(name, out, report=report)
    bench.tell(TableRead(imported, chosen.address))
    check_study(
        study,
        arms=[arm.levels for arm in record.arms],
        facts=[arm.facts for arm in record.arms],
        logged=imported.metrics,
        n_seeds=len(record.seeds),
        ran=True,
    )
    holding = holding_back(study, [arm.levels for arm in record.arms], [arm.facts for arm in record.arms])
    if holding or imported.follows:
        bench.tell(SettingsFollow(tuple(sorted(holding)), imported.follows))
    earlier = any(line.name == name and line.key != record.key for line in bench.store.studies())
    session = bench.store.open(record)
    status = "FAILED"
    try:
        done = session.finished()
        now = {run.identity for runs in imported.runs.values() for run in runs}
        if earlier or done - now:
            bench.warn(
                f"other results were imported as {name} before; from now on these stand for it, and its earlier report "
                "is replaced. Those runs stay in MLflow. To keep both, copy the study file under another name"
            )
        count = 0
        for arm in bench.each(name, "arm", record.arms):
            missing = [run for run in imported.runs[arm.id] if run.identity not in done]
            if missing:
                session.log_arm(arm, missing)
                count += len(missing)
        status = "FINISHED"
    finally:
        session.close(status)
    runs = sum(map(len, imported.runs.values()))
    unplanned = sum(len(arm.facts.get(UNPLANNED, ())) for arm in record.arms)
    asked = len(record.arms) * len(record.seeds) - unplanned
    planned = runs if record.design["imported"].get("unpaired") else asked
    bench.tell(ResultsImported(name, count, runs, planned - runs))
    return record.key


def _check_tuning(study: Study) -> None:
    """Refuse a study that is to be tuned: that the runs of a file were chosen fairly, nobody can say."""
    if study.tune is not None and study.fairness != "fixed":
        raise UserError(
            f"`fairness: {study.fairness}`: nothing is tuned on an import, the runs are there already; take `tune` and "
            "`fairness` out, and name the values that differ between arms as factors"
        )
