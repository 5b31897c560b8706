"""The sentences of the notes: of what kind each is, its two readings with their rules, and what may be said of it.

What decides a sentence (its kind, its readings in words, their rules and gates) has a hash, which is registered with
every study that a rule names. Headlines and translations have none: they follow from the verdicts, or judge nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    model_validator,
)

from ablate.claims.parts import Strict
from ablate.errors import UserError, unknown
from ablate.sweep.registration import text_hash
from ablate.sweep.sentence_rules import Decides, Rule, as_data, leaves, read_rule
from ablate.sweep.yaml_reader import read_yaml

Kind = Literal["empirical", "definitional", "historical", "normative", "taste"]
SentenceLabel = Literal["right", "weak", "wrong", "open", "none"]
"""What is said of a sentence: right; right in the weak reading only; wrong; not decided; not a claim about facts."""

_LEAST = 4  # characters a part of a quote must have to be looked for in a sentence
_Rule = Annotated[Rule, PlainValidator(read_rule), PlainSerializer(as_data)]


def _named(what: str, choices: tuple[str, ...]) -> BeforeValidator:
    def check(value: Any) -> Any:
        if value not in choices:
            raise ValueError(str(unknown(what, str(value), choices)))
        return value

    return BeforeValidator(check)


class SentenceReading(Strict):
    """One way to read a sentence, and when it is right.

    Attributes
    ----------
    says, says_zh
        The reading in words.
    rule
        What decides it; see `sentence_rules`.
    gates
        Rules that must hold for the reading to be decided at all: its controls.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    says: str
    says_zh: str
    rule: _Rule
    gates: list[_Rule] = Field(default_factory=list)

    @model_validator(mode="after")
    def _decided(self) -> Self:
        for claim in self.claims():
            if claim.outcome == "not_shown":
                raise ValueError(
                    f"{claim.name}: what is not shown decides nothing; expected `outcome: refuted`, or supported"
                )
        return self

    def claims(self) -> Iterator[Decides]:
        """Return the claims that decide it, those of its gates last."""
        for rule in (self.rule, *self.gates):
            yield from leaves(rule)


