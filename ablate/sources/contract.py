r"""The source contract: results that were made elsewhere, read into a table with a row per run.

A source of one's own is a class that says what it reads, and reads it::

    @register("source", "json_lines")
    @dataclass(frozen=True)
    class JsonLines(Source):
        endings = (".jsonl",)

        def read(self, address, *, fits):
            return RunTable.of(address, [json.loads(line) for line in Path(address).read_text().splitlines()])

        def example(self, folder, runs):
            path = folder / "runs.jsonl"
            path.write_text("".join(json.dumps(run) + "\n" for run in runs))
            return str(path)

Which column is a factor, a metric or a setting of which run, no source decides: that is said by the study and by names
(`config.lr`, `params.lr`, `metrics.acc`; see `sweep.import_columns`), for all sources alike.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from ablate.errors import UserError, plural
from ablate.train.metric import Better
from ablate.train.program import Curve
from ablate.values import check_text

Curves = Mapping[str, Curve]
"""What was logged along one run: metric -> curve."""

Fits = Callable[[Sequence[str]], bool]
"""Tells whether a table with these columns is one that the study can use."""


@dataclass(frozen=True)
class Line:
    """One run: the line it stands in, counted from 1, and its cells without blanks around.

    `place` says where it stands in the words of messages, where that is another table: `base.csv, line 3`. `run` is
    what the tracker calls it, where there are no lines to look at: `run lr-0.1 (5c0a1f2e)`, `trial 3`.
    """

    number: int
    cells: tuple[str, ...]
    place: str = ""
    run: str = ""

    @property
    def told(self) -> str:
        """Where it stands, for a list of places: `line 3`, or its `place`, or its `run`."""
        return self.place or self.run or f"line {self.number}"


@dataclass(frozen=True)
class Done:
    """Something that was done with what was read: what (a message), to how many, and which."""

    what: str
    count: int
    which: str = ""


@dataclass(frozen=True)
class RunTable:
    """Results as they were kept, a row per run; every cell is a text, as in a CSV file.

    Attributes
    ----------
    where
        The file or address, as the user knows it: messages begin with it.
    name
        The same for records, without folders.
    text
        What the identity of the runs is made of: all that was read, and nothing that another reading would change.
    head
        The names of the columns, without blanks around them.
    lines
        The runs, every one with as many cells as the head.
    repairs
        What was done to read it, in parts of a sentence (`lang.msg`).
    commas
        Whether its numbers may have decimal commas, as a spreadsheet writes them.
    better
        Column -> which way is better, where what it was read from says so: an Optuna study does.
    curves
        Number of a line -> what that run logged along the way, by the column that holds its last value.
    done
        What was joined, dropped or passed over to have a row per run.

    Raises
    ------
    UserError
        A column is there twice, or a line has another number of cells than the head.
    """

    where: str
    name: str
    text: str
    head: tuple[str, ...]
    lines: tuple[Line, ...]
    repairs: tuple[str, ...] = ()
    commas: bool = False
    better: Mapping[str, Better] = field(default_factory=dict)
    curves: Mapping[int, Curves] = field(default_factory=dict)
    done: tuple[Done, ...] = ()

    def __post_init__(self) -> None:
        for column in self.head:
            if column and self.head.count(column) > 1:
                raise UserError(f"{self.where}: the column {column!r} is there twice")
        for line in self.lines:
            if len(line.cells) != len(self.head):
                raise UserError(
                    f"{self.where}, line {line.number}: {plural(len(line.cells), 'cell')} under "
                    f"{plural(len(self.head), 'column')}"
                )

    @classmethod
    def of(
        cls, where: str, runs: Sequence[Mapping[str, Any]], *, name: str | None = None, repairs: Sequence[str] = (),
        better: Mapping[str, Better] | None = None, curves: Sequence[Curves] = (), done: Sequence[Done] = (),
        called: Sequence[str] = (),
    ) -> RunTable:  # fmt: skip
        """Return the table of runs that are mappings, column -> value; the first run is line 1.

        Numbers keep every digit, truth values are `true` and `false`, lists and mappings JSON, None and what a run
        does not have an empty cell. `curves` are those of the runs, in their order; `called` is what each is called
        in messages, where a line says nothing to the user.

        Raises
        ------
        UserError
            `runs` is empty, a name is not text, or a value is of another kind.
        """
        if not runs:
            raise UserError(f"{where}: expected a row per run, got none")
        named = [{_column(where, key): value for key, value in run.items()} for run in runs]
        for number, (run, by_column) in enumerate(zip(runs, named, strict=True), start=1):
            if len(by_column) < len(run):
                raise UserError(f"{where}, line {number}: two columns have the same name but for blanks")
        head = tuple(dict.fromkeys(key for run in named for key in run))
        cells = [
            tuple(_cell(f"{where}, line {number}: {column!r}", run.get(column)) for column in head)
            for number, run in enumerate(named, start=1)
        ]
        text = json.dumps([head, *cells]) + (_digest(curves) if any(curves) else "")
        runs_are = called or [""] * len(cells)
        lines = tuple(Line(i, row, run=run) for i, (row, run) in enumerate(zip(cells, runs_are, strict=True), start=1))
        named_so = Path(where).name if name is None else name
        own_curves = {place: logged for place, logged in enumerate(curves, start=1) if logged}
        return cls(
            where,
            named_so,
            text,
            head,
            lines,
            tuple(repairs),
            better=dict(better or {}),
            curves=own_curves,
            done=tuple(done),
        )

    def at(self, line: Line) -> str:
        """Return where a line stands, as the user knows it: messages about it begin so."""
        return line.place or f"{self.where}, {line.told}"

    def column(self, name: str) -> list[str]:
        """Return the cells of a column, top down."""
        place = self.head.index(name)
        return [line.cells[place] for line in self.lines]


@dataclass(frozen=True)
class Source(ABC):
    """Reads results of one kind: files with certain endings, addresses with certain schemes.

    Attributes
    ----------
    endings
        Of the names of files, in small letters: `.csv`.
    schemes
        Of addresses `SCHEME:REST`, two small letters or more: `mlflow`. A source is given the rest.
    """

    endings: ClassVar[tuple[str, ...]] = ()
    schemes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the runs at an address; the same results give the same table.

        Parameters
        ----------
        address
            The path of a file, or what stands behind `SCHEME:`.
        fits
            For what can be read in more than one way: whether a head is one that the study can use.

        Raises
        ------
        UserError
            It cannot be read, in one line that says what and where.
        """

    @abstractmethod
    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Keep a few runs in a folder as this source reads them, and return their address.

        The contract is checked on it; it is also how a format is documented. `runs` have the same columns; their
        values are numbers, texts, truth values and None.
        """


def _digest(curves: Sequence[Curves]) -> str:
    made = hashlib.sha256()
    for run_curves in curves:
        for name, curve in run_curves.items():
            made.update(name.encode())
            made.update(curve.steps.tobytes())
            made.update(curve.values.tobytes())
        made.update(b"\0")
    return made.hexdigest()


def _column(where: str, key: Any) -> str:
    if not isinstance(key, str):
        raise UserError(f"{where}: the name of a column must be text, got {key!r:.60}")
    return _text(f"{where}: the name of a column", key)


def _text(where: str, text: str) -> str:
    try:
        check_text(text)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
    return text.strip()


def _cell(where: str, value: Any) -> str:
    if hasattr(value, "item"):  # a scalar of NumPy's
        value = value.item()
    if value is None:
        return ""
    if isinstance(value, str):
        return _text(where, value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple | dict):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            pass
    raise UserError(f"{where} must be a number, text, true, false, a list of these or nothing, got {value!r:.60}")
