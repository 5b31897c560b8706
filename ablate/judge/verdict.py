"""A verdict: the numbers a claim was judged by, and the sentence that says so."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

from ablate.judge.gates import GateResult
from ablate.judge.sensitivity import Sensitivity
from ablate.lang import msg, tr
from ablate.train.metric import Better
from ablate.words.amounts import amounts, decades_text, difference_unit

Ruling = Literal["supported", "refuted", "inconclusive", "not_tested"]
RULINGS = {"supported": msg("supported"), "refuted": msg("refuted"), "inconclusive": msg("inconclusive"),
           "not_tested": msg("not tested")}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What the runs of a study say of one claim.

    Attributes
    ----------
    claim_id, says, metric
        Of the claim; the id with the levels of `each`: ``bn-faster[init.std=0.1]``.
    outcome
        `supported`, `refuted`, `inconclusive` or `not_tested`.
    label
        Of a refuted claim: `reversed` (the interval lies below -δ), `harmful` (below 0), `negligible` (within ±δ) or
        `too small` (below δ, and no more is shown). Else empty.
    effect, interval_low, interval_high
        Mean difference per pair, in the metric's unit, oriented so that the claim predicts more than 0, and the
        interval at `interval_level` (the claim's own step of Holm's procedure). None without a pair.
    delta, predicts
        The smallest effect of interest, and the direction that was turned to be positive.
    p, p_adjusted, p_zero
        Two-sided sign-flip p of "the effect is δ", the same after Holm over all claims of the study, and the
        unadjusted p of "the effect is 0". None where nothing was tested.
    family
        Claims in the study, tested or not: what Holm corrects for.
    pairs, planned_pairs, seeds
        Pairs used, pairs planned, and the seeds used.
    filled
        ``{"arm": (k, n), "against": (k, n)}``: k of the n runs used on a side failed and count as `fill_rule`.
    d_z, better_share
        Effect in standard deviations of the difference; share of pairs the claim is right in, ties half.
    arm_text, against_text, where_text
        The two sides, and the cells, as on the command line.
    differences, per_cell
        Seed -> oriented difference; cell -> mean oriented difference.
    why, next_step
        One sentence each; `next_step` is empty where there is nothing to do.
    kind, scale, statement
        Kind of the claim; the unit of the effect (`difference` in the metric's unit, `log ratio`, `slope`,
        `decades`, `share`); what is claimed, in words.
    region_low, region_high
        The effects the claim is right about: supported if the interval lies inside, refuted if outside.
    gates, ungated
        Every gate that was looked at; the outcome the interval alone would have led to.
    detectable
        Smallest distance of the true effect from the region's end that this many seeds at this spread find with 80 %
        power at this level. None where the effect is no mean.
    bounds
        The effect with failed and missing runs at the worst and at the best value seen; None where all runs have their
        own value.
    speaks_of
        What the effect is an effect of, where that needs saying: failures not seen are not excluded.
    sensitivity
        Other choices and what they would have led to.
    details
        Numbers that stand beside: counts, rates, k(n).
    silent
        ``(n, of)``: n of the pairs say nothing about speed, because neither side reached the target; they count as
        equally fast, and the verdict stands without them. None where there are none.
    look
        ``(number, of, seeds, level)`` where the study has looks; else None.
    post_hoc
        The claim, or what it is judged by, was changed after it was registered.
    unit
        Of the metric, as declared: `fraction`, `percent`, another word, or empty.
    """

    claim_id: str
    says: str
    metric: str
    outcome: Ruling
    label: str
    effect: float | None
    interval_low: float | None
    interval_high: float | None
    interval_level: float
    interval_method: str
    delta: float
    predicts: Better
    p: float | None
    p_adjusted: float | None
    p_zero: float | None
    family: int
    pairs: int
    planned_pairs: int
    seeds: tuple[int, ...]
    filled: dict[str, tuple[int, int]]
    fill_rule: str
    d_z: float | None
    better_share: float | None
    arm_text: str
    against_text: str
    where_text: str
    why: str
    next_step: str = ""
    differences: dict[int, float] = field(default_factory=dict)
    per_cell: dict[str, float] = field(default_factory=dict)
    kind: str = "effect"
    scale: str = "difference"
    statement: str = ""
    region_low: float = -math.inf
    region_high: float = math.inf
    gates: tuple[GateResult, ...] = ()
    ungated: Ruling | None = None
    detectable: float | None = None
    bounds: tuple[float, float] | None = None
    speaks_of: str = ""
    sensitivity: tuple[Sensitivity, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    look: tuple[int, int, int, float] | None = None
    post_hoc: bool = False
    unit: str = ""
    silent: tuple[int, int] | None = None

    @property
    def gates_failed(self) -> tuple[GateResult, ...]:
        """The gates that force `inconclusive`."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def flips(self) -> tuple[Sensitivity, ...]:
        """The other choices that would have changed the outcome of the interval."""
        return tuple(row for row in self.sensitivity if row.flips)

    @property
    def decided(self) -> bool:
        """Whether the claim is supported or refuted."""
        return self.outcome in ("supported", "refuted")

    @property
    def source_id(self) -> str:
        """The claim's id in the study file, without the levels of `each`."""
        return self.claim_id.split("[", 1)[0]

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict JSON-ready: infinities as ``"inf"`` and ``"-inf"``, NaN as None, keys as strings."""
        ready: dict[str, Any] = _json_ready(dataclasses.asdict(self))
        return {**ready, "sentence": self.sentence()}

    def sentence(self) -> str:
        """Return the verdict in one sentence with its numbers, see `words.sentence`."""
        from ablate.words.sentence import sentence_of

        return sentence_of(self)

    def _repr_html_(self) -> str:
        """Show the sentence in a notebook, and why a claim was held back."""
        return f"<p>{escape(' '.join([self.sentence(), *([self.why] if self.gates_failed else [])]))}</p>"


def ruling_word(outcome: str) -> str:
    """Return an outcome as a reader meets it.

    >>> ruling_word("not_tested")
    'not tested'
    """
    return tr(RULINGS[outcome])


def shown(verdict: Verdict, effect: float, low: float, high: float) -> str:
    """Write an effect and its interval in the unit a reader thinks in: ratios, shares, slopes, differences."""
    unit, values = "", (effect, low, high)
    if verdict.scale == "log ratio":
        texts = [f"{math.exp(min(value, 700.0)):.3g}" if value < 700 else "∞" for value in values]
        name = "k = {}" if verdict.kind == "exchange_rate" else tr("ratio = {}")
    elif verdict.scale == "share":
        texts, name = [f"{100 * value:.3g}" for value in values], "{}"
        texts[0] += " %"
    elif verdict.scale == "slope":
        texts = [f"{value:.3g}".replace("-", "−").replace("inf", "∞") for value in values]
        name = tr("slope {}")
    elif verdict.scale == "decades":
        texts, unit, name = [decades_text(value, signed=True) for value in values], tr(" decades"), "{}"
    else:
        texts, unit = amounts(values, verdict.unit, width=high - low), difference_unit(verdict.unit)
        name = tr("difference {}")
    return f"{name.format(texts[0])} [{texts[1]}, {texts[2]}]{unit}"


def percent(level: float) -> str:
    """Write a confidence level: ``95 %``, ``98.3 %``, ``99.84 %``.

    >>> percent(0.95), percent(1 - 0.05 / 3), percent(1 - 0.05 / 32)
    ('95 %', '98.3 %', '99.84 %')
    """
    digits = 3 if level < 0.99 else 4 if level < 0.999 else 6
    return f"{100.0 * level:.{digits}g} %"


def p_text(p: float) -> str:
    """Write a p-value without an exponent.

    >>> p_text(0.0421), p_text(0.000019), p_text(1e-9)
    ('0.042', '0.00002', '< 0.000001')
    """
    if p < 1e-6:
        return "< 0.000001"
    if p >= 0.001:
        return f"{p:.2g}" if p < 0.995 else "1"
    return f"{p:.{-math.floor(math.log10(p))}f}"


def equals(p: float | None) -> str:
    """Write a p-value so that it can follow "p": ``= 0.042``, ``< 0.000001``."""
    text = tr("unknown") if p is None else p_text(p)
    return text if text.startswith("<") else f"= {text}"


def _json_ready(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_ready(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