class Headline(Strict):
    """What is said of a sentence where it has this label.

    Attributes
    ----------
    when
        What it says beside the label: it may stand only where this rule holds.
    en, zh
        The words; numbers as ``{{ STUDY/CLAIM.field }}``, of the claims that decide.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    label: Annotated[SentenceLabel, _named("label", get_args(SentenceLabel))]
    when: _Rule | None = None
    en: str
    zh: str


class Sentence(Strict):
    """One sentence of the notes.

    Attributes
    ----------
    who
        Copied from the `book`, or the `reader`'s own.
    about
        What it is said of, where the sentence alone does not tell.
    studies
        The studies whose claims stand beside it as context.
    kind
        Only what is `empirical` is judged, by a strong and a weak reading.
    headlines
        One for each label it may get; of several for one label the first whose `when` holds.
    """

    id: str
    zh: str
    en: str
    who: Literal["book", "reader"]
    about: str = ""
    about_zh: str = ""
    studies: list[str] = Field(default_factory=list)
    kind: Annotated[Kind, _named("kind", get_args(Kind))]
    strong: SentenceReading | None = None
    weak: SentenceReading | None = None
    headlines: list[Headline]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        judged = self.kind == "empirical"
        for name in ("strong", "weak"):
            if (getattr(self, name) is not None) != judged:
                raise ValueError(
                    f"an empirical sentence states its `{name}` reading and the rule that decides it"
                    if judged
                    else f"a {self.kind} sentence is not judged and has no `{name}` reading; only an empirical one has"
                )
        for headline in self.headlines:
            if (headline.label != "none") != judged:
                expected = "right, weak, wrong or open" if judged else "none"
                raise ValueError(f"the label of a headline of a {self.kind} sentence must be {expected}")
        if not judged and len(self.headlines) != 1:
            raise ValueError(f"a {self.kind} sentence has one headline, got {len(self.headlines)}")
        return self

    @property
    def readings(self) -> tuple[SentenceReading, ...]:
        """The strong and the weak reading; none where it is not judged."""
        return tuple(one for one in (self.strong, self.weak) if one is not None)

    def decisive(self, headline: Headline | None = None) -> list[Decides]:
        """Return the claims whose verdicts decide it, and what a headline says of it beside, each once."""
        named = [claim for reading in self.readings for claim in reading.claims()]
        if headline is not None and headline.when is not None:
            named += leaves(headline.when)
        return list({claim.name: claim for claim in named}.values())

    def named(self) -> list[Decides]:
        """Return every claim its rules name, as often as they do."""
        named = [claim for reading in self.readings for claim in reading.claims()]
        whens = [headline.when for headline in self.headlines if headline.when is not None]
        return [*named, *(claim for when in whens for claim in leaves(when))]

    def registered(self) -> list[str]:
        """Return the studies whose verdicts decide it: those that register its hash."""
        return list(dict.fromkeys(claim.study for reading in self.readings for claim in reading.claims()))

    @property
    def sha256(self) -> str:
        """Hash of what decides it: kind, readings in English, rules and gates."""
        deciding: dict[str, Any] = {"kind": self.kind}
        for name, reading in (("strong", self.strong), ("weak", self.weak)):
            if reading is not None:
                gates = [as_data(gate) for gate in reading.gates]
                deciding[name] = {"says": " ".join(reading.says.split()), "rule": as_data(reading.rule), "gates": gates}
        return text_hash(yaml.safe_dump(deciding, sort_keys=True, allow_unicode=True))


def read_sentences(path: Path) -> list[Sentence]:
    """Read the file of sentences; none where there is no file.

    Raises
    ------
    UserError
        The file is not a list of sentences, an id is given twice, a sentence has an unknown or missing key, or a rule
        that cannot be decided.
    """
    if not path.is_file():
        return []
    try:
        data = read_yaml(path.read_text(encoding="utf-8"))
    except (UserError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{path}: {error}") from None
    if not isinstance(data, list):
        raise UserError(f"{path}: expected a list of sentences, got {type(data).__name__}")
    sentences: list[Sentence] = []
    for number, one in enumerate(data):
        name = str(one["id"]) if isinstance(one, dict) and "id" in one else str(number)
        try:
            sentences.append(Sentence.model_validate(one))
        except ValidationError as error:
            raise UserError(f"{path}: sentence {name}: {_first(error)}") from None
        if name in {sentence.id for sentence in sentences[:-1]}:
            raise UserError(f"{path}: the id {name!r} is given twice")
    return sentences


def _first(error: ValidationError) -> str:
    """Return the first mistake on one line: where it is, what was expected, and the nearest key."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        parts: dict[str, type[Strict]] = {"strong": SentenceReading, "weak": SentenceReading, "headlines": Headline}
        model = parts[str(first["loc"][0])] if len(first["loc"]) > 1 else Sentence
        return f"{place}: {unknown('key', str(first['loc'][-1]), model.model_fields)}"
    text = first["msg"].removeprefix("Value error, ")
    return f"{place}: {text}" if place else text


def hashes_for(study: str, sentences: Sequence[Sentence]) -> dict[str, str]:
    """Return sentence id -> hash, of the sentences that verdicts of this study decide: what it registers."""
    return {sentence.id: sentence.sha256 for sentence in sentences if study in sentence.registered()}


def same_sentence(one: str, other: str) -> bool:
    """Tell whether two quotes are of one sentence: a part of either stands in the other; spaces and … do not count.

    >>> same_sentence("激活函数必须使用非线性函数…没有意义了", "神经网络的激活函数必须使用非线性函数。")
    True
    >>> same_sentence("学习进行得更快", "还有dropout技术，也是非常垃圾。")
    False
    """
    ours, theirs = _parts(one), _parts(other)
    return any(a in b or b in a for a in ours for b in theirs)


def _parts(text: str) -> list[str]:
    bare = re.sub(r"[\s“”\"。，,()（）]", "", text)
    parts = [part for part in re.split(r"…+|\.\.\.", bare) if len(part) >= _LEAST]
    return parts or [bare]
