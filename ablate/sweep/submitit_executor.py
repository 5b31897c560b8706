"""What is asked of submitit's executors, with their errors as lines of ours."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.errors import Failure, UserError
from ablate.sweep.demand import Demand


def executor_for(cluster: str, logs: Path) -> Any:
    """Return submitit's executor for `slurm` or `local`, which writes the output of jobs into a folder.

    Raises
    ------
    UserError
        This machine has no Slurm.
    """
    submitit = importlib.import_module("submitit")
    try:
        return submitit.AutoExecutor(folder=str(logs / "%j"), cluster=cluster)
    except RuntimeError as error:
        raise UserError(
            f"the launcher submitit finds no Slurm on this machine ({error}): run it where sbatch and srun are, or "
            "with `cluster: local`"
        ) from None


def ask_for(executor: Any, asked: Mapping[str, Any]) -> None:
    """Tell an executor what its next jobs need.

    Raises
    ------
    UserError
        It does not know a setting, or not such a value.
    """
    try:
        executor.update_parameters(**asked)
    except (ValueError, NameError, TypeError) as error:
        raise UserError(f"launcher submitit: {' '.join(str(error).split())[:600]}") from None


def in_words(demand: Demand, at_once: int) -> dict[str, Any]:
    """Return what a job needs in which so many arms are trained at a time, in the words of submitit."""
    asked: dict[str, Any] = {
        "name": "ablate",
        "timeout_min": math.ceil(60.0 if demand.minutes is None else demand.minutes),
        "cpus_per_task": math.ceil(demand.cpus * at_once),
    }
    if demand.memory_gb is not None:
        asked["mem_gb"] = demand.memory_gb * at_once
    if demand.gpus:
        asked["gpus_per_node"] = math.ceil(demand.gpus)
    return asked


def submit(executor: Any, work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Submit a job for each piece of work, as one array where the cluster has such; return submitit's jobs.

    Raises
    ------
    Failure
        The cluster does not take them.
    """
    try:
        return list(executor.submit_array(work))
    except (RuntimeError, OSError) as error:
        jobs = "a job" if len(work) == 1 else f"{len(work)} jobs"
        said = " ".join(str(error).split())[:600]
        raise Failure(f"{jobs} cannot be submitted, and nothing of them was run: {said}") from error
