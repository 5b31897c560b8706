"""Runs, arms and studies by what a user calls them; a wrong name is told with the nearest one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.claims.parts import Level
from ablate.errors import UserError, nearest, unknown
from ablate.levels import level_name
from ablate.sweep.found.names import meant
from ablate.track.record import ArmRecord, StudyRecord
from ablate.track.store import Store
from ablate.track.stored_run import LoggedRun, StoredRun, planned_arms
from ablate.train.config import MOST_SEED

_FEWEST = 4  # letters of a run's id


@dataclass(frozen=True)
class FoundRun:
    """A run, and the study run it belongs to."""

    study: str
    key: str
    logged: LoggedRun


def find_run(words: Sequence[str], store: Store) -> FoundRun:
    """Return the run that is meant: by its id or the first letters of it, or as STUDY ARM SEED.

    Raises
    ------
    UserError
        There is no such run, or several begin with these letters.
    """
    if len(words) == 1:
        name, key, run = _by_id(words[0], store)
    elif len(words) == 3:
        name, key, run = _by_names(*words, store=store)
    else:
        raise UserError(f"expected a run's id, or STUDY ARM SEED, got {' '.join(words)!r}")
    (logged,) = store.logged(name, key=key, only=[run])
    return FoundRun(name, key, logged)


def _by_id(letters: str, store: Store) -> tuple[str, str, str]:
    if len(letters) < _FEWEST:
        raise UserError(f"expected at least {_FEWEST} letters of a run's id, got {letters!r}")
    matches: list[tuple[str, str, str]] = []
    others: list[str] = []
    studies = store.studies()
    for line in studies:
        for run in store.seed_runs(line.name, key=line.key):
            if run.run_id.startswith(letters.lower()):
                matches.append((line.name, line.key, run.run_id))
            others.append(run.run_id)
    if len(matches) == 1:
        return matches[0]
    if matches:
        some = ", ".join(run_id for _, _, run_id in matches[:4])
        raise UserError(f"{len(matches)} runs begin with {letters!r} ({some}{', …' if len(matches) > 4 else ''})")
    names = {line.name for line in studies}
    if letters in names:
        raise UserError(f"{letters!r} is a study: expected a run of it, as in `{letters} ARM SEED`; `ablate status "
                        f"{letters}` shows the study")  # fmt: skip
    hint = nearest(letters, others) or nearest(letters, names)
    tail = f"; nearest match: {hint}" if hint else ""
    raise UserError(f"no run that counts has the id {letters!r} under {store.where}{tail}")


def _by_names(study: str, arm: str, seed: str, *, store: Store) -> tuple[str, str, str]:
    record = store.plan(study)
    if not seed.isdecimal() or len(seed) > len(str(MOST_SEED)):
        raise UserError(f"expected a seed, a whole number, got {seed!r}")
    runs = [run for run in store.seed_runs(study, key=record.key) if arm in (run.arm, run.arm_id)]
    by_seed = {run.seed: run for run in runs}
    if not by_seed:  # an arm whose runs are another's: it chooses among trials, or shares them
        by_seed = _served(find_arm(arm, record), record, store)
    if int(seed) not in by_seed:
        seeds = ", ".join(map(str, sorted(by_seed))) or "none so far"
        raise UserError(f"{study}: arm {arm!r} has no run of seed {seed}; it has {seeds}")
    return study, record.key, by_seed[int(seed)].run_id


def _served(arm: ArmRecord, record: StudyRecord, store: Store) -> dict[int, StoredRun]:
    runs = {run.run_id: run for run in store.seed_runs(record.name, key=record.key)}
    seeds = store.read(record.name, key=record.key).seeds
    rows = seeds[(seeds["arm_id"] == arm.id) & (seeds["run_id"] != "")]
    return {int(seed): runs[run] for seed, run in zip(rows["seed"], rows["run_id"], strict=True) if run in runs}


def find_arm(name: str, record: StudyRecord) -> ArmRecord:
    """Return an arm of a plan by its label or its id, or by levels that it or the baseline has: `lr=0.1`.

    Raises
    ------
    UserError
        The plan has no such arm.
    """
    arms = list(planned_arms(record).values())
    for arm in arms:
        if name in (arm.label, arm.id):
            return arm
    meant = _by_levels(name, record)
    same = [arm for arm in record.arms if meant is not None and arm.levels == meant]
    if len({arm.id for arm in same}) == 1:
        return same[0]
    raise unknown(f"arm of {record.name}", name, {arm.label for arm in record.arms})


def _by_levels(name: str, record: StudyRecord) -> dict[str, Level] | None:
    """Return the levels that `lr=0.1,norm=batch` means, those of the baseline for what it does not name."""
    base = next((arm for arm in record.arms if arm.baseline or arm.label == "baseline"), None)
    if base is None or "=" not in name:
        return None
    levels = dict(base.levels)
    for part in name.split(","):
        short, _, text = part.strip().partition("=")
        factors = meant(short, list(levels))
        if len(factors) != 1:
            return None
        factor = factors[0]
        at = (arm.levels[factor] for arm in record.arms if factor in arm.levels)
        matching = [level for level in at if text in (str(level), level_name(level))]
        if not matching:
            return None
        levels[factor] = matching[0]
    return levels
