"""What arms ask of a cluster: conditions name what the plan has, and arms that ask alike go together."""

from dataclasses import dataclass, field

import pytest

from ablate.errors import UserError
from ablate.sweep.demand import Demand, OnCluster, most_of
from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import parse_study
from ablate.train.program import Program


class Idle(Program):
    """Is planned, and never run."""

    def facts(self, config):
        return {"fingerprint": "f00d", "dataset": "fake"}

    def metrics(self):
        return frozenset({"m"})

    def run(self, config, seeds, observe=None):
        raise AssertionError("nothing is run")


@dataclass(frozen=True)
class Config:
    norm: str = "none"
    program: Idle = field(default_factory=Idle)


Idle.config_class = Config


def plan_of(levels):
    study = parse_study({"title": "t", "factors": {"norm": levels}}, where="x")
    return make_plan(study, name="s", seeds=2, compose=lambda values: Config(**values), command="c")


@dataclass(frozen=True)
class Cluster(OnCluster):
    package = "numpy"

    def train(self, jobs, *, uses=()):
        yield from ()


@pytest.mark.parametrize(
    ("condition", "message"),
    [("norm=bacth", r"unknown level of norm in `arms` \(norm=bacth\): 'bacth': .*nearest match: batch"),
     ("nrom=batch", r"unknown factor in `arms` \(nrom=batch\): 'nrom'.*nearest match: norm")],
)  # fmt: skip
def test_a_condition_that_no_arm_of_the_plan_meets_is_an_error(condition, message):
    plan = plan_of(["none", "batch"])
    with pytest.raises(UserError, match=message):
        Cluster(arms={condition: {"gpus": 1}}).check(plan)
    Cluster(arms={"norm=batch": {"gpus": 1}}).check(plan)


def test_arms_that_ask_alike_go_together():
    cluster, jobs = Cluster(arms={"norm=batch": {"gpus": 1}}), plan_of(["none", "batch", "layer"]).jobs
    assert [(demand.gpus, len(of)) for demand, of in cluster.grouped(jobs)] == [(0.0, 2), (1.0, 1)]
    assert [(demand.gpus, len(of)) for demand, of in cluster.grouped(jobs, together=True)] == [(1, 3)]
    assert cluster.grouped([], together=True) == []
    assert most_of([Demand(cpus=2.0), Demand(gpus=1.0, minutes=5.0)]) == Demand(cpus=2.0, gpus=1.0, minutes=5.0)
