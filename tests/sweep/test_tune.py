import pytest

from ablate.errors import UserError
from ablate.sweep.grids import trials
from ablate.sweep.study_file import parse_study
from ablate.sweep.tune import Range, Tune, tuned_cell

SPACE = {"optimizer.lr": [0.01, 0.1, 1.0]}


def study_of(tune=None, **keys):
    data = {"title": "t", "factors": {"norm": ["none", "batch"], "init": ["he", "xavier"]}, **keys}
    return parse_study(data if tune is None else {**data, "tune": tune}, where="mine.yaml")


def test_fairness_follows_from_tune_unless_it_is_given():
    assert study_of().fairness == "fixed"
    assert study_of({"space": SPACE}).fairness == "tuned"
    assert study_of({"space": SPACE}, fairness="fixed").fairness == "fixed"


def test_both_adds_the_factor_and_survives_being_stored_and_read_again():
    study = study_of({"space": SPACE}, fairness="both")
    assert study.factors["fairness"] == ["fixed", "tuned"]
    assert study.base_levels()["fairness"] == "fixed"
    assert parse_study(study.model_dump(mode="json"), where="x") == study


def test_grids_make_every_combination_and_a_number_of_trials_draws_some_of_them_once():
    tune = Tune(space={"l2": [0.0, 0.1], "optimizer.lr": [0.1, 1.0, 10.0]})
    every = trials(tune)
    assert len(every) == 6
    assert every[0] == {"l2": 0.0, "optimizer.lr": 0.1}
    four = trials(tune.model_copy(update={"trials": 4}))
    assert len({tuple(point.values()) for point in four}) == 4
    assert all(point in every for point in four)
    assert trials(tune.model_copy(update={"trials": 2})) == four[:2]


@pytest.mark.parametrize("axis", [Range(low=1e-4, high=1.0, log=True), Range(low=0.0, high=0.5),
                                  Range(low=1, high=64, log=True, whole=True)])  # fmt: skip
def test_draws_lie_in_their_range_and_more_trials_keep_the_earlier_ones(axis):
    drawn = [point["key"] for point in trials(Tune(space={"key": axis}, trials=20))]
    assert len(set(drawn)) == 20
    assert all(axis.low <= value <= axis.high for value in drawn)
    assert [point["key"] for point in trials(Tune(space={"key": axis}, trials=7))] == drawn[:7]
    assert all(isinstance(value, int) for value in drawn) == axis.whole


def test_log_draws_spread_evenly_over_decades():
    drawn = [point["lr"] for point in trials(Tune(space={"lr": Range(low=1e-4, high=1.0, log=True)}, trials=200))]
    shares = [sum(10.0**low <= value < 10.0 ** (low + 1) for value in drawn) / 200 for low in (-4, -3, -2, -1)]
    assert min(shares) > 0.15


def test_tuning_seeds_are_numbered_apart_from_judging_seeds():
    assert Tune(space=SPACE, seeds=3).seed_numbers() == (10_000, 10_001, 10_002)
    assert len(Tune(space=SPACE, per="study").seed_numbers()) == 10
    assert Tune(space=SPACE, seeds=[90, 91]).seed_numbers() == (90, 91)


def test_a_cell_is_where_an_arm_is_tuned():
    study = study_of({"space": SPACE, "share": "init", "where": {"norm": "batch"}}, fairness="both")
    assert tuned_cell(study, {"norm": "batch", "init": "xavier", "fairness": "tuned"}) == {
        "norm": "batch",
        "init": "he",
    }
    assert tuned_cell(study, {"norm": "batch", "init": "he", "fairness": "fixed"}) is None
    assert tuned_cell(study, {"norm": "none", "init": "he", "fairness": "tuned"}) is None


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ({"space": {"norm": ["none", "batch"]}}, "tune.space: norm is a factor too"),
        ({"space": {"optimizer.lr": [0.1]}}, "tune.space: optimizer.lr: a grid needs two values or more"),
        ({"space": {"optimizer.lr": [0.1, 1, 0.1]}}, "tune.space: optimizer.lr: the value 0.1 is given twice"),
        ({"space": {"optimizer.lr": {"low": 1.0, "high": 0.1}}, "trials": 4}, "`low` must be < `high`, got low 1"),
        ({"space": {"optimizer.lr": {"low": 0, "high": 1, "log": True}}, "trials": 4}, "`low` must be > 0"),
        ({"space": {"optimizer.lr": {"low": 0.1, "high": 1}}}, "tune.trials is missing: optimizer.lr is a range"),
        ({"space": {"optimizer.lr": {"lwo": 0.1, "high": 1}}}, "unknown key 'tune.space.optimizer.lr.lwo'"),
        ({"space": {"batch_size": {"low": 1, "high": 4, "whole": True}}, "trials": 9}, "fewer than 9 different points"),
        ({"space": SPACE, "trials": 4}, "tune.trials must be at most 3"),
        ({"space": {"l2": list(range(40)), "clip_norm": list(range(1, 41))}}, "1,600 combinations, too many"),
        ({"space": SPACE, "seeds": [7, 10_000]}, "tune.seeds: 7 judges the claims too"),
        ({"space": SPACE, "seeds": 0}, "tune.seeds` must be a count >= 1"),
        ({"space": SPACE, "metric": "final/test_accuracy"}, "final/test_accuracy is measured on the test part"),
        ({"space": SPACE, "where": {"nrom": "batch"}}, "tune.where: unknown factor 'nrom'"),
        ({"space": SPACE, "where": {"norm": "bacth"}}, "tune.where: unknown level of norm 'bacth'"),
        ({"space": SPACE, "share": ["inti"]}, "nearest match: init"),
        ({"space": SPACE, "share": ["init"], "where": {"init": "he"}}, "stands in `where` and in `share`"),
        ({"space": SPACE, "trails": 3}, "nearest match: trials"),
        ({"space": {}}, "`tune.space` must"),
    ],
)
def test_a_tuning_that_cannot_be_carried_out_is_one_line_with_file_and_key(tune, message):
    with pytest.raises(UserError) as caught:
        study_of(tune)
    assert message in str(caught.value)
    assert str(caught.value).startswith(("mine.yaml: ", "`mine.yaml: "))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fairness", ["tuned", "both"])
def test_fairness_without_anything_to_tune_is_refused(fairness):
    with pytest.raises(UserError, match=f"mine.yaml: fairness: {fairness} needs `tune:`"):
        study_of(fairness=fairness)


def test_fairness_is_no_factor_to_give_by_hand():
    with pytest.raises(UserError, match="`fairness` is not a factor to give"):
        study_of({"space": SPACE}, factors={"fairness": ["fixed", "tuned"]})
