from pathlib import Path

import pytest

from ablate.errors import UserError
from ablate.sweep.study_file import load_study, parse_study, study_files

PLAIN = {
    "title": "t",
    "factors": {"norm": ["none", "batch"], "init.std": [0.1, 0.01]},
    "claims": [{"id": "a", "says": "s", "metric": "m", "arm": {"norm": "batch"}, "against": {"norm": "none"}}],
}


def parse(**changes):
    return parse_study({**PLAIN, **changes}, where="studies/x.yaml")


def test_every_shipped_study_reads():
    files = study_files()
    assert {"quickstart", "book-batchnorm-init"} <= set(files)
    for name in files:
        assert load_study(name).title


def test_the_book_study_has_the_books_sixteen_scales():
    import numpy as np

    levels = load_study("book-batchnorm-init").factors["init.std"]
    np.testing.assert_allclose(levels, np.logspace(0, -4, num=16), rtol=1e-8)


def test_baseline_is_the_first_level_of_each_factor_unless_named():
    assert parse().base_levels() == {"norm": "none", "init.std": 0.1}
    assert parse(baseline={"init.std": 0.01}).base_levels() == {"norm": "none", "init.std": 0.01}


def test_on_and_off_are_text_as_on_the_command_line(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "title: t\nfactors: {norm: [none, batch], dropout: [on, off]}\nfixed: {a: true, b: No}\n"
        "design: [{kind: leave_one_out, full: {norm: batch, dropout: on}, off: {norm: none}}]\n"
    )
    study = load_study(str(path))
    assert study.factors["dropout"] == ["on", "off"]
    assert study.fixed == {"a": True, "b": "No"}
    assert study.design[0].off == {"norm": "none"}


def test_seeds_may_begin_at_a_number_of_their_own():
    assert parse(seeds={"first": 20, "count": 3}).seeds == [20, 21, 22]


@pytest.mark.parametrize(
    "seeds", [{"first": -1, "count": 3}, {"first": 1}, {"first": 1, "count": True}, {"count": 2, "from": 1}]
)
def test_seeds_that_are_neither_count_nor_list_nor_both_are_refused(seeds):
    with pytest.raises(UserError, match="first: a number >= 0, count: a number >= 1"):
        parse(seeds=seeds)


def test_a_list_level_is_kept_as_text():
    study = parse(factors={"model.hidden": [[50, 50], [100]]}, claims=[])
    assert study.factors["model.hidden"] == ["[50,50]", "[100]"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fator": {}}, "unknown key 'fator'"),
        ({"fator": {}}, "nearest match: factors"),
        ({"title": None}, "`title` must be a text, got None"),
        ({"seeds": "many"}, "got 'many'"),
        ({"metrics": {"x": "Higher"}}, "x.yaml: metrics: x: unknown `better` 'Higher': expected one of higher, lower"),
        ({"baseline": {"nrom": "none"}}, "unknown factor 'nrom': expected one of init.std, norm; nearest match: norm"),
        ({"baseline": {"norm": "layer"}}, "norm has no level 'layer'; expected one of none, batch"),
        ({"factors": {"norm": ["none", "none"]}, "claims": []}, "norm gives a level twice: none, none"),
        ({"fixed": {"norm": "none"}}, "norm is both fixed and a factor"),
        ({"claims": [PLAIN["claims"][0], PLAIN["claims"][0]]}, "the id 'a' is given twice"),
        ({"claims": [{**PLAIN["claims"][0], "by_at_lest": 1}]}, "nearest match: by_at_least"),
        ({"claims": [{**PLAIN["claims"][0], "by_at_least": -1}]}, "greater than or equal to 0, got -1"),
        ({"claims": [{"id": "a"}]}, "is missing"),
        ({"figures": [{"kind": "step_size"}]}, "unknown figure kind 'step_size'"),
        ({"figures": [{"kind": "step_sizes"}]}, "figures.0: step_sizes draws what the runs observe; add steps to"),
        (
            {"figures": [{"kind": "gradient_norms"}], "fixed": {"observe": ["steps"]}},
            "add gradients to `fixed: observe`, got ['steps']",
        ),
        ({"figures": [{"kind": "activation_histograms", "layer": 1}]}, "unknown key 'figures.0.layer'"),
        ({"figures": [{"kind": "activation_histograms", "at": "middle"}]}, "`figures.0.at"),
    ],
)
def test_a_wrong_study_is_one_clear_line(changes, message):
    with pytest.raises(UserError) as caught:
        parse(**changes)
    text = str(caught.value)
    assert message in text
    assert text.startswith("studies/x.yaml: ")
    assert "\n" not in text


