import os
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from ablate.errors import Failure, UserError
from ablate.programs.per_seed import PerSeed
from ablate.sweep.launch import Launcher, Serial, launcher_for, train_job, worker_count
from ablate.sweep.plan import make_plan
from ablate.sweep.runner import run_plan
from ablate.sweep.study_file import parse_study
from ablate.track.memory import MemoryStore
from ablate.train.arithmetic import arithmetic
from ablate.train.compiled.ready import NotCompiledError
from ablate.train.outcome import Outcome
from ablate.train.program import Program, RunResult
from ablate.train.vouched import Fact


class Noisy(Program):
    """Gives each seed a number of its own; crashes for norm=broken…."""

    def facts(self, config):
        return {"fingerprint": "f00d", "dataset": "fake", "majority_rate": 0.1}

    def metrics(self):
        return frozenset({"m"})

    def run(self, config, seeds, observe=None):
        if config.norm.startswith("broken"):
            raise ValueError("broken on purpose")
        return [
            RunResult(seed=s, outcome=Outcome.CENSORED, metrics={"m": float(np.random.default_rng(s).random())})
            for s in seeds
        ]


class Vouching(Noisy):
    """Vouches for the process it runs in."""

    vouches = frozenset({Fact.MACHINE})


@dataclass(frozen=True)
class Config:
    norm: str = "none"
    program: Noisy = field(default_factory=Noisy)


Noisy.config_class = Config


def plan_of(levels, seeds=3):
    study = parse_study({"title": "t", "factors": {"norm": levels}}, where="x")
    return make_plan(study, name="s", seeds=seeds, compose=lambda lv: Config(**lv), command="c")


def job_of(program):
    study = parse_study({"title": "t"}, where="x")
    (job,) = make_plan(study, name="s", seeds=[1], compose=lambda _: Config(program=program), command="c").jobs
    return job


def run(tracker, plan, workers=1):
    session = tracker.open(plan.record)
    return run_plan(plan.after(session.finished()), session, launcher=launcher_for(None, workers))


def logged(tracker):
    return {(arm.label, rec.result.seed): rec.result for runs in tracker.runs.values() for arm, rec in runs.values()}


def test_every_planned_run_is_logged_once_and_a_second_run_has_nothing_to_do():
    tracker, plan = MemoryStore(), plan_of(["none", "batch"])
    assert run(tracker, plan).ran == 6
    again = run(tracker, plan)
    assert (again.ran, again.skipped) == (0, 6)


def test_more_seeds_run_only_what_is_missing():
    tracker = MemoryStore()
    run(tracker, plan_of(["none", "batch"], seeds=3))
    before = logged(tracker)
    more = run(tracker, plan_of(["none", "batch"], seeds=5))
    assert (more.ran, more.skipped) == (4, 6)
    assert {k: v for k, v in logged(tracker).items() if k in before} == before


@pytest.mark.slow
def test_worker_processes_give_the_same_results_as_this_process():
    alone, together = MemoryStore(), MemoryStore()
    plan = plan_of(["none", "batch", "layer"])
    run(alone, plan)
    run(together, plan, workers=2)
    assert {k: r.metrics for k, r in logged(alone).items()} == {k: r.metrics for k, r in logged(together).items()}


class Backwards(Serial):
    """Gives back first what came last, as the faster of two workers may."""

    def train(self, jobs, *, uses=()):
        yield from reversed(list(super().train(jobs, uses=uses)))


def test_crashes_are_told_in_the_order_of_the_plan_whichever_came_back_first():
    tracker, plan = MemoryStore(), plan_of(["broken", "none", "broken too"])
    summary = run_plan(plan, tracker.open(plan.record), launcher=Backwards())
    assert [label for label, _ in summary.crashes] == ["baseline", "norm=broken too"]


def test_a_crash_is_recorded_and_the_sweep_goes_on_and_tries_it_again():
    tracker, plan = MemoryStore(), plan_of(["broken", "none"])
    summary = run(tracker, plan)
    assert summary.outcomes == {"crashed": 3, "censored": 3}
    assert summary.crashes == [("baseline", "ValueError: broken on purpose")]
    assert "broken on purpose" in logged(tracker)["baseline", 0].error
    assert run(tracker, plan).ran == 3  # the crashed seeds, and only those


@dataclass(frozen=True)
class Broken(Launcher):
    """Trains one seed of every arm; then `ends` is raised, or nothing more comes."""

    workers: int = 2
    ends: type[BaseException] | None = None

    def train(self, jobs, *, uses=()):
        for job in jobs:
            part = replace(job, missing=job.missing[:1])
            yield part, train_job(part)
        if self.ends is not None:
            raise self.ends


@pytest.mark.parametrize("ends", [KeyboardInterrupt, Failure, None])
def test_finished_parts_of_an_arm_are_kept_however_a_launcher_ends(ends):
    tracker, plan = MemoryStore(), plan_of(["none", "batch"])
    session = tracker.open(plan.record)
    with pytest.raises(ends or Failure, match=None if ends else "without 4 of the runs"):
        run_plan(plan, session, launcher=Broken(ends=ends))
    assert sorted(logged(tracker)) == [(job.arm.label, 0) for job in plan.jobs]
    assert run(tracker, plan).ran == 4


class OneByOne(PerSeed):
    """Runs its seeds one by one."""

    facts, metrics = Noisy.facts, Noisy.metrics

    def one(self, config, seed):
        return RunResult(seed=seed, outcome=Outcome.CENSORED, metrics={"m": float(seed)})


@dataclass(frozen=True)
class OneByOneConfig:
    norm: str = "none"
    program: OneByOne = field(default_factory=OneByOne)


OneByOne.config_class = OneByOneConfig


