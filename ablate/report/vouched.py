"""What may be said of the runs of a study: what every one of their Programs vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from ablate.lang import tr
from ablate.track.record import StudyTables
from ablate.train.vouched import Fact

_stepwise: ContextVar[bool] = ContextVar("stepwise", default=True)
_called: ContextVar[Mapping[str, str]] = ContextVar("called", default=MappingProxyType({}))


def vouched(tables: StudyTables, fact: Fact) -> bool:
    """Tell whether a fact is vouched for in every planned arm; a store without arms vouches for nothing."""
    arms = [str(arm) for arm in tables.planned["arm_id"]]
    return bool(arms) and all(fact in tables.facts.get(arm, {}).get("vouches", ()) for arm in arms)


def made_here(tables: StudyTables) -> bool:
    """Tell whether ablate ran what is reported, whatever it knows of it; imported runs were made elsewhere."""
    return not any(facts.get("imported") for facts in tables.facts.values())


def sources(tables: StudyTables) -> list[str]:
    """Return the files that imported runs were read from, each once; empty where none were."""
    imported = [facts for facts in tables.facts.values() if facts.get("imported")]
    names = [facts.get("imported_from") or facts.get("dataset") for facts in imported]
    return sorted({str(name) for name in names if name})


def steps_title(tables: StudyTables) -> str:
    """Return what the axis of a course over training counts."""
    return tr("optimizer steps") if vouched(tables, Fact.STEPS) else tr("steps, as they were logged")


@contextmanager
def naming(tables: StudyTables) -> Iterator[None]:
    """Call metrics inside by the labels of a study, and as its runs allow: a value at the last step, or a final one."""
    token, labels = _stepwise.set(vouched(tables, Fact.STEPS)), _called.set(tables.study.get("called") or {})
    try:
        yield
    finally:
        _stepwise.reset(token)
        _called.reset(labels)


def metric_label(metric: str) -> str:
    """Return what the study that is told of calls a metric; empty where it does not say."""
    return _called.get().get(metric, "")


def ends_at_a_step() -> bool:
    """Tell whether the runs that are told of end at a step of an optimizer."""
    return _stepwise.get()
