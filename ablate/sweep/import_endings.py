"""How the runs of an imported file ended: by every column that says so, whoever wrote it.

`outcome` holds the words of `Outcome`. A state (`State` of Weights & Biases, `status` of MLflow, `state` of Optuna),
an exit code and flags (`crashed`, `diverged`, `failed`, `finished`, `timed_out`) are read too, in capitals or not, and
under the prefixes that a result may have. What ablate itself logs of a run's end in MLflow (`params.outcome`) is no
setting. Such a column is never passed over: a word that is not known is an error, and so are two columns that say
different things of one run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from ablate.errors import UserError, unknown
from ablate.sources.cells import whole
from ablate.sources.contract import RunTable
from ablate.sweep.level_cells import BLANK
from ablate.train.outcome import FAILED, Outcome

PREFIXES = ("summary.", "metrics.", "tags.", "summary/", "metrics/", "attributes.", "attributes/")

UNPLANNED = "unplanned"
NO_RESULT = ("lost", "unfinished", "missing", UNPLANNED)
"""What `outcome` says of a run without a result: lost to the infrastructure, not finished, planned and not there, or
not there and not planned either: other arms have its seed, which asks nothing of this one."""

Said = Outcome | Literal["ended", "unfinished", "not crashed", "not diverged", "lost", "missing", "unplanned"] | None
"""What a cell says: an outcome; that the program came to its end, whatever it reached; that it did not; that it did not
fail in one of two ways; or nothing."""

_FINISHED = "finished success succeeded successful ok done completed complete passed"
_CRASHED = "crashed crash failed failure fail error errored exception oom"
_UNFINISHED = (
    "killed running scheduled pending preempted preempting pruned cancelled canceled timeout timed_out stopped aborted "
    "interrupted waiting queued incomplete unfinished"
)
_WORDS: dict[str, Said] = {
    **dict.fromkeys(_FINISHED.split(), "ended"), **dict.fromkeys(_CRASHED.split(), Outcome.CRASHED),
    **dict.fromkeys(_UNFINISHED.split(), "unfinished"),
    **{str(word): word for word in Outcome if word not in (Outcome.CRASHED, Outcome.FINISHED)},
}  # fmt: skip
_NOTHING = {cell.lower() for cell in BLANK}
_YES, _NO = ("true", "yes", "1", "1.0"), ("false", "no", "0", "0.0")
_ENDS = (Outcome.REACHED, Outcome.CENSORED, Outcome.STALLED, Outcome.FINISHED)
_DENIED = {"not crashed": Outcome.CRASHED, "not diverged": Outcome.DIVERGED}

_STATES = ("state", "status", "run_state", "run_status", "job_state", "job_status", "trial_state")
_CODES = ("exit_code", "exitcode", "exit_status", "return_code", "returncode")
_FLAGS = {
    f"{verb}{word}": outcome
    for verb in ("", "is_", "has_", "did_")
    for word, outcome in (
        ("crashed", Outcome.CRASHED), ("failed", Outcome.CRASHED), ("diverged", Outcome.DIVERGED),
        ("crash", Outcome.CRASHED), ("fail", Outcome.CRASHED), ("diverge", Outcome.DIVERGED),
    )
}  # fmt: skip
_ON_AND_OFF: tuple[tuple[str, Said, Said], ...] = (
    ("finished finish completed complete done ok", "ended", "unfinished"),
    ("errored exception oom", Outcome.CRASHED, "not crashed"),
    ("collapsed", Outcome.COLLAPSED, None),
    ("killed preempted pruned cancelled canceled timeout timed_out aborted interrupted incomplete unfinished",
     "unfinished", None),
)  # fmt: skip
_MORE_FLAGS = {
    f"{verb}{word}": (on, off)
    for verb in ("", "is_", "has_", "was_", "did_") for words, on, off in _ON_AND_OFF for word in words.split()
}  # fmt: skip
"""Flags where all their cells are truth values, for these words are the names of other things as well: what true says
of a run, and what false does."""


@dataclass(frozen=True)
class Ending:
    """A column that says how runs ended: its place, its name, and what each of its cells says, line by line."""

    place: int
    name: str
    own: bool
    says: tuple[Said, ...]


def ending_columns(table: RunTable, passed_over: Collection[int], *, ours: bool) -> list[Ending]:
    """Return every column that says how runs ended, `outcome` first.

    Parameters
    ----------
    passed_over
        Places of columns that stand for something else, or are left out.
    ours
        Whether ablate wrote the file: then only `outcome` is one, every other column is a result.

    Raises
    ------
    UserError
        A cell of such a column says nothing that is known.
    """
    columns = []
    tracked = any(name.startswith("tags.ablate.") for name in table.head)
    of_ablate = ("params.outcome", "tags.ablate.outcome") if tracked else ()
    for place, name in enumerate(table.head):
        bare = "outcome" if name in of_ablate else _bare(name)
        if place in passed_over or (ours and name != "outcome"):
            continue
        if bare == "outcome":
            columns.append(Ending(place, name, True, _outcomes(table, place)))
        elif (read := _reader(bare)) is not None:
            cells = [line.cells[place] for line in table.lines]
            if not all(cell in BLANK for cell in cells):
                columns.append(Ending(place, name, False, _read(table, name, cells, *read)))
        elif bare in _MORE_FLAGS:
            lowered = [line.cells[place].lower() for line in table.lines]
            if {*lowered} - _NOTHING and {*lowered} <= {*_YES, *_NO, *_NOTHING}:
                yes, no = _MORE_FLAGS[bare]
                says = tuple(yes if cell in _YES else no if cell in _NO else None for cell in lowered)
                columns.append(Ending(place, name, False, says))
    return sorted(columns, key=lambda one: not one.own)


def ended(where: str, said: Sequence[tuple[str, Said, str]]) -> Outcome | None:
    """Return how a run ended, by all columns that say it; None where they do not say whether it reached its target.

    Parameters
    ----------
    said
        Of every column: its name, what its cell says, and the cell.

    A program that came to its end may have diverged; it cannot have crashed. What diverged may have crashed over it.

    Raises
    ------
    UserError
        The run did not come to its end, and is not told to have failed; or two columns contradict each other.
    """
    failed = [one for one in said if one[1] in FAILED]
    stopped = [one for one in said if one[1] == "unfinished"]
    over = [one for one in said if one[1] in ("ended", *_ENDS)]
    if stopped and not failed:
        state = _told(stopped[0][0], stopped[0][2])
        raise UserError(
            f"{where}: the run is {state}, so its numbers are not those of a finished run; expected "
            "finished, failed or crashed. Take its seed out for all arms, or say in a column `outcome` that it "
            "failed (diverged, collapsed, crashed)"
        )
    for one in failed:
        crashed = one[1] is Outcome.CRASHED
        against = [other for other in over if crashed or other[1] != "ended"]
        against += [other for other in said if _DENIED.get(str(other[1])) is one[1]]
        if against:
            raise _contradiction(where, against[0], one)
    if failed:
        said_so = {one[1] for one in failed}
        return next(one for one in (Outcome.DIVERGED, Outcome.COLLAPSED, Outcome.CRASHED) if one in said_so)
    outcomes = [one for one in over if one[1] != "ended"]
    for one in outcomes[1:]:
        if one[1] is not outcomes[0][1]:
            raise _contradiction(where, outcomes[0], one)
    if outcomes:
        return Outcome(str(outcomes[0][1]))
    return Outcome.UNKNOWN if any(one[1] is Outcome.UNKNOWN for one in said) else None


def _told(name: str, cell: str) -> str:
    """Return the state that a cell says, of a flag its name and whether it is set."""
    small = cell.lower()
    return f"`{name}` = {small}" if small in (*_YES, *_NO) else small


def _contradiction(where: str, one: tuple[str, Said, str], other: tuple[str, Said, str]) -> UserError:
    return UserError(
        f"{where}: {one[0]!r} is {one[2]!r}, but {other[0]!r} is {other[2]!r}; expected columns that say the same of "
        "how a run ended. Correct the one that is wrong, or ignore it with --leave-out"
    )


def _bare(name: str) -> str:
    small = name.lower()
    small = next((small.removeprefix(prefix) for prefix in PREFIXES if small.startswith(prefix)), small)
    return small.replace(" ", "_").replace("-", "_")


def _reader(bare: str) -> tuple[Callable[[str], Said], str] | None:
    """Return what reads a cell of a column of this name, and what is expected in it."""
    if bare in _STATES:
        return _state, f"one of {', '.join(sorted(_WORDS))}"
    if bare in _CODES:
        return _code, "a whole number, 0 of a run that finished"
    if bare in _FLAGS:
        return lambda cell: _flag(cell, _FLAGS[bare]), "true or false, 1 or 0"
    return None


def _outcomes(table: RunTable, place: int) -> tuple[Said, ...]:
    words: dict[str, Said] = {outcome.value: outcome for outcome in Outcome}
    words |= {"lost": "lost", "unfinished": "unfinished", "missing": "missing", "unplanned": "unplanned"}
    outcomes: list[Said] = []
    for line in table.lines:
        text = line.cells[place]
        if text not in BLANK and text.lower() not in words:
            raise UserError(f"{table.at(line)}: {unknown('outcome', text, words)}")
        outcomes.append(None if text in BLANK else words[text.lower()])
    return tuple(outcomes)


def _read(
    table: RunTable, name: str, cells: Sequence[str], says: Callable[[str], Said], expected: str
) -> tuple[Said, ...]:
    said: list[Said] = []
    strange: dict[str, str] = {}
    for cell, line in zip(cells, table.lines, strict=True):
        try:
            said.append(None if cell in BLANK else says(cell))
        except ValueError:
            strange.setdefault(cell, line.told)
    if strange:
        listed = ", ".join(f"{cell!r:.60} ({line})" for cell, line in list(strange.items())[:8])
        raise UserError(
            f"{table.where}: {name!r} tells how runs ended, but it is not known what is meant by {listed}; expected "
            f"{expected}. If it tells something else, ignore it with --leave-out {name!r}"
        )
    return tuple(said)


def _state(cell: str) -> Said:
    word = cell.lower().rpartition(".")[2].replace(" ", "_").replace("-", "_")  # `TrialState.COMPLETE`
    if word not in _WORDS:
        raise ValueError(cell)
    return _WORDS[word]


def _code(cell: str) -> Said:
    code = whole(cell)
    if code is None:
        raise ValueError(cell)
    return Outcome.CRASHED if code else "ended"


def _flag(cell: str, outcome: Outcome) -> Said:
    if cell.lower() not in (*_YES, *_NO):
        raise ValueError(cell)
    if cell.lower() in _YES:
        return outcome
    return "not crashed" if outcome is Outcome.CRASHED else "not diverged"
