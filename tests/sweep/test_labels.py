"""Labels of a study: what may have one, and that nothing is judged, kept or registered by them."""

import pytest

from ablate.errors import UserError
from ablate.sweep.labels import Labels
from ablate.sweep.own_keys import renamed
from ablate.sweep.registration import changes, registration_document
from ablate.sweep.study import Study
from ablate.sweep.study_file import parse_study, quick_study

PLAIN = {
    "title": "t",
    "factors": {"norm": ["none", "batch", None], "deep": [False, True], "lr": [0.1, 1]},
    "fixed": {"width": 4},
    "metrics": {"score": "higher", "cost": "lower"},
    "claims": [{"id": "a", "says": "s", "metric": "score", "arm": {"norm": "batch"}, "against": {"norm": "none"},
                "by_at_least": 0.1}],
}  # fmt: skip
LABELS = {
    "factors": {"norm": "Normalisation", "lr": "learning rate η"},
    "levels": {"norm": {"none": "without", "batch": "BatchNorm", "null": "left out"}, "deep": {"true": "six layers"}},
    "metrics": {"score": "test score (%)"},
}


def parse(labels, **more):
    return parse_study({**PLAIN, "labels": labels, **more}, where="x.yaml")


def test_factors_levels_and_metrics_have_labels():
    labels = parse(LABELS).labels
    assert labels.factors["lr"] == "learning rate η"
    assert labels.levels["norm"]["null"] == "left out"


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"factors": {"nrom": "x"}}, "x.yaml: labels: factors: unknown factor or tuned setting 'nrom'"),
        ({"factors": {"nrom": "x"}}, "norm"),
        ({"factors": {"width": "x"}}, "unknown factor or tuned setting 'width'"),
        ({"factors": {"fairness": "x"}}, "fairness is a factor of ablate's"),
        ({"levels": {"norm": {"bacth": "x"}}}, "labels: levels: unknown level of norm 'bacth'"),
        ({"levels": {"nrom": {"batch": "x"}}}, "labels: levels: unknown factor 'nrom'"),
        ({"levels": {"lr": {"0.1": "small"}}}, "0.1 is a number, which axes show to scale; label the factor"),
        ({"factors": {"norm": "same", "lr": "same"}}, "norm and lr have the same label, 'same'"),
        ({"factors": {"norm": "lr"}}, "norm has the label 'lr', which is the name of another one"),
        ({"factors": {"norm": "width"}}, "which is the name of another one"),
        ({"levels": {"norm": {"batch": "none"}}}, "batch has the label 'none', which is the name of another one"),
        ({"levels": {"norm": {"batch": "B", "none": "B"}}}, "have the same label"),
        ({"metrics": {"score": "cost"}}, "score has the label 'cost', which is the name of another one"),
        ({"factors": {"norm": "a=b"}}, "`labels.factors.norm` must be one line of words"),
        ({"factors": {"norm": "1"}}, "must be one line of words"),
        ({"factors": {"norm": "true"}}, "must be one line of words"),
        ({"factors": {"norm": "two\nlines"}}, "must be one line of words"),
        ({"factors": {"norm": "a[b]"}}, "must be one line of words"),
        ({"metrics": {"score": ""}}, "must be one line of words"),
        ({"factors": {"norm": "x" * 61}}, "at most 60 letters"),
        ({"facotrs": {"norm": "x"}}, "unknown key 'labels.facotrs'"),
    ],
)  # fmt: skip
def test_a_wrong_label_is_one_error(labels, told):
    with pytest.raises(UserError) as error:
        parse(labels)
    assert told in str(error.value)


def test_labels_in_chinese_are_checked_too():
    with pytest.raises(UserError, match=r"x.yaml: zh: labels: factors: unknown factor or tuned setting 'nrom'"):
        parse(LABELS, zh={"labels": {"factors": {"nrom": "归一化"}}})
    study = parse(LABELS, zh={"labels": {"factors": {"norm": "归一化"}}})
    assert study.zh.labels.over(study.labels).factors == {"norm": "归一化", "lr": "learning rate η"}


def test_no_registration_and_nothing_stored_changes_by_them():
    plain, labelled = (parse_study({**PLAIN, **more}, where="x") for more in ({}, {"labels": LABELS}))
    before, after = (registration_document(study, range(4), command="c") for study in (plain, labelled))
    assert before["sha256"] == after["sha256"]
    assert not changes(before, labelled).post_hoc
    assert not changes(before, labelled).diff
    assert "labels" not in plain.model_dump()
    assert parse_study(labelled.model_dump(mode="json"), where="stored", stored=True).labels == labelled.labels


def test_a_quick_budget_with_fewer_levels_has_the_labels_of_those_that_are_left():
    quick = {"factors": {"norm": ["none", "batch"]}}
    study = quick_study(parse(LABELS, quick=quick, zh={"labels": LABELS}), where="x.yaml")
    assert study.labels.levels["norm"] == study.zh.labels.levels["norm"] == {"none": "without", "batch": "BatchNorm"}


def test_an_own_functions_labels_are_of_its_own_names():
    data = {"factors": {"norm": ["a", "b"]}, "labels": {"factors": {"norm": "N"}, "levels": {"norm": {"a": "A"}}}}
    study = Study.model_validate({"title": "t", **renamed({**data, "zh": {"labels": data["labels"]}})})
    key = "program.params.norm"
    assert study.labels == study.zh.labels == Labels(factors={key: "N"}, levels={key: {"a": "A"}})
