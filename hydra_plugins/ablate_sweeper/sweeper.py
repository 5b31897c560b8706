"""The sweeper Hydra finds: thin, because Hydra imports it at the start of every application it runs.

No `from __future__ import annotations`: Hydra executes this module before it stands in `sys.modules`, where a
dataclass would look its annotations up.
"""

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class AblateSweeperConf:
    """Settings of the sweeper: `hydra.sweeper.n_jobs=1`."""

    _target_: str = "hydra_plugins.ablate_sweeper.sweeper.AblateSweeper"
    study: str | None = None  # a study's name or path; null for an ad-hoc sweep
    name: str | None = None  # what an ad-hoc sweep is kept as; null for `adhoc`
    single: bool = False  # one arm, asked for without -m
    action: str = "run"  # run | plan | extend | noise | rerun
    rerun: str | None = None  # rerun: the id of the run that is made once more
    more_seeds: int | None = None  # extend: how many seeds to add; noise: seeds per copy
    copies: int = 2  # noise: copies of the baseline
    quick: bool = False  # the study's quick budget
    fresh: bool = False  # run: run everything again; what was run before is kept aside
    n_jobs: int | None = None  # how many arms are trained at a time; null for one per core
    launcher: Any = None  # what trains them: loky | serial | one of the user's own | {kind: NAME, setting: value}
    report: bool = True  # write the report after the run
    progress: bool = True
    design: Any = None  # full | ofat | pairs | leave_one_out | {kind: fractional, resolution: 4} | a list of these
    exclude: Any = None  # an expression over the factors, or a list of them: cells that are not run
    tune: Any = None  # {optimizer.lr: [0.01, 0.1], seeds: 3}: tuned per arm, as `tune:` in a study file
    fairness: str | None = None  # fixed | tuned | both
    metrics: Any = None  # {val/loss: lower, top1: {better: higher, unit: percent}}: as `metrics:` in a study file
    uses: Any = None  # Python files with components and figures of the user's own: `--uses FILE.py`
    # Of an application of somebody else's, started as `python train.py -m hydra/sweeper=ablate …`:
    seeds: Any = None  # a count, or a list of seeds
    seed_key: str | None = None  # the key of its configuration that takes the seed
    metrics_file: str | None = None  # a JSON file in a job's output folder; else what the task function returns
    code_version: str | None = None  # stands for the code in place of its digests
    jobs: int | None = None  # as n_jobs


class AblateSweeper(Sweeper):
    """Plans the arms of a study, trains them in parallel, and tracks every run from this process."""

    def __init__(self, **settings: Any) -> None:
        self.settings = AblateSweeperConf(**settings)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over; arms are trained by this sweeper's own workers."""
        self.hydra_context, self.config, self.task_function = hydra_context, config, task_function

    def sweep(self, arguments: list[str]) -> Any:
        """Plan and run what the overrides ask for, of ablate's own configuration or of another application's."""
        context, config = self.hydra_context, self.config
        assert context is not None  # `setup` came before
        assert config is not None
        if self.task_function.__module__ != "ablate.app.launch":
            from ablate.app.foreign import sweep_inside

            return sweep_inside(self.settings, self.task_function, context, config, arguments)
        from ablate.app.sweep import sweep

        return sweep(self.settings, context, config, arguments)


ConfigStore.instance().store(group="hydra/sweeper", name="ablate", node=AblateSweeperConf, provider="ablate")
