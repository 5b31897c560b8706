"""Judging what is tracked, and writing its report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.errors import UserError, unknown
from ablate.lang import language, speaking
from ablate.work.bench import Bench
from ablate.work.events import FindingsWritten, Judged, ReportWritten
from ablate.work.judging import Judgement, judge_tracked
from ablate.work.places import plain_name, report_folder, study_findings
from ablate.work.shown import as_read
from ablate.work.telling import show_verdicts

if TYPE_CHECKING:
    from ablate.report.tell import Told


def judge_and_report(
    name: str,
    key: str | None,
    bench: Bench,
    *,
    out: Path | None = None,
    tongue: str = "en",
    findings: bool = False,
    whole: bool = False,
) -> Judgement:
    """Judge a tracked study and write its report, or what is committed as its findings.

    Parameters
    ----------
    out
        The folder; by default `reports/NAME`, or `studies/findings/NAME`.
    tongue
        Language of the page; `verdicts.json` is the same in all.
    findings
        Write findings instead of a report.
    whole
        Draw every arm in figures of many arms, sheet by sheet; else they show a choice that they name.

    Raises
    ------
    UserError
        The study's name would lead out of the project's folders, or files would be replaced that ablate did not write;
        nothing is written then.
    """
    plain_name(name)
    judgement = judge_tracked(name, key, bench.store)
    bench.tell(Judged(judgement))
    show_verdicts(name, judgement, bench, report="" if findings else report_label(tongue))
    write_pages(name, judgement, bench, out=out, tongue=tongue, findings=findings, whole=whole)
    return judgement


def write_pages(
    name: str,
    judgement: Judgement,
    bench: Bench,
    *,
    out: Path | None = None,
    tongue: str = "en",
    findings: bool = False,
    whole: bool = False,
) -> Path:
    """Write the report of a study that is judged, or its findings; returns the folder. See `judge_and_report`."""
    warn_of_labels(judgement, bench)
    with speaking(tongue):
        told = replace(_told(name, judgement), whole=whole)
        if findings:
            return _write_findings(name, told, bench, out)
        return _write_report(name, told, bench, out)


def rewrite_findings(folder: Path, bench: Bench, *, tongue: str = "en") -> Judgement:
    """Judge a finding again from its own `runs.csv`, and write it again where it stands.

    Pictures of what was recorded while training stay as they were drawn, and so do the rows that say where the runs
    come from: neither depends on how runs are judged.

    Raises
    ------
    UserError
        The folder holds no finding in this language, or a report with its page, which is written from a store.
    """
    from ablate.report.findings.earlier import read_earlier
    from ablate.report.findings.write import report_name
    from ablate.train.arithmetic import version
    from ablate.work.findings import judge_findings

    if (folder / "report.html").exists():
        raise UserError(f"{folder}: holds a report with its page; `ablate report STUDY` writes that from the store")
    judgement, _ = judge_findings(folder)
    bench.tell(Judged(judgement))
    with speaking(tongue):
        try:
            earlier = read_earlier(folder / report_name(tongue))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                f"{folder}: expected a finding with {report_name(tongue)} and its pictures: {error}"
            ) from None
        again = {"date": date.today().isoformat(), "ablate": version("ablate-studies")}
        head = {**judgement.tables.study, "name": folder.name, "judged_again": again}
        judgement = replace(judgement, tables=replace(judgement.tables, study=head))
        _write_findings(folder.name, replace(_told(folder.name, judgement), earlier=earlier), bench, folder)
    return judgement


def _told(name: str, judged: Judgement) -> Told:
    """Return a judged study in the current language.

    It is judged once: a claim in other words would read as one that was edited after it was registered.
    """
    from ablate.report.tell import Told, reworded, words_of
    from ablate.sweep.translated import translated

    words = words_of(name, judged.study) if language() != "en" else None
    recorded, shown = (judged.verdicts, judged.extended), as_read(judged, words)
    read = (shown.verdicts, shown.extended)
    if language() == "en":
        return Told(shown.study, shown.tables, *read, recorded=recorded, original=judged.study, kept=judged.tables)
    spoken, left = translated(shown.study, words)
    verdicts, extended = (reworded(part, spoken) for part in read)
    return Told(
        spoken, shown.tables, verdicts, extended, recorded=recorded, original=judged.study, kept=judged.tables,
        untranslated=left,
    )  # fmt: skip


def _write_findings(name: str, told: Told, bench: Bench, out: Path | None) -> Path:
    from ablate.report.findings.write import write_findings

    folder = out or study_findings(name)
    warn_of_letters(bench)
    with bench.task("findings", "part") as progress:
        done = write_findings(told, folder, progress=progress)
    bench.tell(FindingsWritten(done))
    return folder


def _write_report(name: str, told: Told, bench: Bench, out: Path | None) -> Path:
    from ablate.report.recognised import known_files
    from ablate.report.tell import write_told

    folder = report_folder(name, out)
    words = _words(name, told, bench)
    warn_of_letters(bench)
    with bench.task("report", "part") as progress:
        paths = write_told(told, folder, words=words, progress=progress)
    label = report_label(language())
    # Not read back from the folder, into which another sweep may write its report of the same name meanwhile.
    kept = bench.store.attach(name, told.tables.study["key"], paths.contents, label, known=known_files)
    if kept is not None:
        bench.warn(kept)
    bench.tell(ReportWritten(paths))
    return folder


def report_label(tongue: str) -> str:
    """Return the folder among a study's artifacts that holds its report in a language.

    >>> report_label("en"), report_label("zh")
    ('report', 'report.zh')
    """
    return "report" if tongue == "en" else f"report.{tongue}"


def _words(name: str, told: Told, bench: Bench) -> Sequence[str]:
    """Return the paragraphs beside the findings of a study; none where those of its name are of another study."""
    from ablate.report.findings.folder import belongs
    from ablate.report.findings.words import read_words

    folder, study = study_findings(name), told.original or told.study
    try:
        is_ours = belongs(folder, study)
    except UserError as error:
        bench.warn(f"the report has no words of {folder}: {error}")
        return ()
    return read_words(folder, study, told.recorded[0]) if is_ours else ()


def warn_of_labels(judged: Judgement, bench: Bench) -> None:
    """Name labels of metrics that no run logged: which metrics there are is known when the runs are in."""
    logged = {*judged.tables.metrics, *map(str, judged.tables.curves["metric"].unique())}
    words = (judged.study.labels, judged.study.zh.labels if judged.study.zh is not None else None)
    for metric in dict.fromkeys(metric for labels in words if labels is not None for metric in labels.metrics):
        if metric not in logged:
            bench.warn(f"labels: metrics: no run logged it: {unknown('metric', metric, sorted(logged))}")


def warn_of_letters(bench: Bench) -> None:
    """Say that pictures will show boxes for letters that no font of this machine has."""
    from ablate.report.figures.style import has_chinese

    if language() == "zh" and not has_chinese():
        bench.warn(
            "no font of this machine has Chinese letters: the pictures show boxes in their place; install one, such as "
            "Noto Sans CJK (Debian: fonts-noto-cjk), and write the report again"
        )


def report_study(
    name: str | None,
    bench: Bench,
    *,
    out: Path | None,
    tongue: str = "en",
    findings: bool = False,
    whole: bool = False,
) -> Judgement:
    """Judge a tracked study again and write its report or its findings; None takes the study run last."""
    name = bench.store.last() if name is None else name
    return judge_and_report(name, None, bench, out=out, tongue=tongue, findings=findings, whole=whole)
