import pytest

from ablate.errors import UserError
from ablate.sweep.design.build import build_design
from ablate.sweep.study_file import parse_study

FACTORS = {"norm": ["none", "batch"], "dropout": ["none", "bernoulli"], "init.std": [0.1, 0.01, 1]}


def design(part="full", *, factors=None, **keys):
    return build_design(parse_study({"title": "t", "factors": factors or FACTORS, "design": part, **keys}, where="x"))


def changes(made):
    base = {"norm": "none", "dropout": "none", "init.std": 0.1}
    return [{f: level for f, level in arm.items() if level != base[f]} for arm in made.arms]


def test_full_is_every_combination_the_last_factor_fastest():
    made = design()
    assert len(made.arms) == 12
    assert changes(made)[:3] == [{}, {"init.std": 0.01}, {"init.std": 1}]


def test_full_over_some_factors_holds_the_others_at_the_baseline():
    assert changes(design({"kind": "full", "factors": ["norm", "dropout"]})) == [
        {}, {"dropout": "bernoulli"}, {"norm": "batch"}, {"norm": "batch", "dropout": "bernoulli"},
    ]  # fmt: skip


def test_ofat_changes_one_factor_at_a_time_from_the_named_baseline():
    assert changes(design("ofat")) == [
        {},
        {"norm": "batch"},
        {"dropout": "bernoulli"},
        {"init.std": 0.01},
        {"init.std": 1},
    ]
    made = design("ofat", baseline={"norm": "batch"})
    assert [sum(arm[f] != made.arms[0][f] for f in arm) for arm in made.arms] == [0, 1, 1, 1, 1]
    assert made.arms[0]["norm"] == "batch"


def test_pairs_are_single_changes_and_every_two_of_different_factors():
    made = design("pairs")
    assert [len(c) for c in changes(made)] == [0] + [1] * 4 + [2] * 5
    assert len({tuple(arm.items()) for arm in made.arms}) == 10


def test_leave_one_out_switches_each_component_of_the_full_system_off():
    part = {
        "kind": "leave_one_out",
        "full": {"norm": "batch", "dropout": "bernoulli"},
        "off": {"norm": "none", "dropout": "none"},
    }
    made = design(part)
    assert [(arm["norm"], arm["dropout"]) for arm in made.arms] == [
        ("batch", "bernoulli"),
        ("none", "bernoulli"),
        ("batch", "none"),
    ]
    # With another baseline than the full system, it is run too.
    made = design(part, baseline={"norm": "none"})
    assert len(made.arms) == 4
    assert made.parts[-1].kind == "baseline"


def test_a_union_runs_each_arm_once_and_counts_the_duplicates():
    made = design(["ofat", "pairs", {"kind": "full", "factors": ["norm", "dropout"]}])
    assert [(part.arms, part.new) for part in made.parts] == [(5, 5), (10, 5), (4, 0)]
    assert made.duplicates == 9
    assert len(made.arms) == 10


def test_excluded_cells_are_counted_and_not_run():
    made = design(exclude=["norm == 'batch' and init.std >= 1", "dropout == 'bernoulli' and init.std == 0.01"])
    assert made.excluded == {"norm == 'batch' and init.std >= 1": 2, "dropout == 'bernoulli' and init.std == 0.01": 2}
    assert len(made.arms) == 8


def test_a_fraction_runs_in_the_factors_levels():
    factors = {f"dataset.f{i}": [0, 1] for i in range(4)}
    made = design({"kind": "fractional", "resolution": 4}, factors=factors)
    assert len(made.arms) == 8
    assert dict.fromkeys(factors, 0) in made.arms
    assert len(made.aliasing) == 3
    assert made.record()["aliasing"] == list(made.aliasing)


def test_a_baseline_level_written_as_another_number_is_the_same_arm():
    assert len(design("ofat", baseline={"init.std": 1.0}).arms) == 5


def test_no_factors_are_one_arm():
    study = parse_study({"title": "t"}, where="x")
    assert build_design(study).arms == ({},)


@pytest.mark.parametrize(
    ("part", "keys", "message"),
    [
        ("oaft", {}, "expected one of fractional, full, leave_one_out, listed, ofat, pairs; nearest"),
        ({"factors": ["norm"]}, {}, "must name its `kind`"),
        ({"kind": "ofat", "factor": ["norm"]}, {}, "nearest match: factors"),
        ([], {}, "at least 1"),
        ({"kind": "ofat", "factors": ["nrom"]}, {}, "design, `factors`: unknown factor 'nrom'"),
        ({"kind": "leave_one_out", "full": {"norm": "bach"}}, {}, "unknown level of norm 'bach'"),
        ({"kind": "leave_one_out", "off": {"norm": "none"}}, {}, "norm=none is its level in the full system too"),
        ("leave_one_out", {}, "which level of init.std means off"),
        ("fractional", {}, "fractional takes factors of two levels, init.std has 3"),
        ({"kind": "fractional", "resolution": 2}, {}, "greater than or equal to 3"),
        ({"kind": "fractional", "resolution": 3, "generators": "a"}, {}, "not both"),
        ({"kind": "fractional", "factors": ["norm", "dropout"]}, {}, "no smaller fraction of 2"),
        ("full", {"exclude": ["norm == 'none'"]}, "excludes the baseline"),
        ("ofat", {"exclude": ["norm == 'batch' and init.std == 1"]}, "excludes no arm of this design"),
        ("full", {"exclude": ["norm = 'none'"]}, "does not parse"),
        ("full", {"exclude": "norm == 'none'"}, "exclude"),
    ],
)  # fmt: skip
def test_a_design_that_does_not_fit_is_one_clear_line(part, keys, message):
    with pytest.raises(UserError) as caught:
        design(part, **keys)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_product_that_explodes_is_refused_without_being_built():
    with pytest.raises(UserError, match=r"more than 10,000 arms; use ofat"):
        design(factors={f"dataset.f{i}": list(range(10)) for i in range(12)})
