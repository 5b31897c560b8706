"""What can be typed: commands, their options and their help. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from ablate import __version__
from ablate.app.judge_options import add_compare, add_judge
from ablate.app.own_options import RUN_EXAMPLES, add_own_code
from ablate.app.run_options import add_import, add_new, add_runs, add_uses
from ablate.errors import UserError, nearest, unknown
from ablate.track.layout import HOST, PORT

COMMANDS = (
    "run",
    "plan",
    "report",
    "paper",
    "verdict",
    "extend",
    "noise",
    "import",
    "judge",
    "compare",
    "calibrate",
    "check",
    "graph",
    "ui",
    "docs",
    "studies",
    "sync",
    "mcp",
    "status",
    "show",
    "export",
    "rerun",
    "rm",
    "rename",
    "collect",
    "diff",
    "new",
)


_EXAMPLES = """\
examples:
  ablate run quickstart                       run a study, judge its claims, write its report
  ablate plan quickstart seeds=12             arms x seeds, what is done, how long the rest takes
  ablate report quickstart                    judge the tracked runs again
  ablate verdict quickstart --strict          the verdicts alone; fails unless every claim is decided
  ablate noise quickstart                     how much identical arms differ, and how many seeds are needed
  ablate graph norm=batch                     draw the computation graph of one arm, without training
  ablate judge runs.csv                       verdicts on runs you already have, without a study file
  ablate compare base.csv new.csv --non-inferior 0.005
                                              is a change not worse than its base? for CI
  ablate import my_study.yaml results.csv     judge results by the claims of a study
  ablate check quickstart                     try it: do seeds repeat, do all settings make a difference?
  ablate check my_parts.py:Mish               does a part of your own keep to its contract?
  ablate ui                                   browse every run in the MLflow UI
  ablate activation=relu seeds=3              train one arm
  ablate -m activation=relu,sigmoid optimizer=sgd,adam seeds=8
                                              sweep as with any Hydra application
  ablate --name rates -m optimizer.lr=0.1,1   the same, kept under a name of its own
  ablate --cfg job optimizer=adam             show the configuration without running it
"""


_GRAPH_EXAMPLES = """\
ablate graph                                  the default configuration
  ablate graph norm=batch dropout=bernoulli     the book's network of figure 6-19, with dropout
  ablate graph activation=sigmoid init.std=1    where do gradients vanish?
  ablate graph model=inception dataset=digits --out /tmp/graphs"""


_CHECK_EXAMPLES = """\
ablate check quickstart                       do seeds repeat to the bit, do seeds and settings make a difference?
  ablate check train.py:train lr=0.1,0.01 seeds=8 --metric accuracy:higher
                                                the same for a sweep: give the words of `ablate run`
  ablate check my_parts.py:Mish                 does a component, Program, figure, launcher or source of your own keep
                                                to its contract?
  ablate check my_training.py:train width=64    and a training function, with one value of each setting?"""


class Parser(argparse.ArgumentParser):
    """Raises our error, so that every mistake is one line with exit code 2; names of options cannot be shortened."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **named})

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UserError(f"{message} (see `{self.prog} --help`)")


def _root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="folder that holds mlruns/ (default: this one, or $ABLATE_ROOT)"
    )


