"""The page on how a verdict is made: its examples are run, and its table is the rule."""

import doctest
import re
from pathlib import Path

import pytest

from ablate.claims.parts import effect_label
from ablate.stats.effects import by_interval
from ablate.words.rulings import label_words

PAGE = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text(encoding="utf-8")
DELTA = 1.0


def test_the_examples_give_what_the_page_shows():
    text = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    example = doctest.DocTestParser().get_doctest(text, {}, "verdicts.md", "verdicts.md", 0)
    assert len(example.examples) > 10
    assert doctest.DocTestRunner().run(example).failed == 0


@pytest.mark.parametrize(
    ("low", "high"),
    [(1.5, 3.0), (-3.0, -1.5), (-0.5, 0.5), (-0.9, -0.1), (-2.0, -0.5), (-2.0, 0.5), (0.5, 1.5), (-2.0, 2.0)],
)
def test_the_first_line_of_the_table_that_fits_is_the_verdict(low, high):
    rows = re.findall(r"^\| ((?:low|high|−δ) .*?|otherwise) \| (\w+)(?:: ([^:|]*?))? \|$", PAGE, re.MULTILINE)
    rows += re.findall(r"^\| (otherwise) \| (inconclusive)(:)", PAGE, re.MULTILINE)
    names = {"low": low, "high": high, "delta": DELTA}
    for condition, outcome, label in rows:
        code = condition.replace("−δ", "-delta").replace("δ", "delta").replace("otherwise", "True")
        if eval(code, {}, names):  # the words of the page
            found = by_interval(low, high, (DELTA, float("inf")))
            assert outcome == found
            assert found != "refuted" or label == label_words(effect_label(low, high, DELTA))
            return
    raise AssertionError("no line of the table fits")
