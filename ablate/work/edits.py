"""A ledger of edits that were tried one after another: how many there were, and at which level each was judged.

Who tries a hundred edits that change nothing and keeps what looks better keeps the luck of some seeds. A ledger gives
each edit a level of its own (`stats.spending`), so that with a chance of 1 - α no edit that is not better is ever kept,
however many are tried and however the next one is chosen by what the last ones showed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ablate.errors import Failure, UserError, must, plural
from ablate.identity import digest
from ablate.judge.verdict import Verdict
from ablate.sources.contract import RunTable
from ablate.stats.signflip import least_pairs
from ablate.stats.spending import next_level, rejects
from ablate.sweep.registration import definition
from ablate.sweep.study import Study
from ablate.track.files import write_json
from ablate.values import from_json

VERSION = 1


@dataclass(frozen=True)
class Edit:
    """One edit that was tried.

    Attributes
    ----------
    number, name
        Counted from 1; what it is called.
    runs
        What the runs and the claims about them are known by (`question`): the same question about the same runs is one
        edit, however it was spelled. Ledgers of before know it otherwise; such an edit counts, and its question asked
        again is a new one.
    level, p
        What p had to keep to for the edit to be kept; the largest p of its verdicts, None where nothing was tested.
    outcome
        `supported`, `refuted` or `undecided`, at the level of a single comparison.
    kept
        Whether it may be kept: supported, and p at most the level.
    """

    number: int
    name: str
    runs: str
    level: float
    p: float | None
    outcome: str
    kept: bool
    time: str

    def __bool__(self) -> bool:
        return self.kept


@dataclass(frozen=True)
class Ledger:
    """The edits so far.

    Attributes
    ----------
    alpha
        Chance that any edit is kept which should not be.
    edits
        How many there will be, fixed beforehand: each has the same level then. None: any number, at falling levels.
    """

    alpha: float = 0.05
    edits: int | None = None
    tried: tuple[Edit, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 1.0:
            raise must("alpha", "lie between 0 and 1", self.alpha)
        if self.edits is not None and self.edits < 1:
            raise must("edits", "be at least 1: how many will be tried", self.edits)

    @property
    def level(self) -> float:
        """The level of the next edit; 0 where none is left."""
        return next_level([edit.kept for edit in self.tried], alpha=self.alpha, tests=self.edits)

    @property
    def pairs(self) -> int:
        """The fewest pairs with which the next edit can be kept."""
        return least_pairs(1.0 - self.level)

    def found(self, runs: str) -> Edit | None:
        """Return the edit of these runs, where they were judged before."""
        return next((edit for edit in self.tried if edit.runs == runs), None)

    def after(self, verdicts: Sequence[Verdict], *, runs: str, name: str) -> Ledger:
        """Return the ledger with one more edit."""
        if self.level <= 0.0:
            raise UserError(
                f"the ledger was begun for {plural(self.edits or 0, 'edit')}, and none is left: begin another "
                "one, on new seeds"
            )
        p = [verdict.p_adjusted for verdict in verdicts]
        largest = None if not p or None in p else max(one for one in p if one is not None)
        outcome = "supported" if verdicts and all(v.outcome == "supported" for v in verdicts) else (
            "refuted" if any(v.outcome == "refuted" for v in verdicts) else "undecided")  # fmt: skip
        before = [edit.kept for edit in self.tried]
        kept = (
            outcome == "supported"
            and largest is not None
            and rejects(largest, before, alpha=self.alpha, tests=self.edits)
        )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        edit = Edit(len(self.tried) + 1, name, runs, self.level, largest, outcome, kept, now)
        return dataclasses.replace(self, tried=(*self.tried, edit))


def begun(alpha: float | None, edits: int | None) -> Ledger:
    """Return a ledger without edits; None: α = 0.05, and any number of edits.

    Raises
    ------
    UserError
        A value is out of its range.
    """
    return Ledger(edits=edits) if alpha is None else Ledger(alpha, edits)


def question(study: Study, runs: RunTable) -> str:
    """Return what a question about runs is known by: a digest of all that its verdicts follow from.

    That is the study as it is judged (its claims in their order with δ, what metrics mean, factors, baseline; no prose)
    and the table of its runs, every cell of it. How they were asked for does not count: a metric that was found and
    the same one that was named are one question. What is asked otherwise so that another claim, another run, another
    outcome or a column more is looked at is another one. (The text of a claim is made of its sides, or is prose.)

    Parameters
    ----------
    study
        What the runs were judged as.
    runs
        The rows that count, as the judge had them.
    """
    what = definition(study)
    what["claims"] = [{name: value for name, value in claim.items() if name != "says"} for claim in what["claims"]]
    columns = [[name, [line.cells[place] for line in runs.lines]] for place, name in enumerate(runs.head)]
    return digest({"study": what, "runs": sorted(columns)})


def enter(
    path: Path, runs: str, name: str, judge: Callable[[], Sequence[Verdict]], *, alpha: float | None, edits: int | None
) -> tuple[Edit, Ledger]:
    """Judge an edit, and write it into the ledger at a path; the same runs are not counted again.

    Parameters
    ----------
    judge
        Gives the verdicts.
    alpha, edits
        Of a ledger that is begun; None: 0.05, and any number. What one was begun with is not changed.

    Raises
    ------
    UserError
        The file is not a ledger, was begun with another α or number, or all its edits are tried; nothing is written.
    Failure
        It cannot be written.
    """
    from filelock import FileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        ledger = _as_begun(read_ledger(path), path, alpha, edits) if path.exists() else begun(alpha, edits)
        if ledger.level <= 0.0 and ledger.found(runs) is None:
            ledger.after([], runs=runs, name=name)  # says that none is left
        verdicts = judge()
        before = ledger.found(runs)
        if before is not None:
            return before, ledger
        ledger = ledger.after(verdicts, runs=runs, name=name)
        _write(path, ledger)
    return ledger.tried[-1], ledger


def read_ledger(path: Path) -> Ledger:
    """Return the ledger that a file holds.

    Raises
    ------
    UserError
        It is none.
    """
    try:
        stored: Any = from_json(path.read_text(encoding="utf-8"))
        if stored["version"] != VERSION:
            raise UserError(f"{path}: a ledger of version {stored['version']}, expected {VERSION}")
        return _checked(Ledger(stored["alpha"], stored["edits"], tuple(Edit(**edit) for edit in stored["tried"])))
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path} is not a ledger of edits: expected what `ablate compare --ledger` writes") from None


def _checked(ledger: Ledger) -> Ledger:
    """Return a ledger; raise ValueError where a value is none that a ledger writes.

    Levels of later edits hang on what was kept.
    """
    sound = [_is_count(ledger.edits) or ledger.edits is None]
    for number, edit in enumerate(ledger.tried, start=1):
        sound += [
            _is_count(edit.number) and edit.number == number,
            isinstance(edit.kept, bool),
            _is_chance(edit.level),
            edit.p is None or _is_chance(edit.p),
            edit.outcome in ("supported", "refuted", "undecided"),
            all(isinstance(text, str) for text in (edit.name, edit.runs, edit.time)),
        ]
    if not all(sound):
        raise ValueError("a value of another kind")
    return ledger


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_chance(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0.0 <= value <= 1.0


def _as_begun(ledger: Ledger, path: Path, alpha: float | None, edits: int | None) -> Ledger:
    for name, asked, value in (("alpha", alpha, ledger.alpha), ("edits", edits, ledger.edits)):
        if asked is not None and asked != value:
            began = "any number" if value is None else f"{value:g}"
            raise UserError(f"{path} was begun with {name} {began}, got {asked:g}; it keeps what it was begun with")
    return ledger


def _write(path: Path, ledger: Ledger) -> None:
    document = {"version": VERSION, **dataclasses.asdict(ledger)}
    try:
        write_json(path, document)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}") from None
