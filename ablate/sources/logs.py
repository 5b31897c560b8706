"""Runs that are folders of logs, each with its settings and its history: what the sources of such folders share.

A run has a name (its folder below the one that is read), settings, results and curves. Its last values are results, as
an MLflow store keeps them. Folders tell settings where they are named so: `lr=0.1,seed=3` and `seed_3` as such, other
names, of which several runs have the same, as `subfolder`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ablate.errors import UserError, nearest
from ablate.lang import msg
from ablate.sources.contract import Done, RunTable
from ablate.train.program import Curve
from ablate.values import plain

AGAIN = msg("points of curves written again by restarted runs: the later ones count")
MOST_SETTINGS = 10_000  # of a run; more is not a configuration

_SEED = re.compile(r"(?:seed|rep|replicate)[-_]?(\d+)", re.IGNORECASE)
_NUMBERED = re.compile(
    r"version_\d+|\d{4}-\d\d-\d\d(?:[T_ -].*)?|\d\d-\d\d-\d\d|\d{8}[-_T]?\d{4,6}|\d{9,}(?:\.\d+)?|"
    r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_.*"
)
"""Names that a tool gives a run by its number or time: of Lightning, Hydra, TensorBoard's writers."""


@dataclass
class RunLog:
    """One run, as its logs tell it.

    Attributes
    ----------
    name
        Its folder below the one that is read, with `/`; empty where it is that folder.
    settings
        Name -> value, nested names with points between.
    told_by
        The part of `name` that may tell settings, too.
    history
        Metric -> (step, value), in the order in which they were written.
    results
        Metric -> a value that was written once, beside the history.
    status
        How the run ended, in a word that tables of runs use; empty where the logs do not say it.
    started
        When it began, as a number or text that sorts.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    told_by: str | None = None
    history: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    started: Any = None

    @property
    def is_silent(self) -> bool:
        """Whether it logged no number."""
        return not self.history and not self.results


def folder_at(address: str, scheme: str) -> Path:
    """Return the folder at an address.

    Raises
    ------
    UserError
        There is none, with the nearest name beside it; or it is a file.
    """
    path = Path(address or ".").expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise UserError(f"{scheme}:{address}: {path} is a file; expected the folder that holds the runs")
    there = path
    while not there.parent.is_dir():
        there = there.parent
    hint = nearest(there.name, [one.name for one in there.parent.iterdir() if one.is_dir()])
    raise UserError(
        f"{scheme}:{address}: no such folder: {there}" + (f"; nearest match: {there.parent / hint}" if hint else "")
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Return names in the order of the numbers in them.

    >>> in_order(["version_10", "version_9"])
    ['version_9', 'version_10']
    """
    return sorted(names, key=lambda name: [(part.isdigit(), int(part) if part.isdigit() else 0, part)
                                           for part in re.split(r"(\d+)", name)])  # fmt: skip


def join_curve(points: Sequence[tuple[int, float]]) -> tuple[Curve, int]:
    """Return a curve with rising steps, and how many points were written again: a run that was restarted goes back.

    What was written from the step on at which it goes on does not count any more, as in TensorBoard.

    >>> join_curve([(0, 0.1), (1, 0.2), (2, 0.3), (1, 0.5)])[0].values.tolist()
    [0.1, 0.5]
    """
    steps = np.array([step for step, _ in points], np.int64)
    values = np.array([value for _, value in points], np.float64)
    if len(steps) < 2 or (np.diff(steps) > 0).all():
        return Curve(steps, values), 0
    kept: list[int] = []
    for i, step in enumerate(steps.tolist()):
        while kept and steps[kept[-1]] >= step:
            kept.pop()
        kept.append(i)
    return Curve(steps[kept], values[kept]), len(steps) - len(kept)


def log_table(where: str, name: str, logs: Sequence[RunLog], done: Sequence[Done], *, empty: str) -> RunTable:
    """Return the table of runs: `run`, `status`, `start_time`, `config.NAME`, `metrics.NAME`, with the curves.

    Runs that logged nothing and of which nothing tells the arm are left out, and so are those without settings where
    others have some; both are told.

    Raises
    ------
    UserError
        No run logged a number (`empty` says what was expected).
    """
    told = list(done)
    if not any(not log.is_silent for log in logs):
        raise UserError(f"{where}: {empty}")
    configured = any(log.settings for log in logs)
    from_names = _settings_of([log.name if log.told_by is None else log.told_by for log in logs])
    kept, unset, silent = list[tuple[RunLog, dict[str, Any]]](), list[str](), list[str]()
    for log, by_name in zip(logs, from_names, strict=True):
        if configured and not log.settings and not _named(by_name):
            (silent if log.is_silent else unset).append(log.name or ".")
        elif log.is_silent and not log.settings and not by_name:
            silent.append(log.name or ".")
        else:
            kept.append((log, by_name))
    if unset:
        told.append(Done(msg("runs without settings, which others have: their arm is not known"), len(unset),
                         first_names(unset)))  # fmt: skip
    if silent:
        told.append(Done(msg("folders of runs that never logged a number: left out"), len(silent), first_names(silent)))
    ends = any(log.status for log, _ in kept)
    rows, curves, again, lasting = [], [], 0, list[str]()
    for log, by_name in kept:
        run_curves = dict[str, Curve]()
        for metric, points in log.history.items():
            run_curves[metric], twice = join_curve(points)
            again += twice
            if twice and (log.name or ".") not in lasting:
                lasting.append(log.name or ".")
        last = {metric: _last(curve) for metric, curve in run_curves.items()}
        results = {f"metrics.{metric}": value for metric, value in (log.results | last).items()}
        settings = {f"config.{key}": value for key, value in _set(log, by_name).items()}
        rest = {key: value for key, value in by_name.items() if key.startswith("subfolder")}
        rows.append(
            {"run": log.name or ".", **({"status": log.status or None} if ends else {})}
            | ({"start_time": log.started} if log.started is not None else {})
            | settings
            | rest
            | results
        )
        curves.append({f"metrics.{metric}": curve for metric, curve in run_curves.items()})
    if again:
        told.append(Done(AGAIN, again, first_names(lasting)))
    called = [f"run {row['run']}" for row in rows]
    return RunTable.of(where, rows, name=name, curves=curves, done=told, called=called)


