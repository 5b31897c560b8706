"""Every figure that ablate brings keeps to the contract, on runs that it is for; and a report has those that apply."""

import dataclasses
from dataclasses import dataclass

import pandas as pd
import pytest

from ablate import doors, registry
from ablate.errors import UserError
from ablate.judge.rule import judge
from ablate.registry import options, ours, register
from ablate.report.draw import draw_all
from ablate.report.figure import PLACES, Figure, Material
from ablate.report.page import PageFigures
from ablate.sweep import figures as asked
from ablate.sweep.study import Study
from ablate.sweep.study_file import check_own_figures, parse_study
from ablate.testing.base import failures
from ablate.testing.component import component_checks
from ablate.testing.figure import figure_checks
from ablate.track.record import StudyTables

from ...judge.conftest import BN, NORM, make_study, make_tables
from ...judge.test_fairness import CLAIM as TUNED_CLAIM
from ...judge.test_fairness import study_of as tuned_study
from ..conftest import build
from . import test_basin as basin
from . import test_exchange as exchange
from . import test_observed as observed
from . import test_paths as paths
from . import test_samples as samples
from . import test_verdict_map as verdict_map

SMALL = {"stds": (0.001, 0.1, 1.0), "seeds": 5, "evaluations": 12}


def judged(study, tables):
    return Material(study, tables, judge(study, tables))


def book():
    return judged(*build(**SMALL))


def many(*claims, factors=NORM, value=lambda v, s: 0.8 + 0.05 * (v["norm"] == "batch") + 0.001 * s):
    return judged(make_study(factors, *claims), make_tables(factors, value))


def equivalences():
    return many({"kind": "equivalence", **BN, "within": 0.02})


def shares():
    return many({"kind": "proportion", "of": "runs", "arm": {"norm": "none"}, "metric": "outcome", "at_least": 0.5})


def data_sets():
    factors, gains = {**NORM, "dataset": ["a", "b", "c"]}, {"a": 0.05, "b": 0.04, "c": -0.02}
    claim = {"kind": "over_datasets", **BN, "about": "these"}
    return many(
        claim, factors=factors, value=lambda v, s: 0.8 + gains[v["dataset"]] * (v["norm"] == "batch") + s * 1e-3
    )


def interactions():
    factors = {**NORM, "depth": [1, 2, 3]}
    claim = {**BN, "each": ["depth"], "by_at_least": 0.01}
    return many(claim, factors=factors, value=lambda v, s: 0.8 + 0.01 * v["depth"] * (v["norm"] == "batch") + 0.001 * s)


def rates():
    study = make_study(exchange.FACTORS, exchange.CLAIM)
    return judged(study, make_tables(exchange.FACTORS, exchange.curve(2.0), seeds=4))


def widths():
    study = make_study(basin.FACTORS, basin.CLAIM)
    return judged(study, make_tables(basin.FACTORS, basin.bowl, seeds=4, metric="ttt/steps", steps=100))


def reached():
    study = make_study(NORM, {"kind": "time_to_target", **BN, "metric": "ttt/steps", "ratio": 1.25})
    return judged(study, make_tables(NORM, lambda v, s: 20.0 + s + 9 * (v["norm"] == "none"), metric="ttt/steps"))


def looked_at():
    study, tables = build((0.01, 1.0), seeds=3, missing=0, claims=False, figures=[])
    held = {arm: {seed: observed.arrays(seed) for seed in range(3)} for arm in tables.planned["arm_id"]}
    return Material(study, dataclasses.replace(tables, arrays=held), ())


def generated():
    study, tables = build((0.01, 1.0), ("none",), seeds=2, missing=0, claims=False)
    return Material(study, samples.with_arrays(tables, arms=2), ())


def walked():
    return Material(Study(title="t", factors={"optimizer": ["sgd", "adam"]}), paths.tables(), ())


def mapped():
    study = verdict_map.study_of()
    return judged(study, make_tables(verdict_map.FACTORS, verdict_map.gains, seeds=6))


def tuned():
    """Both ways, with four trials of a setting in each arm."""
    study, means = tuned_study(TUNED_CLAIM), {"none": (0.7, 0.8), "batch": (0.8, 0.82)}
    factors = {**NORM, "fairness": ["fixed", "tuned"]}
    tables = make_tables(factors, lambda v, s: means[v["norm"]][v["fairness"] == "tuned"] + 0.001 * s)
    trials = pd.DataFrame([
        {"arm_id": f"t{norm}", "arm": f"norm={norm}", "serves": "a1", "metric": "final/validation_accuracy",
         "trial": trial, "seed": seed, "outcome": "finished", "score": 0.5 + 0.1 * trial + 0.01 * seed,
         "chosen": trial == 3, "l2": 0.1 * trial}
        for norm in ("none", "batch") for trial in range(4) for seed in (900, 901)
    ])  # fmt: skip
    return judged(study, StudyTables(tables.study, tables.planned, tables.seeds, tables.curves, tables.facts,
                                     tuning=trials))  # fmt: skip


def of(kind, **wanted):
    return ours("figure")[kind](wanted=asked.FIGURES[kind](**wanted))


