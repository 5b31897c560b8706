"""Judging results that were made elsewhere: `ablate import STUDY.yaml results.csv`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from ablate.app.console import root_folder, say, ui_line
from ablate.app.places import check_place
from ablate.app.reporting import judge_and_report
from ablate.sweep.imported import Imported, import_csv
from ablate.sweep.study_file import load_study

_MOST_NAMED = 12


def read_lines(imported: Imported, path: Path) -> Iterator[str]:
    """Yield what was read from a file, a line for the columns of every kind."""
    repairs = f" ({'; '.join(imported.repairs)})" if imported.repairs else ""
    yield f"{imported.rows} rows read from {path}{repairs}"
    kinds: dict[str, list[str]] = {}
    for one in imported.columns:
        why, own = one.what, one.column
        if one.value:  # each its own value: beside its name
            why, own = one.what.partition(": {value}")[0].replace("{value}", "").strip(), f"{own} ({one.value})"
        kinds.setdefault(f"{one.role}, {why}" if why else one.role, []).append(own)
    for kind, names in kinds.items():
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        yield f"  {kind}: {', '.join(names[:_MOST_NAMED])}{more}"
    if imported.settings:
        leave = " ".join(f"--leave-out {shlex.quote(name)}" for name in imported.settings[:_MOST_NAMED])
        yield (
            "  claims that compare arms which differ in a setting as well are held back. Make it a factor; name it in "
            f"the study's `metrics:` if it is a result; or, if it belongs to what is compared, give {leave}"
        )


def import_results(study_name: str, path: Path, *, out: Path | None = None, leave_out: Sequence[str] = ()) -> None:
    """Track the runs of a CSV as imported runs of a study, judge its claims by them, and write the report.

    Raises
    ------
    UserError
        See `sweep.imported.import_csv`; the claims do not fit the study or the columns, or compare runs that differ in
        more than their factors.
    """
    from ablate.judge.comparable import check_comparable
    from ablate.judge.expand import check_claims
    from ablate.judge.planning import check_metrics
    from ablate.sweep.metrics import Metrics
    from ablate.track.mlflow_tracker import MlflowTracker

    study = load_study(study_name)
    name = Path(study_name).stem + "-imported"
    options = [part for column in leave_out for part in ("--leave-out", column)]
    command = shlex.join(["ablate", "import", study_name, str(path), *options])
    imported = import_csv(study, path, name=name, command=command, leave_out=leave_out)
    record = imported.record
    check_place(name, out)
    for line in read_lines(imported, path):
        say(line)
    levels = [arm.levels for arm in record.arms]
    check_claims(study, metrics=imported.metrics, arms=levels)
    check_metrics(study, Metrics(study.metrics))
    check_comparable(study, levels, [arm.facts for arm in record.arms], ran=True)
    root = root_folder()
    session = MlflowTracker(root).open(record)
    status = "FAILED"
    try:
        done = session.finished()
        count = 0
        for arm in tqdm(record.arms, desc=name, unit="arm", ncols=100, leave=False):
            missing = [run for run in imported.runs[arm.id] if run.identity not in done]
            if missing:
                session.log_arm(arm, missing)
                count += len(missing)
        status = "FINISHED"
    finally:
        session.close(status)
    runs = len(record.arms) * len(record.seeds)
    say(f"{name}: {count} of {runs} runs imported" + (", the rest were before" if count < runs else ""))
    judge_and_report(name, record.key, root, out=out)
    say(f"browse the runs:  {ui_line(root)}")
