from dataclasses import dataclass, field

import pytest

from ablate.errors import UserError
from ablate.sweep.plan import arm_label, make_plan
from ablate.sweep.study_file import parse_study
from ablate.train.program import Program


class Fake(Program):
    def facts(self, config):
        return {"fingerprint": "f00d", "dataset": "fake", "majority_rate": 0.1}

    def metrics(self):
        return frozenset({"m"})

    def run(self, config, seeds, observe=None):
        raise AssertionError("planning must not train")


@dataclass(frozen=True)
class Config:
    norm: str = "none"
    init: str = "normal"
    std: float = 0.1
    epochs: int = 20
    seeds: int = 8
    program: Fake = field(default_factory=Fake)


Fake.config_class = Config


def compose(levels, **fixed):
    return Config(**{key.removeprefix("init."): value for key, value in {**fixed, **levels}.items()})


def plan_of(*, seeds=3, fixed=None, **factors):
    factors = {key.replace("__", "."): value for key, value in factors.items()}
    study = parse_study({"title": "t", "factors": factors}, where="x")
    return make_plan(
        study,
        name="s",
        seeds=seeds,
        compose=lambda levels: compose(levels, **(fixed or {})),
        command="c",
    )


def test_the_design_is_the_full_factorial_in_the_studys_order():
    plan = plan_of(norm=["none", "batch"], init__std=[0.1, 0.01])
    assert [job.arm.label for job in plan.jobs] == [
        "baseline",
        "init.std=0.01",
        "norm=batch",
        "norm=batch, init.std=0.01",
    ]
    assert [job.arm.baseline for job in plan.jobs] == [True, False, False, False]
    assert plan.runs == plan.missing == 12


def test_identity_depends_on_configuration_and_seed_and_nothing_else():
    one, two = plan_of(norm=["none", "batch"]), plan_of(norm=["none", "batch", "layer"], seeds=[2, 0])
    assert one.jobs[1].arm.id == two.jobs[1].arm.id
    assert one.jobs[1].identities[2] == two.jobs[1].identities[2]
    assert len({i for job in one.jobs for i in job.identities.values()}) == one.runs
    assert plan_of(norm=["none"], fixed={"epochs": 21}).jobs[0].arm.id != one.jobs[0].arm.id


def test_more_seeds_or_levels_go_on_with_the_same_study_run_and_a_fixed_change_does_not():
    key = plan_of(norm=["none", "batch"]).record.key
    assert plan_of(norm=["none", "batch"], seeds=12).record.key == key
    assert plan_of(norm=["none", "batch", "layer"]).record.key == key
    assert plan_of(norm=["none", "batch"], fixed={"epochs": 21}).record.key != key
    assert plan_of(norm=["none", "batch"], init__std=[0.1]).record.key != key


def test_finished_runs_are_taken_off():
    plan = plan_of(norm=["none", "batch"])
    done = frozenset([plan.jobs[0].identities[0], plan.jobs[1].identities[2], "someone else's"])
    rest = plan.after(done)
    assert [job.missing for job in rest.jobs] == [(1, 2), (0, 1)]
    assert rest.missing == 4
    assert rest.runs == 6


def test_two_arms_that_mean_the_same_are_refused():
    study = parse_study({"title": "t", "factors": {"norm": ["none", "off"]}}, where="x")
    with pytest.raises(UserError, match="`norm=none` and `norm=off` are the same configuration"):
        make_plan(study, name="s", seeds=1, compose=lambda _: Config(), command="c")


def test_labels_name_the_difference_from_the_baseline_only():
    base = {"norm": "none", "init.std": 0.1, "model.hidden": "[100]"}
    assert arm_label({**base, "model.hidden": "[50,50]"}, base) == "model.hidden=[50,50]"
    assert arm_label({**base, "init.std": 0.000630957344}, base) == "init.std=0.000630957"
