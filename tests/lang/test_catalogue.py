"""Every message of the code and the templates has a translation, with the same placeholders, and none is stale."""

import ast
import difflib
import string
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment, nodes

from ablate.lang import LANGUAGES, catalogue, language, speaking, tr

PACKAGE = Path(__file__).parents[2] / "ablate"
TEMPLATES = PACKAGE / "report" / "templates"
# Pages that are about the tool and not about a study stay English.
ENGLISH_ONLY = ("calibration.html.j2", "calibration.md.j2")


def _name(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def messages_of(source):
    """Return the messages of a module, and the calls of `tr` whose message cannot be read off the code."""
    found, dynamic = set(), []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        first = node.args[0]
        if _name(node) in ("tr", "msg"):
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
            elif _name(node) == "msg":
                dynamic.append(ast.unparse(node))
        elif _name(node) == "counted" and len(node.args) == 2:
            if isinstance(node.args[1], ast.Constant):
                found.add(f"{{n}} {node.args[1].value}")
            else:
                dynamic.append(ast.unparse(node))
    return found, dynamic


def messages_of_template(source):
    """Return the messages of a Jinja template."""
    tree = Environment(autoescape=True).parse(source)
    calls = [call for call in tree.find_all(nodes.Call) if getattr(call.node, "name", "") == "tr"]
    return {c.args[0].value for c in calls if isinstance(c.args[0], nodes.Const)}


def all_messages():
    found = set()
    for path in PACKAGE.rglob("*.py"):
        found |= messages_of(path.read_text(encoding="utf-8"))[0] if path.parent.name != "lang" else set()
    for path in TEMPLATES.glob("*.j2"):
        if path.name not in ENGLISH_ONLY:
            found |= messages_of_template(path.read_text(encoding="utf-8"))
    return found


def placeholders(message):
    return {(name, spec) for _, name, spec, _ in string.Formatter().parse(message) if name is not None}


MESSAGES = all_messages()


def test_the_collector_sees_code_and_templates():
    source = 'tr("a {n}", n=1); msg("b" "c"); counted(3, "seed"); tr(x); other("d")'
    assert messages_of(source) == ({"a {n}", "bc", "{n} seed"}, [])
    assert messages_of("counted(3, word)")[1] == ["counted(3, word)"]
    assert messages_of_template('{% if x %}{{ tr("one {n}", n=x) }}{% endif %}{{ other("two") }}') == {"one {n}"}
    assert len(MESSAGES) > 200


@pytest.mark.parametrize("name", [name for name in LANGUAGES if name != "en"])
def test_every_message_is_translated(name):
    missing = sorted(MESSAGES - catalogue(name).keys())
    told = reworded(missing, sorted(catalogue(name).keys() - MESSAGES))
    assert not missing, f"{len(missing)} messages have no translation in ablate/lang/{name}/:\n" + "\n".join(told)


def reworded(missing, stale):
    """Return messages without a translation; of each that only has other words now, the key to edit."""
    told = []
    for message in missing:
        (before,) = difflib.get_close_matches(message, stale, n=1, cutoff=0.7) or [""]
        told.append(message + (f"\n    reworded? its translation stands under: {before}" if before else ""))
    return told


def test_a_reworded_message_is_told_with_the_key_its_translation_stands_under():
    before, now = "Every arm has all its {seeds}.", "Every arm has each of its {seeds}."
    assert reworded([now, "nothing like it"], [before, "No run diverged."]) == [
        f"{now}\n    reworded? its translation stands under: {before}",
        "nothing like it",
    ]


@pytest.mark.parametrize("name", [name for name in LANGUAGES if name != "en"])
def test_a_message_has_one_translation_in_one_place(name):
    keys = [
        key.value
        for path in sorted((PACKAGE / "lang" / name).glob("*.yaml"))
        for key, _ in yaml.compose(path.read_text(encoding="utf-8")).value
    ]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


@pytest.mark.parametrize("name", [name for name in LANGUAGES if name != "en"])
def test_no_translation_is_stale(name):
    # Names built from what a study logs come through `tr` too; they stand in a file of their own.
    stale = sorted(catalogue(name).keys() - MESSAGES - set(names(name)))
    assert not stale, f"these messages are not used any more: {stale}"


def names(name):
    return yaml.safe_load((PACKAGE / "lang" / name / "names.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in LANGUAGES if name != "en"])
def test_a_translation_has_the_placeholders_of_its_message(name):
    wrong = {
        message: text
        for message, text in catalogue(name).items()
        if placeholders(message) != placeholders(text) or message.count("{}") != text.count("{}")
    }
    assert not wrong


def test_messages_that_are_built_at_run_time_are_marked_where_they_stand():
    dynamic = {}
    for path in PACKAGE.rglob("*.py"):
        if path.parent.name != "lang" and (found := messages_of(path.read_text(encoding="utf-8"))[1]):
            dynamic[path.name] = found
    assert dynamic == {}


def test_the_language_of_the_moment_ends_with_its_block():
    with speaking("zh"):
        assert language() == "zh"
        assert tr("supported") == "支持"
    assert language() == "en"
    assert tr("supported") == "supported"
    assert tr("a name nobody knows") == "a name nobody knows"


def test_a_name_that_is_filled_in_has_a_blank_beside_it_only_where_it_is_latin():
    def said(metric):
        values = {
            "arm": "norm=batch",
            "metric": metric,
            "size": "3 个百分点",
            "so": "",
            "compared": "与 norm=none 相比",
        }
        with speaking("zh"):
            return tr("{arm} raises {metric}{so} by {size} {compared}", **values)

    assert said("测试准确率") == "与 norm=none 相比，norm=batch 使测试准确率提高 3 个百分点"
    assert said("final/loss") == "与 norm=none 相比，norm=batch 使 final/loss 提高 3 个百分点"
    assert tr("{metric} 一 二", metric="三") == "三 一 二"  # English pages show what stands there
