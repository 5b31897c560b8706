"""The pictures of a folder by part and class, and what else lies there: nothing is left out without a word."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ablate.data.keys import ORDER, PARTS
from ablate.data.paths import count_text, printable_line, some, where
from ablate.errors import UserError

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm",
    ".webp",
)  # fmt: skip
_BY_SYSTEMS = ("thumbs.db", "desktop.ini", "__macosx", "@eadir")  # as good as hidden


@dataclass
class Skipped:
    """What is not read, by the path below the data set's folder."""

    strays: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    hidden: int = 0

    def told(self) -> list[str]:
        """Return what the user is told: counted by kind, the first ones named."""
        endings = sorted({printable_line(Path(name).suffix.lower(), most=20) or "no ending" for name in self.others})
        kinds = [
            (self.strays, f"{count_text(len(self.strays), 'picture')} outside of any class"),
            (self.others, f"{count_text(len(self.others), 'file')} of other kinds ({', '.join(endings[:5])})"),
            (self.folders, f"{count_text(len(self.folders), 'subfolder')} with all they hold"),
            (self.broken, f"{count_text(len(self.broken), 'name')} without a file"),
        ]
        texts = [f"{text}: {some(names)}" for names, text in kinds if names]
        if self.hidden:
            texts.append(count_text(self.hidden, "hidden file"))
        return [f"left out: {'; '.join(texts)}"] if texts else []


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder.

    Attributes
    ----------
    parts
        Part -> class -> files, both sorted; a folder without parts has `train`.
    """

    parts: dict[str, dict[str, list[Path]]]
    skipped: Skipped


def list_pictures(folder: Path) -> Listing:
    """Return the pictures of a folder of classes, or of a folder of parts (train, test, …) that hold classes.

    Raises
    ------
    UserError
        There are fewer than two classes, a class without pictures, or folders that may be parts or classes; or the
        operating system does not let us look.
    """
    skipped = Skipped()
    try:
        inner = _folders(folder, skipped, top=folder)
        names = {path.name.lower() for path in inner}
        if len(inner) > 1 and names <= set(PARTS) and "train" in {PARTS[name] for name in names}:
            return Listing(_parts(inner, folder, skipped), skipped)
        return Listing({"train": _classes(inner, folder, folder, skipped)}, skipped)
    except OSError as error:
        raise UserError(f"cannot list {where(folder)} ({printable_line(error)})") from error


def _parts(inner: list[Path], top: Path, skipped: Skipped) -> dict[str, dict[str, list[Path]]]:
    parts: dict[str, dict[str, list[Path]]] = {}
    for path in inner:
        part, classes = PARTS[path.name.lower()], _folders(path, skipped, top=top)
        if not classes:
            raise UserError(
                f"{where(top)} holds the folders {some([each.name for each in inner])}: give each a folder of pictures "
                "per class if they are parts, or another name if they are classes"
            )
        if part in parts:
            raise UserError(
                f"{where(top)} holds two folders for the {part} part: {some([each.name for each in inner])}"
            )
        parts[part] = _classes(classes, path, top, skipped)
    for part, classes_of in parts.items():
        if strange := sorted(set(classes_of) - set(parts["train"])):
            raise UserError(
                f"{where(top)}: the {part} part has the class {printable_line(strange[0])}, "
                "and the training part has not"
            )
    return {part: parts[part] for part in ORDER if part in parts}


def _classes(inner: list[Path], above: Path, top: Path, skipped: Skipped) -> dict[str, list[Path]]:
    pictures = {path.name: _pictures(path, top, skipped) for path in inner}
    if len(pictures) < 2:
        raise UserError(
            f"{where(above)} holds {len(pictures)} folder(s), expected one folder of pictures for each of 2+ classes"
        )
    return pictures


def _folders(folder: Path, skipped: Skipped, *, top: Path) -> list[Path]:
    """Return the folders in a folder that should hold nothing else, sorted by name."""
    folders = []
    for path in sorted(folder.iterdir()):
        if _is_hidden(path):
            skipped.hidden += 1
        elif path.is_dir():
            folders.append(path)
        elif not path.is_file():
            skipped.broken.append(str(path.relative_to(top)))
        else:
            (skipped.strays if _is_picture(path) else skipped.others).append(str(path.relative_to(top)))
    return folders


def _pictures(folder: Path, top: Path, skipped: Skipped) -> list[Path]:
    """Return the pictures of a class, sorted by name."""
    files, inner = [], []
    for path in sorted(folder.iterdir()):
        if _is_hidden(path):
            skipped.hidden += 1
        elif path.is_dir():
            inner.append(str(path.relative_to(top)))
        elif not path.is_file():
            skipped.broken.append(str(path.relative_to(top)))
        elif _is_picture(path):
            files.append(path)
        else:
            skipped.others.append(str(path.relative_to(top)))
    if not files:
        deeper = f"; those in the folders {some(inner)} inside it are not read" if inner else ""
        raise UserError(f"{where(folder)} is a class without pictures: expected files {', '.join(SUFFIXES)}{deeper}")
    skipped.folders += inner
    return files


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.lower() in _BY_SYSTEMS
