"""What a paper needs of a tracked study, written into a folder."""

from __future__ import annotations

from pathlib import Path

from ablate.manifest import Part, publish
from ablate.work.bench import Bench
from ablate.work.judging import judge_tracked
from ablate.work.places import plain_name, report_folder
from ablate.work.shown import as_read

PAPER = "paper"


def write_paper(name: str | None, bench: Bench, *, out: Path | None = None) -> tuple[Path, ...]:
    """Judge a tracked study and write its paper kit; returns the files.

    Parameters
    ----------
    name
        None takes the study run last.
    out
        The folder; by default `reports/NAME-paper`.

    Raises
    ------
    UserError
        Nothing is tracked under the name, or files would be replaced that ablate did not write.
    """
    from ablate.report.paper import paper_files

    name = bench.store.last() if name is None else name
    judged = as_read(judge_tracked(name, None, bench.store))
    folder = report_folder(plain_name(f"{name}-paper"), out)
    files = paper_files(judged.study, judged.tables, judged.verdicts)
    return publish(folder, [Part(PAPER, files)]).paths
