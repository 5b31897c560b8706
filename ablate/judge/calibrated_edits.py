"""Calibration of changes judged one after another: false alarms of one, and what a hundred in a row lead to."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.judge.rule import judge
from ablate.judge.simulated import BASE, METRIC, Vector, rate_of, runs_of
from ablate.judge.trials import Counted, Row, Trial, TrialPart
from ablate.stats.mean import mean_p
from ablate.stats.spending import rejects
from ablate.sweep.study import Study

ALPHA, EDITS, TRUE_EVERY = 0.05, 100, 10
FEW = 8
"""Seeds of a single change, as in a test that runs with every commit."""

PART = 10
"""One in so many studies is a sequence: each is as much work as several studies."""

RULES: dict[str, int | None] = {f"{EDITS} edits planned": EDITS, "any number of edits": None}
SMALL = {0.0: "nothing changed", -1.0: "worse by δ"}
_NAIVE = ("5 % at every edit", "the better mean")
_BETTER = np.arange(1, EDITS + 1) % TRUE_EVERY == 0


def edit_part(*, delta: float, sd: float, seeds: int) -> TrialPart:
    """Return the check.

    Parameters
    ----------
    delta, sd, seeds
        The margin, the spread of a run, and the seeds of a sequence of edits.
    """
    single = (
        Trial(f"edits-{name}", functools.partial(_single, shift, delta, sd), functools.partial(_told_of_one, shift))
        for name, shift in (("null", 0.0), ("margin", -1.0))
    )
    row = Trial("edits-in-a-row", functools.partial(_in_a_row, sd, seeds), functools.partial(_told_of_all, seeds), PART)
    note = (
        f"A change is asked whether it is not worse by δ = {100 * delta:g} pp, with {FEW} seeds. A sequence is {EDITS} "
        f"edits against the runs of one base, {seeds} seeds each, kept where better. Power: the share of "
        f"{EDITS // TRUE_EVERY} true improvements among them, by {200 * sd:g} pp each, that is kept. Without a "
        "ledger every edit is judged at 5 %; or what has the better mean is kept."
    )
    return TrialPart("edits", "Changes judged one after another", (*single, row), note)


def _single(shift: float, delta: float, sd: float, rng: np.random.Generator, studies: int) -> Counted:
    study, arms = _study(delta), [{"runs": "base"}, {"runs": "new"}]
    said = []
    for _ in range(studies):
        values = BASE + sd * rng.normal(size=(FEW, 2)) + np.array([0.0, shift * delta])
        said.append(judge(study, runs_of(arms, METRIC, values), alpha=ALPHA, extras=False)[0].outcome)
    return {"said": np.array(said, dtype="U16")}


def _told_of_one(shift: float, outcomes: Counted) -> list[Row]:
    said, studies = outcomes["said"], len(outcomes["said"])
    shares = {name: float((said == name).mean()) for name in ("supported", "refuted", "inconclusive")}
    wrong = said == "refuted" if shift == 0.0 else (said == "refuted") | (said == "supported")
    what = "false alarms" if shift == 0.0 else "passed, or refuted, at the margin itself"
    row = {"data": SMALL[shift], "what": what, "seeds": FEW, **shares}
    return [row | rate_of(int(wrong.sum()), studies, at_most=ALPHA)]


def _study(delta: float) -> Study:
    claim = {"id": "no-worse", "kind": "noninferiority", "says": "it is not worse", "metric": METRIC, "margin": delta,
             "arm": {"runs": "new"}, "against": {"runs": "base"}}  # fmt: skip
    return Study.model_validate(
        {
            "title": "simulated",
            "metrics": {METRIC: {"bounds": [None, None]}},  # normal draws know no [0, 1]
            "factors": {"runs": ["base", "new"]},
            "claims": [claim],
        }
    )


def _in_a_row(sd: float, seeds: int, rng: np.random.Generator, studies: int) -> Counted:
    outcomes: dict[str, list[float]] = {}
    for _ in range(studies):
        p, means = _edits(rng, np.zeros(EDITS), sd=sd, seeds=seeds)
        seen: dict[str, Any] = {
            _NAIVE[0]: ((p <= ALPHA) & (means > 0)).any(),
            _NAIVE[1]: (means > 0).any(),
            **{f"null, {name}": kept(p, means, planned).any() for name, planned in RULES.items()},
        }
        p, means = _edits(rng, np.where(_BETTER, 2.0 * sd, 0.0), sd=sd, seeds=seeds)
        for name, planned in RULES.items():
            stay = kept(p, means, planned)
            seen |= {f"other, {name}": (stay & ~_BETTER).any(), f"power, {name}": (stay & _BETTER).sum()}
        for name, value in seen.items():
            outcomes.setdefault(name, []).append(float(value))
    return {name: np.array(values) for name, values in outcomes.items()}


def _told_of_all(seeds: int, outcomes: Counted) -> list[Row]:
    def row(what: str, data: str, levels: str, hits: NDArray[Any], **limit: float) -> Row:
        of = len(hits) * (int(_BETTER.sum()) if what == "power" else 1)
        return {"data": data, "what": what, "levels": levels, "seeds": seeds, **rate_of(int(hits.sum()), of, **limit)}

    null, mixed, rows = f"{EDITS} null edits", "every tenth is better", list[Row]()
    for name in RULES:
        rows += [
            row("any is kept", null, name, outcomes[f"null, {name}"], at_most=ALPHA),
            row("any other is kept", mixed, name, outcomes[f"other, {name}"], at_most=ALPHA),
            row("power", mixed, name, outcomes[f"power, {name}"]),
        ]
    return [*rows, *(row("any is kept", null, name, outcomes[name]) for name in _NAIVE)]


def _edits(rng: np.random.Generator, gains: Vector, *, sd: float, seeds: int) -> tuple[Vector, Vector]:
    """Return p and mean difference of every edit against the same runs of the base."""
    base = sd * rng.normal(size=seeds)
    differences = gains[:, None] + sd * rng.normal(size=(len(gains), seeds)) - base
    means = differences.mean(axis=1)
    # Only what looks better can be kept: the p of the rest is not needed.
    return np.array([mean_p(d) if mean > 0 else 1.0 for d, mean in zip(differences, means, strict=True)]), means


def kept(p: Vector, means: Vector, planned: int | None) -> NDArray[np.bool_]:
    """Return which edits a ledger keeps, one after the other: those that look better, by the ledger's own rule."""
    decisions: list[bool] = []
    for p_value, mean in zip(p.tolist(), means.tolist(), strict=True):
        decisions.append(mean > 0 and rejects(p_value, decisions, alpha=ALPHA, tests=planned))
    return np.array(decisions, dtype=np.bool_)
