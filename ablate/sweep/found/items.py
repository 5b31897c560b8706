"""A table with a row per test item and run: whether an arm was right about it. Runs are made of it, and items compared.

The runs are what seeds are judged by: shares of items that are right. Beside them stands what other items would have
shown: differences by item, with errors clustered by item, and over seeds and items where runs have several seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UserError
from ablate.lang import msg
from ablate.sources.cells import finite_number
from ablate.sources.contract import Done, RunTable
from ablate.stats.clustered import Clustered, clustered_mean, two_sided
from ablate.stats.crossed import crossed_error
from ablate.stats.multiplicity import holm
from ablate.sweep.found import names
from ablate.sweep.found.asked import Asked, undirected
from ablate.sweep.found.build import Found
from ablate.sweep.found.cells import EMPTY, levels_in
from ablate.sweep.found.item_columns import CORRECT, item_place, score_place, seed_place, settings_apart
from ablate.sweep.found.roles import find_column
from ablate.sweep.found.rows import Key, level_cell_key
from ablate.sweep.import_columns import LEFT, Taken
from ablate.train.metric import Better

_WORDS = {"true": 1.0, "false": 0.0, "correct": 1.0, "incorrect": 0.0, "c": 1.0, "i": 0.0, "p": 0.5, "n": 0.0}
_LEVEL, _SHARE = 0.95, 0.7


@dataclass(frozen=True)
class ItemComparison:
    """What other items would show of a comparison: its claim, the numbers, how many items and seeds, p after Holm."""

    claim: str
    items: int
    seeds: int
    found: Clustered
    p: float

    @property
    def told(self) -> tuple[str, int, int, float, float, float, float]:
        """Claim, items, seeds, mean, the ends of its interval, p: what a report keeps."""
        one = self.found
        return (self.claim, self.items, self.seeds, one.mean, one.low, one.high, self.p)


@dataclass(frozen=True)
class Items:
    """A table of items: the runs that are made of it, how they are asked for, and the scores.

    Attributes
    ----------
    scores
        Key of the arm's levels (by `factors`) -> seed (a text) -> float (items), NaN where there is none.
    bounded
        Whether every score lies in [0, 1].
    """

    runs: RunTable
    asked: Asked
    factors: tuple[str, ...]
    scores: Mapping[Key, Mapping[str, NDArray[np.float64]]]
    bounded: bool
    told: tuple[Taken, ...]
    done: tuple[Done, ...]

    def compared(self, found: Found) -> tuple[ItemComparison, ...]:
        """Return what items show of every comparison that was found, p-values by Holm over all of them."""
        per_claim = [(claim["id"], *self._differences(claim)) for claim in found.study["claims"]]
        every = [(claim, d.shape[1], d.shape[0], _mean(d, bounded=self.bounded)) for claim, d in per_claim if d.size]
        adjusted = holm([one.p for *_, one in every])
        return tuple(ItemComparison(*row, float(p)) for row, p in zip(every, adjusted, strict=True))

    def _differences(self, claim: Mapping[str, Any]) -> tuple[NDArray[np.float64]]:
        """Return float (seeds, items): arm minus the other, averaged over the cells of the other factors.

        Without common seeds there is one row: of every item the mean over the seeds of each arm.
        """
        ((factor, level),) = claim["arm"].items()
        where = claim.get("where", {})
        at = self.factors.index(factor)
        pairs = []
        for key, scores in self.scores.items():
            others = {
                name: setting for i, (name, (_, setting)) in enumerate(zip(self.factors, key, strict=True)) if i != at
            }
            if key[at] != level_cell_key({factor: level})[0] or any(
                others.get(name) not in [*w] for name, w in where.items()
            ):
                continue
            other = self.scores.get((*key[:at], level_cell_key(claim["against"])[0], *key[at + 1 :]))
            if other is not None:
                pairs.append((scores, other))
        if not pairs:
            return (np.empty((0, 0)),)
        common = sorted(set.intersection(*({*scores} & {*other} for scores, other in pairs)))
        if common:
            d = np.mean([[scores[seed] - other[seed] for seed in common] for scores, other in pairs], axis=0)
        else:
            d = np.mean([[_over_seeds(scores) - _over_seeds(other)] for scores, other in pairs], axis=0)
        return (d[:, np.isfinite(d).all(axis=0)],)


def _over_seeds(scores: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.asarray(np.mean(list(scores.values()), axis=0))


def _mean(d: NDArray[np.float64], *, bounded: bool) -> Clustered:
    """Return the mean of differences (seeds, items), its interval for other items, and for other seeds of several."""
    seeds, items = d.shape
    over_items = clustered_mean(
        d.T.ravel(), np.repeat(np.arange(items), seeds), level=_LEVEL, bound=1.0 if bounded else None
    )
    if seeds < 2:
        return over_items
    mean, error, freedom = crossed_error(d)
    low, high, p = two_sided(mean, error, freedom, _LEVEL)
    return Clustered(mean, error, freedom, min(low, over_items.low), max(high, over_items.high), max(p, over_items.p))


def items_in(table: RunTable, asked: Asked) -> Items | None:
    """Return the items of a table that has a row for each of them; None of any other table.

    Raises
    ------
    UserError
        Nothing says whether an item was right, or nothing tells arms apart; a score is neither a number nor a truth
        value; an item was answered twice, where repeats are refused.
    """
    place = item_place(table, asked)
    return None if place is None else _Reader(table, asked, place).items()


class _Reader:
    def __init__(self, table: RunTable, asked: Asked, place: int) -> None:
        self.table, self.asked, self.place = table, asked, place
        self.cells = [[line.cells[at] for line in table.lines] for at in range(len(table.head))]

    def items(self) -> Items:
        table, asked = self.table, self.asked
        score, metric, better = self._score()
        seed = seed_place(table, asked, self.place)
        arms, told = self._arms({score, self.place, *([] if seed is None else [seed])})
        levels = [levels_in(self.cells[at]) for at in arms]
        values = self._values(score)
        bounded = all(0.0 <= value <= 1.0 for value in values if value is not None)
        every = list(dict.fromkeys(self.cells[self.place]))
        at_item = {item: at for at, item in enumerate(every)}
        scores: dict[Key, dict[str, NDArray[np.float64]]] = {}
        texts: dict[Key, tuple[str, ...]] = {}
        answers: dict[tuple[Key, str, int], list[float]] = {}
        first: dict[tuple[Key, str, int], int] = {}
        twice, blank = 0, 0
        for index, line in enumerate(table.lines):
            of_arm = tuple(line.cells[at] for at in arms)
            key = level_cell_key(
                {str(i): level_of[cell] for i, (level_of, cell) in enumerate(zip(levels, of_arm, strict=True))}
            )
            texts.setdefault(key, of_arm)
            run = scores.setdefault(key, {}).setdefault("" if seed is None else line.cells[seed],
                                                        np.full(len(every), np.nan))  # fmt: skip
            at, value = at_item[line.cells[self.place]], values[index]
            if value is None:
                blank += 1
                continue
            answer = (key, line.cells[seed] if seed is not None else "", at)
            given = answers.setdefault(answer, [])
            if given:
                twice += 1
                self._refuse_two_ways(first[answer], index)
                if asked.repeat == "refuse":
                    raise UserError(f"{table.at(line)}: the item {every[at]!r:.60} is there twice")
            given.append(value)
            first.setdefault(answer, index)
            run[at] = math.fsum(given) / len(given) if asked.repeat == "mean" else value
        whole = np.all([np.isfinite(run) for of_arm in scores.values() for run in of_arm.values()], axis=0)
        if not whole.any():
            raise UserError(f"{table.where}: no item was answered in every run; expected runs on the same items")
        heads = [names.bare_name(table.head[at]) for at in arms]
        rows = [
            dict(zip(heads, texts[key], strict=True)) | ({} if seed is None else {table.head[seed]: text})
            | {metric: float(run[whole].mean())}
            for key, of_arm in scores.items() for text, run in of_arm.items()
        ]  # fmt: skip
        done = [Done(msg("items, averaged within each run"), int(whole.sum()))]
        for what, count in (
            (msg("items that not every run answered: left out"), len(every) - int(whole.sum())),
            (msg("answers without a score"), blank),
            (msg("answers to an item that the run had answered"), twice),
        ):
            done += [Done(what, count)] if count else []
        kept = {
            key: {text: np.where(whole, run, np.nan) for text, run in of_arm.items()} for key, of_arm in scores.items()
        }
        runs = RunTable.of(table.where, rows, name=table.name, repairs=table.repairs, better={metric: better})
        new = replace(asked, factors=tuple(heads), metrics={metric: better}, leave_out=(), where={}, item=None,
                      seed=None if seed is None else table.head[seed])  # fmt: skip
        return Items(runs, new, tuple(heads), kept, bounded, told, tuple(done))

    def _refuse_two_ways(self, first: int, second: int) -> None:
        """Refuse two answers of a run to an item that differ in a setting: which of them counts is not guessed."""
        table, asked = self.table, self.asked
        if asked.repeat == "mean":
            return
        apart = settings_apart(table, first, second, [table.head[find_column(table, name, "--leave-out")]
                                                      for name in asked.leave_out])  # fmt: skip
        if apart:
            one, other = (table.lines[at].cells[table.head.index(apart[0])] or "nothing" for at in (first, second))
            name = names.bare_name(apart[0])
            raise UserError(
                f"{table.at(table.lines[second])}: the item {table.lines[second].cells[self.place]!r:.60} was answered "
                f"twice in one run, with {name} {one!r:.40} and {other!r:.40}; say which answers count with --where "
                f"{name}=…, make it a factor with --factor {name}, or average over them with --repeat mean"
            )

    def _score(self) -> tuple[int, str, Better]:
        table = self.table
        if self.asked.metrics:
            name, way = next(iter(self.asked.metrics.items()))
            place = find_column(table, name, "--metric")
        else:
            score_at = score_place(table, self.place)
            if score_at is None:
                raise UserError(
                    f"{table.where}: {table.head[self.place]} says which item a row is about, but no column says "
                    f"whether it was right: expected one of {', '.join(CORRECT)}, or --metric NAME:higher|lower"
                )
            place, way = score_at, None
        name = names.bare_name(table.head[place])
        metric = names.meaning(name)
        way = way or table.better.get(table.head[place]) or (metric.better if metric else None)
        if way is None and names.word_of(name) not in CORRECT:
            raise undirected(table, [name])
        return place, name, way or "higher"

    def _values(self, place: int) -> list[float | None]:
        scores: list[float | None] = []
        for line in self.table.lines:
            cell = line.cells[place]
            value = _WORDS.get(cell.lower(), finite_number(cell))
            if value is None and cell not in EMPTY:
                raise UserError(
                    f"{self.table.at(line)}: {self.table.head[place]!r} must be a number, true or "
                    f"false, got {cell!r:.60}"
                )
            scores.append(value)
        return scores

    def _arms(self, taken: set[int]) -> tuple[list[int], tuple[Taken, ...]]:
        """Return the columns that tell arms apart: they vary for an item, and their values come with most items."""
        table, told = self.table, list[Taken]()
        if self.asked.factors:
            return [find_column(table, name, "--factor") for name in self.asked.factors], ()
        out = {find_column(table, name, "--leave-out") for name in self.asked.leave_out}
        count = len(set(self.cells[self.place]))
        arms = []
        for at, name in enumerate(table.head):
            if at in taken or len(set(self.cells[at])) < 2:
                continue
            items_at: dict[str, set[str]] = {}
            for cell, item in zip(self.cells[at], self.cells[self.place], strict=True):
                items_at.setdefault(cell, set()).add(item)
            if at in out:
                told.append(Taken(name, LEFT, msg("as asked")))
            elif sum(map(len, items_at.values())) == count:
                told.append(Taken(name, LEFT, msg("belongs to the item")))
            elif all(len(items) >= _SHARE * count for items in items_at.values()):
                arms.append(at)
            else:
                told.append(Taken(name, LEFT, msg("an answer, or about it")))
        if not arms:
            raise UserError(
                f"{table.where}: no column tells arms apart: expected one whose values come with the same items, such "
                "as model or arm; say which with --factor NAME"
            )
        return arms, tuple(told)
