"""What a judged study prints: a line per verdict, what a sweep without claims shows, what could have been shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ablate.app.console import say, say_ruling, say_words, warn
from ablate.work.shown import as_read

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict
    from ablate.work.judging import Judgement


def say_verdicts(judgement: Judgement) -> None:
    """Print one line per verdict, those over added seeds under those of the plan; and warn of copies.

    Where nothing was predicted it is said what these runs could have shown, and how many more would decide.
    """
    from ablate.claims.kinds import KINDS
    from ablate.words.failing import failure_of
    from ablate.words.reasons import said
    from ablate.words.sizes import too_few

    judgement = as_read(judgement)
    if (failed := failure_of(judgement.tables)) and not any(verdict.decided for verdict in judgement.verdicts):
        say_words(f"no verdict. {failed}")
        return
    for verdict in judgement.verdicts:
        _say_verdict(verdict)
    if not judgement.verdicts:
        _say_effects(judgement)
    if judgement.extended:
        say("\nwith the seeds added after results were seen (this adds to the above and does not replace it):")
    for verdict in judgement.extended:
        _say_verdict(verdict)
    for advice in dict.fromkeys(said(v.advice) for v in judgement.verdicts if v.reason.code == "without_value"):
        say_words(advice, indent=4)
    claimed = [verdict for verdict in judgement.verdicts if not KINDS[verdict.kind].exploratory]
    for text in dict.fromkeys(too_few(v) for v in claimed if v.too_few):
        say_words(text, indent=4)
    _say_floor([verdict for verdict in judgement.verdicts if KINDS[verdict.kind].exploratory])
    for note in judgement.tables.study["doubts"]:
        warn(said(note))


def _say_effects(judgement: Judgement) -> None:
    """Say what each level changed in runs of which nothing was claimed, as the first screen of their report does."""
    from ablate.report.ablation import claimed_metrics, described
    from ablate.report.sweep import effects_of, sweep_view

    tables = judgement.tables
    view = None
    if metrics := claimed_metrics(tables, ()):
        view = sweep_view(tables, metrics[0], effects_of(tables, metrics[0]), described(tables, metrics[0]))
    if view is None:
        say("no claims in this study: the report compares every arm with the baseline")
        return
    say("no claims in this study: nobody said beforehand which difference matters")
    for answer in view.answers:
        say(f"{answer.glyph} {answer.says}: {answer.metric.text} {answer.number.text} ({answer.outcome.text})")
    for note in view.notes:
        say(f"  {note.text}")


def _say_floor(verdicts: Sequence[Verdict]) -> None:
    """Say how fine runs could have told arms apart of which nobody predicted anything, and how many would decide."""
    from ablate.words.amounts import amount
    from ablate.words.reasons import said
    from ablate.words.sizes import too_few

    few = [v for v in verdicts if (v.so_far or v.reason.code == "few_runs_so_far") and v.advice]
    if few:
        say()
    for v in few:
        say(f"{v.claim_id}: {said(v.advice)}")
    for text in dict.fromkeys(too_few(v) for v in verdicts if v.too_few):
        say(f"noise floor:      none yet. {text}")
    alike = [v for v in verdicts if v.detectable and v.metric == verdicts[0].metric]  # other metrics have other units
    alike = [v for v in alike if math.isfinite(v.detectable or 0.0)]
    if alike:
        floor = amount(float(f"{max(v.detectable or 0.0 for v in alike):.2g}"), alike[0].unit)
        say(f"noise floor:      true differences of {floor} would have been shown in 4 of 5 such sets of runs")


def _say_verdict(verdict: Verdict) -> None:
    from ablate.report.level_texts import short_lists
    from ablate.words.rulings import ruling_of
    from ablate.words.sentence import sentence_of, why_of
    from ablate.words.sizes import for_which_delta
    from ablate.words.twoparts import two_parts

    sentence, why = short_lists(sentence_of(verdict, brief=True)), why_of(verdict)
    say_ruling(ruling_of(verdict), sentence)
    if (verdict.gates_failed or (verdict.parts is not None and not verdict.decided)) and why not in sentence:
        say_words(short_lists(why), indent=4)  # of a decided one it says where the interval of the sentence lies
    if verdict.parts is not None:
        say_words(short_lists(two_parts(verdict, beside=True)), indent=4)
    sizes = for_which_delta(verdict)
    if verdict.sizes is not None and not verdict.sizes.more and sizes not in sentence:
        say_words(sizes, indent=4)