def parser() -> Parser:
    """Build the parser of the whole command line, Hydra's own part apart."""
    whole = Parser(
        prog="ablate",
        description="Ablation studies that answer with evidence.",
        epilog=_EXAMPLES + "\n" + _menu(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"ablate-studies {__version__}")
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)

    def add(name: str, text: str, example: str) -> argparse.ArgumentParser:
        heading = "examples" if "\n" in example else "example"
        sub = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ("" if text.endswith("?") else "."),
            epilog=f"{heading}:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _root(sub)
        return sub

    for name, text, example in (
        ("run", "run what is left of a study, judge it and write its report", RUN_EXAMPLES),
        ("plan", "show a study's arms and seeds, done and left, and an estimate", "ablate plan quickstart"),
        ("extend", "add seeds to a study that was run; the report says so", "ablate extend quickstart --seeds 8"),
        ("noise", "run the baseline against itself: spread, seeds needed, time", "ablate noise quickstart --seeds 20"),
        ("check", "try a study before it is run, or test a part of your own", _CHECK_EXAMPLES),
    ):
        sub = add(name, text, example)
        sub.add_argument(
            "study", nargs="?", metavar="STUDY",
            help="a study's name (see `ablate studies`), a path to its file, or a function: train.py:train; "
                 "leave it out for a command, which follows after `--`"
            + ("; or a part of your own: module:Thing, path/to/file.py:Thing" if name == "check" else ""),
        )  # fmt: skip
        sub.add_argument(
            "overrides", nargs="*", metavar="KEY=VALUE",
            help="Hydra overrides of what the study fixes; settings and levels of a function"
            + ("; settings of a part" if name == "check" else ""),
        )  # fmt: skip
        add_own_code(sub)
        sub.add_argument("--quick", action="store_true", help="the study's quick budget, tracked as STUDY-quick")
        add_uses(sub)
        sub.add_argument("-j", "--jobs", type=int, metavar="N", help="arms trained at a time (default: one per core)")
        sub.add_argument(
            "--launcher", metavar="NAME",
            help="what trains them: loky (worker processes), serial (this process), ray, submitit (Slurm), or your own",
        )  # fmt: skip
        if name == "run":
            sub.add_argument(
                "--fresh", action="store_true", help="run everything again; earlier runs are put aside and kept"
            )
        if name in ("run", "extend"):
            sub.add_argument("--no-report", action="store_true", help="run and track only")
            sub.add_argument(
                "--detach", action="store_true", help="submit jobs and end; `ablate collect` takes in their results"
            )
        if name == "extend":
            sub.add_argument("--seeds", type=int, required=True, metavar="N", help="how many seeds to add")
        if name == "noise":
            sub.add_argument("--seeds", type=int, metavar="N", help="seeds per copy (default: those of the study)")
            sub.add_argument("--copies", type=int, default=2, metavar="N", help="copies of the baseline (default: 2)")

    sub = add("report", "judge tracked runs and write the report", "ablate report quickstart")
    sub.add_argument(
        "study", nargs="?", metavar="STUDY", help="a study's name or file, or `adhoc` (default: the study run last)"
    )
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY)")
    sub.add_argument("--quick", action="store_true", help="the runs of the study's quick budget")
    sub.add_argument("--findings", action="store_true", help="write the files to commit: studies/findings/STUDY")
    sub.add_argument("--all", action="store_true", help="every tracked study again, then the scoreboard of the notes")
    sub.add_argument("--every-arm", action="store_true", help="draw all arms of a large study, sheet by sheet")
    sub.add_argument("--lang", default="en", metavar="en|zh", help="language of the page (default: en)")
    sub.add_argument(
        "--csv",
        type=Path,
        metavar="DIR",
        help="judge the runs.csv of a report again, compare with its verdicts.json; with --findings, write it again",
    )

    sub = add("paper", "tables, figures, methods and checklist of a study for LaTeX", "ablate paper quickstart")
    sub.add_argument("study", nargs="?", metavar="STUDY", help="a study's name or file (default: the study run last)")
    sub.add_argument("--quick", action="store_true", help="the runs of the study's quick budget")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY-paper)")

    sub = add("verdict", "print the verdicts of a tracked study", "ablate verdict quickstart --strict")
    sub.add_argument("study", nargs="?", metavar="STUDY", help="a study's name or file (default: the study run last)")
    sub.add_argument("--quick", action="store_true", help="the runs of the study's quick budget")
    sub.add_argument("--strict", action="store_true", help="exit with 3 unless every claim is supported or refuted")
    sub.add_argument(
        "--supported", action="store_true", help="exit with 1 where a claim is refuted, with 3 where one is not decided"
    )
    sub.add_argument("--json", action="store_true", help="print JSON")

    add_import(add)

    add_judge(add)
    add_compare(add)

    sub = add("calibrate", "try the statistics on simulated studies, write the page", "ablate calibrate --quick")
    sub.add_argument("--studies", type=int, default=2000, metavar="N", help="simulated studies per row (default: 2000)")
    sub.add_argument("--quick", action="store_true", help="100 studies per row: a minute, wide errors")
    sub.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="number of processes; it does not change the page"
    )
    sub.add_argument(
        "--only", action="append", default=[], metavar="ROW", help="run only this row or check again; repeatable"
    )
    sub.add_argument("--out", type=Path, default=Path("reports/calibration"), metavar="DIR", help="folder to write to")

    sub = add("graph", "draw the computation graph of one arm, without training", _GRAPH_EXAMPLES)
    sub.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides, as for a single arm")
    add_uses(sub)
    sub.add_argument("--out", type=Path, default=Path("graphs"), metavar="DIR", help="folder to write to (graphs/)")

    sub = add("ui", "open the MLflow UI on the tracked runs", "ablate ui --port 5001")
    sub.add_argument("--port", type=int, default=PORT, help=f"port on {HOST} (default: {PORT})")

    sub = add("docs", "serve the documentation on this machine", "ablate docs")
    sub.add_argument("--port", type=int, default=8000, help=f"port on {HOST} (default: 8000)")

    add("sync", "deliver results that wait for an MLflow server", "ablate sync")

    sub = add("mcp", "serve studies and verdicts to agents (Model Context Protocol, on standard input)", "ablate mcp")
    sub.add_argument(
        "--allow-runs", action="store_true", help="let agents run studies too; without it nothing is written"
    )

    add_runs(add)
    add_new(add)

    add("studies", "list the studies that can be run, and those that were", "ablate studies")
    return whole


