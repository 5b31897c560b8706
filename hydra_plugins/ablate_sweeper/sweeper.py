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
    single: bool = False  # one arm, asked for without -m
    action: str = "run"  # run | plan | extend | noise
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


class AblateSweeper(Sweeper):
    """Plans the arms of a study, trains them in parallel, and tracks every run from this process."""

    def __init__(self, **settings: Any) -> None:
        self.settings = AblateSweeperConf(**settings)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over; arms are trained by this sweeper's own workers."""
        del task_function
        self.hydra_context, self.config = hydra_context, config

    def sweep(self, arguments: list[str]) -> Any:
        """Plan and run what the overrides ask for."""
        from ablate.app.sweep import sweep

        return sweep(self.settings, self.hydra_context, self.config, arguments)


ConfigStore.instance().store(group="hydra/sweeper", name="ablate", node=AblateSweeperConf, provider="ablate")
