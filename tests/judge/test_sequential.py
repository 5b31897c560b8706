from __future__ import annotations

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.judge.looks import all_decided, judge_look, last_look
from ablate.judge.planned import judge_planned
from ablate.judge.rule import judge
from ablate.stats.looks import crossing_chance, look_levels

from .conftest import BN, NORM, make_study, make_tables


def study(looks=(10, 20, 30), **claim):
    return make_study(NORM, {**BN, **claim}).model_copy(update={"looks": list(looks)})


def test_the_levels_are_the_published_ones():
    # Jennison & Turnbull (2000), table 2.3: C_B(K, .05) = 1.977, 2.004, 2.024, 2.040 for K = 2 … 5.
    from scipy.special import ndtr

    for k, c in ((2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040)):
        expected = [2 * ndtr(-c * np.sqrt(k / (i + 1))) for i in range(k)]
        assert look_levels(tuple(range(10, 10 * k + 1, 10))) == pytest.approx(expected, rel=3e-3)
    assert look_levels((10, 20, 30)) == pytest.approx((0.0005, 0.0138, 0.0444), abs=8e-4)


def test_the_often_quoted_levels_spend_a_little_less_than_five_percent():
    from scipy.special import ndtri

    bounds = -ndtri(np.array([0.0005, 0.0138, 0.0444]) / 2)
    assert crossing_chance(bounds, (10, 20, 30)) == pytest.approx(0.0493, abs=2e-4)


def test_a_random_walk_crosses_with_chance_alpha(rng):
    looks = (7, 15, 40)
    from scipy.special import ndtri

    bounds = -ndtri(np.array(look_levels(looks)) / 2)
    walk = rng.normal(size=(100_000, 40)).cumsum(axis=1)[:, [6, 14, 39]] / np.sqrt(looks)
    assert (np.abs(walk) > bounds).any(axis=1).mean() == pytest.approx(0.05, abs=0.002)


def test_levels_for_many_claims_keep_the_promise_after_division():
    from scipy.special import ndtri

    levels = np.array(look_levels((10, 20, 30), family=16))
    assert 0.84 < levels[-1] / look_levels((10, 20, 30))[-1] < 1.0
    for divided in (1, 2, 4, 8, 16):
        chance = crossing_chance(-ndtri(levels / divided / 2), (10, 20, 30))
        assert chance <= 0.05 / divided * (1 + 1e-4)


def test_a_look_uses_only_its_seeds(rng):
    d = rng.normal(0.002, 0.01, size=30)
    tables = make_tables(NORM, lambda v, s: 0.8 + (d[s] if v["norm"] == "batch" else 0.0), seeds=30)
    verdict = judge_look(study(), tables, look=1)[0]
    assert verdict.seeds == tuple(range(20))
    assert verdict.effect == pytest.approx(d[:20].mean())
    assert verdict.interval_level == pytest.approx(1 - look_levels((10, 20, 30))[1])
    assert verdict.look == (2, 3, 20, pytest.approx(look_levels((10, 20, 30))[1]))


def test_the_order_of_the_seeds_is_that_of_the_file():
    tables = make_tables(NORM, lambda v, s: 0.8, seeds=list(range(100, 130)))
    planned = study().model_copy(update={"seeds": [*range(115, 130), *range(100, 115)]})
    assert judge_look(planned, tables, look=0)[0].seeds == tuple(range(115, 125))


def test_between_looks_nothing_new_is_looked_at():
    tables = make_tables(NORM, lambda v, s: 0.8 + s / 1000 * (v["norm"] == "batch"), seeds=27)
    assert last_look(study(), tables) == 1
    assert judge_planned(study(), tables) == judge_look(study(), tables, look=1)
    few = make_tables(NORM, lambda v, s: 0.8 + s / 1000 * (v["norm"] == "batch"), seeds=7)
    assert last_look(study(), few) is None
    assert judge_planned(study(), few)[0].outcome == "not_tested"
    assert judge_planned(make_study(NORM, BN), tables) == judge(make_study(NORM, BN), tables)


def test_a_clear_effect_stops_early():
    tables = make_tables(NORM, lambda v, s: 0.8 + (0.1 + s / 1e4) * (v["norm"] == "batch"), seeds=30)
    assert not all_decided(judge_look(study(), tables, look=0))  # 2/1024 > .0005: ten pairs cannot
    assert all_decided(judge_look(study(looks=(12, 20, 30)), tables, look=0))


def test_an_unplanned_look_is_refused():
    with pytest.raises(UserError, match="3 looks"):
        judge_look(study(), make_tables(NORM, lambda v, s: 0.8), look=3)


def test_type_one_error_under_looks_is_kept(rng):
    hits = 0
    for _ in range(60):
        d = rng.normal(0, 0.01, size=18)
        tables = make_tables(NORM, lambda v, s, d=d: 0.8 + (d[s] if v["norm"] == "batch" else 0.0), seeds=18)
        looks = study(looks=(6, 12, 18))
        hits += any(judge_look(looks, tables, look=k, extras=False)[0].decided for k in range(3))
    assert hits <= 8  # binomial(60, .05): above 8 once in 350 studies of studies
