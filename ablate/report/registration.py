"""What was fixed before the judging runs, and what was not: registration, later edits, looks, extensions, forecasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ablate.judge.forecasts import score_forecasts
from ablate.judge.verdict import Verdict
from ablate.lang import counted, msg, tr
from ablate.report.claim_text import change_text, claim_title
from ablate.report.families import badge_of
from ablate.report.level_texts import shortened
from ablate.report.templating import Column, Table, TextRow
from ablate.report.wording import NONE, listed
from ablate.sweep.looks import AnyTime
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.words.amounts import p_text
from ablate.words.rulings import ruling_of, ruling_word


@dataclass(frozen=True)
class Registration:
    """Sentences, (term, value) facts, the diff of later edits, verdicts over added seeds, forecasts with scores."""

    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    diff: str
    extended: Table | None
    forecasts: Table | None


def registration(
    study: Study, tables: StudyTables, verdicts: Sequence[Verdict], extended: Sequence[Verdict] = ()
) -> Registration | None:
    """Return the section; None for a study that claims nothing."""
    if not verdicts:
        return None
    head = tables.study
    registered: Mapping[str, Any] = head.get("preregistration") or {}
    notes, facts = _registered(registered, study)
    notes.append(_looks(study, head.get("looks") or (), verdicts))
    notes += [_extension(event, study) for event in head.get("extensions") or ()]
    notes += [_fresh(event) for event in head.get("fresh") or ()]
    if registered.get("forecasts_edited"):
        notes.append(tr("Forecasts were changed after registration; those that were registered are scored."))
    forecasts = registered["forecasts"] if registered else study.forecasts
    return Registration(
        tuple(notes), tuple(facts), str(registered.get("diff") or ""), extended_table(verdicts, extended),
        forecast_table(forecasts, verdicts, registered=bool(registered)),
    )  # fmt: skip


def registered_state(tables: StudyTables) -> Literal["registered", "edited", "not"]:
    """Return whether claims were registered before the runs and stayed as they were."""
    registered = tables.study.get("preregistration") or {}
    if not registered or int(registered["runs_before"]) or not registered["intact"]:
        return "not"
    return "edited" if registered["diff"] else "registered"


def _registered(registered: Mapping[str, Any], study: Study) -> tuple[list[str], list[tuple[str, str]]]:
    if not registered:
        none = tr(
            "Nothing was registered before the runs: claims, δ and metrics may have been chosen after seeing results."
        )
        return [none], []
    facts = [(tr("registered"), str(registered["time"])), (tr("hash (SHA-256)"), str(registered["hash"]))]
    facts += [("edited", when) for when in registered["edits"]]
    notes = []
    if not registered["intact"]:
        notes.append(
            tr("The hash of the registered text is not the one that the study run has: one of them was changed.")
        )
    before = int(registered["runs_before"])
    if before:
        notes.append(
            tr(
                "Registered only when {runs} had finished: claims, δ and metrics may have been chosen after "
                "seeing results.",
                runs=counted(before, "run"),
            )
        )
    touched = list(registered["post_hoc"])
    if registered["diff"]:
        which = (
            tr(
                "The verdicts on {touched} are by the edited version and are labelled post hoc.",
                touched=listed(touched),
            )
            if touched
            else tr("No verdict rests on what was edited.")
        )
        notes.append(tr("The study was edited after registration. {which}", which=which))
    elif not before and all(claim.exploratory for claim in study.claims):
        notes.append(
            tr(
                "The design, metrics and {seeds} were fixed before the first judging run and not edited since. Nobody "
                "predicted an outcome: what is compared ({comparisons}) follows from the sweep, and none is a "
                "registered claim.",
                seeds=counted(len(registered["seeds"]), "seed"),
                comparisons=counted(len(study.claims), "comparison"),
            )
        )
    elif not before:
        notes.append(
            tr(
                "{claims}, the design, metrics, δ and {seeds} were registered before the first judging run and "
                "not edited since.",
                claims=counted(len(study.claims), "claim"),
                seeds=counted(len(registered["seeds"]), "seed"),
            )
        )
    return notes, facts


def _fresh(event: Mapping[str, Any]) -> str:
    if event["event"] == "code":
        return tr(
            "The code changed ({changed}) after {runs} had finished: since {time} they no longer count, and were "
            "made again.",
            changed=str(event["changed"]),
            runs=counted(int(event["runs"]), "run"),
            time=str(event["time"]),
        )
    return tr(
        "Every run was made again on {time}, after results were known: the earlier {runs} are kept in MLflow and "
        "not judged here.",
        time=str(event["time"]),
        runs=counted(int(event["runs"]), "run"),
    )


def _looks(study: Study, looks: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]) -> str:
    if study.any_time is not None:
        return _any_time(study.any_time, verdicts)
    if not study.fixed_looks:
        return tr("One look: the claims were judged once, after the last planned run.")
    seen = [tr("Looks were planned after {seeds} seeds.", seeds=listed(str(n) for n in study.fixed_looks))]
    here = next((v.look for v in verdicts if v.look), None)
    if here:
        number, of, seeds, level = here
        seen.append(
            tr(
                "The verdicts are those of look {number} of {of}, after {seeds} seeds, at level {level}.",
                number=number,
                of=of,
                seeds=seeds,
                level=p_text(level),
            )
        )
    else:
        seen.append(tr("The first one is not complete: nothing was judged."))
    if looks and looks[-1].get("stop"):
        seen.append(tr("Stopped early: {reason}.", reason=looks[-1]["reason"]))
    return " ".join(seen)


def _any_time(looks: AnyTime, verdicts: Sequence[Verdict]) -> str:
    """Say when a study that may stop at any time was looked at, and how many seeds its claims took."""
    planned = tr(
        "Looks at any time were planned, from {first} seeds on after every {every}: the test holds at all of "
        "them together. A decided claim gets no more seeds. An arm that no open claim compares gets none either.",
        first=looks.first,
        every=looks.every,
    )
    taken = [v.look for v in verdicts if v.look]
    if not taken:
        return planned + " " + tr("The first one is not complete: nothing was judged.")
    most = next(v.stop["most"] for v in verdicts if v.stop)
    used = Counter(look[2] for look in taken)
    counts = [
        tr("{seeds} for {claims}", seeds=counted(n, "seed"), claims=counted(used[n], "claim")) for n in sorted(used)
    ]
    return planned + " " + tr("What was needed, of at most {most}: {counts}.", most=most, counts=listed(counts))


_ADDED_ANY_TIME = msg(
    "Extended after results were seen: on {time} from {before} to {after} seeds. The test holds at any time, so the "
    "verdicts are over all seeds."
)
_ADDED = msg(
    "Extended after results were seen: on {time} from {before} to {after} seeds. The verdicts stay those of the "
    "registered seeds; tables, figures of runs and the ledger show all."
)


def _extension(event: Mapping[str, Any], study: Study) -> str:
    said = _ADDED if study.any_time is None else _ADDED_ANY_TIME
    return tr(said, time=event["time"], before=event["seeds_before"], after=event["seeds_after"])


def extended_table(verdicts: Sequence[Verdict], extended: Sequence[Verdict]) -> Table | None:
    """Return the verdicts of the plan beside those over all seeds; None without an extension."""
    if not extended:
        return None
    later = {v.claim_id: v for v in extended}
    rows = []
    for v in verdicts:
        cells = [claim_title(v)]
        for one in (v, later[v.claim_id]):
            badge = badge_of(ruling_of(one))
            cells += [f"{badge.glyph} {badge.word}", change_text(one) or NONE, str(one.pairs)]
        rows.append(TextRow(tuple(cells)))
    columns = [Column(tr("claim"))]
    for name in (tr("as registered"), tr("extended")):
        columns += [Column(name), Column(tr("effect [interval]"), "n"), Column(tr("pairs"), "n")]
    note = tr(
        "Extended: over all seeds, at the level of the plan. That level does not hold here, because the decision "
        "to run more seeds depended on the first results. This row only describes; the registered verdict stands."
    )
    return Table(tr("With the added seeds"), tuple(columns), tuple(rows), note)


def forecast_table(
    forecasts: Mapping[str, Mapping[str, float]], verdicts: Sequence[Verdict], *, registered: bool
) -> Table | None:
    """Return who forecast what and how well; None without forecasts.

    The Brier score of one forecast is (p - 1)² where the claim was supported, p² where it was refuted, and nothing
    where it is open.
    """
    if not forecasts:
        return None
    people = list(forecasts)
    claims = list(dict.fromkeys(claim for said in forecasts.values() for claim in said))
    rows = []
    for claim in claims:
        cells = [forecasts[who].get(claim) for who in people]
        texts = [NONE if p is None else f"{100 * p:.0f} %" for p in cells]
        rows.append(TextRow((shortened(claim), _came_out(claim, verdicts), *texts)))
    scored = score_forecasts(forecasts, verdicts)
    scores = [
        NONE if one.brier is None else tr("{brier:.3f} over {n}", brier=one.brier, n=len(one.claims)) for one in scored
    ]
    rows.append(TextRow((tr("Brier score"), "", *scores), "total"))
    columns = (Column(tr("claim")), Column(tr("verdict")), *(Column(tr(who), "n") for who in people))
    note = tr(
        "Probability that the claim is supported, {when}. Brier: mean squared miss over decided claims; ",
        when=tr("registered before judging") if registered else tr("not registered"),
    )
    return Table(tr("Forecasts"), columns, tuple(rows), note + tr("0 is perfect, 0.25 is always saying 50 %."))


def _came_out(claim: str, verdicts: Sequence[Verdict]) -> str:
    counts = Counter(ruling_word(ruling_of(v)) for v in verdicts if claim in (v.claim_id, v.source_id))
    if sum(counts.values()) == 1:
        return next(iter(counts))
    return tr(", ").join(f"{count} {outcome}" for outcome, count in counts.items()) or tr("unknown claim")
