"""Arms that are tuned in every judging seed: their trials as jobs of the plan."""

import re
from dataclasses import dataclass, field, replace

import pytest

from ablate.errors import UserError
from ablate.sweep.plan import make_plan
from ablate.sweep.registration import definition
from ablate.sweep.study_file import parse_study, quick_study
from ablate.sweep.tune import Tune
from ablate.sweep.tuning_plan import plan_tuning
from ablate.track import payload
from ablate.train.metric import Metric, by_name
from ablate.train.program import Program


class Fake(Program):
    def facts(self, config):
        return {"fingerprint": "f00d"}

    def metrics(self):
        return by_name([Metric("m", "higher"), Metric("smooth", "lower")])

    def run(self, config, seeds, observe=None):
        raise AssertionError("planning must not train")


@dataclass(frozen=True)
class Config:
    norm: str = "none"
    epochs: int = 20
    l2: float = 0.0
    momentum: float = 0.5
    program: Fake = field(default_factory=Fake)


Fake.config_class = Config


class Redrawing(Fake):
    """Can draw all but the data anew."""


@dataclass(frozen=True)
class RedrawnConfig(Config):
    redraw: int = field(default=0, metadata={"unsaid": 0})
    program: Redrawing = field(default_factory=Redrawing)


Redrawing.config_class = RedrawnConfig
TUNE = {"space": {"epochs": [10, 20, 40]}, "metric": "m", "ties": "smooth", "copy_baseline": False}
BEFORE = {"per": "study", "ties": "smaller", "extend": 0, "copy_baseline": False}
SPACE = {"where": {"norm": "batch"}, "space": TUNE["space"]}
ONCE = {"space": TUNE["space"], "metric": "m", "seeds": 2}


def compose(levels):
    return Config(**levels)


def study_of(tune=TUNE, **keys):
    return parse_study({"title": "t", "factors": {"norm": ["none", "batch"]}, "tune": tune, **keys}, where="x")


def plan_of(study, *, seeds=3, **more):
    return make_plan(study, name="s", seeds=seeds, compose=compose, command="c", **more)


def test_every_seed_of_every_arm_has_all_trials_and_no_tuning_comes_before():
    study = study_of()
    plan = plan_of(study)
    assert plan_tuning(plan, compose) is None
    assert not plan.provisional
    assert (len(plan.jobs), len(plan.trained), plan.runs, plan.missing) == (2, 6, 18, 18)
    assert [[job.config.epochs for job in arm.trials] for arm in plan.jobs] == [[10, 20, 40]] * 2
    assert {tuple(job.identities) for job in plan.trained} == {(0, 1, 2)}


def test_a_seed_of_an_arm_is_missing_while_one_of_its_trials_is():
    plan = plan_of(study_of())
    first = plan.jobs[0].trials
    done = {identity for job in first for identity in job.identities.values()} - {first[2].identities[1]}
    after = plan.after(frozenset(done))
    assert after.jobs[0].missing == (1,)
    assert after.missing == 18 - 8
    assert plan.with_seeds([0, 2]).after(frozenset(done)).jobs[0].missing == ()


def test_more_trials_and_seeds_keep_the_arms_and_the_runs_there_are():
    small = plan_of(study_of())
    large = plan_of(study_of({**TUNE, "space": {"epochs": [5, 10, 20, 40]}}), seeds=4)
    held = [{i for job in plan.trained for i in job.identities.values()} for plan in (small, large)]
    assert held[0] < held[1]
    assert len(held[1]) == 2 * 4 * 4
    assert [arm.id for arm in small.record.arms] == [arm.id for arm in large.record.arms]
    assert small.record.key == large.record.key


def test_a_trial_at_the_fixed_value_is_the_fixed_arm_and_is_trained_once():
    plan = plan_of(study_of(fairness="both"))
    fixed, tuned = plan.jobs[:2]
    assert fixed.arm.levels["fairness"] == "fixed"
    assert tuned.trials[1].arm.id == fixed.arm.id != tuned.arm.id
    assert (len(plan.trained), plan.runs) == (6, 18)
    assert fixed.arm.id not in [arm.id for arm in plan.record.trials.arms]
    assert len(plan.record.run_arms) == 6


