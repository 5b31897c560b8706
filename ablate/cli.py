"""The command line: `ablate run STUDY`, `ablate -m activation=relu,tanh`, and the rest.

Nothing heavy is imported before a command is known: `ablate --help` answers in well under half a second.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ablate.errors import AblateError, UserError, unknown
from ablate.terminal import forgive_streams


def _is_hydra(arguments: Sequence[str]) -> bool:
    first = arguments[0]
    return "=" in first or first.startswith(("~", "+")) or (first.startswith("-") and first not in _OUR_FLAGS)


_OUR_FLAGS = ("-h", "--help", "--version")


def _hydra(arguments: list[str], study: str | None = None) -> None:
    from ablate.app.launch import run_hydra

    run_hydra(arguments, study=study)


def _refuse_words(overrides: Sequence[str]) -> None:
    for word in overrides:
        if "=" not in word and not word.startswith("~"):
            raise UserError(f"cannot read {word!r}: expected an override such as seeds=12")


def _sweep(options: argparse.Namespace, action: str) -> None:
    from ablate.app.study_name import through_hydra

    _refuse_words(options.overrides)
    settings = [f"hydra.sweeper.study='{through_hydra(options.study)}'", f"hydra.sweeper.action={action}"]
    if options.quick:
        settings.append("hydra.sweeper.quick=true")
    if options.jobs is not None:
        settings.append(f"hydra.sweeper.n_jobs={options.jobs}")
    if options.launcher is not None:
        from ablate.app.overrides import quoted

        told = options.launcher if options.launcher.startswith("{") else quoted(options.launcher)
        settings.append(f"hydra.sweeper.launcher={told}")
    if getattr(options, "fresh", False):
        settings.append("hydra.sweeper.fresh=true")
    if getattr(options, "no_report", False):
        settings.append("hydra.sweeper.report=false")
    if getattr(options, "seeds", None) is not None:
        settings.append(f"hydra.sweeper.more_seeds={options.seeds}")
    if getattr(options, "copies", None) is not None:
        settings.append(f"hydra.sweeper.copies={options.copies}")
    uses = [word for file in options.uses for word in ("--uses", file)]
    _hydra(["--multirun", *settings, *uses, *options.overrides], study=options.study)


def _ui(options: argparse.Namespace) -> None:
    from ablate.track.ui import serve
    from ablate.work.events import root_folder

    serve(root_folder(), port=options.port)


def _graph(options: argparse.Namespace) -> None:
    from ablate.app.graphs import draw_graph

    _refuse_words(options.overrides)
    draw_graph(options.overrides, out=options.out, uses=options.uses)


def _report(options: argparse.Namespace) -> None:
    from ablate.app.printing import bench
    from ablate.app.scoreboard import report_all
    from ablate.app.verdicts import check_findings
    from ablate.work.reporting import report_study, rewrite_findings

    if options.csv is not None:
        if options.study is not None or options.out is not None:
            raise UserError("`--csv DIR` takes the study from that folder: give no STUDY and no --out with it")
        if options.findings:
            rewrite_findings(options.csv, bench(), tongue=options.lang)
        else:
            check_findings(options.csv)
        return
    if options.all:
        if options.study is not None or options.quick:
            raise UserError("`--all` reports every study: give no STUDY and no --quick with it")
        report_all(out=options.out, tongue=options.lang, findings=options.findings)
        return
    report_study(_tracked(options), bench(), out=options.out, tongue=options.lang, findings=options.findings)


def _tracked(options: argparse.Namespace) -> str | None:
    """Return the name a study is tracked under: `STUDY`, or `STUDY-quick`; None for the one run last."""
    if options.study is None:
        if options.quick:
            raise UserError("`--quick` needs the name of its study")
        return None
    from ablate.app.tracked import tracked

    return tracked(options.study, quick=options.quick)


def _verdict(options: argparse.Namespace) -> None:
    from ablate.app.verdicts import show_verdicts

    show_verdicts(_tracked(options), strict=options.strict, as_json=options.json)


def _calibrate(options: argparse.Namespace) -> None:
    from ablate.app.calibrating import write_page

    write_page(100 if options.quick else options.studies, options.out)


def _check(options: argparse.Namespace) -> None:
    from ablate.app.checking import check

    check(options.thing)


def _import(options: argparse.Namespace) -> None:
    from ablate.app.printing import bench
    from ablate.work.importing import import_results

    import_results(
        options.study, options.results, bench(), source=options.source, uses=options.uses, out=options.out,
        leave_out=options.leave_out,
    )  # fmt: skip


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
    """Run one command; raises `AblateError` for whatever a user can correct."""
    _refuse_mixed_install()
    if not arguments:
        arguments = ["--help"]
    if _is_hydra(arguments):
        _hydra(arguments)
        return
    from ablate.app.arguments import COMMANDS, parser

    reader = parser()
    if not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise unknown("command", arguments[0], COMMANDS)
    # argparse takes `KEY=VALUE … --jobs 2 KEY=VALUE` apart; overrides may stand anywhere, as in Hydra.
    options, rest = reader.parse_known_args(arguments)
    if hasattr(options, "overrides"):
        options.overrides += [word for word in rest if not word.startswith("-")]
        rest = [word for word in rest if word.startswith("-")]
    if rest:
        reader.error(f"unrecognized arguments: {' '.join(rest)}")
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "run": lambda o: _sweep(o, "run"),
        "plan": lambda o: _sweep(o, "plan"),
        "extend": lambda o: _sweep(o, "extend"),
        "noise": lambda o: _sweep(o, "noise"),
        "report": _report,
        "verdict": _verdict,
        "import": _import,
        "calibrate": _calibrate,
        "check": _check,
        "graph": _graph,
        "ui": _ui,
        "studies": _studies,
    }
    with _rooted(options.root):
        actions[options.command](options)


@contextlib.contextmanager
def _rooted(root: Path | None) -> Iterator[None]:
    """Let `--root` hold for one command and its processes only: what calls `main` twice means two folders."""
    before = os.environ.get("ABLATE_ROOT")
    if root is not None:
        os.environ["ABLATE_ROOT"] = str(root)
    try:
        yield
    finally:
        if root is not None:
            os.environ.pop("ABLATE_ROOT")
            if before is not None:
                os.environ["ABLATE_ROOT"] = before


def _end_like_an_interrupt() -> None:
    """Let SIGTERM end a sweep as Ctrl-C does: runs being written are closed, the lock is released."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)


class _Lines(logging.Handler):
    """Shows what the package warns of as the other lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        from tqdm import tqdm

        tqdm.write(f"ablate: {record.getMessage()}", file=sys.stderr)  # a progress bar is drawn again below it


def _show_warnings() -> None:
    log = logging.getLogger("ablate")
    if not any(isinstance(handler, _Lines) for handler in log.handlers):
        log.addHandler(_Lines())
        log.propagate = False


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 1 (failure), 2 (wrong input) or 130 (interrupted)."""
    forgive_streams()
    _show_warnings()
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
    except UnicodeEncodeError as error:
        if (named := sys.getfilesystemencoding()) == "utf-8":
            raise
        sys.stderr.write(
            f"ablate: this locale names files in {named}, which has no {error.object[error.start : error.end]!r}: use "
            "one with UTF-8, such as LC_ALL=C.UTF-8\n"
        )
        return 2
    return 0
