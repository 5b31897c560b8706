"""How submitted jobs stand, wherever their launcher was told to keep them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ablate.errors import Failure
from ablate.sweep.submitted import JobSpool, Ticket, noted_folders, states


@dataclass(frozen=True)
class JobState:
    """How a submitted job stands.

    Attributes
    ----------
    state
        In the words of its cluster; `ended` where that knows it no more, `unknown: …` where it does not answer.
    arms
        Labels of the arms that it trains.
    runs, there
        How many runs it makes, and how many of them have results that wait.
    """

    id: str
    cluster: str
    state: str
    arms: tuple[str, ...]
    runs: int
    there: int
    log: str
    launcher: Mapping[str, Any]

    @property
    def live(self) -> bool:
        """Whether it may still bring something."""
        return self.state != "ended"


def job_states(arm_ids: Iterable[str]) -> list[JobState]:
    """Return the submitted jobs that train these arms and whose results were not all taken in, the earliest first.

    They are looked for in `mlruns/jobs`, and in every other folder that a launcher of this place was told to use.
    """
    wanted, spools = set(arm_ids), dict[int, JobSpool]()
    mine: list[Ticket] = []
    for spool in map(JobSpool, noted_folders()):
        tickets = [one for one in spool.tickets() if wanted & {part.arm_id for part in one.parts}]
        tickets = [one for one in tickets if not all(map(spool.taken, one.identities))]
        spools |= {id(one): spool for one in tickets}
        mine += tickets
    mine.sort(key=lambda ticket: (ticket.submitted, ticket.id))
    try:
        state_of = states(mine)
    except Failure as error:
        state_of = {one.id: f"unknown: {error}" for one in mine}
    return [
        JobState(
            one.id, one.cluster, state_of[one.id] or "ended", tuple(part.label for part in one.parts),
            len(one.identities), sum(map(spools[id(one)].has, one.identities)), one.log, one.launcher,
        )
        for one in mine
    ]  # fmt: skip
