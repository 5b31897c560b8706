"""The command line: `ablate run STUDY`, `ablate -m activation=relu,tanh`, and the rest.

Nothing heavy is imported before a command is known: `ablate --help` answers in well under half a second.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from ablate.app.ending import exit_code
from ablate.early import EXIT_CODE
from ablate.errors import UserError, unknown
from ablate.interrupts import interruptible, told_as_interrupt
from ablate.terminal import check_output, forgive_streams, guard_streams, show_warnings


def _is_hydra(arguments: Sequence[str]) -> bool:
    first = arguments[0]
    return "=" in first or first.startswith(("~", "+")) or (first.startswith("-") and first not in _OUR_FLAGS)


_TAKE_A_COMMAND = ("run", "plan", "extend", "noise", "check")  # `ablate run … -- python train.py`
_OUR_FLAGS = ("-h", "--help", "--version")


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """Import what stays to the end: it is looked through for garbage neither now nor by later collections.

    A plan of the quickstart took a fifth longer without. Once in a process: whoever calls `main` again has garbage of
    their own by then, which freezing would keep.
    """
    if not gc.isenabled() or gc.get_freeze_count():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()


def _hydra(arguments: list[str]) -> None:
    with _loading():
        from ablate.app.launch import run_hydra

    run_hydra(arguments)


def _sweep(options: argparse.Namespace, action: str) -> None:
    with _loading():
        from ablate.app.asked import sweep

    sweep(options, action)


def _ui(options: argparse.Namespace) -> None:
    from ablate.resources import root_folder
    from ablate.track.target import store_for
    from ablate.track.ui import serve_ui

    if address := store_for(root_folder()).address:
        raise UserError(f"the runs are on a server: open {address} in a browser")
    serve_ui(root_folder(), port=options.port)


def _docs(options: argparse.Namespace) -> None:
    from ablate.app.documentation import serve_docs

    serve_docs(options.port)


def _graph(options: argparse.Namespace) -> None:
    from ablate.app.asked import refuse_words
    from ablate.app.graphs import draw_graph

    refuse_words(options.overrides)
    draw_graph(options.overrides, out=options.out, uses=options.uses)


def _report(options: argparse.Namespace) -> None:
    with _loading():
        from ablate.app.printing import bench
        from ablate.app.scoreboard import report_all
        from ablate.app.verdicts import check_findings
        from ablate.work.reporting import report_study, rewrite_findings

    if options.every_arm and (options.csv is not None or options.all):
        raise UserError("`--every-arm` is for the report of one tracked study: it does not go with `--csv` or `--all`")
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
    report_study(
        _tracked(options), bench(), out=options.out, tongue=options.lang, findings=options.findings,
        whole=options.every_arm,
    )  # fmt: skip


def _tracked(options: argparse.Namespace) -> str | None:
    """Return the name a study is tracked under: `STUDY`, or `STUDY-quick`; None for the one run last."""
    if options.study is None:
        if options.quick:
            raise UserError("`--quick` needs the name of its study")
        return None
    from ablate.app.tracked import tracked

    return tracked(options.study, quick=options.quick)


def _verdict(options: argparse.Namespace) -> None:
    with _loading():
        from ablate.app.verdicts import show_verdicts

    show_verdicts(_tracked(options), strict=options.strict, supported=options.supported, as_json=options.json)


def _calibrate(options: argparse.Namespace) -> None:
    from ablate.app.calibrating import write_calibration_page

    write_calibration_page(100 if options.quick else options.studies, options.out, jobs=options.jobs, only=options.only)


def _judge(options: argparse.Namespace) -> None:
    from ablate.app.judging import judge

    judge(options)


def _rerun(options: argparse.Namespace) -> None:
    from ablate.app.rerunning import crashed_command, rerun_words
    from ablate.app.tracked import tracked, tracked_run

    if (options.crashed is None) == (not options.which):
        raise UserError("expected a run (its id, or STUDY ARM SEED), or --crashed STUDY")
    if options.crashed is None:
        words, run_id = rerun_words(tracked_run(options.which), trust=options.trust)
        if _is_hydra(words):
            rest = [word for word in words if word not in ("-m", "--multirun")]
            _hydra(["--multirun", "hydra.sweeper.action=rerun", f"hydra.sweeper.rerun={run_id}", *rest])
            return
        _sweep(argparse.Namespace(**vars(_options(words)), rerun=run_id), "rerun")
    elif words := crashed_command(tracked(options.crashed, judged=False), trust=options.trust):
        _run(words)


def _collect(options: argparse.Namespace) -> None:
    from ablate.app.asked import take_in
    from ablate.app.rerunning import collect_words
    from ablate.app.tracked import tracked

    study = None if options.study is None else tracked(options.study, judged=False)
    words, launcher = collect_words(study, trust=options.trust)
    if words and _is_hydra(words):
        _hydra([*words, f"hydra.sweeper.launcher={launcher}"])
    elif words:
        take_in(_options(words), launcher)


def _mcp(options: argparse.Namespace) -> None:
    from ablate.face.serving import serve

    serve(allow_runs=options.allow_runs)


def _compare(options: argparse.Namespace) -> None:
    from ablate.app.comparing import compare

    compare(options)


def _paper(options: argparse.Namespace) -> None:
    from ablate.app.scoreboard import write_kit

    write_kit(_tracked(options), out=options.out)


def run(arguments: list[str]) -> None:
    """Run one command; raises `AblateError` for whatever a user can correct."""
    from ablate.app.arguments import server_named
    from ablate.app.memory import refuse_small_address_space
    from ablate.doors import refuse_mixed_install
    from ablate.resources import settle_temporary_folder

    settle_temporary_folder()  # before any code of the user's is imported
    refuse_mixed_install()
    refuse_small_address_space()
    arguments, server = server_named(arguments)
    with _told("ABLATE_TRACKING_URI", server):
        _run(arguments or ["--help"])


def _run(arguments: list[str]) -> None:
    if _is_hydra(arguments):
        _hydra(arguments)
        return
    from ablate.app.roots import refuse_wrong_root
    from ablate.app.run_options import ACTIONS

    options = _options(arguments)
    actions: dict[str, Callable[[argparse.Namespace], None]] = {
        "run": lambda o: _sweep(o, "run"),
        "plan": lambda o: _sweep(o, "plan"),
        "extend": lambda o: _sweep(o, "extend"),
        "noise": lambda o: _sweep(o, "noise"),
        "report": _report,
        "verdict": _verdict,
        "judge": _judge,
        "compare": _compare,
        "paper": _paper,
        "mcp": _mcp,
        "calibrate": _calibrate,
        "graph": _graph,
        "ui": _ui,
        "docs": _docs,
        "rerun": _rerun,
        "collect": _collect,
        **ACTIONS,
    }
    with _told("ABLATE_ROOT", options.root):
        refuse_wrong_root(options)
        actions[options.command](options)


def _options(arguments: list[str]) -> argparse.Namespace:
    """Return what the words after `ablate` say, where they begin with a command."""
    from ablate.app.arguments import COMMANDS, parser, unknown_option

    reader = parser()
    if not arguments[0].startswith("-") and arguments[0] not in COMMANDS:
        raise unknown("command", arguments[0], COMMANDS)
    # argparse takes `KEY=VALUE … --jobs 2 KEY=VALUE` apart; overrides may stand anywhere, as in Hydra.
    split = arguments.index("--") if "--" in arguments and arguments[0] in _TAKE_A_COMMAND else len(arguments)
    options, rest = reader.parse_known_args(arguments[:split])
    options.own_command = arguments[split + 1 :]
    if hasattr(options, "overrides"):
        options.overrides += [word for word in rest if not word.startswith("-")]
        rest = [word for word in rest if word.startswith("-")]
    options.typed = arguments
    if rest:
        raise unknown_option(reader, options.command, rest)
    return options


@contextlib.contextmanager
def _told(variable: str, value: object) -> Iterator[None]:
    """Let a word hold for one command and its processes only: what calls `main` twice may mean two places."""
    before = os.environ.get(variable)
    if value is not None:
        os.environ[variable] = str(value)
    try:
        yield
    finally:
        if value is not None:
            os.environ.pop(variable)
            if before is not None:
                os.environ[variable] = before


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code: 0, 1 (failure, refuted), 2 (input), 3 (not decided), 130 (interrupted)."""
    guard_streams()
    forgive_streams()
    show_warnings()
    with interruptible(to_the_end=arguments is None):  # called as the program, which ends with it
        try:
            try:
                run(list(sys.argv[1:] if arguments is None else arguments))
            finally:  # the help ends with `SystemExit`
                check_output()
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - what nobody expected is raised again
            if not told_as_interrupt(error):
                return exit_code(error)
            if arguments is None and (pool := sys.modules.get("ablate.sweep.pool")):
                pool.end_workers()
            return EXIT_CODE
        return 0
