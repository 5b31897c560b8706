"""What a sweep is judged by that claims nothing: the comparisons that `ablate judge` makes, known before any run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.claims.kinds.difference import DifferenceClaim
from ablate.claims.parts import Level, Levels
from ablate.errors import UserError
from ablate.sweep.found.asked import Asked
from ablate.sweep.found.baseline import by_factor, level_meant
from ablate.sweep.found.compared import claim_of, contrasts, too_many
from ablate.sweep.found.rows import level_cell_key
from ablate.sweep.metrics import Metrics
from ablate.sweep.own_keys import short_key
from ablate.sweep.study import FAIRNESS, Study
from ablate.train.outcome import failures_said


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
    short = list(map(short_key, study.factors))
    keys = {name if short.count(name) == 1 else key: key for key, name in zip(study.factors, short, strict=True)}
    texts = by_factor(said, list(keys), keys)
    levels = {
        keys[name]: level_meant(f"--baseline {name}", text, study.factors[keys[name]]) for name, text in texts.items()
    }
    return {**study.base_levels(), **levels}


def as_said(study: Study, asked: Asked | None) -> Study:
    """Return a sweep with the baseline and the lost outcomes that its command line says; see `baseline_said`."""
    said: dict[str, Any] = {}
    if asked is not None and asked.baseline:
        said["baseline"] = baseline_said(study, asked.baseline)
    if asked is not None and asked.lost:
        said["lost"] = failures_said("--lost", asked.lost)
    return study.model_copy(update=said) if said else study


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
    result = _comparisons(study, arms, seeds, metrics, asked)
    if asked.by_at_least is not None and not result.claims:
        raise UserError(f"--by-at-least: {result.why_none or 'nothing varies, so that there is nothing to compare'}")
    return result


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
    there = {level_cell_key({name: arm[name] for name in factors}): set(seeds) for arm in arms}
    level_pairs = contrasts(there, factors, study.base_levels(), unpaired=False)
    if many := too_many(level_pairs):
        return Compared((), f"{many}; a study file claims those that matter")
    names, taken = study.names(), set[str]()
    delta = None if metric.counts_to_target else asked.by_at_least
    claims = (claim_of(one, main, names, taken, delta, called=short_key) for one in level_pairs)
    return Compared(tuple(DifferenceClaim.model_validate(claim) for claim in claims))
