"""The page on CI: its YAML is what GitHub and pre-commit read, its commands exist, its Python runs."""

import contextlib
import json
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pages
import pytest
import yaml

from ablate.app.arguments import COMMANDS, parser
from ablate.cli import main
from ablate.sources.mlflow_runs import MlflowRuns

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def commands():
    """Return every line of the page that calls ablate, whoever runs it."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    for block in map(yaml.safe_load, blocks("yaml")):
        for job in block.get("jobs", {}).values():
            lines += [line for step in job["steps"] for line in str(step.get("run", "")).splitlines()]
        lines += [hook["entry"] for repo in block.get("repos", []) for hook in repo["hooks"]]
    held = [line.strip().partition(" # ")[0].partition(" || ")[0].strip() for line in lines]
    return [line for line in held if line.startswith("ablate ")]


def test_the_workflows_have_what_github_asks_for():
    found = [block for block in map(yaml.safe_load, blocks("yaml")) if "jobs" in block]
    assert len(found) == 2
    for workflow in found:
        assert workflow[True] == ["pull_request"]  # `on` is true in YAML 1.1, which GitHub knows
        for job in workflow["jobs"].values():
            assert job["runs-on"]
            assert all(("uses" in step) != ("run" in step) for step in job["steps"])


def test_the_hook_has_what_pre_commit_asks_for():
    (hook,) = [hook for block in map(yaml.safe_load, blocks("yaml")) for repo in block.get("repos", [])
               for hook in repo["hooks"]]  # fmt: skip
    assert {"id", "name", "entry", "language"} <= set(hook)


@pytest.mark.parametrize("line", commands())
def test_every_command_of_the_page_can_be_typed(line):
    words = shlex.split(line)[1:]
    assert words[0] in COMMANDS
    options, rest = parser().parse_known_args(words)
    assert (options.command, rest) == (words[0], [])


def table(path, gain, *, noise=0.0):
    rows = [
        f"{data},{seed},{0.9 + gain + 0.001 * (seed % 5) + noise * (-1) ** seed}" for data in "ab" for seed in range(16)
    ]
    path.write_text("dataset,seed,test_acc\n" + "\n".join(rows) + "\n", encoding="utf-8")


def two_experiments(folder):
    """Write an MLflow store with the experiments `main` and `change`, of as many runs."""
    rows = [dict(zip(("dataset", "seed", "test_acc"), line.split(","), strict=True))
            for line in (folder / "base.csv").read_text(encoding="utf-8").splitlines()[1:]]  # fmt: skip
    MlflowRuns().example(folder, [*rows, *rows])
    with contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as base, base:
        base.execute("UPDATE experiments SET name = 'change'")
        base.execute("INSERT INTO experiments VALUES (2, 'main', 'active')")
        results = "FROM params WHERE key = 'test_acc'"
        base.execute(f"INSERT INTO latest_metrics SELECT key, CAST(value AS REAL), 0, 0, 0, run_uuid {results}")
        base.execute(f"DELETE {results}")
        base.execute("UPDATE runs SET experiment_id = 2 WHERE CAST(run_uuid AS INTEGER) < ?", (len(rows),))


def test_the_commands_that_compare_two_sides_print_a_verdict(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, gain in (("baseline", 0.0), ("runs", 0.02), ("base", 0.0), ("edit", 0.02)):
        table(tmp_path / f"{name}.csv", gain)
    tried = [shlex.split(line) for block in blocks("bash")[:-1] for line in pages.lines(block)]
    assert [words[1] for words in tried] == ["compare"] * 4
    two_experiments(tmp_path)
    for words in tried:
        assert main([*words[1:], "--no-report"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    ("gain", "noise", "code", "warned"), [(0.01, 0, 0, False), (-0.02, 0, 1, False), (0, 0.02, 0, True)]
)
def test_the_job_that_fails_on_a_loss_alone_does(tmp_path, gain, noise, code, warned):
    (script,) = [
        step["run"] for block in map(yaml.safe_load, blocks("yaml")) for job in block.get("jobs", {}).values()
        for step in job["steps"] if step.get("shell") == "bash"
    ]  # fmt: skip
    table(tmp_path / "baseline.csv", 0.0)
    table(tmp_path / "runs.csv", gain, noise=noise)
    bash = shutil.which("bash")
    here = f'ablate() {{ {shlex.quote(sys.executable)} -m ablate "$@"; }}\n'
    done = subprocess.run(  # as GitHub runs it: `bash -eo pipefail`
        [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", here + script], cwd=tmp_path, capture_output=True,
        text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    assert ("::warning::" in done.stdout) == warned


AGENTS = pages.lines(blocks("bash")[-1])


def test_what_agents_need_is_offered_under_the_name_that_is_installed():
    pytest.importorskip("mcp", reason="the extra `mcp` is not installed")
    try:
        distribution("ablate-studies")
    except PackageNotFoundError:
        pytest.skip("ablate is not installed here, it is only imported")
    assert [line.split()[0] for line in AGENTS] == ["pip", "ablate", "ablate"]
    pages.already_installed(AGENTS[0])


@pytest.mark.parametrize("line", AGENTS[1:])
def test_the_server_for_agents_has_the_tools_that_the_page_names(line, tmp_path):
    pytest.importorskip("mcp", reason="the extra `mcp` is not installed")
    import anyio
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters

    program, *words = pages.this_python(line)
    command = StdioServerParameters(
        command=program, args=words, cwd=tmp_path, env={"PYTHONPATH": ":".join(filter(None, sys.path))}
    )

    async def offered():
        async with Client(command) as client:
            return {tool.name for tool in (await client.list_tools()).tools}

    always, run = re.search(r"^Tools: (.*?), and (.*?) where runs are allowed", PAGE, flags=re.MULTILINE).groups()
    named = set(re.findall(r"`(\w+)`", always + (run if "--allow-runs" in line else "")))
    assert anyio.run(offered) == named
    assert not list(tmp_path.iterdir())


def test_the_server_of_the_page_is_a_command():
    (held,) = map(json.loads, blocks("json"))
    own = held["mcpServers"]["ablate"]
    assert parser().parse_args(own["args"]).command == "mcp"
    assert own["command"] == "ablate"


def test_the_python_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    space = {"__name__": "page"}
    for block in blocks("python"):
        exec(compile(block, "docs/ci.md", "exec"), space)
    space["test_the_change_loses_no_more_than_half_a_point"]()
    assert space["edit"].level == pytest.approx(0.05 / 100)
    assert capsys.readouterr().out.split()[-1] == str(space["gate"].ledger.pairs)
