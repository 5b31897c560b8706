"""What is said first where every run of a study failed: how they ended, the most frequent error, where its log is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ablate.lang import counted, tr
from ablate.track.record import StudyTables
from ablate.train.outcome import FAILED

FAILURE = "failure"
"""Key of `StudyTables.study`: the most frequent error of runs that all failed, ``{error, runs, run_id}``."""

_LONGEST = 300


def all_failed(tables: StudyTables) -> bool:
    """Tell whether there are runs, and each of them failed."""
    ends = {str(outcome) for outcome in tables.seeds["outcome"]} - {"missing"}
    return bool(ends) and ends <= set(FAILED)


def failure_text(outcomes: Iterable[str], *, error: str = "", runs: int = 0, log: str = "") -> str:
    """Return the sentences.

    Parameters
    ----------
    outcomes
        How each run ended.
    error, runs
        The most frequent error, and how many runs ended with it; empty where none is known.
    log
        The command that shows it.

    >>> failure_text(["crashed", "crashed"], error="KeyError: 'x'", runs=1, log="ablate show 3f2a")
    "All 2 runs failed (2 crashed). Most often: KeyError: 'x' (1 run). Its log: ablate show 3f2a"
    """
    ends = Counter(map(str, outcomes))
    listed = tr(", ").join(f"{n} {tr(name)}" for name, n in ends.most_common())
    one = tr("The only run failed ({ends}).", ends=listed)
    text = one if ends.total() == 1 else tr("All {n} runs failed ({ends}).", n=ends.total(), ends=listed)
    if error:
        short = error if len(error) <= _LONGEST else error[:_LONGEST] + "…"
        text += tr(" Most often: {error} ({runs}).", error=short, runs=counted(runs, "run"))
    return text + (tr(" Its log: {command}", command=log) if log else "")


def failure_of(tables: StudyTables) -> str:
    """Return the sentences for a study of which every run failed; empty for any other."""
    if not all_failed(tables):
        return ""
    ends = [str(outcome) for outcome in tables.seeds["outcome"] if outcome != "missing"]
    told = tables.study.get(FAILURE) or {}
    log = f"ablate show {str(told['run_id'])[:12]}" if told.get("run_id") else ""
    return failure_text(ends, error=str(told.get("error", "")), runs=int(told.get("runs", 0)), log=log)
