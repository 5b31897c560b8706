from collections import Counter
from dataclasses import dataclass, field

import pytest

from ablate.errors import UserError
from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import parse_study
from ablate.sweep.tune import Choice, cell_key, tuned_cell
from ablate.sweep.tuning_plan import plan_tuning
from ablate.train.metric import Metric, by_name
from ablate.train.program import Program


class Fake(Program):
    def facts(self, config):
        return {"fingerprint": "f00d"}

    def metrics(self):
        return by_name([Metric("m", "higher")])

    def run(self, config, seeds, observe=None):
        raise AssertionError("planning must not train")


@dataclass(frozen=True)
class Config:
    norm: str = "none"
    init: str = "normal"
    std: float = 0.1
    epochs: int = 20
    program: Fake = field(default_factory=Fake)


Fake.config_class = Config


def compose(levels):
    return Config(**{key.removeprefix("init."): value for key, value in levels.items()})


TUNE = {"space": {"epochs": [10, 20, 40]}, "metric": "m", "seeds": 2}
FACTORS = {"norm": ["none", "batch"], "init.std": [0.1, 0.01]}


def study_of(**keys):
    return parse_study({"title": "t", "factors": FACTORS, "tune": TUNE, **keys}, where="x")


def plan_of(study, *, tuned=None, seeds=3):
    return make_plan(study, name="s", seeds=seeds, compose=compose, command="c", tuned=tuned)


def tuning_of(study, seeds=3):
    return plan_tuning(plan_of(study, seeds=seeds), compose)


def chosen(study, **epochs):
    """Choose 40 epochs everywhere but in the arms named."""
    cells = {cell_key(c): c for levels in plan_of(study).design.arms if (c := tuned_cell(study, levels)) is not None}
    return {
        key: Choice({"epochs": epochs.get(cell["norm"], 40)}, {"tuned": {"epochs": {"chosen": 40, "edge": True}}})
        for key, cell in cells.items()
    }


def test_every_arm_gets_the_same_trials_on_seeds_that_judge_nothing():
    tuning = tuning_of(study_of())
    assert len(tuning.cells) == 4
    assert {len(cell.jobs) for cell in tuning.cells} == {3}
    assert [[job.config.epochs for job in cell.jobs] for cell in tuning.cells] == [[10, 20, 40]] * 4
    assert tuning.plan.runs == 4 * 3 * 2
    assert Counter(seed for job in tuning.plan.jobs for seed in job.identities) == {10_000: 12, 10_001: 12}
    assert tuning.size() == "4 arms x 3 trials x 2 seeds = 24 runs"


def test_a_shared_tuning_is_done_once_at_the_baselines_level():
    tuning = tuning_of(study_of(tune={**TUNE, "share": ["init.std"]}))
    assert [cell.levels for cell in tuning.cells] == [
        {"norm": "none", "init.std": 0.1},
        {"norm": "batch", "init.std": 0.1},
    ]


def test_only_the_arms_asked_for_are_tuned():
    tuning = tuning_of(study_of(tune={**TUNE, "where": {"norm": "batch"}}))
    assert [cell.levels["norm"] for cell in tuning.cells] == ["batch", "batch"]


def test_more_trials_and_seeds_keep_the_identities_of_the_earlier_ones_and_the_study_run():
    one, two = (
        tuning_of(study_of()),
        tuning_of(study_of(tune={**TUNE, "space": {"epochs": [10, 20, 30, 40]}, "seeds": 3})),
    )
    held = [{i for job in t.plan.jobs for i in job.identities.values()} for t in (one, two)]
    assert held[0] < held[1]
    assert len(held[1]) == 4 * 4 * 3
    assert one.plan.record.key == two.plan.record.key
    assert one.after(frozenset(held[0])).plan.missing == 0


def test_tuning_is_a_study_of_its_own_that_can_be_read_back():
    plan = plan_of(study_of())
    record = tuning_of(study_of()).plan.record
    assert (record.name, record.seeds) == ("s-tuning", (10_000, 10_001))
    assert record.key != plan.record.key
    assert parse_study(record.definition, where="x").factors == {**FACTORS, "epochs": [10, 20, 40]}


def test_before_tuning_a_plan_is_provisional_and_what_is_chosen_does_not_change_the_study_run():
    study = study_of()
    before, after = plan_of(study), plan_of(study, tuned=chosen(study))
    assert before.provisional
    assert not after.provisional
    assert before.record.key == after.record.key == plan_of(study, tuned=chosen(study, none=10)).record.key
    assert [job.config.epochs for job in after.jobs] == [40] * 4
    assert {job.settings["epochs"] for job in after.jobs} == {40}
    assert all(job.arm.facts["tuned"]["epochs"]["chosen"] == 40 for job in after.jobs)
    assert "epochs" not in after.jobs[0].arm.levels


def test_a_fixed_and_a_tuned_study_are_two_study_runs():
    keys = {plan_of(study_of(fairness=fairness)).record.key for fairness in ("fixed", "tuned", "both")}
    assert len(keys) == 3


def test_both_runs_every_arm_twice_and_the_tuned_ones_with_their_values():
    study = study_of(fairness="both")
    plan = plan_of(study, tuned=chosen(study))
    assert [(job.arm.levels["fairness"], job.config.epochs) for job in plan.jobs] == [("fixed", 20), ("tuned", 40)] * 4
    assert plan.runs == 8 * 3
    assert len({job.arm.id for job in plan.jobs}) == 8
    assert [job.arm.baseline for job in plan.jobs] == [True] + [False] * 7


def test_where_tuning_chose_the_fixed_values_one_training_serves_both_arms():
    study = study_of(fairness="both")
    plan = plan_of(study, tuned=chosen(study, none=20))
    fixed, tuned = plan.jobs[:2]
    assert tuned.same_as == fixed.arm.id != tuned.arm.id
    assert tuned.arm.facts["same_as"] == fixed.arm.id
    assert tuned.identities == fixed.identities
    assert plan.runs == (8 - 2) * 3
    assert plan.missing == plan.runs
    rest = plan.after(frozenset(fixed.identities.values()))
    assert rest.missing == plan.runs - 3
    assert (rest.jobs[1].missing, rest.jobs[1].done) == ((), 3)


def test_a_provisional_plan_counts_the_runs_of_both_ways():
    plan = plan_of(study_of(fairness="both"))
    assert plan.provisional
    assert plan.missing == 8 * 3


def test_seeds_that_tune_and_judge_are_refused_wherever_they_come_from():
    with pytest.raises(UserError, match=r"s: tune.seeds: 10001 judges the claims too"):
        plan_of(study_of(), seeds=[1, 10_001])


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ({**TUNE, "metric": "mm"}, "s: tune.metric: unknown metric 'mm': expected one of m; nearest match: m"),
        ({**TUNE, "where": {"norm": "batch"}}, "s: tune.where: no arm of the design is at these levels"),
    ],
)
def test_what_only_the_arms_can_tell_is_refused_too(tune, message):
    exclude = ["norm == 'batch'"] if "where" in tune else []
    with pytest.raises(UserError, match=message):
        tuning_of(study_of(tune=tune, exclude=exclude))


def test_a_value_that_an_arm_refuses_names_the_key():
    def refusing(levels):
        if levels.get("epochs") == 40:
            raise UserError("`epochs` must be < 40, got 40.")
        return Config(program=Fake())

    study = study_of(factors={}, design="full")
    plan = make_plan(study, name="s", seeds=1, compose=refusing, command="c")
    with pytest.raises(UserError, match=r"s: tune.space: `epochs` must be < 40"):
        plan_tuning(plan, refusing)
