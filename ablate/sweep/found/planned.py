"""What a sweep is judged by that claims nothing: the comparisons that `ablate judge` makes, known before any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablate.claims.kinds.difference import DifferenceClaim
from ablate.claims.parts import Level, Levels
from ablate.errors import UserError, unknown
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.baseline import level_meant
from ablate.sweep.found.compared import claim_of, contrasts, too_many
from ablate.sweep.found.rows import key_of
from ablate.sweep.metrics import Metrics
from ablate.sweep.own_keys import full_key, short_key
from ablate.sweep.study import FAIRNESS, Study


@dataclass(frozen=True)
class Compared:
    """The comparisons of a sweep, and why there are none (empty where there are, or where nothing varies)."""

    claims: tuple[DifferenceClaim, ...]
    why_none: str = ""


def baseline_said(study: Study, said: Mapping[str, str]) -> Levels:
    """Return the baseline of a sweep, its level of every factor, with those that `--baseline FACTOR=LEVEL` names.

    Raises
    ------
    UserError
        A factor or a level is said that the sweep does not have.
    """
    base = study.base_levels()
    for name, text in said.items():
        key = full_key(name)
        if key not in study.factors:
            raise unknown("--baseline", name, [short_key(factor) for factor in study.factors])
        base[key] = level_meant(f"--baseline {name}", text, study.factors[key])
    return base


def comparisons(
    study: Study, arms: Sequence[Mapping[str, Level]], seeds: Sequence[int], metrics: Metrics, asked: Asked
) -> Compared:
    """Return every level against the baseline's, one factor at a time, at matched values of the others.

    On the main metric, the first that is declared. What tuning adds (`fairness`) is not a factor of the sweep.

    Raises
    ------
    UserError
        A smallest difference is asked for, and there is nothing to compare.
    """
    found = _comparisons(study, arms, seeds, metrics, asked)
    if asked.by_at_least is not None and not found.claims:
        raise UserError(f"--by-at-least: {found.why_none or 'nothing varies, so that there is nothing to compare'}")
    return found


def _comparisons(
    study: Study, arms: Sequence[Mapping[str, Level]], seeds: Sequence[int], metrics: Metrics, asked: Asked
) -> Compared:
    factors = {name: levels for name, levels in study.factors.items() if name != FAIRNESS}
    if all(len(levels) < 2 for levels in factors.values()):
        return Compared(())
    if not metrics.names:
        return Compared((), "no metric is declared: say which with --metric NAME:higher or NAME:lower")
    main = metrics.names[0]
    metric = metrics.of(main)
    if metric.better is None:
        said = f"--metric {main}:higher or --metric {main}:lower"
        return Compared((), f"which way is {main} better? Its name does not tell: say {said}")
    there = {key_of({name: arm[name] for name in factors}): set(seeds) for arm in arms}
    found = contrasts(there, factors, study.base_levels(), unpaired=False)
    if many := too_many(found):
        return Compared((), f"{many}; a study file claims those that matter")
    names, taken = study.names(), set[str]()
    delta = None if metric.counts_to_target else asked.by_at_least
    claims = (claim_of(one, main, names, taken, delta, called=short_key) for one in found)
    return Compared(tuple(DifferenceClaim.model_validate(claim) for claim in claims))
