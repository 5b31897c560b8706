"""The longest arms go first, and an arm is split by its seeds where a worker would idle."""

from dataclasses import replace

import pytest

from ablate.sweep.plan import Job
from ablate.sweep.schedule import costs, makespan, scheduled, whole
from ablate.track.record import ArmRecord
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult


def job(name, seeds, steps=None):
    facts = {} if steps is None else {"steps": steps, "multiply_adds": 10}
    arm = ArmRecord(id=name, label=name, levels={}, baseline=False, config={}, facts=facts)
    return Job(arm, None, None, {seed: f"{name}{seed}" for seed in range(seeds)}, tuple(range(seeds)))


def seeds_of(parts):
    found = {}
    for part in parts:
        found.setdefault(part.arm.id, []).extend(part.missing)
    return {name: sorted(seeds) for name, seeds in found.items()}


def test_the_longest_arms_go_first_and_equal_ones_stay_in_order():
    jobs = [job("a", 2, 5), job("b", 2, 9), job("c", 2, 5), job("d", 2, 9)]
    assert [one.arm.id for one in scheduled(jobs, 2)] == ["b", "d", "a", "c"]
    assert scheduled(jobs, 1) == jobs
    assert scheduled([], 4) == []


def test_of_arms_that_say_nothing_the_seeds_count():
    assert costs([job("a", 2), job("b", 6)]) == [2.0, 6.0]
    assert costs([job("a", 2), job("b", 2, 5), job("c", 2, 15)]) == [200.0, 100.0, 300.0]


@pytest.mark.parametrize(
    ("arms", "slots"),
    [([8, 8, 8], 2), ([8], 4), ([20, 1, 1], 2), ([5, 5, 5, 5, 5], 64), ([3] * 501, 2), ([1, 1, 1], 2)],
)
def test_no_worker_idles_while_another_has_runs_to_give(arms, slots):
    jobs = [job(f"a{i}", seeds) for i, seeds in enumerate(arms)]
    parts = scheduled(jobs, slots)
    assert seeds_of(parts) == {one.arm.id: list(one.missing) for one in jobs}
    best = max(sum(arms) / slots, 1.0)
    assert makespan(costs(parts), slots) <= max(1.1 * best, best + 1)


def test_what_splitting_cannot_shorten_stays_whole():
    jobs = [job("long", 1, 1000), *(job(f"a{i}", 8, 1) for i in range(20))]
    assert scheduled(jobs, 2) == jobs
    alike = [job(f"a{i}", 8, 7) for i in range(8)]
    assert scheduled(alike, 2) == alike


def test_parts_come_back_as_one_arm_when_all_are_there():
    asked = [job("a", 3), job("b", 1)]

    def part(one, *seeds):
        return replace(one, missing=seeds), [RunResult(seed=seed, outcome=Outcome.CENSORED) for seed in seeds]

    came = [part(asked[0], 2), part(asked[1], 0), part(asked[0], 0, 1)]
    back = [(one, [result.seed for result in results]) for one, results in whole(asked, came)]
    assert back == [(asked[1], [0]), (asked[0], [0, 1, 2])]
    assert list(whole(asked, came[:1])) == []
