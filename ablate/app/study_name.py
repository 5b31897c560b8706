"""A study's name on its way through Hydra, where quotes, `${` and backslashes have meanings of their own.

Hydra and OmegaConf read a text several times over, so that no escape survives. A name with anything but plain
characters is written in percent signs instead. Imports nothing heavy.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

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