def test_an_unknown_study_names_the_nearest():
    with pytest.raises(UserError, match=r"unknown study 'quickstrat': .*; nearest match: quickstart"):
        load_study("quickstrat")


def write(folder: Path, text: str) -> str:
    path = folder / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_of_this_folder_is_named_by_its_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yml").write_text("title: t", encoding="utf-8")
    with pytest.raises(UserError, match=r"no study 'mine' in studies/; the file is named by its path: mine\.yml"):
        load_study("mine")
    with pytest.raises(UserError, match=r"no study file 'mien\.yml': .*; nearest match: mine\.yml$"):
        load_study("mien.yml")


def test_scientific_notation_is_a_number(tmp_path):
    assert load_study(write(tmp_path, "title: t\nfactors: {init.std: [1e-3, 5E2]}")).factors["init.std"] == [0.001, 500]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", "not valid YAML"),
        ("- a", "expected a mapping with title, factors, claims …, got list"),
        ("title: a\ntitle: b", "key 'title' is given twice"),
        ("title: !!python/object/apply:os.system [ls]", "not valid YAML"),
    ],
)
def test_a_file_that_is_no_study_is_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=message.replace("…", ".")):
        load_study(write(tmp_path, text))


def test_a_missing_path_is_refused():
    with pytest.raises(UserError, match=r"no study file 'nowhere/x.yaml'"):
        load_study("nowhere/x.yaml")


def test_own_studies_hide_ours(tmp_path, monkeypatch):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "quickstart.yaml").write_text("title: mine", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_study("quickstart").title == "mine"
    assert "book-batchnorm-init" in study_files()


def test_a_study_that_uses_no_file_is_stored_as_before_there_was_the_key():
    study = parse_study({"title": "t"}, where="x")
    assert "uses" not in study.model_dump()
    assert "uses" not in study.model_dump(mode="json")
    assert study.model_copy(update={"uses": ["a.py"]}).model_dump()["uses"] == ["a.py"]


@pytest.mark.parametrize(("typed", "valid"), [("Größer als_1?", "grosser-als-1"), ("A", "a"), ("-x", "x")])
def test_an_id_that_no_claim_may_have_is_refused_with_one_that_it_may(typed, valid):
    claim = {"id": typed, "says": "s", "metric": "m", "arm": {"x": 1}, "against": {"x": 2}, "by_at_least": 0.1}
    with pytest.raises(UserError, match=rf"must use small letters a-z, digits and hyphens .* for example '{valid}'"):
        parse_study({"title": "t", "factors": {"x": [1, 2]}, "claims": [claim]}, where="s")


@pytest.mark.parametrize(
    ("level", "said"),
    [
        (float("nan"), "x: `factors.a.1`: nan is not a finite number"),
        (10**400, "x: `factors.a.1`: a whole number of 1329 bits is not a finite number"),
        ("\ud800", r"x: `factors.a.1`: the text .* holds U\+D800, half a character; it is not Unicode"),
        ({1: 2}, "x: `factors.a.1` must be text, a number, true, false, null or a list"),
    ],
)
def test_a_level_that_cannot_be_one_is_told_in_a_sentence(level, said):
    with pytest.raises(UserError, match=said):
        parse_study({"title": "t", "seeds": 6, "factors": {"a": [1, level]}}, where="x")
