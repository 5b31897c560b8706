"""Write the scoreboard: `README.md` beside the findings with one small SVG per claim, and the same as one HTML page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ablate.judge.readings import check_rules
from ablate.lang import LANGUAGES, language, tr
from ablate.manifest import Part, publish
from ablate.report.fair import mean_text
from ablate.report.figures.style import DARK_HUES, HUES
from ablate.report.findings.folder import read_findings, written_study
from ablate.report.findings.write import board_name, report_name
from ablate.report.level_texts import shortened
from ablate.report.recognised import BOARD, board_part, known_files, page_part
from ablate.report.scoreboard.board import Board, gather
from ablate.report.scoreboard.entries import ClaimLine, SentenceEntry
from ablate.report.scoreboard.headline import check_headlines
from ablate.report.scoreboard.strip import strip
from ablate.report.templating import render
from ablate.sweep.sentences import read_sentences
from ablate.sweep.study_file import load_study, study_files

PICTURES = "board"


def read_board(findings: Path, sentences: Path) -> Board:
    """Gather the scoreboard in the current language from what is committed.

    Raises
    ------
    UserError
        A rule of a sentence can never be decided by the study it names, or no headline of it may stand.
    """
    published = read_findings(findings)
    files = {one.name: written_study(one.name) for one in published}
    words = {name: study.zh if study else None for name, study in files.items()}
    quotes = {name: study.quotes for name, study in files.items() if study}
    notes = read_sentences(sentences)
    named = {name for sentence in notes for name in (*sentence.studies, *(c.study for c in sentence.named()))}
    studies = {one.name: one.study for one in published} | {name: study for name, study in files.items() if study}
    studies |= {name: load_study(name) for name in sorted(named & study_files().keys() - studies.keys())}
    check_rules(notes, studies, where=str(sentences))
    check_headlines(notes, where=str(sentences))
    return gather(notes, published, words, quotes, where=str(sentences))


def write_board(board: Board, findings: Path) -> Path:
    """Write the Markdown scoreboard and its pictures; pictures of claims that are gone are removed.

    Raises
    ------
    UserError
        A file of the same name is there that ablate did not write; nothing is written then.
    Failure
        The folder cannot be written.
    """
    # One picture serves both languages: it holds no words but its title.
    pictures = {f"{PICTURES}/{line.picture}.svg": strip(line.verdicts, line.picture) for line in board.lines()}
    text = render(
        "board.md.j2", board=board, pictures=PICTURES, report=lambda name: _report(findings / name, findings),
        effect=mean_text, short=shortened, sceptic=sceptic(board),
        others=[(name, board_name(name)) for name in LANGUAGES if name != language()], alt=picture_words,
        fold=fold_text, how=how_text(),
    )  # fmt: skip
    name = board_name(language())
    publish(findings, [Part(board_part(language()), {name: text}), Part(BOARD, pictures)], known=known_files)
    return findings / name


def write_scoreboard(board: Board, out: Path, *, findings: Path) -> Path:
    """Write the HTML scoreboard; it loads nothing, and links to each study's report beside it or in the findings.

    Raises
    ------
    UserError
        A file of that name is there that ablate did not write.
    Failure
        The file cannot be written.
    """
    html = render(
        "board.html.j2", board=board, hues=HUES, dark_hues=DARK_HUES, report=_linker(out.parent, findings),
        effect=mean_text, short=shortened, sceptic=sceptic(board),
        picture=lambda line: strip(line.verdicts, picture_words(line), inline=True), fold=fold_text, how=how_text(),
    )  # fmt: skip
    publish(out.parent, [Part(page_part(language()), {out.name: html})], known=known_files)
    return out


def sceptic(board: Board) -> list[tuple[str, tuple[SentenceEntry, ...]]]:
    """Return the lists of the sceptic's section, by label."""
    lists = [
        (tr("The reader is right"), board.of("reader", "right")),
        (tr("The reader is right in the weak reading only"), board.of("reader", "weak")),
        (tr("The reader is wrong"), board.of("reader", "wrong")),
        (tr("The reader's sentences that are not decided"), board.of("reader", "open")),
        (tr("The reader's sentences that are not claims about facts"), board.of("reader", "none")),
        (tr("The book's sentences that are wrong"), board.of("book", "wrong")),
        (tr("The book's sentences that are right in the weak reading only"), board.of("book", "weak")),
    ]
    return [(title, entries) for title, entries in lists if entries]


def how_text() -> str:
    """Say how a label comes about."""
    return tr(
        "Only empirical sentences are judged. Each has a strong and a weak reading, and each reading one rule over "
        "named claims that must come out in a stated way; everything else is context and decides nothing. Right: the "
        "strong reading is. Right in the weak reading only: the strong one is wrong. Wrong: one reading is wrong and "
        "none is right."
    )


def fold_text(entry: SentenceEntry) -> str:
    """Say what is folded away under a sentence."""
    if entry.same_as or not entry.lines:
        return tr("Rules and context") if entry.readings else tr("Context, which decides nothing")
    n = len(entry.lines)
    if entry.readings:
        return tr("Rules, and {n} claims of context, which decide nothing", n=n)
    return tr("{n} claims of context, which decide nothing", n=n)


def picture_words(line: ClaimLine) -> str:
    """Return what a picture shows, in words."""
    counts = tr(", ").join(f"{count} {badge.word}" for badge, count in line.tally)
    return tr("{claim}: {counts}; {effect}", claim=line.claim, counts=counts, effect=line.effect)


def _linker(here: Path, findings: Path) -> Callable[[str], str]:
    tail = "" if language() == "en" else f".{language()}"

    def link(name: str) -> str:
        page = here / f"{name}{tail}" / "report.html"
        return f"{page.parent.name}/report.html" if page.is_file() else _report(findings / name, here)

    return link


def _report(folder: Path, here: Path) -> str:
    translated = folder / report_name(language())
    path = translated if translated.is_file() else folder / "report.md"
    return Path(os.path.relpath(path, here)).as_posix()
