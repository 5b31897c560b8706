"""Runs that have no result although they were started: lost to the infrastructure, or not finished.

Their pairs are dropped, so a verdict says what would follow if they had failed at the task. A run that is declared lost
says nothing of its arm: the verdict stands. Of one that is merely not finished (killed, pruned, still running) nobody
said why; it may well have been stopped because it was bad. A verdict that would be another one if such runs had failed
is held back.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ablate.claims.comparison import Comparison, arm_key
from ablate.claims.contrast import sides_of
from ablate.claims.reason import because
from ablate.judge.arms import Arms
from ablate.judge.endpoint import MISSING, endpoint
from ablate.judge.expand import expand
from ablate.judge.rule import judge
from ablate.judge.sizes import also_if_failed
from ablate.judge.verdict import GateResult, Verdict
from ablate.stats.effects import by_interval
from ablate.stats.mean import mean_interval
from ablate.sweep.metrics import metrics_in
from ablate.sweep.study import Study
from ablate.track.columns import metric_column
from ablate.track.record import StudyTables
from ablate.train.outcome import Outcome

UNFINISHED = "unfinished"
"""What a fact of an arm says of a seed without a result: ``facts["lost"] = {"3": "unfinished"}``."""


LOST = "lost"
"""The fact of an arm that holds them, and what it says of a run that was declared lost."""

UNPLANNED = "unplanned"
"""A fact of an arm: the seeds that other arms have and this one was never to have, ``facts["unplanned"] = [8]``."""


def without_unplanned(tables: StudyTables) -> StudyTables:
    """Return the tables without the runs that nobody planned: that other arms have a seed asks nothing of an arm.

    Those are the seeds that imported arms name as unplanned, and where no arms share seeds all that are not there but
    for runs that were started.
    """
    unpaired = ((tables.study.get("design") or {}).get("imported") or {}).get("unpaired")
    named = {arm: set(facts.get(UNPLANNED) or ()) for arm, facts in tables.facts.items()}
    if not unpaired and not any(named.values()):
        return tables
    started = {arm: set(map(int, facts.get(LOST) or ())) for arm, facts in tables.facts.items()}
    seeds = tables.seeds
    gone = [
        outcome == "missing" and (seed not in started.get(arm, ()) if unpaired else seed in named.get(arm, ()))
        for arm, seed, outcome in _runs(tables)
    ]
    return dataclasses.replace(tables, seeds=seeds[~np.array(gone, dtype=np.bool_)])


def without_lost(study: Study, tables: StudyTables) -> StudyTables:
    """Return the tables in which the runs that a study declares lost (`Study.lost`) have no result, and say so."""
    gone = tables.seeds["outcome"].astype(str).isin(study.lost).to_numpy()
    if not gone.any():
        return tables
    seeds, facts = tables.seeds.copy(), dict(tables.facts)
    names = [metric_column(name, tables.factors) for name in tables.metrics]
    seeds.loc[gone, ["first_nonfinite_step", "seconds", *names]] = math.nan
    seeds.loc[gone, ["run_id", "identity"]] = ""
    seeds["outcome"] = seeds["outcome"].astype(str).mask(gone, MISSING)
    runs = {(arm, seed) for (arm, seed, _), is_gone in zip(_runs(tables), gone, strict=True) if is_gone}
    for arm, seed in sorted(runs):
        of_arm = facts.get(arm, {})
        facts[arm] = {**of_arm, LOST: {**of_arm.get(LOST, {}), str(seed): LOST}}
    curves = zip(tables.curves["arm_id"].astype(str), tables.curves["seed"].astype(int), strict=True)
    return dataclasses.replace(
        tables,
        seeds=seeds,
        facts=facts,
        curves=tables.curves[np.array([run not in runs for run in curves], dtype=np.bool_)],
        arrays={
            arm: {seed: arrays for seed, arrays in of_arm.items() if (arm, int(seed)) not in runs}
            for arm, of_arm in tables.arrays.items()
        },
    )


def with_lost(study: Study, tables: StudyTables, verdicts: Sequence[Verdict], *, alpha: float = 0.05) -> list[Verdict]:
    """Return verdicts with what would follow if the runs without a result had failed; see above.

    `details["lost"]` holds how many there are (`n`), whether all are declared lost, and the effect, its interval and
    the outcome if they had failed: where a failed run has an honest value by the judge itself, else (`worst`) each at
    the worst value of the metric that any run of the comparison had, in whichever arm it stands, by the interval alone.
    A run counts whose pair would be there if it had a result.
    """
    lost = {arm: facts[LOST] for arm, facts in tables.facts.items() if facts.get(LOST)}
    if not lost:
        return list(verdicts)
    arms = Arms(study, tables)
    named = {comparison.id: comparison for comparison in expand(study, arms=arms.rows)}
    failed = {v.claim_id: v for v in judge(study, _as_failed(tables, lost), alpha=alpha, extras=False)}
    planned: dict[str, set[int]] = {}
    for arm, seed, _ in _runs(tables):
        planned.setdefault(arm, set()).add(seed)
    completed = []
    for verdict in verdicts:
        comparison = named[verdict.claim_id]
        sides = {
            arms.by_key[arm_key(side, tuple(tables.factors))]
            for cell in comparison.cells
            for side in comparison.arms(cell)
        }
        shared = set.intersection(*(planned.get(arm, set()) for arm in sides))
        gone = {
            (arm, int(seed)): word
            for arm in sorted(sides & lost.keys())
            for seed, word in lost[arm].items()
            if int(seed) in (shared if comparison.claim.by_seeds else planned[arm])
        }
        if not gone:
            completed.append(verdict)
            continue
        told = _as_judged(failed[verdict.claim_id]) or _at_worst(verdict, comparison, arms, gone) or _NOTHING
        completed.append(
            _with(
                _asked_for(verdict, {seed for (_, seed), word in gone.items() if word == LOST}),
                comparison,
                told,
                list(gone.values()),
            )
        )
    return completed


def _as_failed(tables: StudyTables, lost: Mapping[str, Mapping[str, str]]) -> StudyTables:
    at = {(arm, int(seed)) for arm, seeds in lost.items() for seed in seeds}
    seeds = tables.seeds.copy()
    seeds["outcome"] = [Outcome.CRASHED.value if (arm, seed) in at else outcome for arm, seed, outcome in _runs(tables)]
    return dataclasses.replace(tables, seeds=seeds)


def _runs(tables: StudyTables) -> Iterator[tuple[str, int, str]]:
    """Return arm, seed and outcome of every run that is planned."""
    seeds = tables.seeds
    return zip(seeds["arm_id"].astype(str), seeds["seed"].astype(int), seeds["outcome"].astype(str), strict=True)


def _asked_for(verdict: Verdict, gone: Collection[int]) -> Verdict:
    """Return a verdict whose advice asks for no pair of which a run is lost: it was made."""
    advice = verdict.advice
    if advice is None or advice.code != "run_the_rest":
        return verdict
    left = advice["n"] - len(gone)
    return dataclasses.replace(
        verdict, advice=because("run_the_rest", n=left, planned=advice["planned"]) if left > 0 else None
    )


def _with(verdict: Verdict, comparison: Comparison, if_failed: Mapping[str, Any], words: Sequence[str]) -> Verdict:
    told = {**if_failed, "n": len(words), "declared": UNFINISHED not in words}
    verdict = dataclasses.replace(verdict, details={**verdict.details, "lost": told})
    if not told["declared"]:
        verdict = dataclasses.replace(verdict, sizes=also_if_failed(verdict, comparison, told))
    if told["declared"] or not verdict.decided or told["outcome"] == verdict.outcome:
        return verdict
    gate = GateResult(UNFINISHED, False, because("unfinished", n=words.count(UNFINISHED)))
    return dataclasses.replace(
        verdict,
        outcome="inconclusive",
        label="",
        gates=(*verdict.gates, gate),
        reason=because("gate_failed", gates=(gate.reason,), outcome=verdict.outcome),
        advice=because("say_what_was_lost"),
        detectable=None,
        sizes=None,
    )


_NOTHING = {"effect": None, "low": None, "high": None, "outcome": "not_tested"}


def _as_judged(failed: Verdict) -> dict[str, Any] | None:
    """Return what was judged of runs that count as failed; None where nothing was."""
    if failed.effect is None:
        return None
    ends = (failed.effect, failed.interval_low, failed.interval_high)
    return dict(zip(("effect", "low", "high"), map(_finite, ends), strict=True)) | {"outcome": failed.ungated}


def _at_worst(
    verdict: Verdict, comparison: Comparison, arms: Arms, gone: Collection[tuple[str, int]]
) -> dict[str, Any] | None:
    """Return what follows if the runs that are `gone` count as the worst of the comparison; None where nothing does.

    That is for claims about a mean of which it is known which way their metric is better.
    """
    claim, tables = comparison.claim, arms.tables
    ended = endpoint(tables, claim.metric)
    better = ended.declared.better
    if not claim.imputes or claim.speaks_of != "all" or better is None or arms.study.any_time is not None:
        return None
    sides = sides_of(comparison, arms.column, arms.factors, metrics_in(tables))
    values = sides.values(ended)
    measured = ~ended.filled[:, sides.columns] | ended.capped[:, sides.columns]
    observed = values[ended.ran[:, sides.columns] & measured & np.isfinite(values)]
    if not observed.size:
        return None
    ids = np.array(ended.arm_ids)[sides.columns]
    missing = np.array([[[(arm, seed) in gone for arm in cell] for cell in ids.tolist()] for seed in ended.seeds])
    filled = np.where(missing, observed.min() if better == "higher" else observed.max(), values)
    gaps = sides.contrast(filled).mean(axis=1)
    gaps = gaps[np.isfinite(gaps)]
    if not gaps.size:
        return None
    low, high = mean_interval(gaps, level=verdict.interval_level)
    said = {"effect": float(gaps.mean()), "low": _finite(low), "high": _finite(high), "worst": True}
    return said | {"outcome": by_interval(low, high, claim.region)}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
