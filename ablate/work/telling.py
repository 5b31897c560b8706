"""What is told of a judged study where its runs are browsed: verdicts as Markdown, tags and numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ablate.lang import speaking
from ablate.track.shown import Shown
from ablate.track.view import ArmsView
from ablate.work.bench import Bench
from ablate.work.judging import Judgement
from ablate.work.shown import as_read

MOST_TOLD = 30
"""Verdicts in a note; MLflow keeps 8,000 letters of it, and the report holds all."""


def show_verdicts(name: str, judgement: Judgement, bench: Bench, *, report: str = "") -> None:
    """Show the verdicts of a tracked study in the pages of its store; warn where that cannot be done.

    `report`: the folder among the artifacts that its report is put into.
    """
    if not judgement.verdicts:
        return
    why = bench.store.show(name, judgement.tables.study["key"], replace(shown_of(judgement), report=report))
    if why is not None:
        bench.warn(why)


def shown_of(judgement: Judgement) -> Shown:
    """Return what is shown of a judgement, in English."""
    from ablate.report.level_texts import short_lists
    from ablate.words.rulings import label_of, ruling_of, ruling_word
    from ablate.words.sentence import sentence_of

    with speaking("en"):
        read = as_read(judgement).verdicts
        words = [ruling_word(ruling_of(v)) + (f" ({label_of(v)})" if label_of(v) else "") for v in read]
        told = ", ".join(f"{n} {word}" for word, n in Counter(ruling_word(ruling_of(v)) for v in read).items())
        lines = [f"- **{v.claim_id}**: {short_lists(sentence_of(v, brief=True))}" for v in read[:MOST_TOLD]]
    if len(read) > MOST_TOLD:
        lines.append(f"- … and {len(read) - MOST_TOLD} more, in the report among the artifacts.")
    names = [v.claim_id for v in judgement.verdicts]
    return Shown(
        f"{told}: {judgement.study.title}",
        "\n".join(lines),
        dict(zip(names, words, strict=True)),
        {v.claim_id: (v.effect, _finite(v.interval_low), _finite(v.interval_high)) for v in judgement.verdicts},
        _view(judgement),
    )


def _view(judgement: Judgement) -> ArmsView:
    from ablate.judge.endpoint import endpoint
    from ablate.report.arms import varying

    tables = judgement.tables
    metrics = dict.fromkeys(v.metric for v in judgement.verdicts if v.metric in tables.metrics)
    return ArmsView(
        factors=varying(tables),
        metrics={name: endpoint(tables, name).declared.better != "lower" for name in metrics},
        curves=[str(name) for name in tables.curves["metric"].unique()],
        outcomes=[str(name) for name in tables.seeds["outcome"].unique() if name != "missing"],
        arms=len(tables.planned),
    )


def _finite(end: float | None) -> float | None:
    return None if end is None or end in (float("inf"), float("-inf")) else end
