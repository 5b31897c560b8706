"""Write the scoreboard: `README.md` beside the findings with one small SVG per claim, and the same as one HTML page."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ablate.lang import LANGUAGES, language, tr
from ablate.manifest import Part, publish
from ablate.report.fair import mean_text
from ablate.report.figures.style import DARK_HUES, HUES
from ablate.report.findings.folder import read_findings, written_study
from ablate.report.findings.write import board_name, report_name
from ablate.report.known import BOARD, board_part, known_files, page_part
from ablate.report.scoreboard.board import Board, gather
from ablate.report.scoreboard.entries import Entry, Line
from ablate.report.scoreboard.notes import read_sentences
from ablate.report.scoreboard.strip import strip
from ablate.report.templating import render
from ablate.report.wording import shortened

PICTURES = "board"


def read_board(findings: Path, sentences: Path) -> Board:
    """Gather the scoreboard in the language of the moment from what is committed."""
    found = read_findings(findings)
    files = {one.name: written_study(one.name) for one in found}
    words = {name: study.zh if study else None for name, study in files.items()}
    quotes = {name: study.quotes for name, study in files.items() if study}
    return gather(read_sentences(sentences), found, words, quotes)


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
        others=[(name, board_name(name)) for name in LANGUAGES if name != language()], alt=alt_text,
    )  # fmt: skip
    name = board_name(language())
    publish(findings, [Part(board_part(language()), {name: text}), Part(BOARD, pictures)], known=known_files)
    return findings / name


def write_page(board: Board, out: Path, *, findings: Path) -> Path:
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
        picture=lambda line: strip(line.verdicts, alt_text(line), inline=True),
    )  # fmt: skip
    publish(out.parent, [Part(page_part(language()), {out.name: html})], known=known_files)
    return out


def sceptic(board: Board) -> list[tuple[str, tuple[Entry, ...]]]:
    """Return the lists of the sceptic's section, by how the claims on the sentences fell."""
    lists = [
        (tr("The reader is right"), board.of("reader", "right")),
        (tr("The reader is right in part"), board.of("reader", "split")),
        (tr("The reader is wrong"), board.of("reader", "wrong")),
        (tr("The reader's sentences that are open"), board.of("reader", "open")),
        (tr("The book's sentences that the evidence is against, at least in part"), board.of("book", "wrong", "split")),
    ]
    return [(title, entries) for title, entries in lists if entries]


def alt_text(line: Line) -> str:
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
    own = folder / report_name(language())
    path = own if own.is_file() else folder / "report.md"
    return Path(os.path.relpath(path, here)).as_posix()
