"""Chinese as it is printed: full-width punctuation without blanks, a blank beside Latin, one term for one thing."""

import re
from pathlib import Path

import pytest
import yaml

from ablate.lang import catalogue, closed_up, speaking, tr
from ablate.sources.of_one import OF_ONE, done_text
from ablate.sweep.yaml_reader import read_yaml

ROOT = Path(__file__).parents[2]
WORD = "\u3400-\u9fff"
LATIN = "A-Za-z0-9\u0370-\u03ff%°½√²³⁺⁻⁴-⁹₀-₉"
CODE, LINK = re.compile(r"`[^`]*`|\{\{.*?\}\}"), re.compile(r"\[([^\]]*)\]\([^)]*\)")
RULES = {
    "half-width punctuation beside Chinese": re.compile(f"[{WORD}][,;:?!]|[,;:?!][{WORD}]|\\([{WORD}]|[{WORD}]\\)"),
    "a blank beside full-width punctuation": re.compile("[，。；：！？、（）] +[^|]|[^|] +[，。；：！？、（）]"),
    "no blank between Chinese and Latin": re.compile(f"[{WORD}][{LATIN}`]|[{LATIN}`][{WORD}]"),
    "a blank within Chinese": re.compile(f"[{WORD}] +[{WORD}]"),
}
# Word that is not used -> what stands for the same thing everywhere else.
TERMS = {
    "因子": "因素", "主张": "论断", "臂": "实验组", "零假设": "原假设", "等价": "等效", "误差棒": "误差条",
    "评判": "裁定", "批大小": "批量大小", "个运行": "次运行", "归一化": "规范化", "学习速率": "学习率",
    "精确率": "准确率",
    "轮次": "epoch", "提前终止": "早停", "组件": "部件",
}  # fmt: skip
MEASURES = tuple("次个行列项条道份组")


def strings(value):
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


def of_sentences():
    """The Chinese that is ours: not the sentences themselves, which are quoted from the book and its reader."""
    for sentence in yaml.safe_load((ROOT / "studies" / "notes" / "sentences.yaml").read_text(encoding="utf-8")):
        for reading in ("strong", "weak"):
            yield (sentence.get(reading) or {}).get("says_zh", "")
        yield sentence.get("about_zh", "")
        yield from (headline.get("zh", "") for headline in sentence.get("headlines", []))


def texts():
    """Where -> the Chinese that stands there."""
    tutorial = (ROOT / "docs" / "tutorial.zh.md").read_text(encoding="utf-8")
    found = {
        "catalogue": [text for part in catalogue("zh").values() for text in part.split("\n")],
        "tutorial": re.sub(r"(?ms)^```.*?^```", "", tutorial).split("\n"),
        "sentences": list(of_sentences()),
    }
    for path in sorted((ROOT / "studies").glob("*.yaml")):
        found[path.name] = strings(read_yaml(path.read_text(encoding="utf-8")).get("zh") or {})
    for path in sorted((ROOT / "studies" / "findings").glob("*/words.zh.md")):
        found[f"{path.parent.name}/words.zh.md"] = path.read_text(encoding="utf-8").split("\n")
    return found


TEXTS = texts()


def test_the_rules_see_what_they_are_for():
    wrong = {
        "half-width punctuation beside Chinese": "效应,区间",
        "a blank beside full-width punctuation": "效应。 区间",
        "no blank between Chinese and Latin": "效应CPU",
        "a blank within Chinese": "效应 区间",
    }
    assert {name for name, rule in RULES.items() if rule.search(wrong[name])} == set(RULES)
    assert not any(rule.search("效应（CPU）：95 % 区间，`x`。") for rule in RULES.values())


@pytest.mark.parametrize("where", TEXTS)
def test_chinese_keeps_to_one_way_of_printing(where):
    bare = [CODE.sub("`", LINK.sub(r"\1", text)) for text in TEXTS[where]]
    assert [(name, text) for text in bare for name, rule in RULES.items() if rule.search(text)] == []


@pytest.mark.parametrize("where", TEXTS)
def test_one_thing_has_one_name(where):
    assert [(word, TERMS[word], text) for text in TEXTS[where] for word in TERMS if word in text] == []


def test_what_is_counted_has_a_measure_word():
    with speaking("zh"):
        assert [told for what in OF_ONE if not (told := done_text(what, 3)).startswith(MEASURES)] == []


def test_a_page_has_no_blank_between_its_chinese_sentences_and_keeps_its_tables_in_line():
    page = "- **裁定。** 支持。 区间 [1, 2] 在 δ 之上。 ([SVG](x.svg))\n| 支持。  | 甲 |\n  缩进（甲） 乙"
    with speaking("zh"):
        assert closed_up(page) == (
            "- **裁定。** 支持。区间 [1, 2] 在 δ 之上。([SVG](x.svg))\n| 支持。  | 甲 |\n  缩进（甲）乙"
        )
    assert closed_up("One. Two。 三") == "One. Two。 三"


def test_a_name_that_ends_with_a_full_width_bracket_has_no_blank_after_it():
    with speaking("zh"):
        said = tr("Mean difference between {arm} and {against} with the same seed.", arm="ReLU（调参）", against="无")
    assert said == "同一种子下 ReLU（调参）与无之差的平均值。"
