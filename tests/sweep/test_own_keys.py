"""Every field of a study file that names factors is renamed for a study of an own function."""

from typing import get_args

import pytest

from ablate.claims.kinds import KINDS
from ablate.claims.parts import Levels, ManipulationCheck, Where
from ablate.sweep.design.parts import DESIGNS
from ablate.sweep.figures import FIGURES
from ablate.sweep.own_keys import KEYED, NAMING, full_key, renamed, short_key
from ablate.sweep.study import Study
from ablate.sweep.tune import Tune

MODELS = [*KINDS.values(), *DESIGNS.values(), *FIGURES.values(), ManipulationCheck, Tune, Study]
NO_FACTORS = {
    "metric", "says", "id", "kind", "why_delta", "ties_by", "title", "claim", "generators", "of", "question",
    "background", "outcomes", "observer", "not_concluded", "confounds", "watch", "exclude", "seeds", "must_be",
    "predicts", "fairness", "budget", "uses", "ties",
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_field_that_holds_levels_or_names_is_on_the_list(model):
    for name, field in model.model_fields.items():
        if field.annotation in (Levels, Where):
            assert name in KEYED, f"{model.__name__}.{name} has factors as keys"
        texts = field.annotation in (str, list[str]) or list[str] in get_args(field.annotation)
        if texts and name not in NO_FACTORS:
            assert name in NAMING, f"{model.__name__}.{name}: does it name factors? put it on one of the lists"


def test_arms_that_a_design_lists_are_renamed():
    study = {"design": [{"kind": "listed", "arms": [{"width": 1}, {"width": 2, "depth": 3}]}]}
    own = [{"program.params.width": 1}, {"program.params.width": 2, "program.params.depth": 3}]
    assert renamed(study) == {"design": [{"kind": "listed", "arms": own}]}


def test_names_go_there_and_back():
    for name in ("width", "optimizer.lr", "fairness", "target_accuracy", "program.watch"):
        assert short_key(full_key(name)) == name
        assert full_key(full_key(name)) == full_key(name)


def test_levels_texts_and_words_keep_their_own():
    study = {
        "title": "norm", "factors": {"norm": ["norm", "none"]}, "fixed": {"depth": 2}, "baseline": {"norm": "none"},
        "design": [{"kind": "leave_one_out", "full": {"norm": "norm"}, "off": {"norm": "none"}}, "full"],
        "exclude": "norm == 'norm' and depth.x > 1 or not true", "seeds": {"first": 1, "count": 2},
        "tune": {"space": {"lr": [0.1, 0.2]}, "share": ["norm"], "where": {"norm": "norm"}},
        "claims": [{"says": "norm", "each": ["norm"], "over": "norm", "metric": "norm",
                    "gates": [{"kind": "manipulation_check", "metric": "norm", "where": {"norm": ["norm"]}}]}],
        "figures": [{"kind": "heat_map", "x": "norm", "y": "depth", "title": "norm"},
                    {"kind": "activation_histograms", "at": "start"}],
        "quick": {"seeds": 2, "factors": {"norm": ["none"]}, "claims": {"norm": None, "b": {"where": {"norm": 1}}}},
    }  # fmt: skip
    p = "program.params."
    assert renamed(study) == {
        "title": "norm", "factors": {p + "norm": ["norm", "none"]}, "fixed": {p + "depth": 2},
        "baseline": {p + "norm": "none"},
        "design": [{"kind": "leave_one_out", "full": {p + "norm": "norm"}, "off": {p + "norm": "none"}}, "full"],
        "exclude": f"{p}norm == 'norm' and {p}depth.x > 1 or not true", "seeds": {"first": 1, "count": 2},
        "tune": {"space": {p + "lr": [0.1, 0.2]}, "share": [p + "norm"], "where": {p + "norm": "norm"}},
        "claims": [{"says": "norm", "each": [p + "norm"], "over": p + "norm", "metric": "norm",
                    "gates": [{"kind": "manipulation_check", "metric": "norm", "where": {p + "norm": ["norm"]}}]}],
        "figures": [{"kind": "heat_map", "x": p + "norm", "y": p + "depth", "title": "norm"},
                    {"kind": "activation_histograms", "at": "start"}],
        "quick": {"seeds": 2, "factors": {p + "norm": ["none"]},
                  "claims": {"norm": None, "b": {"where": {p + "norm": 1}}}},
    }  # fmt: skip
