"""The words of the command line: Hydra's grammar, with the values of a study file.

Hydra and a study file read some unquoted words differently: `010` is text for Hydra and 10 in YAML 1.2, `1_000` and
`inf` are numbers for Hydra and text in YAML. Here an unquoted word means what it means in the file (`values.plain`),
quoted is text, and `${…}` is text, so that an arm is the same arm wherever it is written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

from antlr4 import CommonTokenStream, InputStream
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser, create_functions
from hydra.core.override_parser.overrides_visitor import HydraErrorListener, HydraOverrideVisitor
from hydra.core.override_parser.types import Glob, Override, QuotedString
from hydra.grammar.gen.OverrideLexer import OverrideLexer
from hydra.grammar.gen.OverrideParser import OverrideParser

from ablate.app.study_name import HANDED
from ablate.errors import UserError, unknown
from ablate.levels import level_name
from ablate.registry import GROUPS
from ablate.sweep.study_file import MOST_LEVELS
from ablate.values import check_text, check_value, plain, short

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")


class _Visitor(HydraOverrideVisitor):
    """Reads a word as a study file does; all else is Hydra's."""

    def visitPrimitive(self, ctx: Any) -> Any:  # noqa: N802  # Hydra's name
        nodes = self._nodes(ctx)
        kinds = {node.symbol.type for node in nodes}
        if not nodes or OverrideLexer.QUOTED_VALUE in kinds:
            return self._createPrimitive(ctx)
        word = self._word(nodes)
        if OverrideLexer.INTERPOLATION in kinds:
            told = repr(short(word))
            raise UserError(f"{told[1:-1]} is not filled in here: write the value out; in quotes it is text: {told}")
        if OverrideLexer.ESC in kinds:  # a backslash is a way of quoting
            return word
        try:
            return plain(word)
        except ValueError as error:
            raise UserError(str(error)) from None

    def visitDictContainer(self, ctx: Any) -> Any:  # noqa: N802
        pairs = [self.visitDictKeyValuePair(ctx.getChild(i)) for i in range(1, ctx.getChildCount() - 1, 2)]
        mapping: dict[str, Any] = {}
        for key, value in pairs:
            if key in mapping:
                raise UserError(f"the key {key!r} is given twice in {short(ctx.getText())}")
            mapping[key] = value
        return mapping

    def visitDictKey(self, ctx: Any) -> Any:  # noqa: N802
        return self._word(self._nodes(ctx))  # keys are text, as in a file

    def _nodes(self, ctx: Any) -> list[Any]:
        nodes = list(ctx.getChildren())
        while nodes and self.is_ws(nodes[-1]):
            nodes.pop()
        while nodes and self.is_ws(nodes[0]):
            nodes.pop(0)
        return nodes

    def _word(self, nodes: Sequence[Any]) -> str:
        texts = [(node.symbol.text, node.symbol.type == OverrideLexer.ESC) for node in nodes]
        return "".join(text[1::2] if escaped else text for text, escaped in texts)


class _Parser(OverridesParser):
    def parse_rule(self, s: str, rule_name: str) -> Any:
        """Parse as Hydra does (`OverridesParser.parse_rule`), with our visitor."""
        listener = HydraErrorListener()
        lexer = OverrideLexer(InputStream(s))
        parser = OverrideParser(CommonTokenStream(lexer))
        for part in (lexer, parser):
            part.removeErrorListeners()
            part.addErrorListener(listener)
        override = _Visitor(self.functions).visit(getattr(parser, rule_name)())
        override.input_line = s
        override.validate()
        return override


def refuse_deletion(override: Override) -> None:
    """Raise `UserError` for `~key`: every key of an arm has a value."""
    if override.is_delete() and not override.is_hydra_override():
        key = override.get_key_element().lstrip("~")
        raise UserError(f"`~{key}`: a setting cannot be removed; give another value, or null where null is allowed")


def parse(words: Sequence[str], loader: ConfigLoader | None = None) -> list[Override]:
    """Parse overrides; see `unswept_value` and `levels_of` for what they hold.

    Raises
    ------
    UserError
        A word is not Unicode, nests too deeply, or holds a number that is not finite or an interpolation.
    hydra.errors.HydraException
        It does not parse; `explain` makes it one line.
    """
    parser = _Parser(create_functions(), config_loader=loader)
    parsed: list[Override] = []
    for word in words:
        try:
            check_text(word)
            parsed += parser.parse_overrides([word])
        except (ValueError, UserError) as error:
            raise UserError(f"{_key_of(word)}{error}") from None
        except RecursionError:
            raise UserError(f"{_key_of(word)}lists and mappings are nested too deeply") from None
    return parsed


def _key_of(word: str) -> str:
    key, equals, _ = word.partition("=")
    return f"`{key.lstrip('+~')}`: " if equals and key.isascii() and key.isprintable() else ""


def unswept_value(override: Override) -> Any:
    """Return the plain value of an override that is not swept."""
    return _checked(override.get_key_element().lstrip("+~"), _unquoted(override.value()))


