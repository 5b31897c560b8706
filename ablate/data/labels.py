"""Labels as users store them, numbered from 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablate.data.paths import printable_line
from ablate.errors import UserError

_NAMED = 10  # labels that are listed one by one


def number_labels(labels: NDArray[Any], *, what: str) -> tuple[NDArray[np.int64], list[str], list[str]]:
    """Return labels as 0 … classes - 1 in ascending order of what they were, what each was, and what is told.

    Read are whole numbers (stored as floats, too), truth values and text, shaped (examples,) or (examples, 1), and
    one-hot rows (examples, classes). Numbers from 0 up without gaps stay as they are.

    Raises
    ------
    UserError
        They are something else: several labels per image, fractions, negative or missing ones, or one class only.
    """
    flat, notes = _flat(labels, what=what)
    if flat.dtype.kind == "f":
        if not np.isfinite(flat).all():
            raise UserError(f"{what} has labels that are not finite (NaN or infinity): every image needs one")
        if (flat != np.rint(flat)).any():
            odd = flat[flat != np.rint(flat)][0]
            raise UserError(f"{what} has labels of {flat.dtype} such as {odd:g}: expected whole numbers (classes)")
    elif flat.dtype.kind in "US":
        if (np.char.str_len(np.char.strip(flat)) == 0).any():
            raise UserError(f"{what} has empty text as a label: every image needs one")
    elif flat.dtype.kind not in "uib":
        raise UserError(f"{what} has labels of {flat.dtype}, expected whole numbers or text")
    classes, numbers = np.unique(flat, return_inverse=True)
    if classes.dtype.kind in "fi" and len(classes) and classes[0] < 0:
        raise UserError(
            f"{what} has the label {classes[0]:g}: labels must not be negative (often such a number says that there is "
            "none); number the classes from 0"
        )
    if len(classes) == 1:
        raise UserError(f"{what} has one label only, {_shown(classes[0])}: expected two classes or more")
    names = [_shown(label) for label in classes]
    if classes.dtype.kind in "US" or not np.array_equal(classes, np.arange(len(classes))):
        rest = f" and {len(classes) - _NAMED} more" if len(classes) > _NAMED else ""
        notes.append(
            f"the labels {', '.join(names[:_NAMED])}{rest} are numbered from 0 to {len(classes) - 1} in this order"
        )
    return numbers.reshape(-1).astype(np.int64), names, notes


def _flat(labels: NDArray[Any], *, what: str) -> tuple[NDArray[Any], list[str]]:
    if labels.ndim == 1:
        return labels, []
    if labels.ndim == 2 and 1 in labels.shape:
        return labels.reshape(-1), []
    if labels.ndim == 2 and labels.dtype.kind in "uifb" and labels.size:
        if ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1, dtype=np.float64) == 1).all():
            return labels.argmax(axis=1), [f"labels are one-hot rows: column 0 to {labels.shape[1] - 1} is the class"]
        raise UserError(
            f"{what} has labels of shape {labels.shape}, and not one 1 in each row: several labels per image, or "
            "shares of classes, are not read; give each image one"
        )
    raise UserError(f"{what} has labels of {labels.dtype}, {labels.shape}: expected (examples,), one for each image")


def _shown(label: Any) -> str:
    if isinstance(label, bytes):
        label = label.decode("utf-8", "backslashreplace")
    return printable_line(f"{label:g}" if isinstance(label, np.floating) else label, most=30)