def test_one_choice_for_all_and_one_in_every_seed_are_two_study_runs():
    assert plan_of(study_of()).record.key != plan_of(study_of(ONCE)).record.key


def test_what_is_planned_is_stored_and_read_again():
    record = plan_of(study_of()).record
    assert payload.planned(payload.plan(record)) == record
    assert "trials" not in payload.plan(replace(record, trials=None))


@pytest.mark.parametrize(
    ("tune", "per"),
    [({}, "seed"), ({"seeds": 2}, "study"), ({"share": ["norm"]}, "study"), (BEFORE, "study")],
)
def test_what_only_one_choice_for_all_has_asks_for_it(tune, per):
    assert study_of({"space": TUNE["space"], "metric": "m", **tune}).tune.per == per


@pytest.mark.parametrize(
    "tune",
    [
        {"per": "study"}, {"per": "study", "seeds": 40}, {**BEFORE, "ties": "smooth"}, {**BEFORE, "extend": 1},
        {"seeds": 2, "copy_baseline": True}, {**BEFORE, "spaces": [SPACE]},
    ],
)  # fmt: skip
def test_one_choice_for_all_is_refused_unless_an_earlier_release_wrote_it(tune):
    with pytest.raises(UserError, match=r"x: tune.per: a choice made once .* write `per: seed`, without `seeds`"):
        study_of({"space": TUNE["space"], "metric": "m", **tune})


def test_a_study_file_that_gives_tuning_seeds_means_what_it_always_did():
    tune = {"space": {"epochs": [10, 20, 40]}, "metric": "m", "seeds": 2}
    assert study_of(tune).tune.copy_baseline is False
    now, stored = study_of(tune), parse_study({"title": "t", "tune": tune}, where="x", stored=True)
    assert now.tune == stored.tune
    assert (now.tune.ties, now.tune.extend) == ("smaller", 0)
    assert study_of({**tune, **BEFORE}).tune == now.tune


@pytest.mark.parametrize(("key", "value"), [("seeds", 3), ("share", ["norm"])])
def test_tuning_seeds_and_shared_tunings_do_not_go_with_a_choice_in_every_seed(key, value):
    with pytest.raises(UserError, match=f"x: tune.{key}: with `per: seed`.*drop `{key}`$"):
        study_of({**TUNE, "per": "seed", key: value})


def test_a_stored_study_that_says_nothing_was_tuned_once_by_tuning_seeds_and_is_stored_as_it_was():
    stored = {"space": {"l2": [0.0, 0.1]}, "trials": None, "seeds": 2, "metric": "m", "where": {}, "share": []}
    study = parse_study({"title": "t", "tune": stored}, where="x", stored=True)
    assert (study.tune.per, study.tune.ties, study.tune.extend) == ("study", "smaller", 0)
    assert not study.tune.copy_baseline
    assert definition(study)["tune"] == stored


@pytest.mark.parametrize("per", [{**BEFORE, "seeds": 3}, {"per": "seed"}])
def test_the_quick_budget_and_a_stored_definition_keep_who_chooses(per):
    study = study_of({**TUNE, **per}, quick={"seeds": 2})
    assert quick_study(study, where="x").tune == study.tune
    again = parse_study(study.model_dump(mode="json"), where="x", stored=True)
    assert again.tune == study.tune


def test_ties_go_to_a_metric_only_where_every_arm_logs_it():
    assert plan_of(study_of()).record.trials.ties["name"] == "smooth"
    assert plan_of(study_of({**TUNE, "ties": "smaller"})).record.trials.ties == {}
    assert plan_of(study_of({**TUNE, "ties": "final/validation_loss"})).record.trials.ties == {}
    assert Tune(space={"l2": [0.0, 0.1]}).ties == "final/validation_loss"


