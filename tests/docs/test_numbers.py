"""What pages say in numbers is what the committed results say."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def numbers():
    spec = importlib.util.spec_from_file_location("numbers_of_pages", ROOT / "docs" / "counted.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page", ["README.md", "docs/tutorial.md", "docs/tutorial.zh.md", "docs/scale.md", "docs/reliability.md"]
)
def test_a_page_says_what_the_results_say(numbers, page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert numbers.filled(page, text) == text, "run: python docs/counted.py"


def test_a_wrong_number_is_written_anew_and_a_missing_sentence_is_named(numbers):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    wrong = text.replace("true in 14 of these 16 panels", "true in 9 of these 17 panels")
    assert wrong != text
    assert numbers.filled("README.md", wrong) == text
    with pytest.raises(ValueError, match=r"README.md: expected once .* found 0 times"):
        numbers.filled("README.md", text.replace("The first trains", "It trains"))


def test_a_limit_that_a_page_names_is_the_one_of_the_code(numbers):
    text = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
    wrong = text.replace("waits for it, 10 minutes", "waits for it, 11 minutes").replace(
        "the first 64 MB", "the first 9 MB"
    )
    assert wrong != text
    assert numbers.filled("docs/reliability.md", wrong) == text
    with pytest.raises(ValueError, match=r"patience.py: expected one number HOURS, found 0"):
        numbers.constant("ablate/track/patience.py", "HOURS")()


def test_the_table_of_scale_is_that_of_the_benchmark(numbers):
    text = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    first, *_ = numbers.scale("report")
    wrong = text.replace(f"| {first} s |", "| 0.1 s |").replace("9.1 on average", "7.1 on average")
    assert wrong != text
    assert numbers.filled("docs/scale.md", wrong) == text
    with pytest.raises(ValueError, match="expected one row 'rapport', found 0"):
        numbers.scale("rapport")
