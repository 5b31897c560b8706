"""Verdicts alone: of a tracked study, or judged again from a report's own `runs.csv`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ablate.app.console import say
from ablate.app.printing import say_verdicts
from ablate.errors import Failure
from ablate.terminal import shows_everything
from ablate.work.events import root_folder
from ablate.work.findings import differences, judge_findings
from ablate.work.judging import judge_tracked
from ablate.work.places import shown
from ablate.work.shown import as_read


def show_verdicts(name: str | None, *, strict: bool, as_json: bool) -> None:
    """Print the verdicts of a tracked study; None takes the study run last.

    Raises
    ------
    Failure
        `strict`, and a claim is not decided: it is inconclusive (by its interval or by a gate), or was not tested.
    """
    from ablate.track.local import LocalStore
    from ablate.words.document import document_of

    store = LocalStore(root_folder())
    judged = judge_tracked(store.last() if name is None else name, None, store)
    if as_json:
        parts = {"verdicts": judged.verdicts, "extended": judged.extended}
        document = {part: [document_of(verdict) for verdict in verdicts] for part, verdicts in parts.items()}
        plain = not shows_everything(sys.stdout)  # JSON has its own way to write what a terminal cannot show
        say(json.dumps({"study": judged.tables.study["name"], **document}, indent=1, ensure_ascii=plain))
    else:
        say_verdicts(judged)
    if not strict:
        return
    if not judged.verdicts:
        raise Failure("the study makes no claim: there is nothing that could be decided")
    still = [verdict.claim_id for verdict in as_read(judged).verdicts if not verdict.decided]
    if still:
        raise Failure(f"{len(still)} of {len(judged.verdicts)} claims are not decided: {', '.join(still)}")


def check_findings(folder: Path) -> None:
    """Judge the `runs.csv` of a report again, and compare with its `verdicts.json`.

    Raises
    ------
    UserError
        The folder holds no report.
    Failure
        A verdict is not the one that stands in the file.
    """
    judged, document = judge_findings(folder)
    say_verdicts(judged)
    gaps = [
        gap
        for part, verdicts in (("verdicts", judged.verdicts), ("extended", judged.extended))
        for gap in differences(document.get(part, []), verdicts)
    ]
    where = shown(folder / "verdicts.json")
    if gaps:
        raise Failure(f"{len(gaps)} values are not those of {where}: {'; '.join(gaps[:5])}")
    say(f"\nequal to {where}")