@pytest.mark.parametrize("fairness", ["tuned", "both"])
def test_a_copy_of_the_baseline_keeps_the_data_where_its_program_can(fairness):
    study = study_of({**TUNE, "copy_baseline": True}, fairness=fairness)
    plan = make_plan(study, name="s", seeds=3, compose=lambda levels: RedrawnConfig(**levels), command="c")
    assert plan.runs == plan_of(study).runs
    assert plan.copy is not None
    assert [(job.config.redraw, job.config.epochs) for job in plan.copy.trials] == [(1, 10), (1, 20), (1, 40)]
    assert {tuple(job.identities) for job in plan.trained} == {(0, 1, 2)}
    own = [(job.arm.id, tuple(job.identities.values())) for job in plan.trained]
    assert len({arm for arm, _ in own}) == len({identity for _, runs in own for identity in runs}) / 3 == len(own)
    assert plan.record.trials.same_data
    assert payload.planned(payload.plan(plan.record)) == plan.record
    assert {tuple(job.identities) for job in plan.with_seeds([2]).trained} == {(2,)}
    assert plan.after(frozenset(i for job in plan.trained for i in job.identities.values())).missing == 0


@pytest.mark.parametrize("fairness", ["tuned", "both"])
def test_a_copy_of_the_baseline_tunes_for_itself_on_seeds_of_its_own_elsewhere(fairness):
    study = study_of({**TUNE, "copy_baseline": True}, fairness=fairness)
    plan, alone = plan_of(study), plan_of(study_of(fairness=fairness))
    assert plan.runs == alone.runs + 3 * 3
    assert plan.copy is not None
    assert [job.config for job in plan.copy.trials] == [job.config for job in plan.jobs[fairness == "both"].trials]
    assert {tuple(job.identities) for job in plan.copy.trials} == {(1_000_000, 1_000_001, 1_000_002)}
    ids = [job.arm.id for job in plan.trained]
    assert len(ids) == len(set(ids))
    assert [arm.id for arm in plan.record.arms] == [arm.id for arm in alone.record.arms]
    assert plan.record.key == alone.record.key
    trials = plan.record.trials
    assert (trials.copy.id, trials.copied) == (plan.copy.arm.id, plan.jobs[fairness == "both"].arm.id)
    assert trials.copied in trials.of
    assert payload.planned(payload.plan(plan.record)) == plan.record
    part = plan.with_seeds([2])
    assert {tuple(job.identities) for job in part.trained} == {(2,), (1_000_002,)}
    assert plan.after(frozenset(i for job in plan.trained for i in job.identities.values())).missing == 0


OWN = {"where": {"norm": "batch"}, "space": {"epochs": [10, 20, 40], "momentum": [0.0, 0.5, 0.9]}}
SPACES = {**TUNE, "space": {"epochs": [10, 20, 40], "l2": [0.0, 0.1, 0.2]}, "spaces": [OWN]}


def test_an_arm_with_a_space_of_its_own_has_the_trials_of_it():
    plan = plan_of(study_of({**SPACES, "copy_baseline": True}))
    none, batch = plan.jobs
    assert {(job.config.l2, job.config.momentum) for job in none.trials} == {(0.0, 0.5), (0.1, 0.5), (0.2, 0.5)}
    assert {(job.config.l2, job.config.momentum) for job in batch.trials} == {(0.0, 0.0), (0.0, 0.5), (0.0, 0.9)}
    assert [len(job.trials) for job in plan.jobs] == [9, 9]
    assert list(none.arm.facts["tuning"]["space"]) == ["epochs", "l2"]
    assert list(batch.arm.facts["tuning"]["space"]) == ["epochs", "momentum"]
    assert [job.config for job in plan.copy.trials] == [job.config for job in none.trials]
    trials = plan.record.trials
    assert trials.tried_by(none.arm.id) == trials.tried_by(plan.copy.arm.id) == trials.tried
    assert list(trials.others) == [batch.arm.id]
    assert {tuple(values) for values in trials.tried_by(batch.arm.id)} == {("epochs", "momentum")}
    assert payload.planned(payload.plan(plan.record)) == plan.record


