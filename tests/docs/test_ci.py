"""The page on CI: its YAML is what GitHub and pre-commit read, its commands exist, its Python runs."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ablate.app.arguments import COMMANDS, parser
from ablate.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def commands():
    """Return every line of the page that calls ablate, whoever runs it."""
    lines = [line for block in [*blocks("bash"), *blocks("sh")] for line in block.splitlines()]
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


def test_the_commands_that_compare_two_files_print_a_verdict(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, gain in (("baseline", 0.0), ("runs", 0.02), ("base", 0.0), ("edit", 0.02)):
        table(tmp_path / f"{name}.csv", gain)
    tried = [shlex.split(line) for block in blocks("bash") for line in block.splitlines()]
    assert [words[1] for words in tried] == ["compare"] * 4
    for words in tried:
        if words[2].startswith("mlflow:"):  # two experiments of the store: read by the same rules
            for name in ("main", "change"):
                table(tmp_path / f"{name}.csv", 0.0)
        files = [re.sub(r"mlflow:(\w+)", r"\1.csv", word) for word in words]
        assert main([*files[1:], "--no-report"]) == 0, capsys.readouterr().err


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
