"""Small studies from the command line to MLflow and the page, held against committed files.

They say what a user sees, and nothing of how it is made: what is printed, the runs in MLflow, the text of the page.
Numbers may differ in their last digits between machines. Where a change is meant, write the files again, and read what
changed in them::

    ABLATE_GOLDEN=write pytest tests/golden
"""

import json
import math
import os
import re
import shutil
from pathlib import Path

import pytest

from ablate.cli import main

HERE = Path(__file__).parent
COMMANDS = (
    ("plan", "small.yaml", "--jobs", "1"),
    ("run", "small.yaml", "--jobs", "1"),
    ("run", "small.yaml", "--jobs", "1", "--no-report"),
    ("extend", "small.yaml", "--seeds", "1", "--jobs", "1", "--no-report"),
    ("verdict", "small.yaml"),
    ("run", "own.yaml", "--jobs", "1", "--no-report"),
    ("run", "own.yaml", "--jobs", "1", "--no-report", "--fresh"),
    ("noise", "small.yaml", "--seeds", "3", "--jobs", "1"),
    ("import", "imported.yaml", "results.csv"),
    ("report", "small", "--lang", "zh"),
    ("report", "--csv", "reports/small"),
)
_NUMBER = re.compile(r"(?<![\w.])[+−-]?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w])")
_MASKS = (
    (r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)?", "TIME"),
    (r"\b[0-9a-f]{12,64}\b", "HASH"),
    (r"in [\d.]+ s on", "in SECONDS on"),
    (r"^ablate: no font of this machine has Chinese letters.*\n", "\n"),  # true of some machines
    (r"\(\d+ % of it training\)|\(\d+% of it training\)", "(SHARE of it training)"),
    (r"(estimate: ).*", r"\1TIME"),
    (r"^(batchnorm-learns-more .* )[\d.]+ (?:s|min|h)$", r"\1TIME"),
    (r"[\d.]+ s over", "SECONDS over"),
    (r"(browse the runs:  ).*", r"\1COMMAND"),
    (
        (
            r"^(\| (?:ablate|blas|cores|cpu|git commit|host|llvmlite|mlflow|numba|numpy|os|python|scipy|threads"
            r"|MLflow experiment) *\|).*"
        ),
        r"\1",
    ),
)
TIMES = ("s / seed", "秒／种子")
_NOT_HELD = ("seconds", "mlflow.user", "mlflow.source.git.commit", "ablate.code", "ablate.host", "ablate.pid",
             "ablate.process_started", "ablate.opened", "ablate.provenance", "ablate.registration.time",
             "ablate.study_run", "mlflow.parentRunId", "ablate.ended", "ablate.arithmetic")  # fmt: skip


def masked(text):
    """Return a text without times, hashes and what belongs to the machine; blanks and rules of tables as one."""
    for pattern, instead in _MASKS:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    lines = [re.sub(r"-{3,}:?", "---", re.sub(r"[ \t]+", " ", line)).rstrip() for line in text.splitlines()]
    return "\n".join(_untimed(lines))


def _untimed(lines):
    """Empty the cells of columns that hold times, in every table."""
    times = set()
    for line in lines:
        cells = line.split("|")
        if len(cells) < 3:
            times = set()
        elif not times:
            times = {place for place, cell in enumerate(cells) if cell.strip() in TIMES}
        else:
            cells = ["TIME" if place in times else cell for place, cell in enumerate(cells)]
        yield "|".join(cells)


def same_text(now, golden):
    """Tell where two texts differ in words, or in numbers by more than machines do; None where they do not."""
    for number, (one, other) in enumerate(zip(now.splitlines(), golden.splitlines(), strict=False), start=1):
        if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
            return f"line {number}: {one!r}, was {other!r}"
        pairs = zip(_numbers(one), _numbers(other), strict=True)
        if not all(math.isclose(a, b, rel_tol=0.02, abs_tol=0.02) for a, b in pairs):
            return f"line {number}: {one!r}, was {other!r}"
    if len(now.splitlines()) != len(golden.splitlines()):
        return f"{len(now.splitlines())} lines, were {len(golden.splitlines())}"
    return None


def _numbers(line):
    return [float(found.replace("−", "-")) for found in _NUMBER.findall(line)]


def without_bars(text):
    """Return standard error with every progress bar as its last state."""
    kept = []
    for line in text.split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        stays = bool(line.split("\r")[-1].strip())
        found = [re.match(r"(.*?):\s+(?:\d+%\|.*\| *)?(\d+)(/\d+)? ?(?:\[|[a-z]+ \[)", state) for state in states]
        bars = [bar for bar in found if bar]
        if bars:
            ends = {bar[1]: bar for bar in bars}
            # A bar that is taken away when it is done may not have shown its last state.
            kept += [f"bar {name}: {bar[2]}{bar[3] or ''}" if stays else f"bar {name}" for name, bar in ends.items()]
        kept += [state for state, bar in zip(states, found, strict=True) if not bar]
    return "\n".join(kept)


