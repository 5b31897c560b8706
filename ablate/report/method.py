"""How the numbers were made: the notes a sceptic looks for, in the words of this study."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.judge.verdict import Verdict
from ablate.lang import counted, msg, tr
from ablate.report.fair import fairness_note
from ablate.report.vouched import vouched
from ablate.report.wording import seeds_text
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.vouched import Fact
from ablate.words.amounts import percent

_DESIGN = msg(
    "A seed fixes the training subset, the initial weights, the order of the minibatches and every "
    "other draw through separate named random streams, so the arms are paired by seed: they differ "
    "in the component and in nothing else that is random."
)
_DESIGN_BY_STREAMS = msg(
    "Every random draw of a run comes from separate named random streams of its seed, so the arms are "
    "paired by seed: they differ in the component and in nothing else that is random."
)
_DESIGN_BY_WORD = msg(
    "Runs with the same seed are compared as pairs. Only those who made the runs know what a seed fixes, and "
    "whether the arms of a seed share their random draws."
)
_ERROR_BARS = msg(
    "In the ablation table and the figures: 95 % t intervals over seeds, of one arm on its own. On "
    "learning curves the band is pointwise. Verdicts and differences to the baseline use paired "
    "differences; their intervals come from inverting the sign-flip test; those to the baseline hold together. No "
    "standard deviation or standard error is drawn."
)
_ERROR_BARS_ANY_TIME = msg(
    "In the ablation table and the figures: 95 % t intervals over seeds, of one arm on its own. On "
    "learning curves the band is pointwise. Differences to the baseline use paired differences; their intervals come "
    "from inverting the sign-flip test and hold together. Intervals of verdicts are confidence sequences. No standard "
    "deviation or standard error is drawn."
)
_FAILURES = msg(
    "No run is left out. A failed run counts as follows: its accuracy as the rate of always answering the most "
    "frequent class, its error as one minus that rate, its steps to the target as the full budget. Its loss has "
    "no fair value: where a run failed, no mean loss of the others is shown and no claim on it is tested. A "
    "missing run has no value; its pair is left out and counted."
)
_FAILURES_TOLD = msg(
    "No recorded run is left out. A failed run counts as follows, if the numbers are known: its accuracy as the "
    "rate of always answering the most frequent class, its error as one minus that rate, its steps to the target "
    "as the full budget. Otherwise it has no value, and no claim that needs it is tested. A missing run has no "
    "value; its pair is left out and counted."
)
_TEST = msg(
    "Sign-flip test of the paired differences against δ, two-sided: under the null a difference from "
    "δ is as likely to have either sign. All sign patterns are counted where there are few pairs, "
    "else a fixed number of random ones."
)
_TEST_ANY_TIME = msg(
    "Bets on the signs of the paired differences from δ, and on scores for shares. Under the null a difference "
    "is as likely to have either sign, so the chance that a bettor's wealth ever reaches 1/α is at most α, "
    "however often the runs are looked at (Ville's inequality). p is 2 over the largest wealth so far. A bet "
    "never asks for more wealth than decides a claim, so p is seldom far below the level that did. Where the "
    "differences have a tail, a rule keeps the wealth down; it is tried on simulated data and has no proof."
)
_JOINT = msg(
    "That is a promise about verdicts, not about intervals: those of claims that are decided late have a mild level. "
    "Where the cells of one claim are compared (tables, forests and maps), intervals that hold together stand beside "
    "them: each is made in the same way, at the level at which the largest deviation among all cells stays within them "
    "(max-T, with the correlation between the paired differences; Bonferroni where an effect is not a mean over "
    "seeds). They decide nothing."
)
_VERDICT = msg(
    "supported: the interval lies above δ · refuted: it lies below δ (reversed: below −δ; harmful: below 0; "
    "negligible: within ±δ; smaller than δ: no more is shown) · inconclusive: it contains δ · not tested: too "
    "few pairs, runs without a value, or runs that say nothing about the claim. δ, the smallest effect of "
    "interest, is in the study file."
)


def _design(tables: StudyTables) -> str:
    """Return the sentence on pairing that the Programs of all arms vouch for."""
    if not vouched(tables, Fact.STREAMS):
        return _DESIGN_BY_WORD
    return _DESIGN if vouched(tables, Fact.NETWORK) else _DESIGN_BY_STREAMS


def method_notes(study: Study, tables: StudyTables, verdicts: Sequence[Verdict]) -> list[tuple[str, str]]:
    """Return (term, explanation) pairs: pairing, fairness, error bars, failures, test, Holm, the verdict rule."""
    size = f"{counted(len(tables.planned), 'arm')} × {seeds_text(tables)}" + tr(".")
    notes = [
        (tr("Design"), f"{size} {tr(_design(tables))}"),
        (tr("Fairness"), fairness_note(study, tables)),
        (tr("Error bars"), tr(_ERROR_BARS if study.any_time is None else _ERROR_BARS_ANY_TIME)),
        (tr("Failures"), tr(_FAILURES if vouched(tables, Fact.ENDINGS) else _FAILURES_TOLD)),
    ]
    if verdicts:
        levels = sorted({v.interval_level for v in verdicts})
        spread = (
            percent(levels[0])
            if levels[0] == levels[-1]
            else tr("{low} to {high}", low=percent(levels[0]), high=percent(levels[-1]))
        )
        holm = tr(
            "Holm over all {claims} of the study, tested or not, keeps the chance of even one wrong verdict "
            "at 5 %. The verdict intervals have the matching level ({spread}).",
            claims=counted(verdicts[0].family, "claim"),
            spread=spread,
        )
        notes += [
            (tr("Test"), tr(_TEST if study.any_time is None else _TEST_ANY_TIME)),
            (tr("Many claims"), f"{holm} {tr(_JOINT)}" if any(v.joint for v in verdicts) else holm),
            (tr("Verdict"), tr(_VERDICT)),
        ]
    return [(term, " ".join(text.split())) for term, text in notes]
