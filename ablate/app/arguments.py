"""What can be typed: commands, their options and their help. Imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from ablate import __version__
from ablate.errors import UserError

COMMANDS = (
    "run",
    "plan",
    "report",
    "verdict",
    "extend",
    "noise",
    "import",
    "calibrate",
    "check",
    "graph",
    "ui",
    "studies",
)


_EXAMPLES = """\
examples:
  ablate run quickstart                       run a study, judge its claims, write its report
  ablate plan quickstart seeds=12             arms x seeds, what is done, how long the rest takes
  ablate report quickstart                    judge what is tracked again
  ablate verdict quickstart --strict          the verdicts alone; fails unless every claim is decided
  ablate noise quickstart                     how much identical arms differ, and how many seeds that asks for
  ablate graph norm=batch                     draw the computation graph of one arm, without training
  ablate import my_study.yaml results.csv     judge results you already have
  ablate check my_parts.py:Mish               does a part of your own keep to its contract?
  ablate ui                                   browse every run in the MLflow UI
  ablate activation=relu seeds=3              train one arm
  ablate -m activation=relu,sigmoid optimizer=sgd,adam seeds=8
                                              sweep as with any Hydra application
  ablate --cfg job optimizer=adam             show the configuration without running it
"""


_GRAPH_EXAMPLES = """\
ablate graph                                  the default configuration
  ablate graph norm=batch dropout=bernoulli     the book's network of figure 6-19, with dropout
  ablate graph activation=sigmoid init.std=1    where do gradients vanish?
  ablate graph model=inception dataset=digits --out /tmp/graphs"""


class Parser(argparse.ArgumentParser):
    """Raises our error, so that every mistake is one line with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise UserError(f"{message} (see `{self.prog} --help`)")


def _root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="folder that holds mlruns/ (default: this one, or $ABLATE_ROOT)"
    )


