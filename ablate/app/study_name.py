"""What goes past Hydra or through it: a study's name, where quotes, `${` and backslashes have meanings of their own.

Hydra and OmegaConf read a text several times over, so that no escape survives. A name with anything but plain
characters is written in percent signs instead; what cannot pass at all is kept beside (`HANDED`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from ablate.sweep.found.asked import Asked

_MARK = "quoted:"


def through_hydra(name: str) -> str:
    """Return a name as Hydra's grammar takes it within quotes.

    >>> through_hydra("studies/mine.yaml"), through_hydra("it's ${x}")
    ('studies/mine.yaml', 'quoted:it%27s%20%24%7Bx%7D')
    """
    if re.fullmatch(r"[\w./ +-]+", name):
        return name
    return _MARK + quote(name, safe="/", errors="surrogateescape")


def out_of_hydra(name: str | None) -> str | None:
    """Return the name that `through_hydra` was given; one that was typed as `hydra.sweeper.study=…` is itself."""
    if name is None or not name.startswith(_MARK):
        return name
    return unquote(name.removeprefix(_MARK), errors="surrogateescape")


@dataclass
class Handed:
    """What Hydra would change, or lose, on the way from the command line to the sweeper.

    Attributes
    ----------
    words
        The word Hydra was given -> the word as it was typed.
    settings
        Setting of the sweeper -> its value, where a text in it holds `${`.
    spelling
        The command as it was typed, where what Hydra gets is its translation.
    compared
        What was said of the comparisons that a sweep of one's own code is judged by.
    """

    words: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    spelling: str | None = None
    compared: Asked | None = None


HANDED = Handed()
