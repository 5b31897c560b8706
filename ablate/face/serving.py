"""An MCP server: what an agent may ask of studies and runs. Read-only unless it is started to allow runs.

The official SDK (`pip install 'ablate-studies[mcp]'`) speaks the protocol on standard input and output; whatever the
engine prints meanwhile goes to standard error.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ablate.errors import AblateError, UserError, unknown
from ablate.face.judging import judge_runs, texts_of
from ablate.face.stored import read_study
from ablate.face.study import Study
from ablate.face.tool_arguments import checked
from ablate.resources import root_folder
from ablate.sweep.found.asked import Asked, Repeat
from ablate.words.document import document_of
from ablate.words.reasons import said
from ablate.work.bench import Bench
from ablate.work.comparing import compare_sources, sides

_SHORT = (
    "claim_id", "kind", "says", "outcome", "label", "in_words", "sentence", "why", "next_step", "metric", "effect",
    "interval_low", "interval_high", "interval_level", "delta", "p_adjusted", "pairs", "planned_pairs", "post_hoc",
)  # fmt: skip
_ABOUT = (
    "Ablation studies with honest statistics. A verdict is supported, refuted, inconclusive or not tested. Repeat its "
    "sentence with the interval, and never call an inconclusive claim a success. A comparison marked [exploratory] was "
    "claimed by nobody: say what `in_words` says. δ is the smallest effect that matters and is fixed before runs are "
    "seen. Trying many changes and keeping the best needs `ablate compare --ledger`."
)


def serve(*, allow_runs: bool = False) -> None:
    """Serve on standard input and output until it is closed.

    Parameters
    ----------
    allow_runs
        Offer `run_study` too, which trains.

    Raises
    ------
    UserError
        The SDK is not installed.
    """
    server(allow_runs=allow_runs).run("stdio")


def server(*, allow_runs: bool = False) -> Any:
    """Return the server with its tools; see `serve`."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp.types import ToolAnnotations
    except ImportError:
        raise UserError("`ablate mcp` needs the official SDK: pip install 'ablate-studies[mcp]'") from None
    tools: dict[str, Callable[..., Any]] = {tool.__name__: tool for tool in _READING}
    if allow_runs:
        tools[run_study.__name__] = run_study

    class Server(MCPServer[Any]):
        """The SDK's server, with one line of ours for a call that it would refuse in many, or take by halves."""

        async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
            try:
                arguments = checked(_tool(name, tools), arguments)
                return await super().call_tool(name, arguments, context)
            except UserError as error:
                raise ToolError(str(error)) from None
            except ToolError as error:  # its type tells the SDK whether a tool was refused or crashed
                raise type(error)(str(error).removeprefix(f"Error executing tool {name}: ")) from error.__cause__

    made = Server("ablate", instructions=_ABOUT, log_level="WARNING")
    for tool in tools.values():
        reads = tool is not run_study
        hint = ToolAnnotations(read_only_hint=reads, idempotent_hint=None if reads else True)
        made.tool(annotations=hint)(_quietly(tool))
    return made


def _tool(name: str, tools: Mapping[str, Callable[..., Any]]) -> Callable[..., Any]:
    if name not in tools and name == run_study.__name__:
        raise UserError(f"{name} trains: start the server with `ablate mcp --allow-runs`")
    if name not in tools:
        raise unknown("tool", name, tools)
    return tools[name]


