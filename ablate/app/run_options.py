"""The commands that speak of runs there are: what can be typed, and what each calls. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from ablate.errors import UserError

Add = Callable[[str, str, str], argparse.ArgumentParser]
Action = Callable[[argparse.Namespace], None]


def add_runs(add: Add) -> None:
    """Add the commands about runs, each with its options and examples."""
    sub = add(
        "status",
        "show what runs now, what failed and why, and what is left",
        "ablate status\n  ablate status quickstart\n  ablate status quickstart --json",
    )
    sub.add_argument("study", nargs="?", metavar="STUDY", help="one study, with its arms and errors (default: all)")
    _json(sub)

    sub = add(
        "show",
        "show one run: settings, metrics, outcome, version of the code, and where its files are",
        "ablate show 3f2a9c\n  ablate show quickstart norm=batch 3",
    )
    sub.add_argument(
        "which", nargs="+", metavar="RUN", help="a run's id (its first letters will do), or STUDY ARM SEED"
    )
    _json(sub)

    sub = add(
        "rerun",
        "run a logged run again and say whether it matches to the bit; or try crashed runs again",
        "ablate rerun 3f2a9c\n  ablate rerun quickstart norm=batch 3\n  ablate rerun --crashed quickstart",
    )
    sub.add_argument(
        "which", nargs="*", metavar="RUN", help="a run's id (its first letters will do), or STUDY ARM SEED"
    )
    sub.add_argument(
        "--crashed", metavar="STUDY", help="give a study's own command again, which tries its crashed runs again"
    )
    _add_trust(sub)

    sub = add(
        "collect",
        "take in the results of submitted jobs, and submit lost jobs again",
        "ablate collect quickstart",
    )
    sub.add_argument("study", nargs="?", metavar="STUDY", help="the study (default: the one run last)")
    _add_trust(sub)

    sub = add(
        "export",
        "write a study with all its runs, its registration and its history into a file",
        "ablate export quickstart quickstart.zip",
    )
    sub.add_argument("study", metavar="STUDY", help="a study's name or file")
    sub.add_argument("file", type=Path, metavar="FILE.zip", help="the file, which must not exist yet")

    sub = add(
        "rm",
        "put a study into MLflow's trash, or bring it back from there",
        "ablate rm quickstart\n  ablate rm quickstart --yes              in a script, where nobody can be asked\n"
        "  ablate rm --restore quickstart",
    )
    sub.add_argument("study", metavar="STUDY", help="a study's name or file")
    sub.add_argument("--yes", action="store_true", help="do not ask")
    sub.add_argument("--restore", action="store_true", help="bring back what was put there last under this name")

    sub = add("rename", "keep the runs of a study under another name", "ablate rename adhoc rates")
    sub.add_argument("old", metavar="OLD", help="the name under which it was run, or its file")
    sub.add_argument("new", metavar="NEW", help="a name that no study has")

    sub = add(
        "diff",
        "compare two arms of a study: settings, metrics, and a verdict",
        "ablate diff quickstart baseline norm=batch\n"
        "  ablate diff rates lr=0.1 lr=0.01 --metric accuracy --by-at-least 0.005\n"
        "  ablate diff quickstart baseline norm=batch --json",
    )
    sub.add_argument("study", metavar="STUDY", help="a study's name or file")
    sub.add_argument("one", metavar="ARM", help="its label, as `ablate status STUDY` lists it, or its id")
    sub.add_argument("other", metavar="ARM", help="the arm it is compared with")
    sub.add_argument("--metric", metavar="NAME", help="what is judged (default: the main metric of the study)")
    sub.add_argument(
        "--by-at-least", type=float, metavar="D",
        help="the smallest difference that matters, in the unit of the metric; with it there is a verdict",
    )  # fmt: skip
    _json(sub)


def add_new(add: Add) -> None:
    """Add `new`, which writes a file to begin with."""
    sub = add(
        "new",
        "write a study, component, Program or source to begin with, which works as it is",
        "ablate new study dropout-small          writes studies/dropout-small.yaml; then: ablate run dropout-small\n"
        "  ablate new component my_act             an activation in my_act.py; then: ablate check my_act.py:MyAct\n"
        "  ablate new program nearest_mean\n"
        "  ablate new source json_rows",
    )
    sub.add_argument("kind", metavar="study|component|program|source", help="what is written")
    sub.add_argument("name", metavar="NAME", help="what it is called, and its file")


def add_import(add: Add) -> None:
    """Add `import`, which takes results of a study, or a file of `ablate export`."""
    sub = add(
        "import",
        "judge results made elsewhere: a row per run; or bring in a study that `ablate export` wrote",
        "ablate import my_study.yaml results.csv\n  ablate import quickstart.zip",
    )
    sub.add_argument(
        "study", metavar="STUDY", help="a study's name or a path to its file; or FILE.zip of `ablate export`"
    )
    sub.add_argument(
        "results", nargs="?", metavar="RESULTS",
        help="a CSV file, or what a source of your own reads; columns: the study's factors, seed, metrics",
    )  # fmt: skip
    sub.add_argument("--source", metavar="NAME", help="the source that reads them (default: found by their name)")
    add_uses(sub)
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder to write to (default: reports/STUDY-imported)")
    sub.add_argument(
        "--leave-out", action="append", default=[], metavar="COLUMN", help="ignore a column of the file; repeatable"
    )
    sub.add_argument("--name", metavar="NEW", help="for FILE.zip: the name of the study here")


def add_uses(parser: argparse.ArgumentParser) -> None:
    """Add `--uses FILE.py`."""
    parser.add_argument(
        "--uses", action="append", default=[], metavar="FILE.py",
        help="a Python file with components, figures, launchers or sources of your own; repeatable",
    )  # fmt: skip


def _json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="print JSON")


def _status(options: argparse.Namespace) -> None:
    from ablate.app.status import show_status

    show_status(options.study, as_json=options.json)


def _show(options: argparse.Namespace) -> None:
    from ablate.app.showing_run import show_run
    from ablate.app.tracked import tracked_run

    show_run(tracked_run(options.which), as_json=options.json)


def _export(options: argparse.Namespace) -> None:
    from ablate.app.moving import export
    from ablate.app.tracked import tracked

    export(tracked(options.study), options.file)


def _rm(options: argparse.Namespace) -> None:
    from ablate.app.removing import remove, restore
    from ablate.app.tracked import tracked
    from ablate.sweep.study_file import tracked_name

    if options.restore:
        restore(tracked_name(options.study))
    else:
        remove(tracked(options.study, judged=False), sure=options.yes)


def _rename(options: argparse.Namespace) -> None:
    from ablate.app.removing import rename
    from ablate.app.tracked import tracked

    rename(tracked(options.old, judged=False), options.new)


def _new(options: argparse.Namespace) -> None:
    from ablate.app.starting import start

    start(options.kind, options.name)


def _check(options: argparse.Namespace) -> None:
    named = options.study or ""
    part = (":" in named or named.endswith(".py")) and not options.own_command and not options.hydra
    if part and not any(word.startswith("seeds=") for word in options.overrides):
        from ablate.app.checking import check

        check(named, options.overrides)
    else:
        from ablate.app.asked import sweep

        sweep(options, "check")


def _diff(options: argparse.Namespace) -> None:
    from ablate.app.differing import show_difference
    from ablate.app.tracked import tracked

    show_difference(
        tracked(options.study), options.one, options.other, metric=options.metric, by_at_least=options.by_at_least,
        as_json=options.json,
    )  # fmt: skip


def _import(options: argparse.Namespace) -> None:
    if options.results is None and options.study.endswith(".zip"):
        if options.source or options.uses or options.out or options.leave_out:
            raise UserError("a file of `ablate export` holds all that is known: give only --name and --root with it")
        from ablate.app.moving import bring_in

        bring_in(Path(options.study), options.name)
        return
    if options.results is None:
        raise UserError("expected the results too, as in `ablate import my_study.yaml results.csv`, or FILE.zip alone")
    if options.name is not None:
        raise UserError("`--name` is for a file of `ablate export`; results are kept under their study's name")
    from ablate.app.printing import bench
    from ablate.work.importing import import_results

    import_results(
        options.study, options.results, bench(), source=options.source, uses=options.uses, out=options.out,
        leave_out=options.leave_out,
    )  # fmt: skip


def _sync(options: argparse.Namespace) -> None:
    from ablate.app.listing import sync

    del options
    sync()


def _studies(options: argparse.Namespace) -> None:
    from ablate.app.listing import show_studies

    del options
    show_studies()


ACTIONS: Mapping[str, Action] = {
    "status": _status,
    "show": _show,
    "export": _export,
    "import": _import,
    "rm": _rm,
    "rename": _rename,
    "diff": _diff,
    "check": _check,
    "new": _new,
    "sync": _sync,
    "studies": _studies,
}


def _add_trust(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--trust", action="store_true",
        help="execute code that the stored command names, even if that command was never given on this machine",
    )  # fmt: skip
