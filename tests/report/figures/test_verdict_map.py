"""The verdicts of a claim as a map: a tile per verdict, by where its interval lies against 0 and ±δ."""

import dataclasses
import math

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.jointly import Joint
from ablate.judge.rule import judge
from ablate.lang import speaking
from ablate.report.draw import draw_all
from ablate.report.figures.render import svg
from ablate.report.figures.verdict_map import CLASSES, class_of, decided_alone, verdict_map
from ablate.sweep.study_file import parse_study, quick_study

from ...judge.conftest import BN, NORM, make_tables

FACTORS = {**NORM, "batch_size": [32, 4, 1], "act": ["relu", "tanh"]}
CLAIM = {"id": "better", "says": "it helps", "metric": "final/test_accuracy", **BN, "each": ["batch_size", "act"],
         "by_at_least": 0.01}  # fmt: skip
MAP = {"kind": "verdict_map", "claim": "better", "x": "batch_size", "y": "act"}


def study_of(claim=CLAIM, figure=MAP, factors=FACTORS, **more):
    data = {"title": "t", "factors": factors, "claims": [claim], "figures": [figure], **more}
    return parse_study(data, where="f.yaml")


def gains(v, s):
    noise = 0.001 * np.random.default_rng([s, v["batch_size"], len(v["act"]), v["norm"] == "batch"]).normal()
    gain = {32: 0.05, 4: 0.0, 1: -0.05}[v["batch_size"]] * (v["norm"] == "batch")
    return 0.8 + gain + noise + (0.012 * (s % 5) if v["act"] == "tanh" and v["norm"] == "batch" else 0.0)


def draw(study, value=gains, factors=FACTORS, seeds=12):
    tables = make_tables(factors, value, seeds=seeds, metric=study.claims[0].metric)
    verdicts = judge(study, tables)
    return verdicts, verdict_map(study, tables, verdicts, study.figures[0])


def tiles(ax):
    return {(round(p.get_x() + 0.48), round(p.get_y() + 0.46)): p.get_gid() for p in ax.patches if p.get_gid()}


@pytest.fixture(scope="module")
def some():
    return judge(study_of(), make_tables(FACTORS, gains, seeds=12), extras=False)[0]


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [
        (0.011, 0.02, "superior"), (0.002, 0.02, "better"), (0.002, 0.009, "equivalent"), (-0.009, 0.009, "equivalent"),
        (-0.009, 0.02, "non-inferior"), (-0.02, 0.02, "open"), (-0.02, 0.009, "not superior"), (-0.02, -0.002, "worse"),
        (-0.009, -0.002, "equivalent"), (-0.03, -0.011, "inferior"), (-math.inf, math.inf, "open"),
    ],
)  # fmt: skip
def test_the_class_is_where_the_interval_lies(some, low, high, name):
    assert class_of(dataclasses.replace(some, interval_low=low, interval_high=high)) == name


def test_tiles_are_compared_by_the_joint_interval_and_framed_where_only_the_own_one_decides(some):
    joint = Joint(0.002, 0.03, 0.99, 0.95, 6, "max-T")
    decided = dataclasses.replace(some, outcome="supported", interval_low=0.011, interval_high=0.02, joint=joint)
    assert (class_of(decided), decided_alone(decided)) == ("better", True)
    wide = dataclasses.replace(decided, joint=dataclasses.replace(joint, low=0.0101))
    assert (class_of(wide), decided_alone(wide)) == ("superior", False)
    assert not decided_alone(dataclasses.replace(decided, joint=None))
    assert not decided_alone(dataclasses.replace(decided, outcome="inconclusive"))


def test_the_caption_says_which_interval_a_tile_shows_and_how_many_are_framed():
    _, drawn = draw(study_of())
    assert "holds together with those of all tiles (95 %, each at" in drawn.caption
    framed = [p for p in drawn.figure.axes[0].patches if p.get_gid() == "decided-alone"]
    assert not framed
    assert "Framed" not in drawn.caption
    verdicts = judge(study_of(), make_tables(FACTORS, gains, seeds=12))
    weak = [dataclasses.replace(v, joint=dataclasses.replace(v.joint, low=-1.0, high=1.0)) for v in verdicts]
    drawn = verdict_map(study_of(), make_tables(FACTORS, gains, seeds=12), weak, study_of().figures[0])
    framed = [p for p in drawn.figure.axes[0].patches if p.get_gid() == "decided-alone"]
    assert len(framed) == sum(v.decided for v in verdicts) > 0
    assert f"Framed ({len(framed)})" in drawn.caption
    assert "decided by its own interval" in [text.get_text() for text in drawn.figure.legends[0].get_texts()]


def test_the_classes_are_mirrored_when_the_sides_are_swapped(some):
    swapped = {"superior": "inferior", "better": "worse", "non-inferior": "not superior"}
    swapped |= {other: name for name, other in swapped.items()}
    ends = [-0.02, -0.01, -0.009, -0.001, 0.001, 0.009, 0.01, 0.02]
    for low, high in [(a, b) for a in ends for b in ends if a < b]:
        one = class_of(dataclasses.replace(some, interval_low=low, interval_high=high))
        other = class_of(dataclasses.replace(some, interval_low=-high, interval_high=-low))
        assert other == swapped.get(one, one)


