"""A dict that remembers what is looked at: how it is known which settings a training function reads."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import Any

import yaml

from ablate.errors import nearest

_NONE: Any = object()


class MissingSettingError(KeyError):
    """A function looked for a setting that is not there; its message names those that are.

    It is the `KeyError` of a dict: `args[0]` is the name that was looked for.
    """

    def __init__(self, name: Any, path: str, there: list[str]) -> None:
        super().__init__(name)
        self._path, self._there = path, there

    def __str__(self) -> str:
        name = self.args[0]
        where = f"config[{']['.join(map(repr, self._path.split('.')[:-1]))}]" if self._path else "config"
        near = nearest(str(name), self._there)
        hint = f"; nearest match: {near!r}" if near else ""
        if not self._path:
            hint += f"; settings of your own are in config['params'] (`program.params.{name}`)"
        return f"{where} has no {name!r}, only {', '.join(map(repr, self._there)) or 'nothing'}{hint}"


class Recorded(dict[str, Any]):
    """A dict of settings, and nested ones, that writes every look at it into `reads` (see `train.reads`).

    It is used as any dict: `settings["x"]`, `.get`, `in`, `**settings`, `dict(settings)`, `json.dumps`, `|`, pickling.
    A copy of it remembers as well; what is pickled is a plain dict. What the function itself put in is its own, and
    looking at that says nothing. Code in C that goes past the methods of a dict (`orjson`, say) is not seen.
    """

    __slots__ = ("_own", "_path", "_reads")

    def __init__(self, settings: Mapping[str, Any], reads: set[str], path: str = "") -> None:
        self._reads, self._path, self._own = reads, path, set[Any]()
        super().__init__({
            name: Recorded(value, reads, f"{path}{name}.") if isinstance(value, Mapping) else value
            for name, value in settings.items()
        })  # fmt: skip

    def _look(self, name: Any, kind: str = "") -> None:
        if name not in self._own:
            self._reads.add(f"{self._path}{name}{kind}")

    def _names(self) -> None:
        self._reads.add(f"{self._path}*")

    def _put(self, name: Any) -> None:
        self._own.add(name)

    def plain(self) -> dict[str, Any]:
        """Return it as a plain dict, nested ones too; all of it counts as looked at."""
        self._reads.add(f"{self._path}**")
        return {n: v.plain() if isinstance(v, Recorded) else v for n, v in super().items()}

    def __getitem__(self, name: str) -> Any:
        value = super().get(name, _NONE)
        self._look(name, "?" if isinstance(value, Recorded) else "")
        if value is _NONE:
            raise MissingSettingError(name, self._path, list(super().keys()))
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a value, or `default`."""
        try:
            return self[name]
        except KeyError:
            return default

    def __contains__(self, name: object) -> bool:
        self._look(name, "?")
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._names()
        return super().__iter__()

    def __reversed__(self) -> Iterator[str]:
        self._names()
        return super().__reversed__()

    def __len__(self) -> int:
        self._names()
        return super().__len__()

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        """Return a view of the names."""
        return KeysView(self)

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """Return a view of the values."""
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """Return a view of names and values."""
        return ItemsView(self)

    def __setitem__(self, name: str, value: Any) -> None:
        self._put(name)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._put(name)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Return a value; put `default` where there is none."""
        try:
            return self[name]
        except KeyError:
            self[name] = default
            return default

    def pop(self, name: str, default: Any = _NONE) -> Any:
        """Take a value out."""
        try:
            value = self[name]
        except KeyError:
            if default is _NONE:
                raise
            return default
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last value out."""
        self._names()
        if not super().__len__():
            raise KeyError("popitem(): dictionary is empty")
        name = next(super().__reversed__())
        return name, self.pop(name)

    def clear(self) -> None:
        """Take everything out."""
        for name in list(super().__iter__()):
            del self[name]

    def update(self, *others: Any, **named: Any) -> None:
        """Put values in."""
        for name, value in dict(*others, **named).items():
            self[name] = value

    def __ior__(self, other: Any) -> Recorded:  # type: ignore[override]
        self.update(other)
        return self

    def __or__(self, other: Any) -> dict[str, Any]:  # type: ignore[override]
        return dict(self) | other if isinstance(other, dict) else NotImplemented

    def __ror__(self, other: Any) -> dict[str, Any]:  # type: ignore[override]
        return dict(other) | dict(self) if isinstance(other, dict) else NotImplemented

    def __eq__(self, other: object) -> bool:
        return self.plain() == (other.plain() if isinstance(other, Recorded) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __repr__(self) -> str:
        return repr(self.plain())

    def copy(self) -> Recorded:
        """Return a copy, which remembers as well."""
        return self.__copy__()

    def __copy__(self) -> Recorded:
        twin = Recorded({}, self._reads, self._path)
        twin._own = set(self._own)
        for name, value in super().items():
            dict.__setitem__(twin, name, value)
        return twin

    def __deepcopy__(self, memo: dict[int, Any]) -> Recorded:
        twin = self.__copy__()
        for name, value in super().items():
            dict.__setitem__(twin, name, copy.deepcopy(value, memo))
        return twin

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        del protocol
        return dict, (self.plain(),)


def introduce() -> None:
    """Let OmegaConf, where it was imported, take a recorded dict for a dict: it asks for the exact type."""
    for name in ("_utils", "omegaconf", "dictconfig", "basecontainer"):
        module = sys.modules.get(f"omegaconf.{name}")
        check = getattr(module, "is_primitive_dict", None)
        if check is not None and not getattr(check, "knows_recorded", False):
            module.is_primitive_dict = _taking_recorded(check)  # type: ignore[union-attr]


def _taking_recorded(is_dict: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def taking(value: Any) -> bool:
        return is_dict(value) or isinstance(value, Recorded) or value is Recorded

    taking.knows_recorded = True  # type: ignore[attr-defined]
    return taking


def _to_yaml(dumper: Any, settings: Recorded) -> Any:
    return dumper.represent_dict(settings.plain())


for _dumper in (yaml.SafeDumper, yaml.Dumper):
    _dumper.add_representer(Recorded, _to_yaml)
