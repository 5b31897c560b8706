"""Tags that are read back: MLflow keeps 8,000 characters of a tag, so a longer text stands in several.

`ablate.curves` then holds ``in 3 parts: ablate.curves.1 to ablate.curves.3``. What is read back is JSON, which never
begins like that; a short text is kept as it always was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ablate.values import from_json

LIMIT = 7_900
_PARTS = re.compile(r"in (\d{1,4}) parts: ")


def split_tag(key: str, text: str) -> dict[str, str]:
    """Return the tags that hold a text.

    >>> split_tag("ablate.curves", '["train/loss"]')
    {'ablate.curves': '["train/loss"]'}
    >>> sorted(split_tag("ablate.curves", "x" * 20_000))
    ['ablate.curves', 'ablate.curves.1', 'ablate.curves.2', 'ablate.curves.3']
    """
    if len(text) <= LIMIT:
        return {key: text}
    parts = [text[start : start + LIMIT] for start in range(0, len(text), LIMIT)]
    told = f"in {len(parts)} parts: {key}.1 to {key}.{len(parts)}"
    return {key: told, **{f"{key}.{number}": part for number, part in enumerate(parts, start=1)}}


def joined_tag(tags: Mapping[str, str], key: str) -> str | None:
    """Return the text that tags hold; None where they hold none, or a part of it is missing.

    >>> joined_tag(split_tag("k", "ab" * 9_000), "k") == "ab" * 9_000
    True
    """
    text = tags.get(key)
    match = _PARTS.match(text) if text is not None else None
    if match is None:
        return text
    parts = [tags.get(f"{key}.{number}") for number in range(1, int(match[1]) + 1)]
    return None if any(part is None for part in parts) else "".join(part or "" for part in parts)


def read_list(text: str | None) -> list[Any] | None:
    """Return the list that a tag's text holds; None where it is damaged, as one that an older release cut is."""
    if text is None:
        return None
    try:
        parsed = from_json(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) else None


def whole_items(text: str) -> list[Any]:
    """Return the items of a list of texts that stand whole before the place where an older release cut it.

    >>> whole_items('["a", "b/c", "d…')
    ['a', 'b/c']
    """
    kept = text.rpartition('",')[0]
    return read_list(f'{kept}"]') or [] if kept else []