def one_by_one(seeds=6):
    study = parse_study({"title": "t", "factors": {"norm": ["none", "batch"]}}, where="x")
    return make_plan(study, name="s", seeds=seeds, compose=lambda lv: OneByOneConfig(**lv), command="c")


class Interrupted(Serial):
    """Ctrl-C comes when four jobs were trained."""

    def train(self, jobs, *, uses=()):
        yield from super().train(jobs[:4], uses=uses)
        raise KeyboardInterrupt


def test_code_that_runs_seeds_one_by_one_loses_no_seed_to_an_interruption():
    tracker, plan = MemoryStore(), one_by_one()
    session = tracker.open(plan.record)
    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, session, launcher=Interrupted())
    assert sorted(logged(tracker)) == [("baseline", seed) for seed in range(4)]
    again = run(tracker, plan)
    assert (again.ran, again.skipped) == (8, 4)
    assert {result.metrics["m"] for result in logged(tracker).values()} == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


def test_runs_of_an_arm_are_written_while_others_of_it_go_on(monkeypatch):
    """So that a driver that is killed, which can keep nothing any more, has lost seconds."""
    monkeypatch.setattr("ablate.sweep.runner._KEEP_SECONDS", -1.0)
    written, tracker, plan = [], MemoryStore(), one_by_one(3)
    session = tracker.open(plan.record)
    run_plan(plan, session, launcher=Serial(), done=lambda job, result: written.append((job.arm.label, result.seed)))
    assert written == [(job.arm.label, seed) for job in plan.jobs for seed in range(3)]
    assert sorted(logged(tracker)) == sorted(written)


def test_an_interruption_while_an_arm_is_written_keeps_the_parts_of_the_others():
    tracker, plan = MemoryStore(), plan_of(["none", "batch"])
    session, first, second = tracker.open(plan.record), *plan.jobs

    class Parts(Broken):
        def train(self, jobs, *, uses=()):
            part = replace(first, missing=first.missing[:2])
            yield part, train_job(part)
            yield second, train_job(second)

    def files(job):
        if job is second:
            raise KeyboardInterrupt
        return {}

    with pytest.raises(KeyboardInterrupt):
        run_plan(plan, session, launcher=Parts(), files=files)
    assert [label for label, _ in logged(tracker)] == [first.arm.label] * 2


def test_blas_is_held_to_one_thread_while_training():
    from threadpoolctl import threadpool_info

    class Threads(Noisy):
        def run(self, config, seeds, observe=None):
            counts = {pool["num_threads"] for pool in threadpool_info()}
            return [RunResult(seed=s, outcome=Outcome.CENSORED, metrics={"threads": float(max(counts))}) for s in seeds]

    assert [r.metrics["threads"] for r in train_job(job_of(Threads()))] == [1.0]


def test_what_a_program_has_to_make_ready_is_made_here_once_before_any_arm_is_trained():
    done = []

    class Prepared(Noisy):
        def ready(self, config):
            done.append(("ready", config.norm, os.getpid()))

        def run(self, config, seeds, observe=None):
            done.append(("run", config.norm, os.getpid()))
            return super().run(config, seeds, observe)

    tracker = MemoryStore()
    run(tracker, plan_of(["none"]))
    study = parse_study({"title": "t", "factors": {"norm": ["none", "batch", "layer"]}}, where="x")
    plan = make_plan(study, name="s", seeds=3, compose=lambda lv: Config(**lv, program=Prepared()), command="c")
    run(tracker, plan)
    assert done == [(what, norm, os.getpid()) for what in ("ready", "run") for norm in ("batch", "layer")]
    done.clear()
    run(tracker, plan)
    assert done == []  # nothing is missing


class Unready(Noisy):
    """Cannot be compiled; one kind finds out while it trains."""

    def ready(self, config):
        if config.norm == "early":
            raise NotCompiledError("no compiler")

    def run(self, config, seeds, observe=None):
        if config.norm == "late":
            raise NotCompiledError("no compiler")
        return super().run(config, seeds, observe)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("bad", "kept"), [("early", 0), ("late", 3)])
def test_what_cannot_be_compiled_ends_the_sweep_and_is_no_failed_run(bad, kept, workers):
    tracker = MemoryStore()
    study = parse_study({"title": "t", "factors": {"norm": ["none", bad]}}, where="x")
    plan = make_plan(study, name="s", seeds=3, compose=lambda lv: Config(**lv, program=Unready()), command="c")
    with pytest.raises(NotCompiledError, match=r"^no compiler$"):
        run(tracker, plan, workers=workers)
    found = [record.result.outcome for runs in tracker.runs.values() for _, record in runs.values()]
    assert Outcome.CRASHED not in found
    assert len(found) == kept or (workers > 1 and kept)


def test_an_arm_that_was_trained_gets_its_files_and_one_that_crashed_none():
    tracker, plan = MemoryStore(), plan_of(["broken", "none"])
    session = tracker.open(plan.record)
    run_plan(plan, session, launcher=Serial(), files=lambda job: {"about.txt": job.config.norm})
    assert {arm.label: tracker.files[arm.id] for arm in plan.record.arms} == {
        "baseline": {},
        "norm=none": {"about.txt": "none"},
    }


def test_a_worker_count_below_one_is_refused():
    assert worker_count(3) == 3
    assert worker_count(None) >= 1
    with pytest.raises(UserError, match=r"`jobs` must be a whole number >= 1.* got 0"):
        worker_count(0)


def test_a_run_says_what_computed_it_where_its_program_vouches_for_that():
    (silent,), (vouched,) = (train_job(job_of(program)) for program in (Noisy(), Vouching()))
    assert silent.arithmetic == {}
    assert vouched.arithmetic == arithmetic()
    assert vouched.arithmetic["threads"] == "1"
    assert vouched.metrics == silent.metrics
