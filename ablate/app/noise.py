"""What `ablate noise` shows: spread, what the planned seeds detect, seeds and time for each claim's δ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ablate.app.console import duration_text, plain_lines
from ablate.errors import UserError
from ablate.lang import counted
from ablate.sweep.own_keys import short_names, with_short_names
from ablate.sweep.plan import Plan

if TYPE_CHECKING:
    from ablate.judge.noise_study import ClaimNoise
    from ablate.track.record import StudyTables


def noise_lines(plan: Plan, tables: StudyTables, *, workers: int) -> list[str]:
    """Return what A/A runs say: spread, what the planned seeds detect, seeds and time for each claim's δ."""
    from ablate.judge.looks import family_size
    from ablate.judge.noise_study import claim_noise
    from ablate.stats.noise import blocks_table
    from ablate.words.amounts import p_text

    study, seeds, arms = plan.study, len(plan.record.seeds), len(plan.jobs)
    if not study.claims:
        raise UserError(f"{plan.record.name} makes no claim: there is no δ to compare with")
    family = family_size(study, arms=plan.design.arms)
    rows = claim_noise(study, tables, seeds=seeds, family=family)
    each = float(tables.seeds["seconds"].mean())
    workers = min(workers, arms)
    lines = ["", *_spreads(tables, rows), ""]
    lines.append(
        f"{counted(seeds, 'seed')} planned, {counted(arms, 'arm')}, α = 0.05 for {counted(family, 'claim')}: "
        f"each is judged at level {p_text(0.05 / family)} at the strictest"
    )
    table: list[tuple[str, ...]] = [("claim", "δ", "detectable beyond δ", "seeds for 2δ", "time for them")]
    names = short_names(study, study.metrics)
    rows_told = [_row(row, each * arms / workers) for row in rows]
    table += [(with_short_names(claim, names), *rest) for claim, *rest in rows_told]
    lines += _columns(table)
    lines.append("detectable: smallest distance of the truth from δ that the planned seeds find with 80 % power;")
    lines.append("seeds for 2δ: to show a true effect of 2δ (0 for an equivalence) with 80 % power; one cell, no looks")
    lines += ["", "blocks (seeds) needed for an effect of d standard deviations of the paired difference, 80 % power:"]
    blocks = blocks_table(claims=tuple(sorted({1, 4, 16, family})))
    table = [tuple(key.replace("d_z", "d").replace("claims=", "claims ") for key in blocks[0])]
    table += [(f"{row['d_z']:g}", *(_count(v) for key, v in row.items() if key != "d_z")) for row in blocks]
    return [*lines, *_columns(table)]


def _spreads(tables: StudyTables, rows: list[ClaimNoise]) -> list[str]:
    from ablate.judge.noise_study import identical_values

    seen: dict[tuple[str, str], ClaimNoise] = {}
    for row in rows:
        if row.floor is not None:
            seen.setdefault((row.claim.metric, row.claim.kind if row.claim.sides > 2 else ""), row)
    table: list[tuple[str, ...]] = [
        ("metric", "mean", "σ of an A/A difference", "95 % interval", "mean A/A difference", "95 % interval")
    ]
    for (metric, kind), row in seen.items():
        floor = row.floor
        assert floor is not None
        mean = float(identical_values(tables, metric).mean())
        low, high, around = _text(floor.mean_low, row), _text(floor.mean_high, row), _text(floor.mean, row)
        table.append((
            f"{metric} ({kind})" if kind else metric, f"{mean:.4g}", _text(floor.sd, row),
            f"{_text(floor.sd_low, row)} to {_text(floor.sd_high, row)}", around, f"{low} to {high}",
        ))  # fmt: skip
    return _columns(table)


def _text(value: float, row: ClaimNoise) -> str:
    from ablate.words.amounts import amount

    if row.claim.scale == "log ratio":
        return f"{value:.3g} log {row.unit or 'ratio'}"
    return amount(float(f"{value:.3g}"), row.unit)


def _row(row: ClaimNoise, seconds_per_seed: float) -> tuple[str, ...]:
    if row.floor is None:
        return (row.claim.id, "–", "–", f"– ({row.claim.kind.replace('_', ' ')}: no mean difference)", "–")
    if row.gap <= 0:
        return (row.claim.id, "0", _text(row.floor.detectable, row), "– (δ = 0)", "–")
    took = row.seeds * seconds_per_seed
    time = duration_text(took) if math.isfinite(took) else "–"
    return (row.claim.id, _text(row.gap, row), _text(row.floor.detectable, row), _count(row.seeds), time)


def _count(seeds: float) -> str:
    return f"{seeds:.0f}" if math.isfinite(seeds) else "> 1000"


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    return plain_lines(rows[0], rows[1:], [False] * len(rows[0]))