def _last(curve: Curve) -> float | str:
    value = float(curve.values[-1])
    return value if np.isfinite(value) else repr(value)


def _set(log: RunLog, by_name: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run; those that its folder tells count where nothing else does."""
    return {key: value for key, value in by_name.items() if not key.startswith("subfolder")} | log.settings


def _named(by_name: Mapping[str, Any]) -> bool:
    return any(not key.startswith("subfolder") for key in by_name)


def first_names(names: Sequence[str]) -> str:
    """Return the first few of many names, for what is told."""
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")


def _settings_of(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the folders of runs tell of each: settings, a seed, and the names that several runs share."""
    settings = [dict[str, Any]() for _ in names]
    for depth, parts in enumerate(zip_longest(*(name.split("/") for name in names), fillvalue="")):
        count = Counter(parts)
        apart = [part for part in count if part and not _numbered(part)]
        shared = 1 < len(apart) <= len(names) / 2 and max(count[part] for part in apart) > 1
        for run_settings, part in zip(settings, parts, strict=True):
            if pairs := _pairs(part):
                run_settings.update(pairs)
            elif seed := _SEED.fullmatch(part):
                run_settings.setdefault("seed", int(seed[1]))
            elif shared and part in apart:
                run_settings["subfolder" if not depth else f"subfolder_{depth + 1}"] = part
    return settings


def _numbered(part: str) -> bool:
    return bool(_NUMBERED.fullmatch(part))


def _pairs(part: str) -> dict[str, Any]:
    """Return the settings in a name such as `lr=0.1,seed=3`; none where a piece of it is not a pair."""
    pieces = [piece for piece in re.split(r"[,;]|(?<=[^=])[_ ](?=[A-Za-z][\w.]*=)", part) if piece]
    pairs = [piece.partition("=") for piece in pieces]
    if not pairs or not all(equals and key and re.fullmatch(r"[\w./+@-]+", key) for key, equals, _ in pairs):
        return {}
    return {key.lstrip("+"): _typed(text) for key, _, text in pairs}


def _typed(text: str) -> Any:
    try:
        return plain(text)
    except ValueError:
        return text


def flat_settings(where: str, settings: Any) -> dict[str, Any]:
    """Return nested settings under names with points; lists stay lists.

    >>> flat_settings("x", {"optimizer": {"name": "sgd", "betas": [0.9, 0.99]}, "lr": 0.1})
    {'optimizer.name': 'sgd', 'optimizer.betas': [0.9, 0.99], 'lr': 0.1}

    Raises
    ------
    UserError
        There are more of them than any run has.
    """
    flat: dict[str, Any] = {}
    waiting = [("", settings, 0)]
    while waiting:
        name, node, depth = waiting.pop()
        if isinstance(node, Mapping) and (node or not name) and depth < 50:
            inside = [(f"{name}.{key}" if name else str(key), value, depth + 1) for key, value in node.items()]
            waiting += reversed(inside)
        elif name:
            flat[name] = node if isinstance(node, str | int | float | bool | None) else _as_text(node)
        if len(flat) + len(waiting) > MOST_SETTINGS:
            raise UserError(f"{where}: more than {MOST_SETTINGS} settings of one run; expected a configuration")
    return flat


def _as_text(value: Any) -> Any:
    """Return a list as it is where a table can hold it, and anything else as a text, whole: it may be a level."""
    waiting, seen = [value], 0
    while waiting:  # an alias in YAML may make a small file large
        one = waiting.pop()
        seen += 1
        if seen > MOST_SETTINGS:
            return "more than can be shown"
        waiting += list(one.values()) if isinstance(one, Mapping) else one if isinstance(one, list | tuple) else []
    simple = isinstance(value, list | tuple) and all(isinstance(one, str | int | float | bool | None) for one in value)
    return list(value) if simple else str(value)
