"""What a verdict speaks of: which runs its effect is an effect of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ablate.claims.comparison import Comparison, level_text
from ablate.claims.contrast import Evidence
from ablate.lang import msg, tr
from ablate.stats.proportions import failures_at_most
from ablate.words.kinds import NOTES


def speaks_of(comparison: Comparison, evidence: Evidence, fill_rule: str, details: Mapping[str, Any]) -> str:
    """Say what the effect is an effect of: a failure that was not seen is not excluded, only bounded.

    Of the width of a basin: whether the levels run cut it off.
    """
    claim = comparison.claim
    if claim.kind in NOTES:
        return NOTES[claim.kind](comparison, details)
    if claim.scale == "share" or not fill_rule:
        return ""
    reaching = claim.to_target  # what is filled there is a target not reached
    none = msg("{side} (none of {runs} missed the target; up to {rate:.2g} % may)") if reaching else (
        msg("{side} (none of {runs} failed; up to {rate:.2g} % may)"))  # fmt: skip
    seen = []
    for name, (failed, runs) in ((level_text(claim.arm, comparison.names), evidence.filled_arm),
                                 (level_text(claim.against, comparison.names), evidence.filled_against)):  # fmt: skip
        seeds = len(evidence.differences)
        if runs and not failed and seeds:
            seen.append(tr(none, side=name or tr("the arm"), runs=runs, rate=100 * failures_at_most(0, seeds)))
    sides = tr("; ").join(seen)
    if reaching:
        return (
            tr("Runs that reach the target: {sides}. What was not seen there is not part of the effect.", sides=sides)
            if seen
            else tr("All runs; those that missed the target, at the share seen.")
        )
    return (
        tr("Runs that train: {sides}. What was not seen there is not part of the effect.", sides=sides)
        if seen
        else tr("All runs; those that failed, at the share seen.")
    )
