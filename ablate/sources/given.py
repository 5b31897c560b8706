"""A table that is there already, as what a source reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.sources.contract import Fits, RunTable, Source
from ablate.sources.csv_file import Csv


@dataclass(frozen=True)
class Given(Source):
    """Gives the table that it was made with, whatever it is asked to read; no address chooses it."""

    table: RunTable

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the table."""
        del address, fits
        return self.table

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs as a CSV file does."""
        return Csv().example(folder, runs)
