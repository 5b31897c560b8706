"""A verdict: the numbers a claim was judged by, and codes for what they say; `ablate.words` makes sentences of both."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from ablate.claims.estimate import Scale
from ablate.claims.parts import Population
from ablate.claims.reason import Reason
from ablate.claims.twoparts import TwoParts
from ablate.judge.jointly import Joint
from ablate.judge.sensitivity import Sensitivity
from ablate.stats.mean import Method
from ablate.stats.signflip import least_pairs
from ablate.train.metric import Better, Metric

Ruling = Literal["supported", "refuted", "inconclusive", "not_tested"]
STUDENT = "Student's t"
"""The method of an interval that decides nothing."""


@dataclass(frozen=True)
class GateResult:
    """Whether a gate is passed, and what was found."""

    kind: str
    passed: bool
    reason: Reason


@dataclass(frozen=True)
class Sizes:
    """For which δ runs would decide, whatever δ the verdict itself has: at the level of its interval.

    Of comparisons that share one δ at the level at which all intervals hold together: bounds, whatever the others show.

    Attributes
    ----------
    better, worse
        It is shown that the arm is better (worse) by more than δ for every δ below this; None where for no δ.
    not_better, not_worse
        It is shown that it is not better (not worse) by more than δ for every δ above this; infinite where for no δ.
    more
        Seeds that are missing before any δ can be decided; where there are some, the rest says that none is.
    """

    better: float | None = None
    worse: float | None = None
    not_better: float = math.inf
    not_worse: float = math.inf
    more: int = 0

    @classmethod
    def of(cls, low: float, high: float) -> Sizes:
        """Return what an interval of differences, oriented as the claim predicts, decides."""
        return cls(low if low > 0.0 else None, -high if high < 0.0 else None, max(high, 0.0), max(-low, 0.0))

    @property
    def within(self) -> float:
        """It is shown that the two differ by less than δ, either way, for every δ above this."""
        return max(self.not_better, self.not_worse)


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
    method
        How the interval is made. Student's t where so few pairs can decide nothing at this level: it says how far the
        runs have come, and no outcome rests on it (see `so_far`).
    filled, fill
        ``{"arm": (k, n), "against": (k, n)}``: k of the n runs used on a side failed and count as `fill` says.
    d_z, better_share
        Effect in standard deviations of the difference; share of pairs the claim is right in, ties half.
    arm_text, against_text, where_text
        The two sides, and the cells, as on the command line.
    differences, per_cell
        Seed -> oriented difference; cell -> mean oriented difference.
    reason, advice
        Why it was ruled on so, and what to do; None where there is nothing to do.
    kind, scale, terms
        Kind of the claim; the unit of the effect (`difference` in the metric's unit, `log ratio`, `slope`,
        `decades`, `share`); what the claim states beside that, as numbers and names.
    region_low, region_high
        The effects the claim is right about: supported if the interval lies inside, refuted if outside.
    gates, ungated
        Every gate that was looked at; the outcome the interval alone would have led to.
    detectable
        Smallest distance of the true effect from the region's end that this many seeds at this spread find with 80 %
        power at this level. Infinite where so few find none, however large; None where the effect is not a mean, or
        something else than the interval keeps the claim from being decided.
    bounds
        The effect with failed and missing runs at the worst and at the best value seen; None where all runs have their
        own value.
    scope
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
    stop
        In a study that may stop at any time: why its runs ended after so many seeds, or that they go on; else None.
    population
        Which runs the effect is of: `all`, failed ones too, or those that `trained`: then `pairs` are those in which
        every run did.
    parts
        What the effect is made of where some run did not train: the share of each side, the effect among the pairs that
        train, and the mean over all runs with its bound. None where every run trained, or the kind has no two parts.
    post_hoc
        The claim, or what it is judged by, was changed after it was registered.
    unit
        Of the metric, as declared: `fraction`, `percent`, another word, or empty.
    joint
        Of a claim with cells of its own (`each`): an interval that holds together with those of the other cells, for
        figures that compare them. It decides nothing. None for other claims.
    sizes
        For which δ the runs would decide: of a claim that is not decided, and of a comparison without a δ. None of
        other verdicts, of effects that are not differences, and where more than the interval stands in the way.
    called
        What `labels` of the study calls the metric, in a verdict that is read; empty in one that is kept.
    meaning
        The metric as it is declared: which way is better, and its bounds. Not kept: `verdicts.json` has the unit.
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
    method: Method
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
    fill: Reason | None
    d_z: float | None
    better_share: float | None
    arm_text: str
    against_text: str
    where_text: str
    reason: Reason
    advice: Reason | None = None
    differences: dict[int, float] = field(default_factory=dict)
    per_cell: dict[str, float] = field(default_factory=dict)
    kind: str = "effect"
    scale: Scale = "difference"
    terms: dict[str, Any] = field(default_factory=dict)
    region_low: float = -math.inf
    region_high: float = math.inf
    gates: tuple[GateResult, ...] = ()
    ungated: Ruling | None = None
    detectable: float | None = None
    bounds: tuple[float, float] | None = None
    scope: Reason | None = None
    sensitivity: tuple[Sensitivity, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    look: tuple[int, int, int, float] | None = None
    post_hoc: bool = False
    unit: str = ""
    silent: tuple[int, int] | None = None
    stop: Reason | None = None
    joint: Joint | None = None
    population: Population = "all"
    parts: TwoParts | None = None
    sizes: Sizes | None = None
    called: str = field(default="", metadata={"kept": False})
    meaning: Metric = field(default=Metric(""), metadata={"kept": False}, compare=False)

    @property
    def metric_name(self) -> str:
        """The metric as a reader meets it: its label, where it has one."""
        return self.called or self.metric

    @property
    def gates_failed(self) -> tuple[GateResult, ...]:
        """The gates that force `inconclusive`."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def flips(self) -> tuple[Sensitivity, ...]:
        """The other choices that would have changed the outcome of the interval."""
        return tuple(row for row in self.sensitivity if row.flips)

    @property
    def so_far(self) -> bool:
        """Whether the interval only says how far the runs have come: so few pairs can decide nothing."""
        return self.method.name == STUDENT

    @property
    def too_few(self) -> bool:
        """Whether there are so few pairs, or runs, that nothing can be decided, whatever δ is."""
        return self.so_far or (self.sizes is not None and self.sizes.more > 0)

    @property
    def pairs_needed(self) -> int:
        """The fewest pairs with which a test by sign flips can decide anything at the level of the interval."""
        return least_pairs(self.interval_level)

    @property
    def decided(self) -> bool:
        """Whether the claim is supported or refuted."""
        return self.outcome in ("supported", "refuted")

    @property
    def source_id(self) -> str:
        """The claim's id in the study file, without the levels of `each`."""
        return self.claim_id.split("[", 1)[0]