def test_without_a_delta_better_is_superior_and_nothing_is_equivalent(some):
    for low, high, name in [(0.001, 0.02, "superior"), (-0.02, -0.001, "inferior"), (-0.001, 0.001, "open")]:
        assert class_of(dataclasses.replace(some, delta=0.0, interval_low=low, interval_high=high)) == name


def test_what_a_gate_holds_back_or_nobody_ran_has_no_class():
    control = {"id": "control", "says": "s", "metric": "final/test_accuracy", **BN, "where": {"batch_size": 1}}
    gated = CLAIM | {"gates": [{"kind": "positive_control", "claim": "control"}]}
    study = parse_study({"title": "t", "factors": FACTORS, "claims": [gated, control], "figures": [MAP]}, where="f")
    assert {class_of(v) for v in judge(study, make_tables(FACTORS, gains, seeds=12)) if v.source_id == "better"} == {
        "gate"
    }
    verdicts, drawn = draw(study_of(), lambda v, s: "missing" if v["batch_size"] == 1 else gains(v, s))
    assert class_of(verdicts[-1]) == "not_tested"
    assert tiles(drawn.figure.axes[0])[0, 0] == "not_tested"


def test_every_verdict_has_its_tile_numeric_levels_ascending():
    verdicts, drawn = draw(study_of())
    (ax,) = drawn.figure.axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "4", "32"]
    found = tiles(ax)
    assert len(found) == len(verdicts) == 6
    by_id = {v.claim_id: class_of(v) for v in verdicts}
    assert found[0, 0] == by_id["better[batch_size=1,act=relu]"] == "inferior"
    assert found[2, 0] == by_id["better[batch_size=32,act=relu]"] == "superior"
    assert found[1, 0] == "equivalent"
    legend = [text.get_text() for text in drawn.figure.legends[0].get_texts()]
    assert len(legend) == len(set(found.values()))
    assert all(text.startswith(f"{CLASSES[name][1]} ") for text, name in zip(
        legend, [name for name in CLASSES if name in found.values()], strict=True))  # fmt: skip
    effect = next(v.effect for v in verdicts if v.claim_id == "better[batch_size=32,act=relu]")
    assert f"+{100 * effect:.2f}" in [text.get_text() for text in ax.texts]
    assert "batch_size 32 and act relu: superior" in drawn.alt


def test_further_factors_become_panels():
    factors = {**FACTORS, "depth": [1, 6]}
    claim = CLAIM | {"each": ["batch_size", "act", "depth"]}
    _, drawn = draw(study_of(claim, factors=factors), factors=factors)
    assert [ax.get_title(loc="left") for ax in drawn.figure.axes] == ["depth = 1", "depth = 6"]
    assert all(len(tiles(ax)) == 6 for ax in drawn.figure.axes)


def test_ratios_are_written_as_ratios():
    claim = {**CLAIM, "kind": "time_to_target", "metric": "ttt/steps", "ratio": 1.25}
    claim.pop("by_at_least")
    _, drawn = draw(study_of(claim), lambda v, s: (40.0 + s) * (0.5 if v["norm"] == "batch" else 1.0))
    assert "×2" in [text.get_text() for text in drawn.figure.axes[0].texts]
    assert "δ = ×1.25" in drawn.caption


def test_it_stands_among_the_figures_of_the_study():
    study = study_of()
    tables = make_tables(FACTORS, gains, seeds=8)
    own = draw_all(study, tables, judge(study, tables)).own
    assert "verdict-map" in [figure.name for figure in own]
    assert verdict_map(study, tables, [], study.figures[0]) is None


def test_it_speaks_chinese():
    with speaking("zh"):
        _, drawn = draw(study_of())
    text = svg(drawn)
    assert "优效" in text
    assert "better by" not in text + drawn.caption + drawn.alt


@pytest.mark.parametrize(
    ("claim", "figure", "message"),
    [
        (CLAIM, MAP | {"claim": "bettr"}, r"figures\.0\.claim: unknown claim 'bettr'.*better"),
        (CLAIM, MAP | {"x": "batchsize"}, r"figures\.0\.x: unknown factor in `each` of better 'batchsize'.*batch_size"),
        (CLAIM, MAP | {"y": "norm"}, r"figures\.0\.y: unknown factor in `each`"),
        (CLAIM, MAP | {"y": "batch_size"}, "x and y are both batch_size"),
        (CLAIM | {"each": "act"}, MAP, "two factors or more in its `each`; better has act"),
        (CLAIM | {"kind": "win_probability", "by_at_least": None}, MAP, "better is of kind win_probability"),
        (CLAIM, MAP | {"z": "act"}, "unknown key"),
    ],
)
def test_a_map_that_no_claim_gives_is_refused(claim, figure, message):
    with pytest.raises(UserError, match=message):
        study_of({k: v for k, v in claim.items() if v is not None}, figure)


def test_a_quick_budget_that_leaves_the_claim_out_leaves_out_its_map():
    other = {"id": "other", "says": "s", "metric": "final/test_accuracy", **BN}
    data = {
        "title": "t", "factors": FACTORS, "claims": [CLAIM, other], "quick": {"seeds": 3, "claims": {"better": None}},
        "figures": [MAP | {"title": "one"}, {"kind": "heat_map", "x": "batch_size", "y": "act", "title": "two"}],
        "zh": {"figures": ["一", "二"]},
    }  # fmt: skip
    quick = quick_study(parse_study(data, where="f.yaml"), where="f.yaml")
    assert [figure.title for figure in quick.figures] == ["two"]
    assert quick.zh.figures == ["二"]
