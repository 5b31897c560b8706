"""The sentences of the notes, and which quotes of a study belong to which sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from ablate.claims.parts import Strict
from ablate.errors import UserError

_LEAST = 4  # characters a part of a quote must have to be looked for in a sentence


class Sentence(Strict):
    """One sentence of the notes.

    Attributes
    ----------
    who
        Copied from the `book`, or the `reader`'s own.
    about
        What it is said of, where the sentence alone does not tell.
    studies
        The studies that put it to the test.
    """

    id: str
    zh: str
    en: str
    who: Literal["book", "reader"]
    about: str = ""
    about_zh: str = ""
    studies: list[str] = Field(default_factory=list)


def read_sentences(path: Path) -> list[Sentence]:
    """Read the file of sentences; none where there is no file.

    Raises
    ------
    UserError
        The file is not a list of sentences, or one of them has an unknown or missing key.
    """
    if not path.is_file():
        return []
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return [Sentence.model_validate(one) for one in data]
    except (yaml.YAMLError, TypeError) as error:
        raise UserError(f"{path}: expected a list of sentences: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


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
