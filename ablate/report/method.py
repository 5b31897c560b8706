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
    "A seed fixes everything that is random in a run: the training subset, the initial weights, the order of "
    "the minibatches and every other draw. Runs with the same seed therefore differ only in the component, and "
    "are compared as pairs."
)
_DESIGN_BY_STREAMS = msg(
    "A seed fixes everything that is random in a run. Runs with the same seed therefore differ only in the "
    "component, and are compared as pairs."
)
_DESIGN_BY_WORD = msg(
    "Runs with the same seed are compared as pairs. Only those who made the runs know what a seed fixes, and "
    "whether the arms of a seed share their random draws."
)
_ERROR_BARS = msg(
    "Bars in the ablation table and the figures are 95 % t intervals over seeds, for each arm on its own. The "
    "band on learning curves holds at each step on its own, not for the whole curve. Verdicts and differences "
    "to the baseline compare runs with the same seed: their intervals hold the values that the sign-flip test "
    "does not rule out. Those of differences to the baseline hold for all arms together. Standard deviations "
    "and standard errors are not drawn."
)
_ERROR_BARS_ANY_TIME = msg(
    "Bars in the ablation table and the figures are 95 % t intervals over seeds, for each arm on its own. The "
    "band on learning curves holds at each step on its own, not for the whole curve. Differences to the "
    "baseline compare runs with the same seed: their intervals hold the values that the sign-flip test does not "
    "rule out, for all arms together. Intervals of verdicts hold however often the runs are looked at "
    "(confidence sequences). Standard deviations and standard errors are not drawn."
)
_FAILURES = msg(
    "No run is left out. What a failed run counts as: its accuracy as the rate of always answering the most "
    "frequent class, its error as one minus that rate, its steps to the target as the full budget. For its loss "
    "no value would be fair: where a run failed, the mean loss of the others is not shown, and no claim on it "
    "is tested. A missing run has no value; its pair is left out and counted."
)
_FAILURES_TOLD = msg(
    "No recorded run is left out. What a failed run counts as, if the numbers are known: its accuracy as the "
    "rate of always answering the most frequent class, its error as one minus that rate, its steps to the "
    "target as the full budget. Otherwise it has no value, and no claim that needs it is tested. A missing run "
    "has no value; its pair is left out and counted."
)
_TEST = msg(
    "Sign-flip test against δ, two-sided. If the true difference were δ, each pair would be as likely to lie "
    "above δ as below it, by the same amount. So the signs are flipped in every possible way, and p is the "
    "share of the ways whose mean is at least as far from δ as the observed one. With many pairs a fixed number "
    "of random ways stands for all."
)
_TEST_ANY_TIME = msg(
    "A test that may be looked at after every seed. It bets on whether the next pair lies above or below δ (for "
    "shares: on scores). If the true difference were δ, such bets would gain nothing on average, and the chance "
    "that they ever multiply their stake by 1/α is at most α, however often the runs are looked at (Ville's "
    "inequality). p is 2 divided by the largest gain so far. A bet never asks for more than decides a claim, so "
    "p is seldom far below the level that did. Where a few differences lie far out, a rule keeps the gains "
    "small; it is tried on simulated data and has no proof."
)
_JOINT = msg(
    "This promise is about verdicts, not about single intervals: those of claims that are decided late have a "
    "milder level. Where the cells of one claim are compared (tables, forests and maps), a second interval "
    "stands beside each. These hold for all cells together: they are wide enough for the largest deviation "
    "among the cells (max-T, which uses how the cells vary together; Bonferroni where an effect is not a mean "
    "over seeds). They decide nothing."
)
_VERDICT = msg(
    "supported: the whole interval lies above δ · refuted: it lies below δ, and the word beside it says what is "
    "shown instead (reversed: below −δ; harmful: below 0; negligible: within ±δ; smaller than δ: no more than "
    "that) · inconclusive: δ lies inside it · not tested: too few pairs, runs without a value, or runs that say "
    "nothing about the claim. δ is the smallest effect that matters, as the study file gives it."
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
            "The more claims, the more chances to be wrong: Holm's correction for {claims}, tested or not, "
            "keeps the chance of even one wrong verdict at 5 %. The intervals of verdicts have the level that "
            "goes with it ({spread}).",
            claims=counted(verdicts[0].family, "claim"),
            spread=spread,
        )
        notes += [
            (tr("Test"), tr(_TEST if study.any_time is None else _TEST_ANY_TIME)),
            (tr("Many claims"), f"{holm} {tr(_JOINT)}" if any(v.joint for v in verdicts) else holm),
            (tr("Verdict"), tr(_VERDICT)),
        ]
    return [(term, " ".join(text.split())) for term, text in notes]
