"""The longest arms go first, and an arm is split by its seeds where a worker would idle."""

from dataclasses import replace

import pytest

from ablate.errors import Failure
from ablate.programs.function import Function
from ablate.sweep.plan import Job
from ablate.sweep.schedule import ArmParts, costs, makespan, scheduled, seed_by_seed
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
    assert list(dict.fromkeys(one.arm.id for one in scheduled(jobs, 2))) == ["b", "d", "a", "c"]
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
    alike = [job(f"a{i}", 8, 7) for i in range(80)]
    assert scheduled(alike, 2) == alike


def test_the_last_arms_are_given_in_ever_smaller_parts():
    alike = [job(f"a{i}", 8, 7) for i in range(8)]
    parts = scheduled(alike, 2)
    assert [len(part.missing) for part in parts] == [8, 8, 8, 8, 8, 8, 8, 4, 2, 2]
    assert seeds_of(parts) == {one.arm.id: list(one.missing) for one in alike}


@pytest.mark.parametrize("short", [{0}, {2}, {7}, {0, 1, 2}, {5, 6}])
def test_an_arm_that_ends_early_lets_no_worker_idle_for_long(short):
    """Two workers, eight arms that look alike, some of which take half the time (they diverge, say)."""
    parts = scheduled([job(f"a{i}", 8, 7) for i in range(8)], 2)
    true = [len(part.missing) * (0.5 if int(part.arm.id[1:]) in short else 1.0) for part in parts]
    assert makespan(true, 2) <= sum(true) / 2 + 2


def test_only_code_that_runs_its_seeds_one_by_one_is_given_them_so():
    own = replace(job("own", 3), program=Function("train.py:train"))
    parts = seed_by_seed([job("a", 2), own])
    assert [(one.arm.id, one.missing) for one in parts] == [
        ("a", (0, 1)), ("own", (0,)), ("own", (1,)), ("own", (2,))
    ]  # fmt: skip


def part(one, *seeds, back=None):
    given = seeds if back is None else back
    return replace(one, missing=seeds), [RunResult(seed=seed, outcome=Outcome.CENSORED) for seed in given]


def told(arm):
    return None if arm is None else (arm[0].arm.id, [result.seed for result in arm[1]])


def test_parts_come_back_as_one_arm_when_all_are_there():
    asked = [job("a", 3), job("b", 1)]
    came = [part(asked[0], 2), part(asked[1], 0), part(asked[0], 0, 1)]
    arms = ArmParts(asked)
    assert [told(arms.add(*one)) for one in came] == [None, ("b", [0]), ("a", [0, 1, 2])]
    arms.check_whole()
    assert list(arms.unfinished()) == []


def test_an_arm_that_is_not_whole_is_told_and_what_is_there_of_it_is_given():
    asked = [job("a", 3), job("b", 2)]
    arms = ArmParts(asked)
    arms.add(*part(asked[0], 2, 0))
    with pytest.raises(Failure, match=r"without 3 of the runs that it was given, of a, b; what is finished is kept"):
        arms.check_whole()
    ((left, results),) = arms.unfinished()
    assert (left.missing, [result.seed for result in results]) == ((0, 2), [0, 2])
    assert list(arms.unfinished()) == []


@pytest.mark.parametrize(("back", "kept"), [((), []), ((0,), [0]), ((0, 0), [0]), ((0, 7), [0]), ((0, 1, 7), [0, 1])])
def test_other_seeds_than_were_asked_for_are_a_failure_and_those_that_are_right_stay(back, kept):
    one = job("a", 3)
    arms = ArmParts([one])
    with pytest.raises(Failure, match=r"gave back seeds .* of a, expected 0, 1;"):
        arms.add(*part(one, 0, 1, back=back))
    assert [result.seed for _, results in arms.unfinished() for result in results] == kept
    with pytest.raises(Failure, match="of c, expected 0"):
        ArmParts([one]).add(*part(job("c", 1), 0))
