"""YAML as study files are read: version 1.2, core schema, with limits (why: docs/decisions, 27).

PyYAML scans and parses; what a scalar means, which keys there may be and how large it may get is settled here. Quoted
scalars and blocks are text. Keys are text as they are written, whatever they look like. Anchors and `<<:` are followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from ablate.errors import UserError
from ablate.values import MOST_DEPTH, check_text, plain, short

MOST_CHARACTERS = 500_000
MOST_VALUES = 100_000
"""Values a file may hold, those that aliases repeat counted each time."""

_TEXT = ("!", "tag:yaml.org,2002:str")
_STRANGE_BREAKS = "\x85\u2028\u2029"  # line breaks of YAML 1.1, letters like others in 1.2


def read_yaml(text: str) -> Any:
    """Return what a YAML text holds: mappings, lists, text, numbers, true, false and null.

    >>> read_yaml("{off: 1e-3, ratio: 1:10, code: 010, last: true, quoted: 'true'}")
    {'off': 0.001, 'ratio': '1:10', 'code': 10, 'last': True, 'quoted': 'true'}

    Raises
    ------
    UserError
        With the line and the key: it does not parse; a key is given twice or is not text; a number is too large, too
        small or not finite; a text is not Unicode; a tag; an alias within its own anchor; more than one document;
        beyond `MOST_CHARACTERS`, `MOST_VALUES` or `MOST_DEPTH`.
    """
    if len(text) > MOST_CHARACTERS:
        raise UserError(f"it is {len(text):,} characters long, at most {MOST_CHARACTERS:,} are read")
    for character in _STRANGE_BREAKS:
        if character in text:
            line = text[: text.index(character)].count("\n") + 1
            code = f"{ord(character):04X}"
            raise UserError(f'line {line}: it holds the character U+{code}; write it in double quotes, as "\\u{code}"')
    try:
        return _Builder(text).document()
    except yaml.YAMLError as error:
        raise UserError(f"not valid YAML: {' '.join(str(error).split())}") from None


@dataclass(frozen=True)
class _Node:
    value: Any
    size: int  # values in it, itself included


class _Builder:
    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._anchors: dict[str, _Node | None] = {}  # None: not finished yet
        self._path: list[str] = []
        self._size = 0

    def document(self) -> Any:
        value = None
        for number, event in enumerate(self._events):
            if isinstance(event, yaml.DocumentStartEvent):
                if number > 1:
                    self._refuse(event, "a second document begins here; a study file holds one")
                if event.version is not None and event.version != (1, 2):
                    self._refuse(event, f"it says %YAML {event.version[0]}.{event.version[1]}; YAML 1.2 is read")
                value = self._node(next(self._events), depth=0).value
        return value

    def _node(self, event: yaml.Event, *, depth: int) -> _Node:
        if depth > MOST_DEPTH:
            self._refuse(event, f"lists and mappings may be nested {MOST_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            return self._counted(event, self._aliased(event))
        assert isinstance(event, yaml.NodeEvent)
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = None
        match event:
            case yaml.ScalarEvent():
                node = self._counted(event, _Node(self._scalar(event), 1))
            case yaml.SequenceStartEvent():
                node = self._sequence(event, depth)
            case yaml.MappingStartEvent():
                node = self._mapping(event, depth)
            case _:
                raise AssertionError(f"no node begins with {event!r}")
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _aliased(self, event: yaml.AliasEvent) -> _Node:
        if event.anchor not in self._anchors:
            self._refuse(event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        node = self._anchors[event.anchor]
        if node is None:
            self._refuse(event, f"the alias *{event.anchor} stands within its own anchor, which has no end")
        return node

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        text = self._text(event)
        if event.tag is not None:
            if event.tag not in _TEXT:
                self._refuse(event, f"not valid YAML here: the tag {event.tag}; write the value without a tag")
            return text
        return self._checked(event, plain, text) if event.implicit[0] else text

    def _text(self, event: yaml.ScalarEvent) -> str:
        r"""Return the text of a scalar; two escapes such as ``\ud83d\ude00`` are one character, as JSON writes it."""
        text: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        self._checked(event, check_text, text)
        return text

    def _sequence(self, event: yaml.SequenceStartEvent, depth: int) -> _Node:
        self._untagged(event)
        sequence = self._counted(event, _Node([], 1))
        size = sequence.size
        for number, item in enumerate(self._until(yaml.SequenceEndEvent)):
            self._path.append(str(number))
            node = self._node(item, depth=depth + 1)
            self._path.pop()
            sequence.value.append(node.value)
            size += node.size
        return _Node(sequence.value, size)

    def _mapping(self, event: yaml.MappingStartEvent, depth: int) -> _Node:
        self._untagged(event)
        size = self._counted(event, _Node(None, 1)).size
        mapping: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key_event in self._until(yaml.MappingEndEvent):
            key = self._key(key_event)
            merges = key == "<<" and isinstance(key_event, yaml.ScalarEvent) and key_event.implicit[0]
            if key in mapping or (merges and merged is not None):
                self._refuse(key_event, f"key {short(key)!r} is given twice")
            self._path.append(key)
            node = self._node(next(self._events), depth=depth + 1)
            size += node.size
            if merges:
                merged = self._merged(key_event, node.value)
            else:
                mapping[key] = node.value
            self._path.pop()
        return _Node({**(merged or {}), **mapping}, size)

    def _key(self, event: yaml.Event) -> str:
        if isinstance(event, yaml.AliasEvent):
            value = self._aliased(event).value
            if not isinstance(value, str):
                self._refuse(event, f"a key must be text, *{event.anchor} is {type(value).__name__}")
            return value
        if not isinstance(event, yaml.ScalarEvent):
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
            self._refuse(event, f"a key must be text, got a {kind}")
        text = self._text(event)
        if event.tag is not None and event.tag not in _TEXT:
            self._refuse(event, f"not valid YAML here: the tag {event.tag}; write the key without a tag")
        if not text and event.implicit[0]:
            self._refuse(event, "a key is missing before the colon")
        if event.anchor is not None:
            self._anchors[event.anchor] = _Node(text, 1)
        return text

    def _merged(self, event: yaml.Event, value: Any) -> dict[str, Any]:
        """Return what `<<` brings in; of a list of mappings the earlier ones come first, as in YAML."""
        parts = value if isinstance(value, list) else [value]
        merged: dict[str, Any] = {}
        for part in parts:
            if not isinstance(part, dict):
                self._refuse(event, f"`<<` takes a mapping or a list of mappings, got {type(part).__name__}")
            merged = {**part, **merged}
        return merged

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _untagged(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        if event.tag is not None and event.tag != "!":
            self._refuse(event, f"not valid YAML here: the tag {event.tag}; write the value without a tag")

    def _counted(self, event: yaml.Event, node: _Node) -> _Node:
        self._size += node.size
        if self._size > MOST_VALUES:
            self._refuse(event, f"it holds more than {MOST_VALUES:,} values, those that aliases repeat counted")
        return node

    def _checked(self, event: yaml.Event, check: Callable[[str], Any], text: str) -> Any:
        try:
            return check(text)
        except ValueError as error:
            self._refuse(event, str(error))

    def _refuse(self, event: yaml.Event, why: str) -> NoReturn:
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        at = ".".join(short(key) for key in self._path)
        raise UserError(f"line {line}{f', `{at}`' if at else ''}: {why}")
