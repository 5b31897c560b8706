"""What was read from a file of results made elsewhere, as a table: a row for every column of it."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.lang import tr
from ablate.report.templating import Column, Row, Table
from ablate.track.record import StudyTables


def imported_table(tables: StudyTables) -> Table | None:
    """Return the table; None for a study that was run here."""
    read = (tables.study.get("design") or {}).get("imported") or {}
    if not read.get("columns"):
        return None
    rows = tuple(Row((column, tr(role), _what(what, value))) for column, role, what, value in read["columns"])
    note = tr("{rows} rows of {file}.", rows=read["rows"], file=read["file"])
    repairs: Sequence[str] = read.get("repairs") or ()
    if repairs:
        note += tr(" Read so: {repairs}.", repairs=tr("; ").join(map(tr, repairs)))
    columns = (Column(tr("column")), Column(tr("taken as")), Column(tr("what")))
    return Table(tr("What was read from the file"), columns, rows, note)


def _what(what: str, value: str) -> str:
    return tr(what, value=value) if value else tr(what)