def levels_of(override: Override, key: str, options: Sequence[str] = ()) -> list[Any]:
    """Return the levels of a swept override; `options` are those of its group, which a `glob` picks from.

    Raises
    ------
    UserError
        It is swept in a way that is not a list of levels, or that changes from call to call.
    """
    value: Any = override.value()
    if key == "seeds":
        raise UserError("`seeds` is not a factor: give a count (seeds=8) or a list (seeds=[0,1,2])")
    if isinstance(value, Glob):
        return _picked(value, key, options)
    if not override.is_discrete_sweep():
        raise UserError(f"`{key}`: an interval cannot be swept; give levels: {key}=a,b,c or {key}=range(1,4)")
    if getattr(value, "shuffle", False):
        raise UserError(
            f"`{key}`: shuffle gives another order each time, and the first level is the baseline; give the levels in "
            "their order"
        )
    several = itertools.islice(override.sweep_iterator(), MOST_LEVELS + 1)  # `range(1,1e9)` is not written out
    levels = [_checked(key, _unquoted(level)) for level in several]
    if not levels:
        raise UserError(f"`{key}`: {override.input_line} gives no level")
    return levels


def _picked(glob: Glob, key: str, options: Sequence[str]) -> list[Any]:
    if key not in GROUPS:
        raise UserError(f"`{key}`: glob picks from the options of a group, one of {', '.join(GROUPS)}; give the levels")
    patterns = [*glob.include, *glob.exclude]
    picked: list[Any] = glob.filter(list(options)) if all(isinstance(one, str) for one in patterns) else []
    if not picked:
        raise unknown(key, f"glob({','.join(map(str, glob.include))})", options)
    return picked


def _checked(key: str, value: Any) -> Any:
    try:
        check_value(value)
    except ValueError as error:
        raise UserError(f"`{key}`: {error}") from None
    return value


def _unquoted(value: Any) -> Any:
    if isinstance(value, list):
        return [_unquoted(item) for item in value]
    if isinstance(value, dict):
        return {_unquoted(key): _unquoted(item) for key, item in value.items()}
    # Hydra keeps how a text was quoted; a level is only the text.
    return value.text if isinstance(value, QuotedString) else value


def override_text(value: Any) -> str:
    r"""Write a value as it is typed, to be read back by `parse` and, if it is not an interpolation, by Hydra.

    >>> [override_text(value) for value in (1e-05, None, True, "batch", "true", "it's", [1, "a b"], {"lr": 0.1})]
    ['1e-05', 'null', 'true', 'batch', "'true'", "'it\\'s'", "[1,'a b']", '{lr:0.1}']
    """
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(override_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_typed_key(key)}:{override_text(item)}" for key, item in value.items()) + "}"
    if not isinstance(value, str):
        return level_name(value, digits=17)
    return value if _WORD.fullmatch(value) and _means_itself(value) else quoted(value)


def quoted(text: str) -> str:
    """Write a text in single quotes, as Hydra's grammar takes it: backslashes count only before a quote."""
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + r"\'", text)
    return f"'{escaped}{escaped[len(escaped.rstrip(chr(92))) :]}'"


def as_hydra_reads(words: Sequence[str]) -> list[str]:
    """Return words that Hydra reads as we do; what was typed is kept in `HANDED`.

    Hydra composes the same overrides for what it shows and writes itself (`--cfg job`, folders named by settings).
    """
    HANDED.words.clear()
    HANDED.settings.clear()
    for_hydra = []
    for word in words:
        told = word
        if word.startswith(_SWEEPER) and "${" in word:
            told = _beside_hydra(word)
        elif "=" in word and not word.startswith(("-", "hydra.", "hydra/")):
            told = _for_hydra(word)
        if told != word:
            HANDED.words[told] = word
        for_hydra.append(told)
    return for_hydra


_SWEEPER = "hydra.sweeper."


def _beside_hydra(word: str) -> str:
    head, _, _ = word.partition("=")
    value = unswept_value(parse([word])[0])
    HANDED.settings[head.removeprefix(_SWEEPER)] = value
    return f"{head}={override_text(value).replace('${', '$ {')}"


def _for_hydra(word: str) -> str:
    override = parse([word])[0]
    if override.is_hydra_override() or override.is_delete():
        return word
    head, _, value = word.partition("=")
    theirs = OverridesParser.create().parse_overrides([word])[0]
    if "${" not in value and repr(theirs.value()) == repr(override.value()):
        return word
    if override.is_sweep_override():
        levels = levels_of(override, head.lstrip("+~"))
        return f"{head}={','.join(override_text(literals(level)) for level in levels)}"
    return f"{head}={override_text(literals(unswept_value(override)))}"


def literal(text: str) -> str:
    r"""Return a text that OmegaConf holds as it is: `${` is not an interpolation.

    >>> literal("a ${b}"), literal(r"\${b}")
    ('a \\${b}', '\\\\\\${b}')
    """
    return re.sub(r"(\\*)\$\{", lambda match: match[1] * 2 + r"\${", text)


def literals(value: Any) -> Any:
    """Return a value with every text in it as `literal`, those of keys too."""
    if isinstance(value, list | tuple):
        return [literals(item) for item in value]
    if isinstance(value, dict):
        return {key: literals(item) for key, item in value.items()}
    return literal(value) if isinstance(value, str) else value


def _means_itself(word: str) -> bool:
    """Return whether Hydra, too, reads the word as this text (`inf` and `nULL` are none for it)."""
    return plain(word) == word and word.lower() not in ("inf", "nan", "null", "true", "false")


def _typed_key(key: str) -> str:
    """Write a key of a mapping; Hydra has no quoted keys, so that one with other signs cannot be read back."""
    if not re.fullmatch(r"[A-Za-z0-9_/\-\\+.$%*@?|()\[\]{}:=, \t]+", key):
        return quoted(key)
    return re.sub(r"[\\()\[\]{}:=, \t]", r"\\\g<0>", key)
