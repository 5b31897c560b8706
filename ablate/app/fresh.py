"""`ablate run --fresh`: everything again, and what was there before kept aside."""

from __future__ import annotations

from ablate.app.console import root_folder, say
from ablate.app.registering import now
from ablate.sweep.plan import Plan
from ablate.track import ledger


def start_over(*plans: Plan) -> None:
    """Put the finished runs of studies aside, so that the next run of each finds none; its history says so.

    From then on the study goes on as any: interrupted, the same command without `--fresh` runs what is missing.
    """
    from ablate.track.mlflow_tracker import MlflowTracker

    root = root_folder()
    for plan in plans:
        if not ledger.finished(root, plan.record.name, plan.record.key):
            continue
        session = MlflowTracker(root).open(plan.record)
        try:
            runs = session.set_aside()
            session.note({"event": "fresh", "time": now(), "runs": runs})
        finally:
            session.close("FINISHED")
        say(f"{plan.record.name}: {runs} runs put aside; they stay in MLflow and count no more")
