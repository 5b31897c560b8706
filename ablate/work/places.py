"""Where reports are written: folders named by a study stay where they belong, whatever the store calls it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ablate.errors import UserError, must, plural
from ablate.lang import language
from ablate.resources import findings_folder
from ablate.terminal import plain_line

REPORTS = Path("reports")
_LONGEST = 200  # bytes: file systems take 255, and endings of ours come behind (`-imported`, `.zh`)


def short_path(path: Path) -> str:
    """Write a path as short as it can be from the current folder."""
    # Not resolved: a link in a virtual environment is what the user typed.
    here, path = Path.cwd(), path.absolute()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def plain_name(name: str) -> str:
    """Return the name of a study that can be the name of a folder.

    Raises
    ------
    UserError
        It would lead elsewhere (`..`, a `/`, an absolute path), or is not text that a file can be named by: a store
        from elsewhere can name its studies as it likes.
    """
    if not isinstance(name, str):
        raise must("the name of a study", "be a text", name)
    separators = {"/", "\x00", *({"\\", ":"} if os.name == "nt" else ())}
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(
            f"the study's name {name!r} is not valid text: give its file another name, or use a UTF-8 locale, such as "
            "LC_ALL=C.UTF-8"
        ) from None
    if "\n" in name or "\t" in name or plain_line(name) != name:
        raise UserError(
            f"the study is named {name!r}, which holds a character that cannot be seen or moves the cursor: give it "
            "another name; nothing was written"
        )
    if (size := len(name.encode())) > _LONGEST:
        raise UserError(
            f"the study's name {name[:20]}… is too long for the name of a folder: expected at most {_LONGEST} bytes, "
            f"got {size}; nothing was written"
        )
    if not name.strip() or name in (".", "..") or any(mark in name for mark in separators):
        raise UserError(
            f"the study is named {name!r}, which is not a plain file name and would lead out of the project's folders: "
            "nothing was written"
        )
    return name


def report_folder(name: str, out: Path | None) -> Path:
    """Return the folder of a study's report: what the user gave, or `reports/NAME` (`reports/NAME.zh`)."""
    tail = "" if language() == "en" else f".{language()}"
    return out or REPORTS / f"{plain_name(name)}{tail}"


def check_place(name: str, out: Path | None, *, report: bool = True) -> None:
    """Refuse a name or a folder under which the report could not be written, before anything is run or tracked.

    Raises
    ------
    UserError
        See `plain_name` and `report.write.check_report_folder`.
    """
    plain_name(name)
    if report:
        from ablate.report.recognised import check_report_folder

        check_report_folder(report_folder(name, out))


def study_findings(name: str) -> Path:
    """Return the folder of a study's findings."""
    return findings_folder() / plain_name(name)


def left_line(left: Sequence[Path]) -> str | None:
    """Return what is said of files that an earlier report may have written and that stay; None where there are none."""
    if not left:
        return None
    listed = ", ".join(short_path(path) for path in left[:3]) + (" …" if len(left) > 3 else "")
    stay = "stays, because it may" if len(left) == 1 else "stay, because they may"
    return (
        f"{plural(len(left), 'file')} of an earlier report {stay} be somebody's (made by a release that signed "
        f"nothing, or changed since): {listed}"
    )
