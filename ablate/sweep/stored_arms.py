"""Runs that were made before and would be the same again, although their configuration is another one.

A Program that is traced says what its runs looked at. A setting that none of them looked at is not part of what they
are: where only such settings differ, the arm is the one that was run, under the name it has in the store.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ablate.identity import digest
from ablate.programs.witness import said_now
from ablate.track.earlier_runs import StoredArm
from ablate.track.record import Level
from ablate.train.reads import differ_in_reads, key_path, read_settings, without

_FREE = ("logs",)
"""Settings of a traced Program that its runs do not depend on."""


@dataclass(frozen=True)
class StoredArms:
    """The stored arms of one study run."""

    key: str
    arms: tuple[StoredArm, ...]

    def at(self, levels: Mapping[str, Level]) -> list[StoredArm]:
        """Return what was run at these levels, with whatever code and settings."""
        wanted = _levels(levels)
        return [arm for arm in self.arms if _levels(arm.levels) == wanted]

    def renewed(self, levels: Mapping[str, Level], what: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an arm is that nothing stored fits: told apart from runs that imported other code by its name."""
        there = self.at(levels)
        taken = {arm.arm_id for arm in there if not is_current(arm)}
        files = said_now({file for arm in there for file in arm.used})
        renewed, count = dict(what), 0
        while digest(renewed)[:12] in taken:
            renewed, count = {**what, "used": files, **({"again": count} if count else {})}, count + 1
        return renewed

    def same(
        self,
        levels: Mapping[str, Level],
        what: Mapping[str, Any],
        *,
        configs: Sequence[Mapping[str, Any]] = (),
        former: Iterable[tuple[str, float]] = (),
        unsettled: Collection[str] = (),
    ) -> StoredArm | None:
        """Return the arm that was run with the same code and the same settings, as far as they were looked at.

        Parameters
        ----------
        what
            `revision`, `config` and `fingerprint` of the arm, as its identity has them.
        configs
            Descriptions of its configuration by which it may have been stored; by default `config` of `what`.
        former
            See `Program.former`.
        unsettled
            Keys whose values do not count.
        """
        named, prints = [{**what, "config": config} for config in configs or [what["config"]]], dict(former)
        ids = [digest(one)[:12] for one in named]
        before = {
            digest({**one, "fingerprint": print_})[:12]: after for one in named for print_, after in prints.items()
        }
        by_id: dict[str, list[StoredArm]] = {}
        for arm in self.at(levels):
            by_id.setdefault(arm.arm_id, []).append(arm)
        fits = [
            parts[0] if len(parts) == 1 else _joined(parts)
            for arm_id, parts in by_id.items()
            if all(any(_fits(part, one, before, prints, unsettled) for one in named) for part in parts)
        ]
        return next((arm for name in ids for arm in fits if arm.arm_id == name), fits[0] if fits else None)


def _fits(
    arm: StoredArm,
    what: Mapping[str, Any],
    before: Mapping[str, float],
    prints: Mapping[str, float],
    unsettled: Collection[str],
) -> bool:
    if not arm.fingerprint:  # stored when a run did not say yet what it was made by
        return arm.arm_id in before and arm.ended > before[arm.arm_id]
    if arm.fingerprint != what["fingerprint"] and not arm.ended > prints.get(arm.fingerprint, math.inf):
        return False
    if not is_current(arm):
        return False
    if _program(arm.config) != _program(what["config"]):
        return False
    reads = frozenset({"**"}) if arm.reads is None else arm.reads
    free = [path for path in map(key_path, unsettled) if path is not None]
    old, new = (without(read_settings(config), free) for config in (arm.config, what["config"]))
    return not differ_in_reads(old, new, reads)


def is_current(arm: StoredArm) -> bool:
    """Tell whether the modules that its runs imported, and that no import statement shows, say what they said then."""
    return said_now(arm.used) == arm.used


def _program(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config["program"].items() if name not in ("params", *_FREE)}


def _joined(parts: Sequence[StoredArm]) -> StoredArm:
    identities = {seed: identity for part in parts for seed, identity in part.identities.items()}
    first = parts[0]
    return replace(first, identities=identities)


def _levels(levels: Mapping[str, Level]) -> dict[str, tuple[str, Any]]:
    def kind(level: Level) -> tuple[str, Any]:
        if isinstance(level, bool) or level is None:
            return "word", level
        return ("number", float(level)) if isinstance(level, int | float) else ("text", level)

    return {factor: kind(level) for factor, level in levels.items()}


def arms_by_study(arms: Sequence[StoredArm]) -> list[StoredArms]:
    """Return the stored arms by the study run they belong to, in the order given."""
    keys = dict.fromkeys(arm.key for arm in arms)
    return [StoredArms(key, tuple(arm for arm in arms if arm.key == key)) for key in keys]