def described(root):
    """Return every run of every experiment: its name, its parent's, status, params, tags and metrics."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{(root / 'mlruns' / 'mlflow.db').resolve()}")
    found = {}
    for experiment in sorted(client.search_experiments(), key=lambda one: one.name):
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        names = {run.info.run_id: run.info.run_name for run in runs}
        listed = []
        for run in runs:
            tags = {k: v for k, v in run.data.tags.items() if not k.startswith(_NOT_HELD)}
            metrics = {k: float(f"{v:.6g}") for k, v in run.data.metrics.items() if not re.search(r"(^|/)seconds", k)}
            listed.append({
                "name": run.info.run_name, "parent": names.get(run.data.tags.get("mlflow.parentRunId", "")),
                "status": run.info.status, "params": run.data.params, "tags": _plain(tags), "metrics": metrics,
            })  # fmt: skip
        listed.sort(key=lambda one: (one["parent"] or "", one["name"], json.dumps(one["tags"], sort_keys=True)))
        found[experiment.name] = {"shared": _taken_out(listed), "runs": listed}
    return found


def _plain(tags):
    def plain(text):
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00)?", "TIME", text)

    # Payloads in chunks, documents with times: that they are there is held here, what they say by the page.
    return {k: plain(v) if len(v) <= 300 and "TIME" not in plain(v) else "…" for k, v in tags.items()}


def _taken_out(runs):
    """Take out of runs what all of them have, so that the file stays small, and return it."""
    shared = {}
    for part in ("params", "tags"):
        held = [run[part] for run in runs if run[part]]
        shared[part] = {k: v for k, v in (held[0] if held else {}).items() if all(one.get(k) == v for one in held)}
        for one in held:
            for key in shared[part]:
                del one[key]
    return shared


def _written(found):
    """Write what `described` returns, a run a line."""

    def line(value):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)

    blocks = [
        f'{json.dumps(name)}: {{"shared": {line(held["shared"])},\n"runs": [\n'
        + ",\n".join(map(line, held["runs"]))
        + "\n]}"
        for name, held in found.items()
    ]
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def same_runs(now, golden, where=""):
    """Tell where two descriptions differ; numbers may by as much as machines do."""
    if isinstance(now, dict) and isinstance(golden, dict):
        if now.keys() != golden.keys():
            return f"{where}: {sorted(now.keys() ^ golden.keys())} only in one of the two"
        gaps = (same_runs(now[key], golden[key], f"{where}/{key}") for key in now)
        return next((gap for gap in gaps if gap), None)
    if isinstance(now, list) and isinstance(golden, list):
        if len(now) != len(golden):
            return f"{where}: {len(now)} runs, were {len(golden)}"
        gaps = (same_runs(a, b, f"{where}/{b.get('name', '')}") for a, b in zip(now, golden, strict=True))
        return next((gap for gap in gaps if gap), None)
    if isinstance(now, float) and isinstance(golden, float):
        same = math.isclose(now, golden, rel_tol=1e-3, abs_tol=1e-3)
        return None if same else f"{where}: {now}, was {golden}"
    return None if now == golden else f"{where}: {now!r}, was {golden!r}"


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Run all commands in an empty folder; returns name of the golden file -> what it holds now."""
    import contextlib
    import io

    root = tmp_path_factory.mktemp("golden")
    for name in ("small.yaml", "own.yaml", "own.py", "imported.yaml", "results.csv"):
        shutil.copy(HERE / name, root / name)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.delenv("ABLATE_ROOT", raising=False)
        for command in COMMANDS:
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(list(command))
            said += [
                f"$ ablate {' '.join(command)}",
                out.getvalue(),
                "stderr:",
                without_bars(err.getvalue()),
                f"= {code}",
            ]
    return {
        "console.txt": masked("\n".join(said)) + "\n",
        "report.md": masked((root / "reports" / "small" / "report.md").read_text(encoding="utf-8")) + "\n",
        "runs.json": described(root),
    }


@pytest.mark.parametrize("name", ["console.txt", "report.md", "runs.json"])
def test_what_a_user_sees_is_what_the_golden_files_hold(seen, name):
    now, path = seen[name], HERE / name
    text = now if isinstance(now, str) else _written(now)
    if os.environ.get("ABLATE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    golden = path.read_text(encoding="utf-8")
    gap = same_text(text, golden) if isinstance(now, str) else same_runs(json.loads(text), json.loads(golden))
    assert gap is None, f"{name}: {gap}; where the change is meant: ABLATE_GOLDEN=write pytest tests/golden"
