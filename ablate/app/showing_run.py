"""What `ablate show RUN` shows: one run with its settings, its results, and where it came from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ablate.app.console import say, say_json, say_table
from ablate.app.status import STYLES
from ablate.resources import root_folder
from ablate.track.payload import flat_config
from ablate.work.finding_runs import FoundRun, find_run
from ablate.work.status import tail


def show_run(words: Sequence[str], *, as_json: bool) -> None:
    """Print a run, by its id or as STUDY ARM SEED."""
    from ablate.track.target import store_for

    lookup = find_run(words, store_for(root_folder()))
    if as_json:
        say_json(run_document(lookup))
        return
    run, result = lookup.logged.run, lookup.logged.record.result
    say(f"{lookup.study}: {run.arm}, seed {run.seed}: {run.outcome}")
    say()
    about = [
        ["run", run.run_id],
        ["identity", run.identity],
        ["code", run.code or "not told"],
        ["ended", _time(run.ended)],
        ["seconds", "not measured" if math.isnan(result.seconds) else f"{result.seconds:.2f}"],
        ["computed by", ", ".join(f"{name} {value}" for name, value in run.arithmetic.items()) or "not told"],
        ["files", run.files or "none"],
    ]
    if result.first_nonfinite_step is not None:
        about.append(["not finite from step", str(result.first_nonfinite_step)])
    say_table(["fact", "value"], about, styles=STYLES)
    say()
    say_table(["setting", "value"], sorted(flat_config(lookup.logged.arm.config).items()))
    if result.metrics:
        say()
        say_table(["metric", "value"], [[name, six_digits(value)] for name, value in sorted(result.metrics.items())])
    curves = {name: curve for name, curve in sorted(result.curves.items()) if len(curve.steps)}
    if curves:
        say()
        rows = [[name, len(c.steps), int(c.steps[-1]), six_digits(float(c.values[-1]))] for name, c in curves.items()]
        say_table(["curve", "points", "last step", "last value"], rows)
    if result.error:
        say("\nthe error ends with:")
        for line in tail(result.error).splitlines():
            say(f"    {line}")


def six_digits(value: float) -> float | str:
    """Return a metric to six significant digits."""
    return float(f"{value:.6g}") if math.isfinite(value) else str(value)


def run_document(lookup: FoundRun) -> dict[str, Any]:
    """Return a run as JSON has it; what is not finite is null."""
    run, arm, result = lookup.logged.run, lookup.logged.arm, lookup.logged.record.result
    curves = {
        name: {"steps": curve.steps.tolist(), "values": [_finite(value) for value in curve.values.tolist()]}
        for name, curve in result.curves.items()
    }
    return {
        "study": lookup.study, "key": lookup.key, "run_id": run.run_id, "identity": run.identity, "arm": run.arm,
        "arm_id": run.arm_id, "seed": run.seed, "outcome": run.outcome, "levels": arm.levels, "settings": arm.config,
        "metrics": {name: _finite(value) for name, value in result.metrics.items()}, "curves": curves,
        "first_nonfinite_step": result.first_nonfinite_step, "seconds": _finite(result.seconds),
        "error": result.error, "code": run.code, "arithmetic": run.arithmetic,
        "started": _time(run.started), "ended": _time(run.ended), "files": run.files,
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return "not told"
