"""How far to trust a report, in one line: arms, seeds, runs, failures, data, tuning, registration, other choices.

Each part has an explanation, which a page shows on hover and on focus.
"""

from __future__ import annotations

from collections.abc import Sequence

from ablate.judge.lost import LOST, UNFINISHED
from ablate.judge.verdict import Verdict
from ablate.lang import counted, msg, tr
from ablate.report.answers import Explained
from ablate.report.arms import own_runs
from ablate.report.registration import registered_state
from ablate.report.vouched import made_here, sources, vouched
from ablate.report.wording import seeds_text
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED, Outcome
from ablate.train.vouched import Fact

_ARMS = msg("An arm is one combination of settings, for instance with the component and without it.")
_SEEDS = msg("Each seed is one repetition of every arm. Runs with the same seed are compared as pairs.")
_SEEDS_ALONE = msg("Each seed is one repetition of every arm.")
_RUNS = msg("Runs that ended, out of those planned. The run ledger below says how each one ended.")
_CLAIMS = msg("What the study states, each with the smallest effect that matters (δ).")
_DATA = msg("The result is about these data. Other data may give another answer.")
_FAILED = msg("Runs that diverged, collapsed or crashed. None is left out: each counts as the method notes say.")
_UNKNOWN = msg("Nothing says how these runs ended, so a failed one among them would not be noticed.")
_REGISTERED = msg("Claims, metrics, δ and seeds were fixed before the first run that is judged, and not changed since.")
_EDITED = msg("What rests on the change is labelled post hoc: it may have been chosen after seeing results.")
_NOT_REGISTERED = msg("Claims, metrics and δ may have been chosen after seeing results.")
_UNPREDICTED = msg(
    "The comparisons follow from the runs that there are: every level against the baseline. What they find may be luck "
    "of these seeds, until it is stated as a claim and supported on new ones."
)
_COMPARISONS = msg("Every level is compared with the baseline. Nobody stated beforehand what would come out.")
_CHOICES = msg("Each verdict was judged again with other intervals, with half and twice δ, and so on: see below.")

_LOST = msg(
    "Started, but without a result: lost to the machine, as declared, or not finished. Their pairs are dropped."
)
_STALLED = msg("Runs that ended without having learned. They count with the values that they have.")

_GIVEN = msg("ablate does not know what the training does with its settings, or whether it tunes others.")

_FAIRNESS = {
    "fixed": (
        msg("same settings in all arms, nothing tuned"),
        msg("All arms have the same settings. A difference may belong to these settings as much as to the component."),
    ),
    "tuned": (
        msg("each arm tuned on validation data"),
        msg("Arms are compared as this search tuned them; other trials may give another difference."),
    ),
    "both": (
        msg("judged with the same settings and with each arm tuned"),
        msg("Each claim is judged with the same settings in all arms, and again with each arm tuned."),
    ),
}


