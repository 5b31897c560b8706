"""The run ledger as a reader sees it: where every planned run went, arm by arm, seed by seed, with its sum."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.judge.summary import ledger, told_ends
from ablate.lang import counted, msg, tr
from ablate.report.arms import arm_title, own_runs
from ablate.report.templating import Column, Table, TextRow
from ablate.report.vouched import vouched
from ablate.track.record import StudyTables
from ablate.track.view import page as arms_page
from ablate.train.vouched import Fact

GLYPHS = {"reached": "●", "censored": "◐", "stalled": "○", "collapsed": "▼", "diverged": "×", "crashed": "!",
          "finished": "■", "unknown": "▫", "missing": "∅"}  # fmt: skip
OUTCOMES = (msg("reached"), msg("censored"), msg("stalled"), msg("collapsed"), msg("diverged"), msg("crashed"),
            msg("finished"), msg("unknown"), msg("missing"))  # fmt: skip
_MEANING = {
    "reached": msg("the target held at two evaluations in a row"),
    "censored": msg("learned, but the budget ended first"),
    "stalled": msg(
        "never better than always answering the most frequent class by more than 3 standard errors, which chance "
        "alone can give"
    ),
    "collapsed": msg(
        "learned, and ended no more than 3 standard errors above always answering the most frequent class"
    ),
    "diverged": msg("became non-finite, or ended above ten times its first loss"),
    "crashed": msg("the program raised an error"),
    "finished": msg("ran to its end; it had no target"),
    "unknown": msg("its ending is not recorded"),
    "missing": msg("planned, not run"),
}
_ELSEWHERE = {
    **_MEANING,
    "reached": msg("reached its target"),
    "censored": msg("did not reach its target"),
    "stalled": msg("did not learn"),
    "collapsed": msg("learned, and lost it again"),
    "diverged": msg("failed: a number was not finite, or grew too large"),
    "crashed": msg("failed: it broke off"),
}
"""The same in words that hold whatever trained: by which rules an outcome was told is not ours to say."""


@dataclass(frozen=True)
class LedgerRow:
    """One arm (or the total): planned runs, a count per outcome, and a strip of (glyph, outcome, seed, address)."""

    arm: str
    planned: int
    counts: tuple[int, ...]
    strip: tuple[tuple[str, str, int, str], ...] = ()
    css: str = ""


@dataclass(frozen=True)
class LedgerView:
    """The ledger with its sum, what the outcomes mean, the same as a table, and where MLflow lists its arms."""

    outcomes: tuple[str, ...]
    rows: tuple[LedgerRow, ...]
    sum: str
    legend: str
    table: Table
    arms: str = ""

    @property
    def linked(self) -> bool:
        """Whether a mark of the strip leads to its run."""
        return any(address for row in self.rows for *_, address in row.strip)


def run_address(tables: StudyTables, run_id: object) -> str:
    """Return where MLflow's pages show a run; empty where it is not known, or nothing ran."""
    ui, experiment = tables.study.get("ui"), tables.study.get("experiment_id")
    has_page = ui and experiment and isinstance(run_id, str) and run_id
    return f"{ui}/#/experiments/{experiment}/runs/{run_id}" if has_page else ""


def arms_address(tables: StudyTables) -> str:
    """Return where MLflow's pages list the arms of a study; empty where that is not known."""
    ui, experiment = tables.study.get("ui"), tables.study.get("experiment_id")
    return f"{ui}/{arms_page(str(experiment))}" if ui and experiment else ""


def _served(tables: StudyTables) -> str:
    twice = len(tables.seeds) - len(own_runs(tables))
    return (
        tr(" {runs} of them are in two rows: tuning chose the fixed values.", runs=counted(twice, "run"))
        if twice
        else ""
    )


def ledger_view(tables: StudyTables) -> LedgerView:
    """Return the ledger; `stats.ledger` has checked that it adds up, arm by arm.

    Raises
    ------
    Failure
        It does not.
    """
    frame = ledger(tables)
    ends = told_ends(frame)
    meaning = _MEANING if vouched(tables, Fact.ENDINGS) else _ELSEWHERE
    by_arm = {arm: part.sort_values("seed") for arm, part in tables.seeds.groupby("arm_id", sort=False)}
    rows = []
    for record, is_base in zip(frame.to_dict("records"), tables.planned["baseline"], strict=True):
        part = by_arm.get(record["arm_id"])
        strip = () if part is None else tuple(
            (GLYPHS[str(outcome)], str(outcome), int(seed), run_address(tables, run_id))
            for outcome, seed, run_id in zip(part["outcome"], part["seed"], part["run_id"], strict=True)
        )  # fmt: skip
        counts = tuple(int(record[name]) for name in ends)
        rows.append(
            LedgerRow(arm_title(str(record["arm"])), int(record["planned"]), counts, strip, "base" if is_base else "")
        )
    sums = tuple(int(frame[name].sum()) for name in ends)
    total = LedgerRow(tr("all arms"), int(frame["planned"].sum()), sums, css="total")
    parts = " + ".join(f"{count} {tr(name)}" for name, count in zip(ends, total.counts, strict=True))
    every = (*rows, total)
    return LedgerView(
        outcomes=tuple(tr(name) for name in ends),
        rows=every,
        sum=tr("{planned} planned = {parts}.{served}", planned=total.planned, parts=parts, served=_served(tables)),
        legend=tr("; ").join(f"{GLYPHS[name]} {tr(name)}{tr(': ')}{tr(meaning[name])}" for name in ends) + tr("."),
        table=Table(
            tr("Run ledger"),
            (
                Column(tr("arm")),
                Column(tr("planned"), "n"),
                *(Column(tr(name), "n") for name in ends),
                Column(tr("seed by seed"), "strip"),
            ),
            tuple(
                TextRow((r.arm, str(r.planned), *map(str, r.counts), "".join(mark for mark, *_ in r.strip)), r.css)
                for r in every
            ),
        ),
        arms=arms_address(tables),
    )
