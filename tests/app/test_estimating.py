"""What is missing of a plan takes what its kinds of arms take, shared out among processes."""

from dataclasses import dataclass, field

import pytest

from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import parse_study
from ablate.train.program import Program
from ablate.work import estimating
from ablate.work.estimating import KEEPING, estimate

TRIED = []


@dataclass(frozen=True)
class Timed(Program):
    """Takes a second per unit of width; None where it does not know."""

    knows: bool = True

    def facts(self, config):
        return {"fingerprint": "f", "dataset": "d", "multiply_adds": config.width, "steps": 10}

    def metrics(self):
        return frozenset({"m"})

    def seconds_per_run(self, config, seeds):
        TRIED.append((config.width, seeds))
        return float(config.width) if self.knows else None

    def run(self, config, seeds, observe=None):
        raise AssertionError("planning must not train")


@dataclass(frozen=True)
class Config:
    width: int = 1
    lr: float = 0.1
    program: Timed = field(default_factory=Timed)


Timed.config_class = Config


@pytest.fixture(autouse=True)
def fresh():
    TRIED.clear()


def plan_of(seeds=4, knows=True, **factors):
    study = parse_study({"title": "t", "factors": factors}, where="x")
    return make_plan(
        study,
        name="s",
        seeds=seeds,
        compose=lambda levels: Config(**levels, program=Timed(knows)),
        command="c",
    )


def test_every_kind_of_arm_is_tried_once_and_an_amount_makes_no_other_kind():
    plan = plan_of(width=[1, 5], lr=[0.1, 0.01, 0.001])
    found = estimate(plan, {}, workers=1)
    assert sorted(TRIED) == [(1, 4), (5, 4)]
    assert found.seconds == pytest.approx(3 * 4 * (1 + 5) + 24 * KEEPING)
    assert found.basis == "a little run just now"


def test_a_real_number_that_is_zero_is_another_kind():
    estimate(plan_of(lr=[0.0, 0.1]), {}, workers=1)
    assert len(TRIED) == 2


def test_an_arm_is_split_by_seeds_where_a_process_would_idle():
    plan = plan_of(width=[1, 9])
    assert estimate(plan, {}, workers=2).seconds == pytest.approx(2 * 9 + 2 + 8 * KEEPING / 2)
    assert estimate(plan, {}, workers=8).workers == 2


def test_where_runs_are_tiny_tracking_is_what_takes_the_time():
    plan = plan_of(seeds=1000, width=[0], lr=[0.1, 0.2])  # two arms that take nothing
    assert estimate(plan, {}, workers=2).seconds == pytest.approx(2000 * KEEPING)


def test_finished_runs_say_it_of_their_kind_and_are_not_counted():
    plan = plan_of(width=[1, 5], lr=[0.1, 0.01])
    done = dict.fromkeys(plan.jobs[0].identities.values(), 3.0)
    rest = plan.after(frozenset(done))
    found = estimate(rest, done, workers=1)
    assert TRIED == [(5, 4)]
    assert found.seconds == pytest.approx(4 * 3.0 + 2 * 4 * 5 + 12 * KEEPING)
    assert found.basis == "finished runs of this study and a little run just now"


def test_what_there_is_no_time_to_try_is_estimated_from_what_was(monkeypatch):
    monkeypatch.setattr(estimating, "TRYING", -1.0)
    found = estimate(plan_of(width=[1, 5, 2]), {}, workers=1)
    assert TRIED == [(5, 4)]  # the most work first
    assert found.seconds == pytest.approx(4 * (1 + 5 + 2) + 12 * KEEPING)


def test_a_program_that_cannot_say_gives_no_estimate():
    assert estimate(plan_of(knows=False, width=[1, 2]), {}, workers=1) is None
