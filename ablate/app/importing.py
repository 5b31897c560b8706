"""Judging results that were made elsewhere: `ablate import STUDY.yaml results.csv`."""

from __future__ import annotations

import shlex
from pathlib import Path

from ablate.app.console import root_folder, say, ui_line
from ablate.app.places import check_place
from ablate.app.reporting import judge_and_report
from ablate.sweep.imported import import_csv
from ablate.sweep.study_file import load_study


def import_results(study_name: str, path: Path, *, out: Path | None = None) -> None:
    """Track the runs of a CSV as imported runs of a study, judge its claims by them, and write the report.

    Raises
    ------
    UserError
        See `sweep.imported.import_csv`; the claims do not fit the study or the columns.
    """
    from ablate.stats.claims import check_claims
    from ablate.stats.planning import check_metrics
    from ablate.sweep.metrics import Metrics
    from ablate.track.mlflow_tracker import MlflowTracker

    study = load_study(study_name)
    name = Path(study_name).stem + "-imported"
    imported = import_csv(study, path, name=name, command=shlex.join(["ablate", "import", study_name, str(path)]))
    record = imported.record
    check_place(name, out)
    check_claims(study, metrics=imported.metrics, arms=[arm.levels for arm in record.arms])
    check_metrics(study, Metrics(study.metrics))
    root = root_folder()
    session = MlflowTracker(root).open(record)
    status = "FAILED"
    try:
        done = session.finished()
        count = 0
        for arm in record.arms:
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
