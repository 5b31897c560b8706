"""Following a study that may stop at any time: which claims are decided by now, and what is still to be run.

Everything here is read off the runs alone, look by look, from the first on: whoever stopped, resumed or extended the
study, and however often, the same runs give the same verdicts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.claims.anytime import Batches
from ablate.claims.comparison import arm_key
from ablate.claims.reason import because
from ablate.errors import UserError
from ablate.judge.endpoint import MISSING
from ablate.judge.expand import expand
from ablate.judge.looks import family_size, levels_by_arm, of_seeds, planned_seeds, unseen_verdicts
from ablate.judge.rule import judge
from ablate.judge.verdict import Verdict
from ablate.sweep.study import Level, Study
from ablate.track.record import StudyTables
from ablate.train.outcome import Outcome

_NOT_YET = (MISSING, Outcome.CRASHED.value)


@dataclass(frozen=True)
class Followed:
    """A study at its last look that is complete.

    Attributes
    ----------
    verdicts
        Of every claim, in the order of the file: a claim that was decided as of the look that decided it.
    settled
        Those that no more runs are made for, by id.
    looks, taken
        Seeds of every look that is planned; how many of them were taken.
    needed
        Arm id -> how many of the planned seeds it has to have: all of the next look where a claim that is still open
        compares it.
    """

    verdicts: tuple[Verdict, ...]
    settled: Mapping[str, Verdict]
    looks: tuple[int, ...]
    taken: int
    needed: Mapping[str, int]

    @property
    def ends(self) -> bool:
        """Whether nothing is left to be run: every claim is settled, or the last look was taken."""
        return self.taken == len(self.looks) or (self.taken > 0 and len(self.settled) == len(self.verdicts))

    @property
    def seeds(self) -> int:
        """Seeds of the last look that was taken."""
        return self.looks[self.taken - 1] if self.taken else 0

    def planned(self, study: Study, tables: StudyTables) -> StudyTables:
        """Return the tables without the runs that were not needed and were not made: they are not missing."""
        place = {seed: number for number, seed in enumerate(seed_order(study, tables))}
        rows = zip(tables.seeds["arm_id"], tables.seeds["seed"], tables.seeds["outcome"].astype(str), strict=True)
        kept = [outcome != MISSING or place[int(seed)] < self.needed[str(arm)] for arm, seed, outcome in rows]
        return dataclasses.replace(tables, seeds=tables.seeds[kept])


def follow(
    study: Study, tables: StudyTables, *, alpha: float = 0.05, extras: bool = True, before: Followed | None = None
) -> Followed:
    """Judge a study look by look as far as its runs go.

    Parameters
    ----------
    alpha
        Chance of even one wrong verdict among all claims at all looks together.
    extras
        As for `judge`.
    before
        What an earlier call found, of fewer of the same runs, to go on from.

    Raises
    ------
    UserError
        What `judge` raises.
    """
    if study.any_time is None:
        raise UserError("the study plans no looks at any time.")
    seeds = seed_order(study, tables)
    # Seeds that a study did not need may stand in no table.
    most = max(len(seeds), study.seeds if isinstance(study.seeds, int) else 0)
    looks = study.any_time.counts(most)
    rows = levels_by_arm(study, tables)
    arms = compared_arms(study, list(zip(_all_arms(tables), rows, strict=True)))
    target = 2.0 * family_size(study, arms=rows) / alpha
    done = {
        (str(arm), int(seed))
        for arm, seed, outcome in zip(
            tables.seeds["arm_id"], tables.seeds["seed"], tables.seeds["outcome"].astype(str), strict=True
        )
        if outcome not in _NOT_YET
    }

    def at(number: int, settled: Mapping[str, Verdict], *, whole: bool = False) -> tuple[Verdict, ...]:
        """Judge at one look what is not settled."""
        count, last = looks[number], number + 1 == len(looks)
        batches = Batches(tuple(seeds), looks[: number + 1], target)
        kept = of_seeds(tables, seeds[:count])
        judged = judge(study, kept, alpha=alpha, extras=whole, batches=batches, settled=settled)
        stop = because("open_at_the_most", most=count) if last else because("goes_on", n=count, most=looks[-1])
        look = (number + 1, len(looks), count, alpha)
        return tuple(settled.get(v.claim_id) or dataclasses.replace(v, look=look, stop=stop) for v in judged)

    settled = dict(before.settled) if before is not None else {}
    verdicts = before.verdicts if before is not None else ()
    taken = before.taken if before is not None else 0
    needed = dict(before.needed) if before is not None else dict.fromkeys(_all_arms(tables), looks[0])
    while taken < len(looks) and len(settled) < len(arms):
        count = looks[taken]
        running = [arm for arm, least in needed.items() if least >= count]
        if count > len(seeds) or not all((arm, seed) in done for arm in running for seed in seeds[:count]):
            break
        last = taken + 1 == len(looks)
        verdicts = at(taken, settled)
        more = _settled(study, verdicts, last=last)
        if extras and len(more) > len(settled):
            more = _settled(study, at(taken, settled, whole=True), last=last)
        settled |= more
        verdicts = tuple(settled.get(v.claim_id, v) for v in verdicts)
        taken += 1
        if not last:
            going = {arm for name, its_arms in arms.items() if name not in settled for arm in its_arms}
            needed |= dict.fromkeys(going, looks[taken])
    if extras and taken and len(settled) < len(verdicts):
        verdicts = at(taken - 1, settled, whole=True)
    if not taken:
        verdicts = tuple(unseen_verdicts(study, tables, looks[0]))
    return Followed(verdicts, settled, looks, taken, needed)


def seed_order(study: Study, tables: StudyTables) -> list[int]:
    """Return the seeds in the order in which they are run: those of the study, then those that were added."""
    planned = planned_seeds(study, tables)
    return planned + sorted({int(seed) for seed in tables.seeds["seed"]} - set(planned))


def _settled(study: Study, verdicts: tuple[Verdict, ...], *, last: bool) -> dict[str, Verdict]:
    """Return the claims that more seeds would not change.

    A claim is settled where its interval decides it and its controls are settled, too: a gate that waits for another
    claim is open with it. A property is shown by all planned runs, and refuted by one.
    """
    claims = {claim.id: claim for claim in study.claims}
    decided: dict[str, Verdict] = {}
    for v in verdicts:
        by_interval = v.decided or v.ungated in ("supported", "refuted")
        if by_interval and (last or claims[v.source_id].sampled or v.ungated == "refuted"):
            decided[v.claim_id] = v
    while True:
        there = [v.source_id for v in verdicts if v.claim_id not in decided]
        waiting = [
            name
            for name, v in decided.items()
            if any(gate.kind == "positive_control" and gate.claim in there for gate in claims[v.source_id].gates)
        ]
        if not waiting:
            break
        for name in waiting:
            del decided[name]
    kept = {}
    for name, v in decided.items():
        assert v.look is not None
        assert v.stop is not None
        code = "decided_after" if v.decided else "held_by_its_gate"
        kept[name] = dataclasses.replace(v, stop=because(code, n=v.look[2], most=v.stop["most"]))
    return kept


def _all_arms(tables: StudyTables) -> list[str]:
    return [str(arm) for arm in tables.planned["arm_id"]]


def compared_arms(study: Study, arms: Sequence[tuple[str, Mapping[str, Level]]]) -> dict[str, set[str]]:
    """Return the ids of the arms that each claim compares, from the id and the levels of every arm."""
    ids = {arm_key(levels, study.factors): arm for arm, levels in arms}
    comparisons = expand(study, arms=[levels for _, levels in arms])
    return {c.id: {ids[arm_key(arm, study.factors)] for cell in c.cells for arm in c.arms(cell)} for c in comparisons}