# Kind -> runs that it is for, and the figure where a study has to say what it wants.
CASES = {
    "data_sets": (data_sets, None), "forest": (book, None),
    "equivalence": (equivalences, None), "regions": (shares, None),
    "exchange": (rates, None), "basin": (widths, None), "slopes": (book, None), "interaction": (interactions, None),
    "reach": (reached, None), "variance": (interactions, None), "heat_map_success": (
        lambda: many(factors={"l2": [0.0, 0.1, 0.2], "depth": [1, 2, 3]}, value=lambda v, s: 0.5), None),
    "curve_grid": (book, lambda: of("curve_grid", metric="train/accuracy", panel="init.std", hue="norm")),
    "heat_map": (book, lambda: of("heat_map", x="init.std", y="norm")),
    "paths": (walked, lambda: of("paths", hue="optimizer")),
    "verdict_map": (mapped, lambda: of("verdict_map", claim="better", x="batch_size", y="act")),
    "activation_histograms": (looked_at, None), "gradient_norms": (looked_at, None), "step_sizes": (looked_at, None),
    "gan_samples": (generated, None), "curves": (book, None), "seeds": (book, None),
    "effects": (lambda: many(factors={"l2": [0.0, 0.1, 0.2], "depth": [1, 2, 3]}, value=lambda v, s: 0.5), None),
    "fixed_tuned": (tuned, None), "tuning": (tuned, None), "tuning_budget": (tuned, None),
}  # fmt: skip


def test_every_built_in_figure_is_registered_and_tried():
    assert set(CASES) == set(doors.OURS[doors.FIGURES]) == set(ours("figure"))
    assert set(asked.FIGURES) <= set(CASES)
    assert {field.name for field in dataclasses.fields(PageFigures)} == set(PLACES)


@pytest.mark.parametrize("kind", CASES)
def test_a_built_in_figure_keeps_to_the_contract(kind):
    material, made = CASES[kind]
    cls = ours("figure")[kind]
    figure = cls() if made is None else made()
    told = failures([*component_checks(cls), *figure_checks(figure, material())])
    assert [f"{check}: {why}" for check, why in told if why] == []


def test_the_order_of_a_part_is_stated_and_no_two_share_a_place_in_it():
    stands = [(cls.place, cls.order) for cls in ours("figure").values()]
    assert len(set(stands)) == len(stands)
    assert {order for place, order in stands if place == "own"}.isdisjoint({Figure.order})


def names(study, tables):
    drawn = draw_all(study, tables, judge(study, tables))
    return {place: [one.name for one in getattr(drawn, place)] for place in PLACES}


def test_a_report_has_what_applies_in_the_order_that_is_stated():
    study, tables = build(**SMALL)
    found = names(study, tables)
    assert found["verdicts"] == ["forest"]
    assert found["evidence"][:2] == ["slopes", "interaction-faster"]
    assert found["own"] == ["curve-grid"]
    assert found["endings"] == ["seeds-aulc-train-accuracy", "seeds-final-test-accuracy"]
    assert found["curves"] == ["curves-train-loss"]  # those of the grid are not drawn again


def test_a_figure_that_a_study_asks_for_is_drawn_as_it_asks_and_once():
    wanted = [{"kind": "forest", "title": "All of it"}, {"kind": "seeds", "title": "Each"}]
    study, tables = build(**SMALL, figures=wanted)
    drawn = draw_all(study, tables, judge(study, tables))
    assert [(one.name, one.title) for one in drawn.verdicts] == [("forest", "All of it")]
    assert [one.title for one in drawn.endings] == ["Each (1)", "Each (2)"]
    check_own_figures(study, where="f.yaml")
    wrong = parse_study(
        {"title": "t", "factors": NORM, "figures": [{"kind": "forest", "colour": "red"}]}, where="f.yaml"
    )
    with pytest.raises(UserError, match=r"figures\.0: kind forest: unknown key 'colour'"):
        check_own_figures(wrong, where="f.yaml")


def test_an_own_figure_stands_where_it_says(study):
    from ablate.report.figures.style import Drawn, drawing

    @dataclass(frozen=True)
    class Mine(Figure):
        place, order = "verdicts", 5

        def draw(self, material, *, name):
            from matplotlib.figure import Figure as Canvas

            with drawing():
                return [Drawn(f"{name}-{i}", "Mine", Canvas(), "Nothing.", "Nothing.") for i in (1, 2)]

    register("figure", "mine")(Mine)
    try:
        model = study[0].model_copy(update={"figures": [asked.OwnFigure(kind="mine")]})
        assert names(model, study[1])["verdicts"] == ["mine-1", "mine-2", "forest"]
    finally:
        registry.replace_registered({("figure", "mine"): Mine}, {})


def test_the_name_of_a_built_in_figure_is_taken():
    before = ours("figure")
    other = dataclass(frozen=True)(type("Other", (Figure,), {"draw": lambda *a, **k: None}))
    with pytest.raises(UserError, match=r"figure=reach is given by ablate\.report\.figures\.reach:Reach and by "):
        register("figure", "reach")(other)
    assert ours("figure") == before


def test_the_name_of_a_built_in_figure_is_taken_before_it_is_imported(monkeypatch):
    rest = {name: cls for name, cls in ours("figure").items() if name != "reach"}
    monkeypatch.setitem(registry._components, "figure", rest)
    other = dataclass(frozen=True)(type("Other", (Figure,), {"draw": lambda *a, **k: None}))
    with pytest.raises(UserError, match=r"figure=reach is given by ablate\.report\.figures\.reach and by "):
        register("figure", "reach")(other)
    assert "reach" not in options("figure")


@pytest.mark.parametrize("delta", [0.0, 0.01])
def test_slopes_explain_the_grey_band_where_there_is_one(delta):
    material = many({"kind": "difference", **BN, "by_at_least": delta})
    drawn = ours("figure")["slopes"]().draw(material, name="slopes")
    labels = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    assert ("within ±δ" in labels) == (delta > 0)
    assert ("within ±δ" in drawn.caption) == (delta > 0)
