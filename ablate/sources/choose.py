"""Which source reads an address: by what each declares, never by what a file looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import UserError, nearest
from ablate.registry import component, options, place_of, provide_all
from ablate.sources.contract import Fits, RunTable, Source

_ADDRESS = re.compile(r"([a-z][a-z0-9+]+):(.*)", re.DOTALL)  # one letter is a drive


@dataclass(frozen=True)
class ChosenSource:
    """A source and what it is to read.

    Attributes
    ----------
    address
        As the user gave it.
    told
        What the source is given: the path, or the rest behind `SCHEME:`.
    notes
        Plug-ins that could not be asked, a line each.
    """

    source: Source
    address: str
    told: str
    notes: tuple[str, ...] = ()

    def read(self, *, fits: Fits) -> RunTable:
        """Return what stands at the address; see `Source.read`."""
        return self.source.read(self.told, fits=fits)


def source_for(address: str | Path, name: str | None = None) -> ChosenSource:
    """Return the source that declares to read an address, or the one of a name.

    An address `SCHEME:REST` is read by the source of that scheme; any other is a file, read by the source of its
    ending, the longest where several fit. Plug-ins are imported for that.

    Raises
    ------
    UserError
        No source reads it, or two do; there is none of that name.
    """
    address = str(address)
    scheme, rest = _split(address)
    if name is not None:
        cls = component("source", name)
        return ChosenSource(_made(name, cls), address, rest if scheme in getattr(cls, "schemes", ()) else address)
    notes = tuple(provide_all("source"))
    sources = {name: _made(name, cls) for name, cls in options("source").items()}
    usable = {name: source for name, source in sources.items() if scheme in source.schemes}
    if usable and Path(address).exists():
        raise UserError(
            f"{address} is a file, and an address that {_either(usable)} reads; write ./{address} for the file, or say "
            f"which with `--source NAME`"
        )
    what = f"{scheme}:"
    if not usable:
        rest, what = address, _ending(address, sources)
        usable = {name: source for name, source in sources.items() if what and what in source.endings}
    if not usable:
        raise _unread(address, scheme, sources, notes)
    if len(usable) > 1:
        raise UserError(
            f"{address}: {what} is read by {' and by '.join(usable)}; say which with `--source {_either(usable)}`"
        )
    (source,) = usable.values()
    return ChosenSource(source, address, rest, notes)


def _split(address: str) -> tuple[str, str]:
    match = _ADDRESS.fullmatch(address)
    return (match[1], match[2]) if match else ("", address)


def _made(name: str, cls: type) -> Source:
    if not issubclass(cls, Source):
        raise UserError(f"{place_of(cls)} is registered as source={name}, but is not derived from {place_of(Source)}")
    try:
        return cls()
    except TypeError as error:
        raise UserError(f"source={name} cannot be made: {error}; give every setting a default") from None


def _ending(address: str, sources: Mapping[str, Source]) -> str:
    """Return the longest declared ending of a file's name; empty where it has none of them."""
    small = Path(address).name.lower()
    fitting = [end for source in sources.values() for end in source.endings if small.endswith(end)]
    return max(fitting, key=len, default="")


def _unread(address: str, scheme: str, sources: Mapping[str, Source], notes: tuple[str, ...]) -> UserError:
    schemes = sorted({f"{one}:" for source in sources.values() for one in source.schemes})
    endings = sorted({end for source in sources.values() for end in source.endings})
    expected = f"a file ending in {', '.join(endings)}" + (f", or an address {', '.join(schemes)}" if schemes else "")
    hint = nearest(f"{scheme}:", schemes) if scheme else nearest(Path(address).suffix.lower(), endings)
    return UserError(
        f"no source reads {address}: expected {expected}"
        + (f"; nearest match: {hint}" if hint else "")
        + f"; `--source {_either(sources)}` says how to read it"
        + (f" ({'; '.join(notes)})" if notes else "")
    )


def _either(sources: Mapping[str, Source]) -> str:
    return "|".join(sources)
