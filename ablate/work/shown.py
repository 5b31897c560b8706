"""A judged study as a reader meets it: its labels, and the settings of a function as the function calls them.

What is kept (the store, `runs.csv`, `verdicts.json`) has the keys of the study file; pages, figures, the console and
Python show `dropout` for `program.params.dropout`, where nothing else is called so, or what `labels:` calls it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ablate.claims.parts import STORED
from ablate.sweep.labels import Labels
from ablate.sweep.own_keys import renamed, short_names, with_short_names
from ablate.sweep.study import Study
from ablate.sweep.translated import Words
from ablate.track.columns import factor_column
from ablate.work.judging import Judgement
from ablate.work.labelled import labelled, labels_of

if TYPE_CHECKING:
    from ablate.track.record import StudyTables

_HEAD = ("mixtures", "doubts", "design")  # of `StudyTables.study`: what is read; the rest is typed, or was registered

Change = Callable[[str], str]


def as_read(judged: Judgement, words: Words | None = None, *, ids: bool = True) -> Judgement:
    """Return the same judgement as a reader meets it; itself where that is the same.

    Parameters
    ----------
    words
        The study's words in Chinese, where they are not its own `zh`: their labels are for pages in Chinese.
    ids
        Show the labels in the ids of claims with levels, too; else these stay what a command or a program asks for.
    """
    labels = labels_of(judged.study, words or judged.study.zh)
    # Labels first: they are of the keys of the study file.
    return as_named(labelled(judged, labels.over(Labels.model_construct(metrics=_titles(judged))), ids=ids))


def _titles(judged: Judgement) -> dict[str, str]:
    """Return what metrics are called that have no label, as pages call them: one name wherever somebody reads."""
    from ablate.report.metric_names import metric_title
    from ablate.report.vouched import naming

    names = [*judged.tables.metrics, *judged.study.metrics, *(verdict.metric for verdict in judged.verdicts)]
    with naming(judged.tables):
        titles = {name: metric_title(name) for name in dict.fromkeys(names)}
    return {name: title for name, title in titles.items() if title != name}


def as_named(judged: Judgement) -> Judgement:
    """Return the same judgement with the settings of a function under short names; itself where there are none."""
    names = short_names(judged.study, [*judged.tables.metrics, *judged.study.metrics])
    if not names:
        return judged

    def change(text: str) -> str:
        return with_short_names(text, names)

    return Judgement(
        _study(judged.study, names, change),
        _tables(judged.tables, names, change),
        [_changed(verdict, change) for verdict in judged.verdicts],
        [_changed(verdict, change) for verdict in judged.extended],
    )


def _study(study: Study, names: Mapping[str, str], change: Change) -> Study:
    data = renamed(study.model_dump(), lambda key: names.get(key, key))
    # A figure of the user's own names factors in fields of its own; forecasts are of claims with their levels.
    data |= {part: _changed(data[part], change) for part in ("figures", "forecasts")}
    return Study.model_validate(data, context=STORED)


def _tables(tables: StudyTables, names: Mapping[str, str], change: Change) -> StudyTables:
    columns = {factor_column(key): factor_column(name) for key, name in names.items()}
    planned, seeds = (table.rename(columns=columns) for table in (tables.planned, tables.seeds))
    head = {key: _changed(value, change) if key in _HEAD else value for key, value in tables.study.items()}
    registered = head.get("preregistration") or {}
    if "forecasts" in registered:
        head["preregistration"] = {**registered, "forecasts": _changed(registered["forecasts"], change)}
    tuning = tables.tuning
    return dataclasses.replace(
        tables,
        study=head,
        planned=planned.assign(arm=planned["arm"].map(change)),
        seeds=seeds.assign(arm=seeds["arm"].map(change)),
        facts=_changed(tables.facts, change),
        tuning=None if tuning is None else tuning.rename(columns=names).assign(arm=tuning["arm"].map(change)),
    )


def _changed(value: Any, change: Change) -> Any:
    """Return a value with every text in it changed, however deep; what holds none is the same object."""
    if isinstance(value, str):
        text = change(value)
        return value if text == value else text
    if isinstance(value, Mapping):
        return {_changed(key, change): _changed(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_changed(inner, change) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        new = {name: _changed(one, change) for name, one in inner.items()}
        return dataclasses.replace(value, **{name: one for name, one in new.items() if one is not inner[name]})
    return value
