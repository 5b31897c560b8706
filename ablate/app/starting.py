"""What `ablate new` does: writes a file to begin with, that works as it is."""

from __future__ import annotations

import re
from pathlib import Path

from ablate.app.console import say
from ablate.app.offered import option_names
from ablate.app.templates import GROUPS, KINDS
from ablate.errors import UserError, unknown
from ablate.registry import offered
from ablate.sweep.study_file import study_files
from ablate.work.places import plain_name, short_path

STUDIES = Path("studies")


def start(kind: str, name: str) -> None:
    """Write a file of one kind, in `studies/` for a study, else here; a file that is there stays.

    Raises
    ------
    UserError
        The kind is not known; the name is taken, or cannot be a name of that kind; the file cannot be written.
    """
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    path = _study(name) if kind == "study" else _module(kind, name)
    text = KINDS[kind].substitute(NAME=name, CLASS=class_name(name))
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{short_path(path)} exists already: give another name, or move it away") from None
    except OSError as error:
        raise UserError(f"{short_path(path)} cannot be written: {error.strerror or error}") from None
    then = f"ablate plan {name}" if kind == "study" else f"ablate check {path}:{class_name(name)}"
    say(f"{short_path(path)} written, and works as it is; next: {then}")


def _study(name: str) -> Path:
    plain_name(name)
    if name in study_files():
        raise UserError(f"a study {name!r} exists already: give another name")
    return STUDIES / f"{name}.yaml"


def _module(kind: str, name: str) -> Path:
    group = GROUPS[kind]
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")
        hint = f"; nearest valid name: {near}" if near else ""
        raise UserError(
            f"expected a name of small letters, digits and _, which begins with a letter, got {name!r}{hint}"
        )
    if name in (offered(group) if group == "source" else option_names(group)):
        raise UserError(f"{group} {name!r} exists already: give another name")
    return Path(f"{name}.py")


def class_name(name: str) -> str:
    """Return a name as a class is called.

    >>> class_name("leaky_big"), class_name("mish2")
    ('LeakyBig', 'Mish2')
    """
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))