def test_the_copy_of_a_baseline_with_a_space_of_its_own_has_that_space():
    plan = plan_of(study_of({**SPACES, "copy_baseline": True}, baseline={"norm": "batch"}))
    batch, trials = plan.jobs[1], plan.record.trials
    assert [job.config for job in plan.copy.trials] == [job.config for job in batch.trials]
    assert trials.tried_by(plan.copy.arm.id) == trials.tried_by(batch.arm.id) != trials.tried


def test_an_arm_that_no_entry_names_is_the_arm_it_is_without_spaces():
    space = SPACES["space"]
    with_spaces, without = plan_of(study_of(SPACES)), plan_of(study_of({**TUNE, "space": space}))
    assert with_spaces.record.arms[0] == without.record.arms[0]
    assert with_spaces.record.arms[1].id != without.record.arms[1].id
    assert "others" not in payload.plan(without.record)["trials"]


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (
            {"spaces": [{**OWN, "space": {"epochs": [10, 20]}}]},
            "x: tune.space has 9, tune.spaces, entry 1, space has 2 trials: an arm with more trials is tuned better;",
        ),
        (
            {"spaces": [], "unequal_trials": True},
            "x: tune.unequal_trials: every arm has the trials of `space`",
        ),
        (
            {"spaces": [{**OWN, "where": {"nrom": "batch"}}]},
            "x: tune.spaces, entry 1, where: unknown factor 'nrom': expected one of norm",
        ),
        (
            {"spaces": [{**OWN, "where": {"norm": "bacth"}}]},
            "x: tune.spaces, entry 1, where: unknown level of norm 'bacth': expected one of batch, none",
        ),
        (
            {"spaces": [{**OWN, "space": {"norm": ["none", "batch"]}}]},
            "x: tune.spaces, entry 1, space: norm is a factor too; a value is either compared or tuned",
        ),
        (
            {"spaces": [{**OWN, "space": {"momentum": [0.5]}}]},
            "x: tune.spaces, entry 1, space: momentum: a grid needs two values or more",
        ),
        (
            {"spaces": [{**OWN, "space": {"momentum": {"lwo": 0.1, "high": 1}}}]},
            "unknown key 'tune.spaces.0.space.momentum.lwo'",
        ),
        ({"trials": 12}, "x: tune.trials must be at most 9, the combinations there are in tune.space, got 12"),
    ],
)
def test_spaces_that_cannot_be_carried_out_are_refused(tune, message):
    with pytest.raises(UserError, match=re.escape(message)):
        study_of({**SPACES, **tune})


def test_an_arm_that_two_entries_name_is_refused_when_it_is_planned():
    with pytest.raises(UserError, match=r"s: tune.spaces: the arm norm=batch is named by the entries 1 and 2"):
        plan_of(study_of({**SPACES, "spaces": [OWN, OWN]}))


def test_unequal_numbers_of_trials_are_declared():
    tune = {**SPACES, "spaces": [{**OWN, "space": {"momentum": [0.1, 0.9]}}], "unequal_trials": True}
    assert [len(job.trials) for job in plan_of(study_of(tune)).jobs] == [9, 2]
    study = study_of(tune)
    assert parse_study(study.model_dump(mode="json"), where="x", stored=True).tune == study.tune


def test_without_spaces_nothing_of_them_is_stored():
    assert not {"spaces", "unequal_trials"} & definition(study_of())["tune"].keys()


def test_the_quick_budget_leaves_an_entry_out_whose_levels_are_left_out():
    tune = {**SPACES, "spaces": [OWN, {**OWN, "where": {"norm": ["layer", "group"]}}]}
    quick = {"factors": {"norm": ["none", "group"]}, "seeds": 2}
    study = study_of(tune, factors={"norm": ["none", "batch", "layer", "group"]}, quick=quick)
    assert [own.where for own in quick_study(study, where="x").tune.spaces] == [{"norm": ["group"]}]
