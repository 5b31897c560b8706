from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ablate.judge.main_effects import sweep_effects
from ablate.judge.summary import summary
from ablate.report.ablation import described
from ablate.report.arms import arm_levels, baseline_arm
from ablate.report.sweep import effects_of, sweep_view
from ablate.report.write import make_report
from tests.judge.conftest import make_study, make_tables

FACTORS = {"l2": [0.0, 0.1], "depth": [1, 2, 3]}


def planted(levels, seed):
    """Depth 3 adds 0.2, depth 2 nothing, l2 adds 0.1, and 0.1 more together with depth 3; the seed shifts all arms."""
    noise = np.random.default_rng([seed, int(10 * levels["l2"]), levels["depth"]]).normal(0, 0.005)
    both = 0.1 * (levels["l2"] > 0 and levels["depth"] == 3)
    return 0.3 + 0.02 * seed / 10 + 0.2 * (levels["depth"] == 3) + 0.1 * (levels["l2"] > 0) + both + noise


def view_of(tables, metric):
    return sweep_view(tables, metric, effects_of(tables, metric), described(tables, metric))


@pytest.fixture(scope="module")
def swept():
    return make_study(FACTORS), make_tables(FACTORS, planted, seeds=10)


def test_effects_that_were_planted_are_found_and_what_was_not_is_not_shown(swept):
    _, tables = swept
    found = sweep_effects(tables, "final/test_accuracy", arm_levels(tables), baseline_arm(tables))
    main = {(one.factors, one.levels): one for one in found.main}
    assert main[("depth",), (3,)].effect == pytest.approx(0.25, abs=0.01)  # 0.2 without l2, 0.3 with it
    assert main[("l2",), (0.1,)].effect == pytest.approx(0.1 + 0.1 / 3, abs=0.01)
    assert main[("depth",), (3,)].shown
    assert not main[("depth",), (2,)].shown
    crossed = {(one.factors, one.levels): one for one in found.interactions}
    assert crossed[("l2", "depth"), (0.1, 3)].effect == pytest.approx(0.1, abs=0.02)
    assert crossed[("l2", "depth"), (0.1, 3)].shown
    assert not crossed[("l2", "depth"), (0.1, 2)].shown
    assert found.floor is not None
    assert 0.003 < found.floor < 0.012  # sd of a difference 0.007, 10 seeds


def test_the_page_of_a_sweep_answers_with_its_largest_effects_its_noise_and_the_arms_that_differ(swept):
    study, tables = swept
    view = view_of(tables, "final/test_accuracy")
    assert view is not None
    assert [answer.says for answer in view.answers[:2]] == ["depth: 3 − 1", "l2: 0.1 − 0"]
    assert [answer.outcome.text for answer in view.answers[:2]] == ["differs", "differs"]
    assert [note.text.split(" ")[0] for note in view.notes] == ["4", "noise"]
    head = {"name": "sweep", "key": "ab", "run_id": "", "experiment_id": "", "command": "", "created": "2026-01-02",
            "provenance": {}, "definition": {}}  # fmt: skip
    told = dataclasses.replace(tables, study={**tables.study, **head})
    text = make_report(study, told, [], page_too=False)["report.md"]
    assert isinstance(text, str)
    before = text.split("<details>", 1)[0]
    assert "What changes final test accuracy: l2 and depth?" in before
    assert "depth: 3 − 1" in before
    assert "4 of 5 arms differ from the baseline: " in before
    assert "figures/effects-final-test-accuracy.png" in before
    assert len(before.split()) <= 350
    assert "| l2: 0.1 − 0 × depth: 3 − 1 | interaction |" in " ".join(text.split())


def test_a_fraction_of_a_design_compares_only_arms_that_are_the_same_otherwise(swept):
    _, tables = swept
    levels = {arm: own for arm, own in arm_levels(tables).items() if not (own["l2"] == 0.0 and own["depth"] == 3)}
    found = sweep_effects(tables, "final/test_accuracy", levels, baseline_arm(tables))
    main = {(one.factors, one.levels): one for one in found.main}
    assert main[("depth",), (3,)].cells == 1
    assert main[("depth",), (3,)].effect == pytest.approx(0.3, abs=0.01)
    assert (("l2", "depth"), (0.1, 3)) not in {(one.factors, one.levels) for one in found.interactions}


