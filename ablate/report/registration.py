"""What was fixed before the judging runs, and what was not: registration, later edits, looks, extensions, forecasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.report.families import BADGES
from ablate.report.templating import Column, Row, Table
from ablate.report.wording import NONE, counted, listed, shortened, verdict_effect
from ablate.stats.forecasts import score_forecasts
from ablate.stats.verdict import Verdict, p_text
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


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
    notes += [_extension(event) for event in head.get("extensions") or ()]
    if registered.get("forecasts_edited"):
        notes.append("Forecasts were changed after registration; those that were registered are scored.")
    forecasts = registered["forecasts"] if registered else study.forecasts
    return Registration(
        tuple(notes), tuple(facts), str(registered.get("diff") or ""), extended_table(verdicts, extended),
        forecast_table(forecasts, verdicts, registered=bool(registered)),
    )  # fmt: skip


def _registered(registered: Mapping[str, Any], study: Study) -> tuple[list[str], list[tuple[str, str]]]:
    if not registered:
        none = (
            "Nothing was registered before the runs: claims, δ and metrics may have been chosen after seeing results."
        )
        return [none], []
    facts = [("registered", str(registered["time"])), ("hash (SHA-256)", str(registered["hash"]))]
    facts += [("edited", when) for when in registered["edits"]]
    notes = []
    if not registered["intact"]:
        notes.append("The registered text does not have the hash that stands on the study run: one was changed.")
    before = int(registered["runs_before"])
    if before:
        notes.append(
            f"Registered only when {counted(before, 'run')} had finished: claims, δ and metrics may have been chosen "
            "after seeing results."
        )
    touched = list(registered["post_hoc"])
    if registered["diff"]:
        which = (
            f"The verdicts on {listed(touched)} are by the edited version and are labelled post hoc."
            if touched
            else "No verdict rests on what was edited."
        )
        notes.append(f"The study was edited after registration. {which}")
    elif not before:
        notes.append(
            f"{counted(len(study.claims), 'claim')}, the design, metrics, δ and "
            f"{counted(len(registered['seeds']), 'seed')} were registered before the first judging run and not edited "
            "since."
        )
    return notes, facts


def _looks(study: Study, looks: Sequence[Mapping[str, Any]], verdicts: Sequence[Verdict]) -> str:
    if not study.looks:
        return "One look: the claims were judged once, after the last planned run."
    seen = [f"Looks were planned after {listed(str(n) for n in study.looks)} seeds."]
    here = next((v.look for v in verdicts if v.look), None)
    if here:
        number, of, seeds, level = here
        seen.append(f"The verdicts are those of look {number} of {of}, after {seeds} seeds, at level {p_text(level)}.")
    else:
        seen.append("The first one is not complete: nothing was judged.")
    if looks and looks[-1].get("stop"):
        seen.append(f"Stopped early: {looks[-1]['reason']}.")
    return " ".join(seen)


def _extension(event: Mapping[str, Any]) -> str:
    return (
        f"Extended after results were seen: on {event['time']} from {event['seeds_before']} to {event['seeds_after']} "
        "seeds. The verdicts stay those of the registered seeds; tables, figures of runs and the ledger show all."
    )


def extended_table(verdicts: Sequence[Verdict], extended: Sequence[Verdict]) -> Table | None:
    """Return the verdicts of the plan beside those over all seeds; None without an extension."""
    if not extended:
        return None
    later = {v.claim_id: v for v in extended}
    rows = []
    for v in verdicts:
        cells = [shortened(v.claim_id)]
        for one in (v, later[v.claim_id]):
            badge = BADGES[one.outcome]
            cells += [f"{badge.glyph} {badge.word}", verdict_effect(one) or NONE, str(one.pairs)]
        rows.append(Row(tuple(cells)))
    columns = [Column("claim")]
    for name in ("as registered", "extended"):
        columns += [Column(name), Column("effect [interval]", "n"), Column("pairs", "n")]
    note = (
        "Extended: over all seeds, at the level of the plan, which does not hold for it: that more seeds were run "
        "depended on what the first had shown. It describes; the registered verdict stands."
    )
    return Table("With the added seeds", tuple(columns), tuple(rows), note)


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
        rows.append(Row((shortened(claim), _came_out(claim, verdicts), *texts)))
    scored = score_forecasts(forecasts, verdicts)
    scores = [NONE if one.brier is None else f"{one.brier:.3f} over {len(one.claims)}" for one in scored]
    rows.append(Row(("Brier score", "", *scores), "total"))
    columns = (Column("claim"), Column("verdict"), *(Column(who, "n") for who in people))
    note = (
        f"Probability that the claim is supported, {'registered before judging' if registered else 'not registered'}. "
        "Brier: mean squared miss over decided claims; "
    )
    return Table("Forecasts", columns, tuple(rows), note + "0 is perfect, 0.25 is always saying 50 %.")


def _came_out(claim: str, verdicts: Sequence[Verdict]) -> str:
    counts = Counter(v.outcome.replace("_", " ") for v in verdicts if claim in (v.claim_id, v.source_id))
    if sum(counts.values()) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "unknown claim"
