"""What a launcher keeps to: every job comes back once, with the numbers that this process would give."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ablate.errors import UserError
from ablate.nn import ReLU, Tanh
from ablate.programs.uses import own_code, use
from ablate.registry import component
from ablate.sweep.launch import Launcher, Serial
from ablate.sweep.plan import Job
from ablate.testing.base import Check, require, suite
from ablate.testing.material import small_config
from ablate.train.config import TrainConfig
from ablate.train.outcome import Outcome


def launcher_checks(launcher: Launcher) -> list[Check]:
    """Return the checks for a launcher; it trains a few small arms in each, two at a time where it can."""
    return suite(
        ("trains as many jobs at a time as it is told, or refuses that number", _workers),
        ("every job comes back once, with a result for each of its missing seeds", _once),
        ("its numbers are those of this process", _same),
        ("what raises is a crashed run, and the others go on", _crash),
        ("without jobs it returns nothing", _none),
        ("a study's own Python files are imported where its arms are trained", _uses),
        of=launcher,
    )


def _jobs(broken: bool = False) -> list[Job]:
    from ablate.sweep.plan import make_plan
    from ablate.sweep.study import Study

    def compose(levels: Mapping[str, Any]) -> TrainConfig:
        config = small_config(activation={"relu": ReLU(), "tanh": Tanh()}[levels["activation"]])
        # More examples in a minibatch than there are: refused when it trains.
        return replace(config, batch_size=10_000) if broken and levels["activation"] == "relu" else config

    study = Study(title="t", factors={"activation": ["relu", "tanh"]})
    if not broken:
        return list(make_plan(study, name="s", seeds=3, compose=compose, command="c").jobs)
    whole = make_plan(study, name="s", seeds=3, compose=lambda at: replace(compose(at), batch_size=20), command="c")
    return [replace(job, config=compose(job.arm.levels)) for job in whole.jobs]


def _wide(launcher: Launcher) -> Launcher:
    try:
        return replace(launcher, workers=2)
    except UserError:  # it trains one job at a time, and says so
        return launcher


def _trained(
    launcher: Launcher, jobs: list[Job], uses: Sequence[str] = ()
) -> dict[str, dict[int, tuple[Any, dict[str, float]]]]:
    launcher = _wide(launcher)
    launcher.prepare()()
    by_arm: dict[str, dict[int, tuple[Any, dict[str, float]]]] = {}
    for job, results in launcher.train(jobs, uses=uses):
        require(job.arm.id not in by_arm, f"{job.arm.label} comes back twice")
        by_arm[job.arm.id] = {
            r.seed: (r.outcome, {k: v for k, v in r.metrics.items() if not k.startswith("seconds/")}) for r in results
        }
    return by_arm


def _workers(launcher: Launcher) -> None:
    require(type(launcher).usual() >= 1, f"usual() is {type(launcher).usual()}")
    for workers in (0, -1):
        try:
            replace(launcher, workers=workers)
        except UserError:
            continue
        require(False, f"workers={workers} is not refused: call super().__post_init__()")
    for workers in (1, 2):
        try:
            told = replace(launcher, workers=workers)
        except UserError:
            require(workers > 1, "it refuses to train one job at a time")
        else:
            require(told.workers == workers, f"told to train {workers} jobs at a time it trains {told.workers}")
            require(told.up_to(1).workers == 1, f"up_to(1) trains {told.up_to(1).workers} jobs at a time")


def _once(launcher: Launcher) -> None:
    jobs = _jobs()
    jobs[0] = replace(jobs[0], missing=(2,))
    by_arm = _trained(launcher, jobs)
    wanted = {job.arm.id: list(job.missing) for job in jobs}
    got = {arm: list(results) for arm, results in by_arm.items()}
    require(got == wanted, f"trained are {got}, expected {wanted}")


def _same(launcher: Launcher) -> None:
    require(_trained(launcher, _jobs()) == _trained(Serial(), _jobs()), "its numbers are not those of this process")


def _crash(launcher: Launcher) -> None:
    jobs = _jobs(broken=True)
    by_arm = _trained(launcher, jobs)
    outcomes = [{outcome for outcome, _ in by_arm.get(job.arm.id, {}).values()} for job in jobs]
    require(outcomes[0] == {Outcome.CRASHED}, f"what raises ends as {outcomes[0]}")
    require(outcomes[1] and Outcome.CRASHED not in outcomes[1], f"the other arm ends as {outcomes[1]}")


def _none(launcher: Launcher) -> None:
    require(not list(launcher.train([])), "something comes back although nothing was asked for")


_OWN = """
from dataclasses import dataclass

from ablate.nn import ReLU
from ablate.registry import register


@register("activation", "checked_by_a_launcher")
@dataclass(frozen=True)
class Checked(ReLU):
    def value(self, x):
        return super().value(x) * 0.5
"""


def _uses(launcher: Launcher) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "own_parts.py")
        Path(file).write_text(_OWN, encoding="utf-8")
        try:
            use([file])
            activation = component("activation", "checked_by_a_launcher")()
            jobs = []
            for job in _jobs():
                config = replace(job.config, activation=activation)
                facts = {**job.arm.facts, "uses": own_code([job.program, config], [file])}
                jobs.append(replace(job, config=config, arm=replace(job.arm, facts=facts)))
            by_arm, here = _trained(launcher, jobs, [file]), _trained(Serial(), jobs, [file])
            require(by_arm == here, "an arm of a `uses` file has other results than in this process")
            crashed = [outcome for results in by_arm.values() for outcome, _ in results.values()]
            require(Outcome.CRASHED not in crashed, "arms of a `uses` file crash: import the files first")
        finally:
            use([])