def test_an_effect_without_a_value_makes_no_interval_wider(swept):
    _, tables = swept
    seeds = tables.seeds.copy()
    lost = seeds["arm_id"].isin([arm for arm, own in arm_levels(tables).items() if own["depth"] == 2])
    seeds.loc[lost, "outcome"] = "missing"
    seeds.loc[lost, "final/test_accuracy"] = np.nan
    singly = {arm: own for arm, own in arm_levels(tables).items() if own["l2"] == 0.0 or own["depth"] == 1}
    left = {arm: own for arm, own in singly.items() if own["depth"] != 2}
    base = baseline_arm(tables)
    told = dataclasses.replace(tables, seeds=seeds)
    whole, alone = (sweep_effects(told, "final/test_accuracy", levels, base) for levels in (singly, left))
    assert whole.main == alone.main
    assert [one.levels for one in whole.main] == [(0.1,), (3,)]


def draw(seed, own):
    return np.random.default_rng([seed, *own.values()]).normal()


@pytest.fixture(scope="module")
def wide():
    """Nine levels of two factors, of which 64 pairs differ from the baseline in both."""
    return make_tables(
        {"a": list(range(9)), "b": list(range(9))},
        lambda own, seed: 0.5 + 0.3 * (own["a"] == own["b"] == 1) + 0.01 * draw(seed, own),
    )


def test_only_pairs_that_the_design_has_count_as_interactions(wide):
    levels = {arm: own for arm, own in arm_levels(wide).items() if 0 in own.values() or own == {"a": 1, "b": 1}}
    found = sweep_effects(wide, "final/test_accuracy", levels, baseline_arm(wide))
    (crossed,) = found.interactions
    assert (crossed.levels, crossed.shown, found.left_out) == ((1, 1), True, 0)


def test_more_interactions_than_are_looked_at_are_said(wide):
    found = sweep_effects(wide, "final/test_accuracy", arm_levels(wide), baseline_arm(wide))
    assert (found.interactions, found.left_out, len(found.main)) == ((), 64, 16)
    view = view_of(wide, "final/test_accuracy")
    assert "64 interactions not looked at" in [note.text for note in view.notes]


def test_levels_that_count_as_one_are_one_and_others_are_not(swept):
    _, tables = swept
    other = {
        arm: {**own, "depth": float(own["depth"])} if own["l2"] else own for arm, own in arm_levels(tables).items()
    }
    found = sweep_effects(tables, "final/test_accuracy", other, baseline_arm(tables))
    assert found == sweep_effects(tables, "final/test_accuracy", arm_levels(tables), baseline_arm(tables))
    turned = {1: 1, 2: True, 3: "1"}
    other = {arm: {**own, "depth": turned[own["depth"]]} for arm, own in arm_levels(tables).items()}
    found = sweep_effects(tables, "final/test_accuracy", other, baseline_arm(tables))
    assert [one.levels for one in found.main] == [(0.1,), (True,), ("1",)]
    assert [one.cells for one in found.main] == [3, 2, 2]


def test_an_arm_alone_has_no_effects(swept):
    _, tables = swept
    alone = dataclasses.replace(tables, planned=tables.planned.head(1))
    assert effects_of(alone, "final/test_accuracy") is None
    assert sweep_view(tables, None, None, None) is None


def test_a_report_works_out_its_effects_and_its_arms_once(swept, monkeypatch):
    study, tables = swept
    asked = []

    def counting(name, whole):
        return lambda *given: asked.append(name) or whole(*given)

    monkeypatch.setattr("ablate.report.sweep.sweep_effects", counting("effects", sweep_effects))
    monkeypatch.setattr("ablate.report.ablation.summary", counting("arms", summary))
    head = {"name": "sweep", "key": "ab", "run_id": "", "experiment_id": "", "command": "", "created": "2026-01-02",
            "provenance": {}, "definition": {}}  # fmt: skip
    make_report(study, dataclasses.replace(tables, study={**tables.study, **head}), [], page_too=False)
    assert sorted(asked) == ["arms", "effects"]
