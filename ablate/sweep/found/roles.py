"""What each column of a table of runs is: by the user, by its name, or by its cells; and why others are left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ablate.errors import UserError, nearest
from ablate.lang import msg
from ablate.sources.contract import RunTable
from ablate.sweep.found import names
from ablate.sweep.found.arm_names import names_arms
from ablate.sweep.found.as_set import came_out, crossed, set_all_the_same
from ablate.sweep.found.asked import Asked, in_unit, several_meant, undirected
from ablate.sweep.found.cells import EMPTY, cell_number
from ablate.sweep.found.written import NumberStyle, written_in
from ablate.sweep.import_columns import DECLARED, FACT, FACTS, LEFT, OUTCOME, SEED, Taken
from ablate.sweep.import_endings import Ending, ending_columns
from ablate.sweep.level_cells import BLANK
from ablate.train.metric import Metric, metric_from

_MOST_LEVELS = 40  # of a factor that nobody named


@dataclass(frozen=True)
class Roles:
    """Places of the columns.

    Attributes
    ----------
    factors
        Name -> place, of what may be a factor: columns that were set and vary.
    named
        Names among `factors` that the user gave.
    seed
        None where there is none.
    metrics
        Name -> place and meaning, the main one first; of those that are not asked for, only those with a direction.
    unknown
        Names of results without a direction.
    progress
        The column that counts steps, where there is one.
    times, run
        The columns that say when a run was made, and the one that names it.
    as_set
        Names among `factors` that are those of metrics.
    settings
        Columns that stay in the table, to be looked at for what differs together with a factor.
    written
        How numbers are written.
    """

    factors: dict[str, int]
    named: tuple[str, ...]
    seed: int | None
    metrics: dict[str, tuple[int, Metric]]
    unknown: tuple[str, ...]
    endings: tuple[Ending, ...]
    progress: int | None
    times: tuple[int, ...]
    run: int | None
    as_set: tuple[str, ...]
    settings: dict[str, int]
    told: tuple[Taken, ...]
    written: NumberStyle

    @property
    def percent(self) -> frozenset[int]:
        """Places of the columns whose cells end in a per cent sign."""
        return self.written.percent

    @property
    def comma(self) -> bool:
        """Whether numbers have decimal commas."""
        return self.written.comma


def roles_of(table: RunTable, asked: Asked) -> Roles:
    """Tell what the columns of a table are.

    Raises
    ------
    UserError
        A column that is asked for is not there; there are several seeds; no metric has a known direction.
    """
    return _Reader(table, asked).roles()


def find_column(table: RunTable, name: str, option: str) -> int:
    """Return the place of a column that the user names, with its prefix and group or without (`names.meant`).

    Raises
    ------
    UserError
        It is not there, or several may be meant.
    """
    meant = names.meant(name, table.head)
    if len(meant) == 1:
        return table.head.index(meant[0])
    if meant:
        raise several_meant(f"{option} {name}", meant)
    hint = nearest(name, [column for column in (*table.head, *map(names.bare_name, table.head)) if column])
    raise UserError(f"{table.where}: no column {name!r} for {option}" + (f"; nearest: {hint}" if hint else ""))


class _Reader:
    """Goes over the columns once, in the order of the file; each is taken by the first rule that holds for it."""

    def __init__(self, table: RunTable, asked: Asked) -> None:
        self.table, self.asked = table, asked
        self.cells = [[line.cells[place] for line in table.lines] for place in range(len(table.head))]
        self.out = {find_column(table, name, "--leave-out") for name in asked.leave_out}
        named = [find_column(table, name, "--factor") for name in asked.factors]
        self.named = {place: names.bare_name(table.head[place]) for place in named}
        self.judged = {find_column(table, name, "--metric"): (name, better) for name, better in asked.metrics.items()}
        self.written = written_in(table, self.out, self.named, self.judged)
        self.percent, self.comma = self.written.percent, self.written.comma
        self.told: list[Taken] = []
        self.seed: int | None = None

    def numbers(self, place: int) -> list[float | None]:
        return [cell_number(cell, percent=place in self.percent, comma=self.comma) for cell in self.cells[place]]

    def roles(self) -> Roles:
        head = self.table.head
        kept = {*self.named, *self.judged}
        ends = ending_columns(self.table, {*self.out, *kept}, ours=False)
        facts = {name: head.index(name) for name in FACTS if name in head and head.index(name) not in self.out}
        taken = {*(one.place for one in ends), *kept, *self.out, *facts.values()}
        self.told += [Taken(one.name, OUTCOME, msg("how a run stands")) for one in ends]
        self.told += [Taken(head[place], LEFT, msg("as asked")) for place in sorted(self.out)]
        seed = self.seed = self._seed(taken)
        self.told += [Taken(name, FACT) for name in facts]
        factors, settings, unknown = dict[int, str](), dict(facts), list[str]()
        metrics = dict[int, Metric | None](dict.fromkeys(self.judged))
        progress = run = None
        times = list[int]()
        for place, name in enumerate(head):
            if place in self.named:
                factors[place] = self.named[place]
            if place in taken or place == seed:
                continue
            word, cells = names.word_of(name), self.cells[place]
            why = self._left(place, name, word)
            if word in names.PROGRESS and not names.is_setting(name) and self._numeric(place):
                progress = place if progress is None or self._varied(place) > self._varied(progress) else progress
            if word in names.TIMES:
                times.append(place)
            if word in ("id", "run_id", "run", "run_uuid", "name", "trial_id", "number") and run is None:
                run = place if len(set(cells)) > 1 else None
            if why:
                self.told.append(Taken(name, LEFT, why, cells[0][:60] if "{value}" in why else ""))
            elif self._is_metric(place, name):
                metrics[place] = None
            elif self._is_factor(place, name):
                factors[place] = names.bare_name(name)
            else:
                settings[name] = place
                if self._numeric(place) and not names.is_setting(name) and word not in names.PROGRESS:
                    unknown.append(names.bare_name(name))
        doubtful = [place for place in factors if place not in self.named and not names.is_setting(head[place])
                    and self._numeric(place)]  # fmt: skip
        if seed is not None:
            for place in came_out(self.table, factors, doubtful, [seed] if progress is None else [seed, progress]):
                settings[head[place]] = place
                unknown.append(factors.pop(place))
        set_so = set_all_the_same(self.table, metrics, self.judged, seed=seed, progress=progress)
        factors |= {place: names.bare_name(head[place]) for place in set_so}  # at the end: others do not follow them
        metrics = {place: None for place in metrics if place not in set_so}
        return Roles(
            factors=self._once(factors), named=tuple(self.named.values()), seed=seed,
            metrics=self._metrics(metrics, unknown), unknown=tuple(unknown), endings=tuple(ends), progress=progress,
            times=tuple(times), run=run, as_set=tuple(head[place] for place in set_so), settings=settings,
            told=tuple(self.told), written=self.written,
        )  # fmt: skip

    def _seed(self, taken: set[int]) -> int | None:
        head = self.table.head
        if self.asked.seed is not None:
            places = [find_column(self.table, self.asked.seed, "--seed")]
        else:
            places = [
                place for place, name in enumerate(self.table.head)
                if place not in taken and names.word_of(name) in names.SEEDS
            ]  # fmt: skip
            places = [place for place in places if any(cell not in BLANK for cell in self.cells[place])]
        others = [place for place in places[1:] if self.cells[place] != self.cells[places[0]]]
        if others:
            listed = ", ".join(self.table.head[place] for place in (places[0], *others))
            raise UserError(
                f"{self.table.where}: several columns may be the seed: {listed}; say which with --seed NAME"
            )
        for place in places[1:]:
            taken.add(place)
            self.told.append(Taken(head[place], LEFT, msg("the same as {value}"), head[places[0]]))
        if not places:
            return None
        name = self.table.head[places[0]]
        if self.asked.seed is None and len(set(self.cells[places[0]])) == 1 and len(self.table.lines) > 1:
            self.told.append(Taken(name, LEFT, msg("the same in all rows: {value}"), self.cells[places[0]][0]))
            taken.add(places[0])
            return None
        self.told.append(Taken(name, SEED))
        return places[0]

    def _left(self, place: int, name: str, word: str) -> str:
        """Return why a column is nothing that is judged, by its name and cells; empty where it may be."""
        cells = self.cells[place]
        if all(cell in EMPTY for cell in cells):
            return msg("empty")
        if len({cell.strip() for cell in cells}) == 1:
            return msg("the same in all rows: {value}")
        about = names_arms(self.table, place) or (word in names.ABOUT and word not in names.CODE)
        if not name or about or name.startswith(("tags.", "Unnamed:")):
            return msg("about the run, not its settings or results")
        if word in names.TIMES or word in names.DURATIONS:
            return msg("a time")
        if word in names.PROGRESS and name.startswith("_"):
            return msg("counts steps")
        if word in names.PLACES or any(re.search(r"[/\\].*[/\\]|\w[/\\]\w+\.\w+$", cell) for cell in cells):
            return msg("a place of files")
        if word in names.FOLLOWING:
            return msg("follows from the settings")
        if not self._numeric(place) and not names.is_setting(name) and len(set(cells)) == len(cells) > 2:
            return msg("another value in every row: a name or number of the run")
        return ""

    def _numeric(self, place: int) -> bool:
        numbers = self.numbers(place)
        return any(value is not None for value in numbers) and all(
            value is not None or cell in BLANK or cell.lower().lstrip("+-") in ("inf", "infinity")
            for value, cell in zip(numbers, self.cells[place], strict=True)
        )

    def _varied(self, place: int) -> int:
        return len(set(self.cells[place]))

    def _is_metric(self, place: int, name: str) -> bool:
        if names.is_setting(name) or not self._numeric(place):
            return False
        if names.meaning_word(name) is not None or name in self.table.better:
            return True
        if names.is_result(name):
            return names.meaning(name) is not None
        return False

    def _is_factor(self, place: int, name: str) -> bool:
        """What is set by its name, a text or truth value, or a number that comes back: few values, each often."""
        if names.is_result(name) or (names.word_of(name) in names.CAME_OUT and not names.is_setting(name)):
            return False
        counts = Counter(cell.lower() for cell in self.cells[place])
        if not len(counts) <= _MOST_LEVELS or len(counts) == counts.total() or names.word_of(name) in names.CODE:
            return False
        if names.is_setting(name) or not self._numeric(place):
            return True
        if names.word_of(name) in names.PROGRESS:
            return False
        return crossed(self.cells[place], self.cells[self.seed]) if self.seed is not None else (
            3 * len(counts) <= counts.total())  # fmt: skip

    def _once(self, factors: dict[int, str]) -> dict[str, int]:
        """Return factors by their names without prefix; with it where two would have one name."""
        count = Counter(factors.values())
        return {name if count[name] == 1 else self.table.head[place]: place for place, name in factors.items()}

    def _metrics(self, found: dict[int, Metric | None], unknown: Sequence[str]) -> dict[str, tuple[int, Metric]]:
        head, metrics = self.table.head, dict[str, tuple[int, Metric]]()
        order = sorted(found, key=lambda place: (place not in self.judged, *self._prominence(head[place]), place))
        for place in [*self.judged, *(place for place in order if place not in self.judged)]:
            name, better = names.bare_name(head[place]), self.judged.get(place, ("", None))[1]
            said = self.table.better.get(head[place])
            if better is not None and said not in (None, better):
                way = "maximizes" if said == "higher" else "minimizes"
                raise UserError(f"--metric {name}:{better}: {self.table.where} says otherwise: the study {way} {name}")
            better = better or said
            if not self._numeric(place):
                odd = next(cell for cell, value in zip(self.cells[place], self.numbers(place), strict=True)
                           if value is None and cell not in BLANK)  # fmt: skip
                raise UserError(f"{self.table.where}: --metric {name} must hold numbers, got {odd!r:.60}")
            numbers = [value for value in self.numbers(place) if value is not None]
            metric = names.meaning(name, numbers) or Metric(name, better)
            if better is not None and metric.better != better:
                metric = Metric(name, better)
            if place in self.percent and metric.unit != "percent":
                metric = metric_from(name, {"better": metric.better, "unit": "percent"})
            asked = self.judged.get(place, ("", None))[0]
            metric = in_unit(metric, self.asked.units.get(asked, ""), numbers, asked, percent=place in self.percent)
            if metric.better is None:
                raise undirected(self.table, [name])
            metrics[name] = (place, metric)
            self.told.append(Taken(head[place], DECLARED, metric.better, ""))
        if not metrics:
            raise undirected(self.table, unknown)
        return metrics

    def _prominence(self, name: str) -> tuple[int, int]:
        """What a study was told to make better comes after test data and before all others."""
        return (1, -1) if name in self.table.better else names.prominence(name)
