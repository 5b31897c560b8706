"""A study's own words in Chinese: every study shipped has all of them, and their numbers are the study's own."""

import re

import pytest

from ablate.errors import UserError
from ablate.resources import study_folders
from ablate.sweep.study_file import load_study, parse_study
from ablate.sweep.translated import translated

SHIPPED = sorted(path for path in study_folders()[-1].glob("*.yaml"))
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")

PLAIN = {
    "title": "t",
    "factors": {"norm": ["none", "batch"]},
    "confounds": ["one", "two"],
    "claims": [
        {"id": "a", "says": "at least 80 %", "metric": "m", "arm": {"norm": "batch"}, "against": {"norm": "none"}}
    ],
}


def parse(**zh):
    return parse_study({**PLAIN, "zh": zh}, where="studies/x.yaml")


def numbers(text):
    return {float(number.replace(",", "")) for number in NUMBER.findall(text)}


def strangers(study):
    """Return what a claim says in Chinese with a number that neither its English nor its terms have."""
    found = {}
    for claim in study.claims:
        words = study.zh.claims[claim.id]
        terms = [v for v in claim.model_dump().values() if isinstance(v, int | float) and not isinstance(v, bool)]
        own = numbers(f"{claim.says} {claim.why_delta}") | {round(scale * v, 9) for v in terms for scale in (1, 100)}
        if strange := numbers(f"{words.says} {words.why_delta}") - own:
            found[claim.id] = strange
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_has_its_words_in_chinese(path):
    study = load_study(str(path))
    assert study.zh is not None, f"{path.name} has no `zh:`"
    assert translated(study, study.zh)[1] == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_chinese_words_are_chinese_and_read_on_without_gaps(path):
    study = load_study(str(path))
    words = study.zh
    texts = [words.title, words.question, words.background, *words.not_concluded, *words.confounds, *words.figures]
    texts += [text for claim in words.claims.values() for text in (claim.says, claim.why_delta)]
    for text in filter(None, texts):
        assert re.search("[一-鿿]", text), f"not Chinese: {text}"
        # YAML folds a line break into a space, which Chinese does not have.
        assert not re.search("[一-鿿，。；：、（）] +[一-鿿]", text), f"a gap in: {text}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_chinese_claims_have_no_number_that_the_claims_do_not_have(path):
    assert strangers(load_study(str(path))) == {}


def test_a_stale_number_is_seen():
    assert strangers(parse(claims={"a": {"says": "至少80 %"}})) == {}
    assert strangers(parse(claims={"a": {"says": "至少90 %"}})) == {"a": {90.0}}


def test_what_has_no_translation_is_named_and_stays_as_it_was():
    study = parse(title="题", claims={"a": {"says": "至少80 %"}})
    spoken, left = translated(study, study.zh)
    assert (spoken.title, spoken.claims[0].says) == ("题", "至少80 %")
    assert spoken.confounds == study.confounds
    assert left == ["confounds"]


def test_words_for_what_a_study_does_not_have_are_refused():
    with pytest.raises(UserError, match="confounds must have 2 items as the study has, got 1"):
        parse(confounds=["一"])
    with pytest.raises(UserError, match="unknown claim 'b'"):
        parse(claims={"b": {"says": "乙"}})
