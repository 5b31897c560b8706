"""What is said of a study's tuning in sentences: what its effects are effects of, and which values lie on an edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ablate.judge.gates import gated_by_itself
from ablate.lang import counted, tr
from ablate.report.arms import arm_titles
from ablate.report.wording import NONE, listed
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.track.tuned import edge_values


def tuning_notes(study: Study, tables: StudyTables, cells: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the sentences above the table of what was tuned."""
    notes = [estimand(cells[0])]
    edges = [
        tr("{key}={chosen} of {side}", key=key, chosen=value_text(chosen), side=cell["cell"])
        for cell in cells
        for key, value in cell["tuned"].items()
        if value["edge"]
        for chosen in edge_values(value)
    ]
    added: dict[str, int] = {}
    for cell in cells:
        added |= cell.get("widened") or {}
    if added:
        grids = listed([tr("{key} by {n}", key=key, n=n) for key, n in added.items()])
        notes.append(
            tr("Grids that were widened beyond the study file, for all arms alike, by values: {grids}.", grids=grids)
            if trials_alike(cells) == "trials"
            else tr(
                "Grids that were widened beyond the study file, for all arms that have them, by values: {grids}.",
                grids=grids,
            )
        )
    if trials_alike(cells) == "nothing":
        counts = listed([tr("{side}: {n}", side=cell["cell"], n=cell["trials"]) for cell in cells])
        notes.append(
            tr(
                "The arms had different numbers of trials, as the study declares ({counts}). An arm with more trials "
                "is tuned better, and a difference may come from that.",
                counts=counts,
            )
        )
    if edges and all(map(gated_by_itself, tables.facts.values())):
        notes.append(
            tr(
                "On the edge of what was tried: {edges}. A better value may lie beyond, so the gate holds back the "
                "claims about these arms; widen the search space, or let it widen itself by more steps (`extend`).",
                edges=listed(edges),
            )
        )
    elif edges:
        notes.append(_told_of_edges(study, edges))
    labels = arm_titles(tables)
    same = [
        labels[arm]
        for arm, facts in tables.facts.items()
        if facts.get("same_as") and "tuning" in facts and arm in labels
    ]
    if same:
        notes.append(
            tr(
                "Tuning chose the fixed values for {same}: one training serves the fixed and the tuned arm, and "
                "both rows show the same runs.",
                same=listed(same),
            )
        )
    return notes


def _told_of_edges(study: Study, edges: Sequence[str]) -> str:
    """Name the values on an edge, and the claims that were registered without a gate that would hold them back."""
    text = tr(
        "On the edge of what was tried: {edges}. A better value may lie beyond; widen the search space.",
        edges=listed(edges),
    )
    ungated = [claim.id for claim in study.claims if not any(gate.kind == "tuning_edge" for gate in claim.gates)]
    if not ungated:
        return text
    return text + (
        tr(" No `tuning_edge` gate holds back the claim {named}.", named=listed(ungated))
        if len(ungated) == 1
        else tr(" No `tuning_edge` gate holds back the claims {named}.", named=listed(ungated))
    )


def estimand(cell: Mapping[str, Any]) -> str:
    """Say in one sentence what an effect between tuned arms is an effect of."""
    if in_every_seed(cell):
        return tr(
            "What is estimated: each arm together with its tuning. Every seed tunes for itself, so the intervals "
            "include the noise of the choice."
        )
    return tr(
        "What is estimated: the arms at the values that {seeds} chose once for all; the noise of that choice is in no "
        "interval.",
        seeds=counted(len(cell["seeds"]), "tuning seed"),
    )


def trials_alike(cells: Sequence[Mapping[str, Any]]) -> str:
    """Say what the tuned arms had alike: their `trials`, at least the `number` of them, or `nothing`."""
    if len({str(cell["space"]) for cell in cells}) == 1:
        return "trials"
    return "number" if len({cell["trials"] for cell in cells}) == 1 else "nothing"


def numbers_of_trials(cells: Sequence[Mapping[str, Any]]) -> str:
    """Return how many trials each arm had: ``18``, or ``12 to 18`` where they differ."""
    counts = sorted({cell["trials"] for cell in cells})
    return str(counts[0]) if len(counts) == 1 else tr("{low} to {high}", low=counts[0], high=counts[-1])


def in_every_seed(cell: Mapping[str, Any]) -> bool:
    """Say whether every seed chose for itself, by `tuning` of an arm's facts."""
    return bool(cell.get("per") == "seed")


def value_text(value: Any) -> str:
    """Write a tuned value."""
    if value is None:
        return NONE
    return f"{value:.6g}" if isinstance(value, float) else str(value)
