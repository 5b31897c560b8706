"""What was fixed before the judging runs, and what was not: registration, later edits, looks, extensions, forecasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.report.templating import Column, Row, Table
from ablate.report.wording import NONE, counted, listed, shortened
from ablate.stats.forecasts import score_forecasts
from ablate.stats.verdict import Verdict, p_text
from ablate.sweep.study import Study
from ablate.track.record import StudyTables


@dataclass(frozen=True)
class Registration:
    """Sentences, (term, value) facts, the diff of later edits, and the forecasts with their scores."""

    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    diff: str
    forecasts: Table | None


def registration(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> Registration | None:
    """Return the section; None for a study that claims nothing."""
    if not verdicts:
        return None
    head = tables.study
    registered: Mapping[str, Any] = head.get("preregistration") or {}
    notes, facts, diff = _registered(registered, study)
    looks, extensions = head.get("looks"), head.get("extensions")
    notes += _looks(study, looks, verdicts)
    for extension in extensions if isinstance(extensions, Sequence) else ():
        notes.append(_extension(extension))
    return Registration(tuple(notes), tuple(facts), diff, forecast_table(study, verdicts))


def _registered(registered: Mapping[str, Any], study: Study) -> tuple[list[str], list[tuple[str, str]], str]:
    if not registered:
        none = (
            "Nothing was registered before the runs: claims, δ and metrics may have been chosen after seeing results."
        )
        return [none], [], ""
    diff = str(registered.get("diff") or "").strip()
    when = str(registered.get("time") or registered.get("registered_at") or registered.get("created") or "unknown")
    facts = [("registered", when), ("hash (SHA-256)", str(registered.get("hash") or "unknown"))]
    if diff or registered.get("post_hoc"):
        edited = (
            "Claims, design or δ were edited after registration; the verdicts above are by the edited version and are "
            "labelled post hoc."
        )
        return [edited], [*facts, ("label", "post hoc")], diff
    kept = (
        f"{counted(len(study.claims), 'claim')}, the design, metrics and δ were registered before the first judging "
        "run and not edited since."
    )
    return [kept], facts, ""


def _looks(study: Study, looks: Any, verdicts: Sequence[Verdict]) -> list[str]:
    if not study.looks:
        seen = ["One look: the claims were judged once, after the last planned run."]
    else:
        seen = [f"Looks were planned after {listed(str(n) for n in study.looks)} seeds."]
    here = next((v.look for v in verdicts if v.look), None)
    if here:
        number, of, seeds, level = here
        seen.append(f"This is look {number} of {of}, after {seeds} seeds, at level {p_text(level)}.")
    if isinstance(looks, Mapping):
        looks = [looks]
    for look in looks if isinstance(looks, Sequence) and not isinstance(looks, str) else ():
        if isinstance(look, Mapping) and (look.get("reason") or look.get("stop_reason")):
            seen.append(f"Stopped: {look.get('reason') or look.get('stop_reason')}")
    return [" ".join(seen)]


def _extension(extension: Any) -> str:
    if isinstance(extension, Mapping):
        what = ", ".join(f"{key} {value}" for key, value in extension.items())
        return f"Extended after the first verdicts ({what}): what was judged before is not independent of this."
    return f"Extended after the first verdicts ({extension}): what was judged before is not independent of this."


def forecast_table(study: Study, verdicts: Sequence[Verdict]) -> Table | None:
    """Return who forecast what and how well; None without forecasts.

    The Brier score of one forecast is (p - 1)² where the claim was supported, p² where it was refuted, and nothing
    where it is open.
    """
    if not study.forecasts:
        return None
    people = list(study.forecasts)
    claims = list(dict.fromkeys(claim for said in study.forecasts.values() for claim in said))
    rows = []
    for claim in claims:
        cells = [study.forecasts[who].get(claim) for who in people]
        texts = [NONE if p is None else f"{100 * p:.0f} %" for p in cells]
        rows.append(Row((shortened(claim), _came_out(claim, verdicts), *texts)))
    scored = score_forecasts(study.forecasts, verdicts)
    scores = [NONE if one.brier is None else f"{one.brier:.3f} over {len(one.claims)}" for one in scored]
    rows.append(Row(("Brier score", "", *scores), "total"))
    columns = (Column("claim"), Column("verdict"), *(Column(who, "n") for who in people))
    note = (
        "Probability that the claim is supported, given before judging. Brier: mean squared miss over decided claims; "
    )
    return Table("Forecasts", columns, tuple(rows), note + "0 is perfect, 0.25 is always saying 50 %.")


def _came_out(claim: str, verdicts: Sequence[Verdict]) -> str:
    counts = Counter(v.outcome.replace("_", " ") for v in verdicts if claim in (v.claim_id, v.source_id))
    if sum(counts.values()) == 1:
        return next(iter(counts))
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "unknown claim"
