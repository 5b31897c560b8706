"""What a source keeps to: it says what it reads, and every run comes back once, to the last digit, each time alike."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.sources.cells import finite_number, whole
from ablate.sources.contract import RunTable, Source
from ablate.sweep.import_columns import RESULTS, SETTINGS
from ablate.sweep.level_cells import BLANK
from ablate.testing.base import Check, require, suite

RUNS: tuple[Mapping[str, Any], ...] = (
    {"seed": 0, "norm": "none", "lr": 0.1, "acc": 0.1 + 0.2, "outcome": "finished", "warm": True, "note": None},
    {"seed": 1, "norm": "none", "lr": 1e-300, "acc": -1.5e16, "outcome": "diverged", "warm": False, "note": "a, b; c"},
    {"seed": 2**53 + 1, "norm": "bätch 批", "lr": 5, "acc": 0, "outcome": "crashed", "warm": True, "note": 'a "b" c'},
)
"""Runs with what a format may lose: digits, whole numbers that no float holds, separators, quotes, other alphabets."""


def source_checks(source: Source) -> list[Check]:
    """Return the checks for a source, made on what its `example` writes."""
    return suite(
        ("says what it reads: endings of files such as .csv, or schemes such as mlflow", _declares),
        ("its example has an address that it declares to read", _own_address),
        ("every run comes back once, under its columns, to the last digit", _whole),
        ("the same results give the same table, wherever they are", _same),
        ("other results have another identity", _told_apart),
        ("reading changes nothing and leaves nothing behind", _leaves),
        ("where nothing is, it says so in one line", _absent),
        ("a file that is cut off is read or refused in one line", _cut_off),
        of=source,
    )


@contextmanager
def _kept(source: Source, runs: Sequence[Mapping[str, Any]] = RUNS) -> Iterator[tuple[Path, str, str]]:
    """Give the folder of an example, its address, and what the source is told."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = source.example(folder, [dict(run) for run in runs])
        require(isinstance(address, str), f"example returns {address!r:.60}, expected an address")
        yield folder, address, _told(source, address)


def _told(source: Source, address: str) -> str:
    scheme, colon, rest = address.partition(":")
    return rest if colon and scheme in source.schemes else address


def _read(source: Source, told: str) -> RunTable:
    table = source.read(told, fits=lambda head: {"seed", "norm", "lr"} <= set(head))
    require(isinstance(table, RunTable), f"read returns {type(table).__name__}, expected a RunTable")
    return table


def _declares(source: Source) -> None:
    for what in ("endings", "schemes"):
        declared = getattr(source, what)
        require(
            isinstance(declared, tuple) and all(isinstance(one, str) for one in declared),
            f"{what} must be a tuple of texts, got {declared!r}",
        )
    require(source.endings or source.schemes, "endings and schemes are empty: no address would lead to it")
    for ending in source.endings:
        require(
            ending.startswith(".") and ending == ending.lower() and len(ending) > 1,
            f"the ending {ending!r} must be a dot and small letters, such as .csv",
        )
    for scheme in source.schemes:
        require(
            len(scheme) > 1 and scheme.isascii() and scheme.isalnum() and scheme == scheme.lower(),
            f"the scheme {scheme!r} must be two small letters or more, without the colon",
        )


def _own_address(source: Source) -> None:
    with _kept(source) as (_, address, told):
        declared = told != address or address.lower().endswith(source.endings or ("\0",))
        declares = ", ".join([*source.endings, *(f"{one}:" for one in source.schemes)])
        require(declared, f"the address of its example is {address!r}; it declares {declares}")


def _whole(source: Source) -> None:
    with _kept(source) as (_, _, told):
        table = _read(source, told)
    missing = sorted(name for name in RUNS[0] if _column(table, name) is None)
    require(not missing, f"columns that are not there: {', '.join(missing)}; there are {', '.join(table.head)}")
    require(len(table.lines) == len(RUNS), f"{len(RUNS)} runs come back as {len(table.lines)}")
    by_seed = dict(zip(table.column(str(_column(table, "seed"))), table.lines, strict=True))
    for run in RUNS:
        line = next((line for cell, line in by_seed.items() if whole(cell) == run["seed"]), None)
        require(line is not None, f"the run of seed {run['seed']} comes back with the seeds {', '.join(by_seed)}")
        assert line is not None
        for name, value in run.items():
            cell = line.cells[table.head.index(str(_column(table, name)))]
            require(_holds(cell, value), f"{name} of seed {run['seed']} was {value!r}, and comes back as {cell!r}")


def _column(table: RunTable, name: str) -> str | None:
    """Return the column of a name, as it is or under a prefix by which programs tell settings and results."""
    return next(
        (column for column in table.head if column in (name, *(one + name for one in SETTINGS + RESULTS))), None
    )


def _holds(cell: str, value: Any) -> bool:
    if value is None:
        return cell in BLANK
    if isinstance(value, bool):
        return cell.lower() == str(value).lower()
    if isinstance(value, int):
        return whole(cell) == value
    return finite_number(cell) == value if isinstance(value, float) else cell == value


def _same(source: Source) -> None:
    tables = []
    for _ in range(2):
        with _kept(source) as (_, _, told):
            tables += [_read(source, told), _read(source, told)]
    for other in tables[1:]:
        require(
            (other.head, [line.cells for line in other.lines]) == (tables[0].head, [x.cells for x in tables[0].lines]),
            "read again, the table is another one",
        )
        require(other.text == tables[0].text, "its `text` depends on where or when it is read: it makes the identity")


def _told_apart(source: Source) -> None:
    texts = []
    for acc in (RUNS[0]["acc"], 0.3):  # 0.1 + 0.2 is not 0.3
        with _kept(source, [{**RUNS[0], "acc": acc}, *RUNS[1:]]) as (_, _, told):
            texts.append(_read(source, told).text)
    require(texts[0] != texts[1], "its `text` is the same for another metric: other runs would be taken for these")


def _leaves(source: Source) -> None:
    with _kept(source) as (folder, _, told):
        before = _content(folder)
        _read(source, told)
        after = _content(folder)
    changed = sorted(str(path) for path in {*before, *after} if before.get(path) != after.get(path))
    require(not changed, f"changed by reading: {', '.join(changed)}")


def _content(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _absent(source: Source) -> None:
    with _kept(source) as (folder, _, told):
        shutil.rmtree(folder)
        _refused(source, told, must=True)
        folder.mkdir()  # the context takes it away again


def _cut_off(source: Source) -> None:
    with _kept(source) as (folder, _, told):
        for path, data in _content(folder).items():
            (folder / path).write_bytes(data[: len(data) // 2])
        _refused(source, told, must=False)


def _refused(source: Source, told: str, *, must: bool) -> None:
    try:
        _read(source, told)
    except UserError as error:
        require(len(str(error).splitlines()) == 1, f"the error has several lines: {error}")
        return
    except Exception as error:  # noqa: BLE001 - whatever a source of somebody else's raises
        require(False, f"it raises {type(error).__name__} ({error}), expected a UserError")
    require(not must, "it reads runs where there are none")
