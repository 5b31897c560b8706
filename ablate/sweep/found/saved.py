"""The study file that a table was judged as: commented, to be edited and to get new runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ablate.lang import speaking, tr
from ablate.levels import level_name
from ablate.sources.of_one import done_text
from ablate.sweep.found.build import Found
from ablate.values import plain

_COMMENTS = {
    "factors": "What was set and varies; the baseline's level first.",
    "baseline": "What every level is compared with.",
    "metrics": "Which way is better; in which unit; what a run that failed counts as. The judged one first.",
    "claims": "Every level against the baseline, at matched values of the other factors. Exploratory: to claim one\n"
    "before new runs are made, make it `kind: effect`, with the smallest difference that matters as `by_at_least`.",
    "design": "The arms that were run, where that is not every combination.",
    "not_concluded": "What the report says beside.",
}


class _Dumper(yaml.SafeDumper):
    """Writes a text in quotes wherever a study file would read it as something else."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        style = None if isinstance(plain(text), str) else '"'
    except ValueError:
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def runs_path(path: Path) -> Path:
    """Return where the runs of a saved study stand: `study.runs.csv` beside `study.yaml`."""
    return path.with_name(f"{path.stem}.runs.csv")


def study_text(from_table: Found, path: Path, command: str) -> str:
    """Return the study file, with what was done to the table above it."""
    with speaking("en"):
        lines = [f"Written by: {command}" if command else "Written by ablate judge", *_done(from_table)]
    lines += [
        "",
        f"The runs stand in {runs_path(path).name}, a row for every planned run. The same verdicts again:",
        f"    ablate import {path.name} {runs_path(path).name}",
    ]
    parts = ["".join(f"# {line}".rstrip() + "\n" for line in lines)]
    for key, value in from_table.study.items():
        comment = "".join(f"# {line}\n" for line in _COMMENTS.get(key, "").splitlines())
        parts.append(comment + _dumped({key: value}))
    return "\n".join(parts)


def _done(from_table: Found) -> list[str]:
    lines = ["", "What was done with the rows:"]
    told = [(f"{one.count} {done_text(one.what, one.count)}", one.which) for one in from_table.done]
    lines += [f"    {what}" + (f" ({which})" if which else "") for what, which in told]
    lines += ["What the columns were taken for:"]
    lines += [
        f"    {one.column}: {tr(one.role)}" + (f", {tr(one.what, value=one.value)}" if one.what else "")
        for one in from_table.columns
    ]
    base = ", ".join(f"{name}={level_name(level)} ({tr(from_table.base.why[name])})"
                     for name, level in from_table.base.levels.items())  # fmt: skip
    return [*lines, f"The baseline: {base}."]


def _dumped(value: dict[str, Any]) -> str:
    flow = None if all(isinstance(one, dict | list) for one in value.values()) else False
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=110)