def _quietly(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Return a tool that prints nothing where the protocol is spoken, and whose errors are one line."""

    @functools.wraps(tool)
    def call(*args: Any, **kwargs: Any) -> Any:
        from mcp.server.mcpserver.exceptions import ToolError

        with contextlib.redirect_stdout(sys.stderr):
            try:
                return tool(*args, **kwargs)
            except AblateError as error:
                raise ToolError(str(error)) from None

    return call


def list_studies() -> list[dict[str, Any]]:
    """List the studies that can be run or were: name, title, and how many runs are tracked of each."""
    from ablate.sweep.study_file import load_study, study_files
    from ablate.track.target import store_for

    done: dict[str, int] = {}
    for line in store_for(root_folder()).studies():
        done[line.name] = done.get(line.name, 0) + line.done
    files = study_files()
    studies = []
    for name in [*files, *(name for name in done if name not in files)]:
        try:
            title = load_study(name).title if name in files else ""
        except UserError as error:
            title = f"(cannot be read: {error})"
        studies.append({"name": name, "title": title, "runs": done.get(name, 0)})
    return studies


def plan_study(study: str, seeds: int | None = None, quick: bool = False) -> dict[str, Any]:
    """Show the plan of a study, by name or path: its arms, and how many of its runs are left. Nothing is trained."""
    plan = Study.from_file(study).plan(seeds=seeds, quick=quick)
    arms = plan.arms.astype(object).where(plan.arms.notna(), None).to_dict("records")
    return {"summary": repr(plan), "runs": plan.runs, "left": plan.left, "arms": arms}


def study_verdicts(study: str) -> list[dict[str, Any]]:
    """Judge what is tracked of a study, by its name: every claim with its verdict, effect and interval."""
    return _short(read_study(study))


def explain_verdict(study: str, claim: str) -> dict[str, Any]:
    """Explain the verdict on one claim of a tracked study: all its numbers, gates, and what other choices would say."""
    document = document_of(read_study(study).verdicts[claim])
    return {name: value for name, value in document.items() if name not in ("differences", "terms")}


def judge(  # noqa: PLR0917  # its parameters are the tool's schema
    source: str,
    metric: str | None = None,
    better: str | None = None,
    by_at_least: float | None = None,
    baseline: dict[str, str] | None = None,
    factors: list[str] | None = None,
    early_stopping: bool = False,
    seed: str | None = None,
    leave_out: list[str] | None = None,
    where: dict[str, str] | None = None,
    repeat: Repeat = "last",
    failed_counts_as: float | None = None,
    lost: list[str] | None = None,
    unpaired: bool = False,
) -> dict[str, Any]:
    """Judge runs that are there (a CSV, `mlflow:EXPERIMENT`, `optuna:…`): every level against the baseline.

    `better` is "higher" or "lower", where the metric's name does not say it; `by_at_least` the smallest difference that
    matters, in the unit of the metric; `early_stopping`: a run that ends before the others of its arm was stopped by
    its own rule, and counts. `seed`: the column of seeds; `leave_out`: columns to pass over; `where`: only rows with
    these cells; `repeat`: of several runs of an arm and seed the last counts, their mean, or they are refused;
    `failed_counts_as`: what a run that failed counts as, in the unit of the metric; `lost`: states of runs that the
    infrastructure lost, not ones that failed; `unpaired`: runs with one seed share nothing.
    """
    if better is not None and metric is None:
        raise UserError("`better` is the direction of `metric`: say which metric")
    named: Any = {} if metric is None else {metric: _direction(better)} if better is not None else metric
    judged = judge_runs(
        source, metric=named or (), by_at_least=by_at_least, baseline=baseline, factors=tuple(factors or ()),
        early_stopping=early_stopping, seed=seed, leave_out=tuple(leave_out or ()), where=where, repeat=repeat,
        failed_counts_as=failed_counts_as, lost=tuple(lost or ()), unpaired=unpaired,
    )  # fmt: skip
    return {
        "verdicts": _short(judged),
        "rows": judged.done.to_dict("records"),
        "columns": judged.columns.to_dict("records"),
        "warnings": judged.warnings,
    }


def compare(  # noqa: PLR0917  # as above
    base: str,
    new: str,
    metric: str,
    better: str,
    not_worse_by: float | None = None,
    by_at_least: float | None = None,
    early_stopping: bool = False,
    seed: str | None = None,
    leave_out: list[str] | None = None,
    where: dict[str, str] | None = None,
    repeat: Repeat = "last",
    failed_counts_as: float | None = None,
    lost: list[str] | None = None,
    unpaired: bool = False,
) -> dict[str, Any]:
    """Compare runs with a change (`new`) with those before it (`base`): not worse by, or better by, a stated number.

    Give one of `not_worse_by` and `by_at_least`, fixed before the runs were seen. The others are as in `judge`.
    """
    if (not_worse_by is None) == (by_at_least is None):
        raise UserError("give one of `not_worse_by` and `by_at_least`")
    asked = Asked(
        metrics={metric: _direction(better)}, by_at_least=by_at_least, stated=sides(not_worse_by),
        early_stopping=early_stopping, seed=seed, leave_out=tuple(leave_out or ()), where=texts_of(where),
        repeat=repeat, failed_counts_as=failed_counts_as, lost=tuple(lost or ()), unpaired=unpaired,
    )  # fmt: skip
    judged = compare_sources(base, new, asked, Bench(), report=False)
    return {
        "verdicts": [_part(document_of(verdict)) for verdict in judged.judgement.verdicts],
        "rows": [{"rows": one.count, "what": one.what, "which": one.which} for one in judged.found.done],
        "warnings": [said(reason) for reason in judged.judgement.tables.study["mixtures"]],
    }


def run_study(study: str, seeds: int | None = None, quick: bool = False) -> list[dict[str, Any]]:
    """Register the claims of a study, train what is missing of it, and judge; what was run before is found again."""
    return _short(Study.from_file(study).run(seeds=seeds, quick=quick, progress=False))


_READING = (list_studies, plan_study, study_verdicts, explain_verdict, judge, compare)
"""The tools that change nothing."""


def _direction(better: str | None) -> Any:
    if better not in ("higher", "lower"):
        raise UserError(f"`better` must be higher or lower, got {better!r}")
    return better


def _short(judged: Any) -> list[dict[str, Any]]:
    return [_part(document_of(verdict)) for verdict in judged.verdicts]


def _part(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document[name] for name in _SHORT}