def trust(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> tuple[Explained, ...]:
    """Return the parts of the line, in the order in which they are read."""
    return (
        Explained(counted(len(tables.planned), "arm"), tr(_ARMS)),
        Explained(
            seeds_text(tables), tr(_SEEDS if any("unpaired" not in v.details for v in verdicts) else _SEEDS_ALONE)
        ),
        *_endings(tables),
        *_stated(study, len(verdicts)),
        *_origin(tables),
        *_fairness(study, tables),
        *_registered(study, tables, verdicts),
        *_choices(verdicts),
    )


def data_sets_trained_on(tables: StudyTables) -> list[str]:
    """Return the data that the arms are known to have been trained on, each once."""
    with_data = [
        facts for facts in tables.facts.values() if "dataset" in facts and Fact.DATA in facts.get("vouches", ())
    ]
    return sorted({str(facts["dataset"]) for facts in with_data})


def _origin(tables: StudyTables) -> tuple[Explained, ...]:
    if names := sources(tables):
        return (Explained(tr("imported from {files}", files=tr(", ").join(names)), tr(_DATA)),)
    names = data_sets_trained_on(tables)
    return (Explained(tr("data: {names}", names=tr(", ").join(map(tr, names))), tr(_DATA)),) if names else ()


def _endings(tables: StudyTables) -> tuple[Explained, ...]:
    """Return how many runs there are, and how many failed, stalled, or ended nobody knows how."""
    ends = own_runs(tables)["outcome"].astype(str)
    ran, planned = int((ends != "missing").sum()), len(ends)
    runs = counted(ran, "run")
    if ran < planned:
        runs = tr("{ran} of {planned}", ran=ran, planned=counted(planned, "planned run"))
    failed, stalled, unknown = (
        int(ends.isin(which).sum()) for which in (FAILED, (Outcome.STALLED.value,), (Outcome.UNKNOWN.value,))
    )
    told = [Explained(runs, tr(_RUNS))]
    lost = [word for facts in tables.facts.values() for word in (facts.get(LOST) or {}).values()]
    gone = {what: lost.count(what) for what in (LOST, UNFINISHED) if what in lost}
    if gone.get(LOST):
        told.append(Explained(tr("{n} lost", n=gone[LOST]), tr(_LOST)))
    if gone.get(UNFINISHED):
        told.append(Explained(tr("{n} not finished", n=gone[UNFINISHED]), tr(_LOST)))
    if failed or not (unknown or gone):
        told.append(Explained(tr("{n} failed", n=failed) if failed else tr("none failed"), tr(_FAILED)))
    if stalled:
        told.append(Explained(tr("{n} did not learn", n=stalled), tr(_STALLED)))
    if unknown:
        told.append(Explained(tr("{n} ended in an unknown way", n=unknown), tr(_UNKNOWN)))
    return tuple(told)


def _fairness(study: Study, tables: StudyTables) -> tuple[Explained, ...]:
    """Return whose settings the arms have, as far as that is known."""
    if not made_here(tables):
        return ()
    text, tip = _FAIRNESS[study.fairness]
    if study.fairness == "fixed" and not vouched(tables, Fact.SETTINGS):
        return (Explained(tr("same settings given to all arms"), tr(_GIVEN)),)
    if study.tune is not None and study.fairness == "tuned" and not vouched(tables, Fact.DATA):
        return (Explained(tr("each arm tuned by {metric}", metric=study.tune.metric), tr(tip)),)
    return (Explained(tr(text), tr(tip)),)


def _stated(study: Study, verdicts: int) -> tuple[Explained, ...]:
    """Return how many claims there are, with how many verdicts, and how many comparisons that nobody predicted."""
    made = sum(claim.exploratory for claim in study.claims)
    claimed = len(study.claims) - made
    told = [Explained(counted(claimed, "claim"), tr(_CLAIMS))] if claimed or not made else []
    if claimed and not made and verdicts > claimed:  # of a claim with levels there is a verdict for each
        told = [Explained(counted(claimed, "claim") + tr(", ") + counted(verdicts, "verdict"), tr(_CLAIMS))]
    return (*told, *([Explained(counted(made, "exploratory comparison"), tr(_COMPARISONS))] if made else []))


def _registered(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> tuple[Explained, ...]:
    """Return whether what is judged was registered: comparisons that nobody predicted have nothing to register."""
    if not verdicts:
        return ()
    state = registered_state(tables)
    if all(claim.exploratory for claim in study.claims):
        nobody = Explained(tr("outcomes predicted by nobody"), tr(_UNPREDICTED))
        return (
            (nobody, Explained(tr("edited after the plan was made"), tr(_EDITED))) if state == "edited" else (nobody,)
        )
    return {
        "not": (Explained(tr("not registered before the runs"), tr(_NOT_REGISTERED)),),
        "edited": (Explained(tr("edited after registration"), tr(_EDITED)),),
        "registered": (Explained(tr("registered before the runs"), tr(_REGISTERED)),),
    }[state]


def _choices(verdicts: Sequence[Verdict]) -> tuple[Explained, ...]:
    """Return how many verdicts change where something else is chosen."""
    tried = [v for v in verdicts if v.sensitivity]
    if not tried:
        return ()
    shaky = len({v.claim_id for v in tried if v.flips})
    if len(tried) > 1:
        text = tr(
            "{n} of {verdicts} would change with another choice", n=shaky, verdicts=counted(len(tried), "verdict")
        )
    elif shaky:
        text = tr("the one tested verdict would change with another choice")
    else:
        text = tr("the one tested verdict would change with no other choice")
    return (Explained(text, tr(_CHOICES)),)