def unknown_option(whole: Parser, command: str, words: Sequence[str]) -> UserError:
    """Build the error for words that a command does not take, with the nearest option that it has."""
    commands = next(iter(action.choices for action in whole._actions if isinstance(action.choices, dict)), {})
    names = [name for name in commands[command]._option_string_actions if name.startswith("--")]
    hint = nearest(words[0].partition("=")[0], names)
    tail = f"; nearest match: {hint}" if hint else ""
    return UserError(f"unrecognized arguments: {' '.join(words)}{tail} (see `ablate {command} --help`)")


def server_named(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """Take `tracking.uri=ADDRESS` out of the arguments: every command takes it, and it is not a setting of an arm.

    Raises
    ------
    UserError
        It is given twice or without an address, or is another setting of `tracking`.
    """
    rest: list[str] = []
    address: str | None = None
    for word in arguments:
        key, equals, value = word.partition("=")
        if not equals or not key.startswith("tracking."):
            rest.append(word)
            continue
        if key != "tracking.uri":
            raise unknown("setting", key, ["tracking.uri"])
        if address is not None or not value:
            raise UserError("`tracking.uri` takes one address: tracking.uri=http://HOST:PORT, or tracking.uri=local")
        address = value
    return rest, address


def _menu() -> str:
    """List groups and options as they stand in `conf/`, without importing Hydra."""
    from ablate.app.offered import option_names
    from ablate.registry import GROUPS, offered

    lines = ["configuration groups (`group=option`; your own: option files in conf/, plug-ins, `--uses FILE.py`):"]
    lines += [f"  {group:<11}{', '.join(option_names(group))}" for group in GROUPS]
    lines.append(f"\nlaunchers (`--launcher NAME`, hydra.sweeper.launcher=NAME): {', '.join(offered('launcher'))}")
    lines.append(f"sources of results (`ablate import STUDY RESULTS --source NAME`): {', '.join(offered('source'))}")
    lines.append(
        "\nvalues: true, false, null and numbers are written as in a study file (YAML 1.2: 1e-3, not 1_000); every\n"
        "other word is text, off and on too; in quotes anything is text: program.params.code='010'"
    )
    lines.append(
        "\na team's server: `tracking.uri=http://HOST:PORT` with any command, or ABLATE_TRACKING_URI, or the line\n"
        "`uri: http://HOST:PORT` in conf/tracking.yaml; `tracking.uri=local` is this folder"
    )
    lines.append(
        "\nkeys: `ablate --cfg job` prints all of them with their values, and the option chosen in each group;\n"
        "Hydra's own help: `ablate --hydra-help`"
    )
    return "\n".join(lines)
