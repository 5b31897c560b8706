"""Which metric a name means in a study: the study's word, its Programs', or one of a few names that are known.

In this order: `metrics:` of the study; what the Program that made the runs declares; `KNOWN`, by exact match. A metric
that none of them knows has a name and no direction; whoever needs its direction asks for it in one error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

from ablate.errors import UserError
from ablate.registry import options
from ablate.sweep.study import Study
from ablate.track.record import StudyTables
from ablate.train.metric import KNOWN, Better, Metric, complete_metric, declare_it, metric_from

DeclaredBy = Literal["study", "program", "known", "nobody"]

_MEANING = ("better", "unit")  # what a study cannot say otherwise of a metric that a Program declares


class Metrics:
    """The metrics of one study.

    Parameters
    ----------
    study
        `metrics:` of the study: name -> what is declared of it.
    programs
        What its Programs declare; a metric of which only the name is given counts as not declared.

    Raises
    ------
    UserError
        The study says of a metric the opposite of the Program that measures it.
    """

    def __init__(self, study: Mapping[str, Any], programs: Mapping[str, Metric] | None = None) -> None:
        self._programs = {
            name: complete_metric(metric) for name, metric in (programs or {}).items() if not metric.only_named
        }
        self._names = tuple(dict.fromkeys([*study, *(programs or {})]))
        self._study = {name: self._merged(name, declared) for name, declared in study.items()}

    def _merged(self, name: str, declared: Any) -> Metric:
        metric = metric_from(name, declared)
        before = self._programs.get(name) or KNOWN.get(name) or Metric(name)
        said = metric.as_dict()
        if name not in self._programs:
            complete_metric(metric)
        if name in self._programs:
            for key in _MEANING:
                meaning = getattr(before, key)
                if key in said and meaning and said[key] != meaning:
                    raise UserError(
                        f"metrics: {name}: `{key}: {said[key]}` contradicts the program that measures it, which says "
                        f"{meaning}; leave it out"
                    )
        return metric_from(name, {**before.as_dict(), **said})

    @property
    def names(self) -> tuple[str, ...]:
        """Names that are declared, the main one first: the study's, then the Programs' in the order of each."""
        return self._names

    def of(self, name: str) -> Metric:
        """Return what is known of a metric: of an unknown one, its name alone."""
        return self._study.get(name) or self._programs.get(name) or KNOWN.get(name) or Metric(name)

    def source(self, name: str) -> DeclaredBy:
        """Return who declares a metric."""
        if name in self._study:
            return "study"
        if name in self._programs:
            return "program"
        return "known" if name in KNOWN else "nobody"

    def direction(self, name: str, *, where: str) -> Better:
        """Return which way is better.

        Raises
        ------
        UserError
            Nobody declares it; `where` says who asks (`claim faster`).
        """
        better = self.of(name).better
        if better is None:
            raise UserError(f"{where}: which way is {name} better? Its name does not tell: {declare_it(name)}.")
        return better


def program_metrics(definition: Mapping[str, Any], facts: Iterable[Mapping[str, Any]]) -> dict[str, Metric]:
    """Return what the Programs of a study declare, from what is stored of it.

    A Program that is told what it measures (an own function) leaves it in the facts of its arms; the others declare it
    in their class, by which runs of earlier releases are understood too. Imported results have no Program.

    Raises
    ------
    UserError
        Two of its arms declare one metric differently.
    """
    import ablate.programs
    import ablate.train.numpy_program  # noqa: F401

    arms = list(facts)
    declared: list[Mapping[str, Metric]] = []
    if not any(arm.get("imported") for arm in arms):
        fixed, factors = definition.get("fixed") or {}, definition.get("factors") or {}
        classes = options("program")
        names = factors.get("program") or [fixed.get("program", "numpy")]
        declared = [classes[name].METRICS for name in names if name in classes]  # type: ignore[attr-defined]
    told: list[Mapping[str, Any]] = []
    for arm in arms:  # which mostly say the same, and may be thousands
        said = arm.get("metrics") or {}
        if not isinstance(said, Mapping):
            raise UserError(
                f"what an arm says of its metrics is damaged: expected a mapping, got {type(said).__name__}"
            )
        if said and said not in told:
            told.append(said)
    return join_metrics([*declared, *({name: metric_from(name, said) for name, said in one.items()} for one in told)])


def join_metrics(declared: Iterable[Mapping[str, Metric]]) -> dict[str, Metric]:
    """Return what several Programs declare together; a mere name adds nothing.

    Raises
    ------
    UserError
        Two of them declare one metric differently.
    """
    metrics: dict[str, Metric] = {}
    for one in declared:
        for name, metric in one.items():
            before = metrics.get(name)
            if before is None or before.only_named:
                metrics[name] = metric
            elif metric != before and not metric.only_named:
                one_says, other_says = (f"`{_flow(said.as_dict())}`" for said in (before, metric))
                raise UserError(
                    f"metric {name}: two programs of the study declare it differently: {one_says} and {other_says}; "
                    "where both measure the same, let your own declare the same of it, else call it by another name"
                )
    return metrics


def _flow(said: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}"


def metrics_in(tables: StudyTables) -> Metrics:
    """Return the metrics of a study that was read back."""
    definition = tables.study.get("definition") or {}
    return Metrics(definition.get("metrics") or {}, program_metrics(definition, tables.facts.values()))


def as_declared(tables: StudyTables, study: Study) -> StudyTables:
    """Return the tables with their metrics as a study declares them, whatever the study they were tracked with."""
    said = {"metrics": study.metrics, "fixed": study.fixed, "factors": study.factors}
    definition = {**(tables.study.get("definition") or {}), **said}
    return replace(tables, study={**tables.study, "definition": definition})
