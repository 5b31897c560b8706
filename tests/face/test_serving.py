"""`ablate mcp`: what agents may ask, over standard input, with the client of the official SDK."""

import csv
import sys

import anyio
import numpy as np
import pytest

pytest.importorskip("mcp")

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters


@pytest.fixture
def ask(tmp_path):
    """Call tools of a server in an empty folder, one after the other; returns their results and the tools it has."""

    def call(*asked, options=()):
        async def session():
            command = StdioServerParameters(
                command=sys.executable, args=["-m", "ablate", "mcp", *options], cwd=tmp_path,
                env={"PYTHONPATH": ":".join(filter(None, sys.path))},
            )  # fmt: skip
            async with Client(command) as client:
                tools = {tool.name: tool for tool in (await client.list_tools()).tools}
                return tools, [await client.call_tool(name, arguments) for name, arguments in asked]

        return anyio.run(session)

    return call


def write(path, gain=0.0):
    rng = np.random.default_rng(1)
    base = rng.normal(0.9, 0.01, 10)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["seed", "test_acc"])
        rows.writerows([[seed, base[seed] + gain] for seed in range(10)])


def test_a_server_reads_and_judges_and_writes_nothing(ask, tmp_path):
    write(tmp_path / "base.csv")
    write(tmp_path / "new.csv", gain=-0.02)
    sides = {"base": "base.csv", "new": "new.csv", "metric": "test_acc", "better": "higher", "not_worse_by": 0.005}
    tools, (listed, compared, planned, wrong, unknown) = ask(
        ("list_studies", {}),
        ("compare", sides),
        ("plan_study", {"study": "quickstart"}),
        ("compare", {**sides, "better": "up"}),
        ("study_verdicts", {"study": "quickstart"}),
    )
    assert set(tools) == {"list_studies", "plan_study", "study_verdicts", "explain_verdict", "judge", "compare"}
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    assert {"name": "quickstart", "runs": 0} in [
        {"name": one["name"], "runs": one["runs"]} for one in listed.structured_content["result"]
    ]
    assert compared.structured_content["verdicts"][0]["label"] == "inferior"
    assert planned.structured_content["left"] == planned.structured_content["runs"] == 64
    assert wrong.is_error
    assert "`better` must be higher or lower, got 'up'" in wrong.content[0].text
    assert unknown.is_error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base.csv", "new.csv"]


def test_what_an_error_asks_for_can_be_said(ask, tmp_path):
    rows = [f"{norm},{s},{s + 50},{0.8 + s / 100 + 0.03 * (norm == 'b')},{'gone' if s == 7 else 'finished'}"
            for norm in "ab" for s in range(8)]  # fmt: skip
    (tmp_path / "runs.csv").write_text(
        "\n".join(["norm,seed,random_state,acc,stage", *rows, rows[0]]), encoding="utf-8"
    )
    more = {"source": "runs.csv", "seed": "seed", "leave_out": ["random_state"]}
    _, (asked, told, fewer, refused, few) = ask(
        ("judge", {"source": "runs.csv"}),
        ("judge", {**more, "leave_out": ["random_state", "stage"]}),
        ("judge", {**more, "where": {"stage": "finished"}, "unpaired": True}),
        ("judge", {**more, "repeat": "refuse"}),
        ("judge", {**more, "lost": ["gone"]}),
    )
    assert "say which with --seed NAME" in asked.content[0].text
    assert told.structured_content["verdicts"][0]["pairs"] == 8
    assert told.structured_content["warnings"] == []
    assert fewer.structured_content["verdicts"][0]["kind"] == "difference_unpaired"
    assert "are runs of norm=a, stage=finished with seed 0; expected one" in refused.content[0].text
    assert few.is_error
    assert "no run in the file is marked as failed or unfinished" in few.content[0].text


def test_wrong_arguments_are_one_line_each_and_none_is_passed_over(ask, tmp_path):
    write(tmp_path / "runs.csv")
    source = {"source": "runs.csv"}
    wrong = {
        "expected one of compare, explain_verdict, judge, list_studies, plan_study, study_verdicts; nearest match: "
        "judge": ("judg", {}),
        "run_study trains: start the server with `ablate mcp --allow-runs`": ("run_study", {"study": "quickstart"}),
        "judge needs `source`: not given": ("judge", {}),
        "compare needs `new`, `metric` and `better`: not given": ("compare", {"base": "runs.csv"}),
        "unknown argument of judge 'by_atleast'": ("judge", {**source, "by_atleast": 0.1}),
        "unknown argument of list_studies 'all': there is none": ("list_studies", {"all": True}),
        "`source` must be a text, got 3": ("judge", {"source": 3}),
        "`by_at_least` must be a number, got true": ("judge", {**source, "by_at_least": True}),
        '`by_at_least` must be a number, got "small"': ("judge", {**source, "by_at_least": "small"}),
        "`by_at_least` must be a number, got \"NaN\"": ("judge", {**source, "by_at_least": "NaN"}),
        "`seeds` must be a whole number, got 2.5": ("plan_study", {"study": "quickstart", "seeds": 2.5}),
        "`quick` must be true or false, got 1": ("plan_study", {"study": "quickstart", "quick": 1}),
        '`factors` must be a list of texts, got "lr"': ("judge", {**source, "factors": "lr"}),
        "`factors[1]` must be a text or a number, got null": ("judge", {**source, "factors": ["lr", None]}),
        "`where.norm` must be a text or a number, got {}": ("judge", {**source, "where": {"norm": {}}}),
        "unknown value of `repeat` 'lst': expected one of last, mean, refuse; nearest match: last":
            ("judge", {**source, "repeat": "lst"}),
        "nearest match: quickstart": ("plan_study", {"study": "quikstart"}),
    }  # fmt: skip
    _, results = ask(*wrong.values())
    for text, result in zip(wrong, results, strict=True):
        assert result.is_error
        said = result.content[0].text
        assert text in said
        assert "\n" not in said
        assert not said.startswith("Error executing tool")


def test_what_some_agents_write_as_text_is_read(ask):
    _, (planned,) = ask(("plan_study", {"study": "quickstart", "seeds": "10", "quick": "false"}))
    assert planned.structured_content["runs"] == 80


STUDY = """
title: A small study
fixed: {dataset: digits, dataset.train_size: 50, epochs: 1, model.hidden: [4], batch_size: 25, optimizer.lr: 0.1}
factors: {init.std: [0.3, 0.0001]}
seeds: 6
claims:
  - {id: scale-matters, says: A good scale learns more, metric: final/test_accuracy,
     arm: {init.std: 0.3}, against: {init.std: 0.0001}}
"""


def test_runs_are_made_only_where_that_is_allowed(ask, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    tools, (ran, explained) = ask(
        ("run_study", {"study": "small"}),
        ("explain_verdict", {"study": "small", "claim": "scale-matters"}),
        options=["--allow-runs"],
    )
    assert tools["run_study"].annotations.read_only_hint is False
    assert ran.structured_content["result"][0]["claim_id"] == "scale-matters"
    assert explained.structured_content["claim_id"] == "scale-matters"
    assert explained.structured_content["why"]
