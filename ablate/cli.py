"""The command line: `ablate run STUDY`, `ablate -m activation=relu,tanh`, and the rest.

Nothing heavy is imported before a command is known: `ablate --help` answers in well under half a second.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ablate import __version__
from ablate.errors import AblateError, UserError, unknown

_EXAMPLES = """\
examples:
  ablate run quickstart                       run a study, judge its claims, write its report
  ablate plan quickstart seeds=12             arms x seeds, what is done, how long the rest takes
  ablate report quickstart                    judge what is tracked again
  ablate ui                                   browse every run in the MLflow UI
  ablate activation=relu seeds=3              train one arm
  ablate -m activation=relu,sigmoid optimizer=sgd,adam seeds=8
                                              sweep as with any Hydra application
  ablate --cfg job optimizer=adam             show the configuration without running it
"""


class _Parser(argparse.ArgumentParser):
    """Raises our error, so that every mistake is one line with exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see `{self.prog} --help`)")


def _root(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="folder that holds mlruns/ (default: this one, or $ABLATE_ROOT)"
    )


def _parser() -> _Parser:
    parser = _Parser(
        prog="ablate",
        description="Ablation studies that answer with evidence.",
        epilog=_EXAMPLES + "\n" + _menu(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ablate-studies {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)

    def add(name: str, text: str, example: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        _root(sub)
        return sub

    for name, text, example in (
        ("run", "run what is missing of a study, judge it and write its report", "ablate run quickstart seeds=12"),
        ("plan", "show a study's arms and seeds, done and missing, and an estimate", "ablate plan quickstart"),
    ):
        sub = add(name, text, example)
        sub.add_argument("study", metavar="STUDY", help="a study's name (see `ablate studies`) or a path to its file")
        sub.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="Hydra overrides of what the study fixes")
        sub.add_argument("-j", "--jobs", type=int, metavar="N", help="worker processes (default: one per core)")
        if name == "run":
            sub.add_argument("--no-report", action="store_true", help="run and track only")

    sub = add("report", "judge tracked runs and write the report", "ablate report quickstart")
    sub.add_argument("study", nargs="?", metavar="STUDY", help="a study's name, or `adhoc`; default: the one run last")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY)")

    sub = add("ui", "open the MLflow UI on the tracked runs", "ablate ui --port 5001")
    sub.add_argument("--port", type=int, default=5000, help="port on 127.0.0.1 (default: 5000)")

    add("studies", "list the studies that can be run, and those that were", "ablate studies")
    return parser


def _menu() -> str:
    """List groups and options as they stand in `conf/`, without importing Hydra."""
    from ablate.registry import GROUPS
    from ablate.resources import conf_folder

    lines = ["configuration groups (`group=option`; every option is a file under conf/):"]
    for group in GROUPS:
        names = sorted(path.stem for path in (conf_folder() / group).glob("*.yaml"))
        lines.append(f"  {group:<11}{', '.join(names)}")
    lines.append(
        "\nkeys: `ablate --cfg job` prints all of them with their values; Hydra's own help: `ablate --hydra-help`"
    )
    return "\n".join(lines)


def _is_hydra(arguments: Sequence[str]) -> bool:
    first = arguments[0]
    return "=" in first or first.startswith(("~", "+")) or (first.startswith("-") and first not in _OUR_FLAGS)


_OUR_FLAGS = ("-h", "--help", "--version")


def _hydra(arguments: list[str]) -> None:
    from ablate.app.launch import run_hydra

    run_hydra(arguments)


def _sweep(options: argparse.Namespace, action: str) -> None:
    for word in options.overrides:
        if "=" not in word and not word.startswith("~"):
            raise UserError(f"cannot read {word!r}: expected an override such as seeds=12")
    settings = [f"hydra.sweeper.study='{options.study}'", f"hydra.sweeper.action={action}"]
    if options.jobs is not None:
        settings.append(f"hydra.sweeper.n_jobs={options.jobs}")
    if getattr(options, "no_report", False):
        settings.append("hydra.sweeper.report=false")
    _hydra(["--multirun", *settings, *options.overrides])


def _ui(options: argparse.Namespace) -> None:
    from ablate.app.console import root_folder
    from ablate.track.ui import serve

    serve(root_folder(), port=options.port)


def _report(options: argparse.Namespace) -> None:
    from ablate.app.reporting import report_study

    report_study(options.study, out=options.out)


def _studies(options: argparse.Namespace) -> None:
    from ablate.app.listing import show_studies

    del options
    show_studies()


def _refuse_mixed_install() -> None:
    """Refuse to start where the other project named `ablate` was installed into the same folder.

    Both put their files in `site-packages/ablate/`; what is left after that is neither of the two.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        other = distribution("ablate")
    except PackageNotFoundError:
        return
    ours = Path(__file__).resolve().parent
    if Path(str(other.locate_file("ablate"))).resolve() == ours:
        raise UserError(
            f"another project named 'ablate' (version {other.version}, a report generator) is installed into the "
            f"same folder as ablate-studies, and their files are mixed; repair it with: "
            "pip uninstall -y ablate ablate-studies, then install ablate-studies again"
        )


def run(arguments: list[str]) -> None:
    """Run one command; raises `AblateError` for whatever a user can mend."""
    _refuse_mixed_install()
    if not arguments:
        arguments = ["--help"]
    if _is_hydra(arguments):
        _hydra(arguments)
        return
    parser = _parser()
    commands = ["run", "plan", "report", "ui", "studies"]
    if not arguments[0].startswith("-") and arguments[0] not in commands:
        raise unknown("command", arguments[0], commands)
    # argparse takes `KEY=VALUE … --jobs 2 KEY=VALUE` apart; overrides may stand anywhere, as in Hydra.
    options, rest = parser.parse_known_args(arguments)
    if hasattr(options, "overrides"):
        options.overrides += [word for word in rest if not word.startswith("-")]
        rest = [word for word in rest if word.startswith("-")]
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if options.root is not None:
        os.environ["ABLATE_ROOT"] = str(options.root)
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "run": lambda o: _sweep(o, "run"),
        "plan": lambda o: _sweep(o, "plan"),
        "report": _report,
        "ui": _ui,
        "studies": _studies,
    }
    actions[options.command](options)


def _end_like_an_interrupt() -> None:
    """Let SIGTERM end a sweep as Ctrl-C does: runs being written are closed, the lock is released."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 1 (failure), 2 (wrong input) or 130 (interrupted)."""
    _end_like_an_interrupt()
    try:
        run(list(sys.argv[1:] if arguments is None else arguments))
    except AblateError as error:
        sys.stderr.write(f"ablate: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("\nablate: interrupted; finished runs are kept, the same command goes on\n")
        return 130
    except BrokenPipeError:
        return 0
    return 0