def _uses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--uses", action="append", default=[], metavar="FILE.py",
        help="a Python file with components, figures, launchers or sources of your own; repeatable",
    )  # fmt: skip


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
            description=text[0].upper() + text[1:] + ".",
            epilog=f"{heading}:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _root(sub)
        return sub

    for name, text, example in (
        ("run", "run what is missing of a study, judge it and write its report", "ablate run quickstart seeds=12"),
        ("plan", "show a study's arms and seeds, done and missing, and an estimate", "ablate plan quickstart"),
        ("extend", "add seeds to a study that was run; the report says so", "ablate extend quickstart --seeds 8"),
        ("noise", "run the baseline against itself: spread, seeds needed, time", "ablate noise quickstart --seeds 20"),
    ):
        sub = add(name, text, example)
        sub.add_argument("study", metavar="STUDY", help="a study's name (see `ablate studies`) or a path to its file")
        sub.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides of what the study fixes")
        sub.add_argument("--quick", action="store_true", help="the study's quick budget, tracked as STUDY-quick")
        _uses(sub)
        sub.add_argument("-j", "--jobs", type=int, metavar="N", help="arms trained at a time (default: one per core)")
        sub.add_argument(
            "--launcher", metavar="NAME",
            help="what trains them: loky (worker processes), serial (this process), or one of your own",
        )  # fmt: skip
        if name == "run":
            sub.add_argument(
                "--fresh", action="store_true", help="run everything again; what was run before is kept aside"
            )
        if name in ("run", "extend"):
            sub.add_argument("--no-report", action="store_true", help="run and track only")
        if name == "extend":
            sub.add_argument("--seeds", type=int, required=True, metavar="N", help="how many seeds to add")
        if name == "noise":
            sub.add_argument("--seeds", type=int, metavar="N", help="seeds per copy (default: those of the study)")
            sub.add_argument("--copies", type=int, default=2, metavar="N", help="copies of the baseline (default: 2)")

    sub = add("report", "judge tracked runs and write the report", "ablate report quickstart")
    sub.add_argument(
        "study", nargs="?", metavar="STUDY", help="a study's name or file, or `adhoc`; else the one run last"
    )
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY)")
    sub.add_argument("--quick", action="store_true", help="the runs of the study's quick budget")
    sub.add_argument("--findings", action="store_true", help="write what is committed: studies/findings/STUDY")
    sub.add_argument("--all", action="store_true", help="every tracked study again, then the scoreboard of the notes")
    sub.add_argument("--lang", default="en", metavar="en|zh", help="language of the page (default: en)")
    sub.add_argument(
        "--csv",
        type=Path,
        metavar="DIR",
        help="judge the runs.csv of a report again, compare with its verdicts.json; with --findings, write it again",
    )

    sub = add("verdict", "print the verdicts of a tracked study", "ablate verdict quickstart --strict")
    sub.add_argument("study", nargs="?", metavar="STUDY", help="a study's name or file; else the one run last")
    sub.add_argument("--quick", action="store_true", help="the runs of the study's quick budget")
    sub.add_argument("--strict", action="store_true", help="exit with 1 unless every claim is supported or refuted")
    sub.add_argument("--json", action="store_true", help="print JSON")

    sub = add("import", "judge results made elsewhere: a row per run", "ablate import my_study.yaml results.csv")
    sub.add_argument("study", metavar="STUDY", help="a study's name or a path to its file")
    sub.add_argument(
        "results", metavar="RESULTS",
        help="a CSV file, or what a source of your own reads; columns: the study's factors, seed, metrics",
    )  # fmt: skip
    sub.add_argument("--source", metavar="NAME", help="what reads them (default: the source that declares to)")
    _uses(sub)
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY-imported)")
    sub.add_argument(
        "--leave-out", action="append", default=[], metavar="COLUMN", help="pass over a column of the file; repeatable"
    )

    sub = add("calibrate", "try the statistics on simulated studies, write the page", "ablate calibrate --quick")
    sub.add_argument("--studies", type=int, default=2000, metavar="N", help="simulated studies per row (default: 2000)")
    sub.add_argument("--quick", action="store_true", help="100 studies per row: half a minute, wide errors")
    sub.add_argument("--out", type=Path, default=Path("reports/calibration"), metavar="DIR", help="folder to write to")

    sub = add(
        "check",
        "check a component, Program, figure, launcher, source or training function of your own against its contract",
        "ablate check my_parts.py:Mish",
    )
    sub.add_argument("thing", metavar="THING", help="module:Thing, or path/to/file.py:Thing")

    sub = add("graph", "draw the computation graph of one arm, without training", _GRAPH_EXAMPLES)
    sub.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides, as for a single arm")
    _uses(sub)
    sub.add_argument("--out", type=Path, default=Path("graphs"), metavar="DIR", help="folder to write to (graphs/)")

    sub = add("ui", "open the MLflow UI on the tracked runs", "ablate ui --port 5001")
    sub.add_argument("--port", type=int, default=5000, help="port on 127.0.0.1 (default: 5000)")

    add("studies", "list the studies that can be run, and those that were", "ablate studies")
    return whole


def _menu() -> str:
    """List groups and options as they stand in `conf/`, without importing Hydra."""
    from ablate.app.offered import choices
    from ablate.registry import GROUPS, offered

    lines = ["configuration groups (`group=option`; your own: option files in conf/, plug-ins, `--uses FILE.py`):"]
    lines += [f"  {group:<11}{', '.join(choices(group))}" for group in GROUPS]
    lines.append(f"\nlaunchers (`--launcher NAME`, hydra.sweeper.launcher=NAME): {', '.join(offered('launcher'))}")
    lines.append(f"sources of results (`ablate import STUDY RESULTS --source NAME`): {', '.join(offered('source'))}")
    lines.append(
        "\nvalues: true, false, null and numbers are written as in a study file (YAML 1.2: 1e-3, not 1_000); every\n"
        "other word is text, off and on too; in quotes anything is text: program.params.code='010'"
    )
    lines.append(
        "\nkeys: `ablate --cfg job` prints all of them with their values, and the option chosen in each group;\n"
        "Hydra's own help: `ablate --hydra-help`"
    )
    return "\n".join(lines)
