"""Colours that stay apart for every eye: of arms in MLflow's pages, and of hues in the figures of reports."""

from __future__ import annotations

from ablate.track.record import ArmRecord, StudyRecord

# seaborn's "colorblind" palette without its two palest colours, which vanish on white.
HUES = ("#0173b2", "#d55e00", "#029e73", "#cc78bc", "#de8f05", "#56b4e9", "#ca9161", "#7f7f7f")
COLOUR_TAG = "mlflow.runColor"


def colour_tags(study: StudyRecord, arm: ArmRecord) -> dict[str, str]:
    """Return the tag that says in which colour MLflow lists and draws an arm run.

    Without it MLflow takes one by the id of the run, and two arms may have the same. Where there are more arms than
    colours, the others are left to it.
    """
    place = next((i for i, one in enumerate(study.run_arms) if one.id == arm.id), len(HUES))
    return {COLOUR_TAG: HUES[place]} if place < len(HUES) else {}
