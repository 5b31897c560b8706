"""Ablation studies that answer with evidence: sweeps, tracking, statistics and reports.

From Python::

    import ablate

    study = ablate.Study(factors={"dropout": [0.0, 0.5]}, metrics=[ablate.Metric("accuracy", better="higher")])
    result = study.run(train, seeds=10)

Names are imported when they are first asked for: `import ablate` alone loads nothing else.
"""

__version__ = "0.1.0"

# `typing` takes a third of what a start may before Ctrl-C is answered (`ablate.early`).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ablate.errors import AblateError, Failure, UserError
    from ablate.face.claim import claim
    from ablate.face.comparing import compare
    from ablate.face.experiment import experiment
    from ablate.face.judging import judge_runs
    from ablate.face.results import Result
    from ablate.face.stored import judge_results, read_runs, read_study, write_report
    from ablate.face.study import Study
    from ablate.programs.command import Command
    from ablate.programs.hydra_app import HydraApp
    from ablate.track.local import LocalStore
    from ablate.track.memory import MemoryStore
    from ablate.train.metric import Metric

_WHERE = {
    "AblateError": "ablate.errors",
    "Command": "ablate.programs.command",
    "Failure": "ablate.errors",
    "HydraApp": "ablate.programs.hydra_app",
    "LocalStore": "ablate.track.local",
    "MemoryStore": "ablate.track.memory",
    "Metric": "ablate.train.metric",
    "Result": "ablate.face.results",
    "Study": "ablate.face.study",
    "UserError": "ablate.errors",
    "claim": "ablate.face.claim",
    "compare": "ablate.face.comparing",
    "experiment": "ablate.face.experiment",
    "judge_runs": "ablate.face.judging",
    "judge_results": "ablate.face.stored",
    "read_runs": "ablate.face.stored",
    "read_study": "ablate.face.stored",
    "write_report": "ablate.face.stored",
}

__all__ = [
    "AblateError",
    "Command",
    "Failure",
    "HydraApp",
    "LocalStore",
    "MemoryStore",
    "Metric",
    "Result",
    "Study",
    "UserError",
    "claim",
    "compare",
    "experiment",
    "judge_results",
    "judge_runs",
    "read_runs",
    "read_study",
    "write_report",
]


def __getattr__(name: str) -> object:
    """Import a name of the face when it is asked for (PEP 562)."""
    if name not in _WHERE:
        raise AttributeError(f"module 'ablate' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
