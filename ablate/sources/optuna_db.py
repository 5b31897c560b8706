"""Trials of an Optuna study in its SQLite file, a row each; read by SQL, without Optuna, and never written.

Parameters are `params.NAME`, values `value`, or of several objectives `values_0` or `values_NAME`; user attributes keep
their names; `state` is Optuna's word. Which way a value is better, the study says. Trials that wait to begin are left
out. Trials themselves are not replicates: a seed is a parameter or a user attribute.
Source of the tables: `optuna.storages._rdb.models`, schema 12.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import UserError, unknown
from ablate.lang import msg
from ablate.registry import register
from ablate.sources.contract import Fits, RunTable, Source
from ablate.train.metric import Better
from ablate.values import from_json

_TABLES = """
CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name VARCHAR(512));
CREATE TABLE study_directions (study_direction_id INTEGER PRIMARY KEY, direction VARCHAR(8), study_id INTEGER,
    objective INTEGER);
CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER PRIMARY KEY, study_id INTEGER,
    key VARCHAR(512), value_json TEXT);
CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, number INTEGER, study_id INTEGER, state VARCHAR(8),
    datetime_start DATETIME, datetime_complete DATETIME);
CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
    distribution_json TEXT);
CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id INTEGER, objective INTEGER, value FLOAT,
    value_type VARCHAR(7));
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER PRIMARY KEY, trial_id INTEGER, key VARCHAR(512),
    value_json TEXT);
"""
WAITING = msg("trials that have not begun are left out")

_WAIT = 5.0  # seconds for a database that another process holds
_BETTER: dict[str, Better] = {"MINIMIZE": "lower", "MAXIMIZE": "higher"}
_NAMES = "study:metric_names"
_INFINITE = {"INF_POS": "inf", "INF_NEG": "-inf"}


@register("source", "optuna")
@dataclass(frozen=True)
class OptunaDb(Source):
    """Trials of a study: `optuna:sqlite:///study.db#NAME`, or `optuna:study.db` where there is one."""

    schemes = ("optuna",)

    def read(self, address: str, *, fits: Fits) -> RunTable:
        """Return the trials of a study by their numbers."""
        del fits
        file, _, name = address.partition("#")
        path = Path(file.removeprefix("sqlite:///"))
        if "://" in file and not file.startswith("sqlite:///"):
            raise UserError(f"optuna:{address}: expected a SQLite file, optuna:sqlite:///study.db#NAME")
        if not path.is_file():
            raise UserError(f"{path} cannot be read: no such file")
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_WAIT)) as base:
                trials, better, repairs = _trials(base, path, name)
        except (sqlite3.Error, ValueError, LookupError, TypeError) as error:  # JSON that is damaged, too
            raise UserError(f"{path} cannot be read as an Optuna study: {error}") from None
        return RunTable.of(f"optuna:{address}", trials, name=path.name, better=better, repairs=repairs,
                           called=[f"trial {trial['number']}" for trial in trials])  # fmt: skip

    def example(self, folder: Path, runs: Sequence[Mapping[str, Any]]) -> str:
        """Write runs as trials: all that they have as user attributes, which keep every kind of value."""
        path = folder / "study.db"
        with closing(sqlite3.connect(path)) as base, base:
            base.executescript(_TABLES)
            base.execute("INSERT INTO studies VALUES (1, 'example')")
            base.execute("INSERT INTO study_directions VALUES (1, 'MAXIMIZE', 1, 0)")
            for number, run in enumerate(runs):
                base.execute("INSERT INTO trials VALUES (?, ?, 1, 'COMPLETE', NULL, NULL)", (number + 1, number))
                for name, value in run.items():
                    attribute = (number + 1, name, json.dumps(value))
                    base.execute(
                        "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, ?, ?)", attribute
                    )
        return f"optuna:sqlite:///{path}#example"


def _trials(
    base: sqlite3.Connection, path: Path, name: str
) -> tuple[list[dict[str, Any]], dict[str, Better], list[str]]:
    """Return the trials of a study, which way its values are better, and what was done to read it."""
    studies = dict(base.execute("SELECT study_name, study_id FROM studies ORDER BY study_id"))
    if not studies:
        raise UserError(f"{path}: there is no study in it")
    if not name and len(studies) > 1:
        raise UserError(f"{path} holds {len(studies)} studies: say which with #NAME, one of {', '.join(studies)}")
    if name and name not in studies:
        raise unknown(f"study in {path}", name, studies)
    which = (studies[name] if name else next(iter(studies.values())),)
    trials: dict[int, dict[str, Any]] = {}
    select = "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials WHERE study_id = ?"
    for trial, number, state, start, end in base.execute(f"{select} ORDER BY number", which):
        trials[trial] = {"number": number, "state": state, "datetime_start": start, "datetime_complete": end}
    if not trials:
        raise UserError(f"{path}: the study {name or next(iter(studies))} has no trials")
    where = "trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)"
    values = list(base.execute(f"SELECT trial_id, objective, value, value_type FROM trial_values WHERE {where}", which))
    columns, better = _objectives(base, which)
    for trial, objective, value, kind in values:
        trials[trial][columns[objective]] = _INFINITE.get(kind, value)
    params = (
        f"SELECT trial_id, param_name, param_value, distribution_json FROM trial_params WHERE {where} ORDER BY param_id"
    )
    for trial, key, value, distribution in base.execute(params, which):
        trials[trial][f"params.{key}"] = _param(value, distribution)
    attributes = f"SELECT trial_id, key, value_json FROM trial_user_attributes WHERE {where}"
    for trial, key, encoded in base.execute(attributes, which):
        trials[trial][key] = from_json(encoded)
    begun = [trial for trial in trials.values() if trial["state"] != "WAITING"]
    if not begun:
        raise UserError(f"{path}: no trial of the study {name or next(iter(studies))} has begun")
    return begun, better, [WAITING] if len(begun) < len(trials) else []


def _objectives(base: sqlite3.Connection, which: tuple[int]) -> tuple[dict[int, str], dict[str, Better]]:
    """Return the column of every objective, and which way it is better."""
    told = dict(base.execute("SELECT objective, direction FROM study_directions WHERE study_id = ?", which))
    named = dict(base.execute("SELECT key, value_json FROM study_system_attributes WHERE study_id = ?", which))
    names = from_json(named[_NAMES]) if _NAMES in named else []
    if len(told) == 1:
        columns = dict.fromkeys(told, "value")
    else:
        columns = {place: f"values_{names[place] if place < len(names) else place}" for place in told}
    return columns, {columns[place]: _BETTER[way] for place, way in told.items() if way in _BETTER}


def _param(value: float, distribution: str) -> Any:
    """Return a parameter as it was suggested: of a categorical one the table holds the place of its choice."""
    told = from_json(distribution)
    if not isinstance(told, dict):
        raise TypeError(f"a distribution must be a mapping, got {distribution:.60}")
    attributes = told.get("attributes", {})
    if told.get("name") == "CategoricalDistribution":
        return attributes["choices"][int(value)]
    return int(value) if str(told.get("name", "")).startswith("Int") else value
