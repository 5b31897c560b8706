"""What `ablate diff` shows: two arms of a study side by side."""

from __future__ import annotations

from ablate.app.console import say, say_json, say_table
from ablate.app.judged import say_verdicts
from ablate.app.showing_run import six_digits
from ablate.resources import root_folder
from ablate.work.differing import ArmsDiffer, diff_arms


def show_difference(
    name: str, one: str, other: str, *, metric: str | None, by_at_least: float | None, as_json: bool
) -> None:
    """Print what was set otherwise, what came out, and the verdict."""
    from ablate.sweep.own_keys import short_names
    from ablate.track.target import store_for

    difference = diff_arms(name, one, other, store_for(root_folder()), metric=metric, by_at_least=by_at_least)
    if as_json:
        say_json(_document(difference))
        return
    say(f"{name}: {difference.one} against {difference.other}")
    say()
    names = short_names(difference.judgement.study, difference.judgement.tables.metrics)
    changed = [[names.get(key, key), *texts] for key, texts in difference.settings.items()]
    say_table(["setting", difference.one, difference.other], changed or [["all alike", "", ""]])
    say()
    say_table(
        ["metric", difference.one, difference.other, "difference", "seeds"],
        [
            [row.metric, six_digits(row.one), six_digits(row.other), six_digits(row.difference), row.seeds]
            for row in difference.metrics
        ],
    )
    say()
    first, second = difference.endings
    ended = [[how, first.get(how, 0), second.get(how, 0)] for how in sorted({*first, *second})]
    say_table(["runs ended", difference.one, difference.other], ended)
    say()
    say_verdicts(difference.judgement)
    say("one comparison, chosen after the runs were made; it is not corrected for others")


def _document(difference: ArmsDiffer) -> dict[str, object]:
    from ablate.words.document import document_of

    return {
        "study": difference.study,
        "arms": [difference.one, difference.other],
        "settings": {key: list(texts) for key, texts in difference.settings.items()},
        "metrics": {
            row.metric: {"means": [row.one, row.other], "difference": row.difference, "seeds": row.seeds}
            for row in difference.metrics
        },
        "outcomes": list(difference.endings),
        "verdict": document_of(difference.verdict),
    }
