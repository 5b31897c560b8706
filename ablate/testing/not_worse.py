"""An assertion for tests of a project's own: a change must not make a metric worse by more than a margin."""

from __future__ import annotations

import unittest
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np

from ablate.errors import UserError, must, unknown
from ablate.sources.contract import RunTable
from ablate.sources.frames import frame_table, is_frame
from ablate.stats.effects import refuse_other_order
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.names import meaning_word
from ablate.train.metric import Better
from ablate.words.reasons import said
from ablate.words.sentence import sentence_of
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.comparing import compare_tables, sides
from ablate.work.tables import TableJudgement

Inconclusive = Literal["fail", "pass", "skip"]
_NUMBERS = "value"


def assert_not_worse(
    new: Any,
    base: Any,
    *,
    by_more_than: float,
    metric: str = _NUMBERS,
    better: Better | None = None,
    inconclusive: Inconclusive = "fail",
    pair: str | None = "seed",
    each: Sequence[str] = (),
    lost: Sequence[str] = (),
) -> TableJudgement:
    """Fail unless the new runs are shown to be not worse than those of the base by more than a margin.

    Parameters
    ----------
    new, base
        Runs with the change and before it: a number per run as a sequence or array (paired by place: give both in the
        order of the seeds), a mapping seed -> number, or a table of pandas or polars with a row per run.
    by_more_than
        How much worse would not matter, in the unit of the numbers.
    metric, better
        Of tables the column, of numbers their name; which way is better, `"higher"` or `"lower"`, where the name does
        not say it.
    inconclusive
        What happens where the runs decide nothing: a failure whose message says about how many more seeds would, a
        pass, or a skipped test.
    pair
        Of tables the column of seeds; None: the runs share nothing, and means are compared by Welch's t.
    each, lost
        Of tables, see `ablate.compare`.

    Returns
    -------
    Judged
        What was judged, for more than an assertion.

    Raises
    ------
    AssertionError
        The runs are worse, or decide nothing; with the verdict in a sentence.
    unittest.SkipTest
        They decide nothing, with ``inconclusive="skip"``; pytest counts it as a skip.
    UserError
        The runs cannot be compared.

    Examples
    --------
    >>> base = [0.90, 0.91, 0.92, 0.90, 0.93, 0.91, 0.92, 0.90]
    >>> new = [0.90, 0.92, 0.92, 0.91, 0.93, 0.90, 0.92, 0.90]
    >>> held = assert_not_worse(new, base, by_more_than=0.02, metric="accuracy")
    >>> try:
    ...     assert_not_worse([v - 0.05 for v in new], base, by_more_than=0.02, metric="accuracy")
    ... except AssertionError as error:
    ...     print(str(error)[:40])
    Refuted (worse by more than the margin):
    """
    if inconclusive not in get_args(Inconclusive):
        raise unknown("inconclusive", str(inconclusive), get_args(Inconclusive))
    comparison = judged(new, base, metric=metric, better=better, margin=by_more_than, pair=pair, each=each, lost=lost)
    _end(comparison, inconclusive)
    return comparison


def judged(
    new: Any, base: Any, *, metric: str, better: Better | None, margin: float | None, by_at_least: float | None = None,
    pair: str | None = "seed", each: Sequence[str] = (), lost: Sequence[str] = (),
) -> TableJudgement:  # fmt: skip
    """Judge the new runs against those of the base: not worse by more than a margin, or better by more than a number.

    Raises
    ------
    UserError
        The runs cannot be compared.
    """
    if better is None and meaning_word(metric) is None:
        raise UserError(f'which way is better is not known of {metric}; say it with better="higher" or better="lower"')
    tables = _tables(new, base, metric, pair)
    asked = Asked(
        seed=pair, metrics={metric: better}, by_at_least=by_at_least, lost=tuple(lost), unpaired=pair is None,
        stated=sides(margin, each),
    )  # fmt: skip
    bench = Bench(tell=events.nobody)
    return compare_tables(*tables, asked, bench, name="runs-compared", command="ablate.testing  # Python")


def _end(comparison: TableJudgement, inconclusive: Inconclusive) -> None:
    verdicts = comparison.judgement.verdicts
    worse = [verdict for verdict in verdicts if verdict.outcome == "refuted"]
    if worse:
        raise AssertionError("\n".join(map(sentence_of, worse)))
    still = [verdict for verdict in verdicts if not verdict.decided]
    if not still or inconclusive == "pass":
        return
    lines = [" ".join(filter(None, (sentence_of(verdict), said(verdict.advice)))) for verdict in still]
    if inconclusive == "skip":
        raise unittest.SkipTest("\n".join(lines))
    raise AssertionError("\n".join([*lines, 'inconclusive="pass" or "skip" would let this through']))


def _tables(new: Any, base: Any, metric: str, pair: str | None) -> tuple[RunTable, RunTable]:
    """Return the runs before the change and with it."""
    if is_frame(new) and is_frame(base):
        return frame_table(base), frame_table(new)
    if is_frame(new) or is_frame(base):
        raise must("new", "be what `base` is: both tables, or both numbers", type(new).__name__)
    if pair is not None:
        refuse_other_order(new, base, ("new", "base"))
    numbers = [_numbers(base, "base"), _numbers(new, "new")]
    if isinstance(new, Mapping) != isinstance(base, Mapping):
        raise must("new", "be what `base` is: both mappings of seeds, or both sequences", type(new).__name__)
    if pair is not None and not isinstance(new, Mapping) and len(numbers[0]) != len(numbers[1]):
        raise UserError(
            f"`new` and `base` must have a number per seed in the same order, got {len(numbers[1])} and "
            f"{len(numbers[0])}; give mappings seed -> number, or pair=None where runs share nothing"
        )
    column = pair or "seed"
    tables = [
        RunTable.of(name, [{column: seed, metric: value} for seed, value in by_seed.items()])
        for name, by_seed in zip(("base", "new"), numbers, strict=True)
    ]
    return tables[0], tables[1]


def _numbers(given: Any, which: str) -> dict[Any, float]:
    """Return seed -> number; of a sequence the places stand for the seeds. What is infinite is a run that diverged."""
    by_seed = (
        given if isinstance(given, Mapping) else dict(enumerate(np.asarray(given, dtype=np.float64).ravel().tolist()))
    )
    if not by_seed:
        raise must(which, "hold a number per run", given)
    numbers = {seed: float(value) for seed, value in by_seed.items()}
    missing = [seed for seed, value in numbers.items() if np.isnan(value)]
    if missing:
        raise UserError(
            f"`{which}` has no number for {', '.join(map(str, missing[:8]))}: a run that failed is `inf`, one that was "
            "lost is left out"
        )
    return numbers
