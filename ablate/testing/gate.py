"""A gate for research loops: many edits are tried, and with a chance of 1 - α none is kept that is not better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ablate.testing.not_worse import judged
from ablate.train.metric import Better
from ablate.work.edits import Edit, Ledger, begun, enter, question, read_ledger


class Gate:
    """Decides on edit after edit, and remembers in a file how many there were.

    Parameters
    ----------
    path
        The file of the ledger, begun where it is not there.
    alpha
        Chance that any edit is kept which should not be; None: 0.05, or what the ledger was begun with.
    edits
        How many will be tried, fixed beforehand: each has the level α / edits. None: any number, at falling levels.

    Examples
    --------
    >>> import tempfile
    >>> base = [0.90, 0.91, 0.92, 0.90, 0.93, 0.91, 0.92, 0.90, 0.91, 0.92, 0.90, 0.93]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gate = Gate(f"{folder}/edits.json", edits=100)
    ...     one = gate.keep([v + 0.02 + i / 10000 for i, v in enumerate(base)], base, metric="accuracy")
    ...     other = gate.keep([v + (-1) ** i / 1000 for i, v in enumerate(base)], base, metric="accuracy")
    ...     (one.kept, one.level), (other.kept, other.level)
    ((True, 0.0005), (False, 0.001))
    """

    def __init__(self, path: str | Path, *, alpha: float | None = None, edits: int | None = None) -> None:
        self._path, self._alpha, self._edits = Path(path), alpha, edits

    @property
    def ledger(self) -> Ledger:
        """The edits so far, the `level` of the next one, and how many `pairs` it needs to be kept."""
        return read_ledger(self._path) if self._path.exists() else begun(self._alpha, self._edits)

    def keep(
        self, new: Any, base: Any, *, metric: str = "value", better: Better | None = None, by_at_least: float = 0.0,
        not_worse_by: float | None = None, name: str = "", pair: str | None = "seed",
    ) -> Edit:  # fmt: skip
        """Judge one edit; what is returned is true where it may be kept.

        Parameters
        ----------
        new, base, metric, better, pair
            See `assert_not_worse`.
        by_at_least
            Keep what is better by more than this.
        not_worse_by
            In its place: keep what is not worse by more than this.
        name
            What the edit is called in the ledger.

        Raises
        ------
        UserError
            The runs cannot be compared, or all edits that the ledger was begun for are tried.
        """
        by = None if not_worse_by is not None else by_at_least
        comparison = judged(new, base, metric=metric, better=better, margin=not_worse_by, by_at_least=by, pair=pair)
        runs = question(comparison.judgement.study, comparison.found.table)
        edit, _ = enter(
            self._path, runs, name, lambda: comparison.judgement.verdicts, alpha=self._alpha, edits=self._edits
        )  # fmt: skip
        return edit
