"""Verdicts alone: of a tracked study, or judged again from a report's own `runs.csv`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.app.console import say
from ablate.app.judged import say_verdicts
from ablate.errors import Failure, Refuted, Undecided, plural
from ablate.resources import root_folder
from ablate.terminal import shows_everything
from ablate.work.findings import differences, judge_findings
from ablate.work.judging import judge_tracked
from ablate.work.places import short_path
from ablate.work.shown import as_named

if TYPE_CHECKING:
    from ablate.judge.verdict import Verdict


def show_verdicts(name: str | None, *, strict: bool, as_json: bool, supported: bool = False) -> None:
    """Print the verdicts of a tracked study; None takes the study run last.

    Raises
    ------
    Undecided
        `strict` or `supported`, and a claim is not decided: it is inconclusive (by its interval or by a gate), or was
        not tested; or there is none. A comparison that nobody claimed, and that has no δ, is not a claim.
    Refuted
        `supported`, and a claim is refuted.
    """
    from ablate.track.target import store_for
    from ablate.words.document import document_of
    from ablate.words.rulings import seen

    store = store_for(root_folder())
    judged = judge_tracked(store.last() if name is None else name, None, store)
    if as_json:
        parts = {"verdicts": judged.verdicts, "extended": judged.extended}
        document = {part: [document_of(verdict) for verdict in verdicts] for part, verdicts in parts.items()}
        plain = not shows_everything(sys.stdout)  # JSON has its own way to write what a terminal cannot show
        say(json.dumps({"study": judged.tables.study["name"], **document}, indent=1, ensure_ascii=plain))
    else:
        say_verdicts(judged)
    if strict or supported:
        claimed = [verdict for verdict in as_named(judged).verdicts if not seen(verdict)]
        require_verdicts(claimed, supported=supported)


def require_verdicts(verdicts: Sequence[Verdict], *, supported: bool) -> None:
    """End a command with the exit code of its verdicts (docs/ci.md).

    Raises
    ------
    Refuted
        `supported`, and a claim is refuted: exit code 1.
    Undecided
        A claim is not decided, or there is none: exit code 3.
    """
    if not verdicts:
        raise Undecided("the study makes no claim: there is nothing that could be decided")
    refuted = [verdict.claim_id for verdict in verdicts if verdict.outcome == "refuted"]
    if supported and refuted:
        raise Refuted(f"{len(refuted)} of {_claims(verdicts, len(refuted))} refuted: {', '.join(refuted)}")
    still = [verdict.claim_id for verdict in verdicts if not verdict.decided]
    if still:
        raise Undecided(f"{len(still)} of {_claims(verdicts, len(still))} not decided: {', '.join(still)}")


def _claims(verdicts: Sequence[Verdict], of_them: int) -> str:
    return f"{plural(len(verdicts), 'claim')} {'is' if of_them == 1 else 'are'}"


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
        for gap in differences(document[part], verdicts)
    ]
    where = short_path(folder / "verdicts.json")
    if gaps:
        raise Failure(f"{plural(len(gaps), 'value is', 'values are')} not those of {where}: {'; '.join(gaps[:5])}")
    say(f"\nequal to {where}")
