"""What `ablate diff` shows: two arms of a study side by side."""

from __future__ import annotations

from ablate.app.console import say, say_json, say_table
from ablate.app.printing import say_verdicts
from ablate.app.showing_run import number
from ablate.resources import root_folder
from ablate.work.differing import ArmsDiffer, differ


def show_difference(
    name: str, one: str, other: str, *, metric: str | None, by_at_least: float | None, as_json: bool
) -> None:
    """Print what was set otherwise, what came out, and the verdict."""
    from ablate.sweep.own_keys import short_names
    from ablate.track.target import store_for

    found = differ(name, one, other, store_for(root_folder()), metric=metric, by_at_least=by_at_least)
    if as_json:
        say_json(_document(found))
        return
    say(f"{name}: {found.one} against {found.other}")
    say()
    names = short_names(found.judgement.study, found.judgement.tables.metrics)
    changed = [[names.get(key, key), *texts] for key, texts in found.settings.items()]
    say_table(["setting", found.one, found.other], changed or [["all alike", "", ""]])
    say()
    say_table(
        ["metric", found.one, found.other, "difference", "seeds"],
        [[row.metric, number(row.one), number(row.other), number(row.difference), row.seeds] for row in found.metrics],
    )
    say()
    first, second = found.endings
    ended = [[how, first.get(how, 0), second.get(how, 0)] for how in sorted({*first, *second})]
    say_table(["runs ended", found.one, found.other], ended)
    say()
    say_verdicts(found.judgement)
    say("one comparison, looked up after the runs were made: no other is counted beside it")


def _document(found: ArmsDiffer) -> dict[str, object]:
    from ablate.words.document import document_of

    return {
        "study": found.study,
        "arms": [found.one, found.other],
        "settings": {key: list(texts) for key, texts in found.settings.items()},
        "metrics": {
            row.metric: {"means": [row.one, row.other], "difference": row.difference, "seeds": row.seeds}
            for row in found.metrics
        },
        "outcomes": list(found.endings),
        "verdict": document_of(found.verdict),
    }
