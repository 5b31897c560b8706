"""The console as a listener: what use cases report (see `ablate.work.events`), printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.app.bars import Bar
from ablate.app.console import say, ui_line, warn
from ablate.app.judged import say_verdicts
from ablate.app.tables import choice_lines, failed_line, follow_lines, found_lines, item_lines, read_lines
from ablate.errors import plural
from ablate.resources import root_folder
from ablate.sweep.grids import space_text
from ablate.train.outcome import FAILED
from ablate.work import events
from ablate.work.bench import Bench
from ablate.work.events import Event
from ablate.work.places import left_line, short_path

if TYPE_CHECKING:
    from ablate.sweep.runner import RunSummary


def bench(*, progress: bool = True) -> Bench:
    """Return where the commands work: the folder of this command, and a console that prints what is reported."""
    return Bench(root_folder(), Console(progress=progress))


class Console:
    """Prints what use cases report: results on standard output, warnings and progress on standard error.

    Parameters
    ----------
    progress
        Show bars while runs are trained, where standard error is a terminal.
    """

    def __init__(self, *, progress: bool = True) -> None:
        self._progress = progress
        self._bar: Bar | None = None

    def __call__(self, event: Event) -> None:
        """Print an event; one that says nothing by itself is passed over."""
        show = _SHOWN.get(type(event))
        if show is not None:
            show(self, event)

    def _warned(self, event: events.Warned) -> None:
        warn(event.text)

    def _put_aside(self, event: events.PutAside) -> None:
        say(f"{event.study}: {_many(event.runs)} put aside; they stay in MLflow and no longer count")

    def _runs_started(self, event: events.RunsStarted) -> None:
        self._bar = Bar(event.study, event.runs, "run", shown=self._progress)

    def _run_finished(self, event: events.RunFinished) -> None:
        if self._bar is not None:
            self._bar.step(event.arm, failed=event.outcome in FAILED)

    def _task_started(self, event: events.TaskStarted) -> None:
        self._bar = Bar(event.task, event.total, event.unit, stays=False)

    def _task_advanced(self, event: events.TaskAdvanced) -> None:
        if self._bar is not None:
            self._bar.advance(event.done, total=event.total, part=event.part)

    def _ended(self, event: events.RunsEnded | events.TaskEnded) -> None:
        del event
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _looked(self, event: events.Looked) -> None:
        seeds = plural(event.seeds, "seed")
        of_what = seeds if event.arms else f"{seeds} of every arm, level {event.level:.4f}"
        where = f"look {event.number} of {event.of} ({of_what})"
        then = "stopping" if event.ends else "going on"
        if event.arms and not event.ends:
            then += f" with {event.arms[0]} of {plural(event.arms[1], 'arm')}"
        say(f"{where}: {event.decided} of {plural(event.claims, 'claim')} decided; {then}")

    def _tuning_ran(self, event: events.TuningRan) -> None:
        name, summary = event.tuning.plan.record.name, event.summary
        say(f"{name}: {_in_short(summary)}{_skipped(summary)}: {_endings(summary)}")
        if summary.crashes:
            label, last = summary.crashes[0]
            warn(
                f"{len(summary.crashes)} of {len(event.tuning.plan.jobs)} tuning trials crashed, {label} first "
                f"({last}); they count as the worst, and the same command tries them again"
            )

    def _tuned(self, event: events.Tuned) -> None:
        for line in choice_lines(event.tuning, event.runs):
            say(line)
        say()

    def _widened(self, event: events.Widened) -> None:
        spaces = event.tune.every_space
        grids = [f"{key}: {space_text(spaces[at][key], 0)}" for at, added in event.added.items() for key in added]
        say(
            f"{event.study}: a chosen value lies on the edge of its grid, which every arm that has it now has wider: "
            f"{'; '.join(dict.fromkeys(grids))}"
        )

    def _kept_narrow(self, event: events.KeptNarrow) -> None:
        warn(
            f"{event.study}: chosen values of {', '.join(event.keys)} lie on the edge of their grids, which stay as "
            "they are: only some arms have them, and would get more trials than the others. The gate holds back the "
            "claims about these arms. Give a wider grid, or declare `unequal_trials: true`"
        )

    def _study_ran(self, event: events.StudyRan) -> None:
        name, summary = event.plan.record.name, event.summary
        if summary.ran == 0:
            stopped = event.stopped
            why = f", all {event.plan.runs} runs are finished" if stopped is None else f": stopped {stopped['reason']}"
            say(f"{name}: nothing to do{why}")
            return
        if not summary.skipped and all(outcome in FAILED for outcome in summary.outcomes):
            say(f"{name}: {failed_line(summary, f'ablate status {name}')}")
        share = summary.training_seconds / (summary.seconds * summary.workers)
        training = f" ({share:.0%} of it training)"
        say(f"{name}: {_in_short(summary)}{training}{_skipped(summary)}: {_endings(summary)}")

    def _table_read(self, event: events.TableRead) -> None:
        for line in read_lines(event.imported, event.address):
            say(line)

    def _table_found(self, event: events.TableFound) -> None:
        for line in found_lines(event.found, event.address, event.rows):
            say(line)

    def _settings_follow(self, event: events.SettingsFollow) -> None:
        for line in follow_lines(event.holding, event.about):
            say(line)

    def _results_imported(self, event: events.ResultsImported) -> None:
        rest = ", the rest were before" if event.new < event.runs else ""
        say(f"{event.study}: {event.new} of {plural(event.runs, 'run')} imported{rest}")
        if event.missing:
            planned = event.runs + event.missing
            say(f"  {event.missing} of {planned} planned runs are missing: not all seeds are in the file")

    def _judged(self, event: events.Judged) -> None:
        say()
        say_verdicts(event.judgement)

    def _items_compared(self, event: events.ItemsCompared) -> None:
        say()
        for line in item_lines(event.compared):
            say(line)

    def _report_written(self, event: events.ReportWritten) -> None:
        say_left(event.paths.left)
        say(f"\nreport:           {short_path(event.paths.html)}")
        say(f"as Markdown:      {short_path(event.paths.markdown)}")

    def _findings_written(self, event: events.FindingsWritten) -> None:
        say_left(event.paths.left)
        say(f"\nfindings:         {short_path(event.paths.paths[0])}")

    def _store_ready(self, event: events.StoreReady) -> None:
        say(f"browse the runs:  {event.address or ui_line(event.root)}")


_SHOWN: Mapping[type[Event], Callable[[Console, Any], None]] = {
    events.Warned: Console._warned,
    events.PutAside: Console._put_aside,
    events.RunsStarted: Console._runs_started,
    events.RunFinished: Console._run_finished,
    events.RunsEnded: Console._ended,
    events.TaskStarted: Console._task_started,
    events.TaskAdvanced: Console._task_advanced,
    events.TaskEnded: Console._ended,
    events.Looked: Console._looked,
    events.TuningRan: Console._tuning_ran,
    events.Tuned: Console._tuned,
    events.Widened: Console._widened,
    events.KeptNarrow: Console._kept_narrow,
    events.StudyRan: Console._study_ran,
    events.TableRead: Console._table_read,
    events.TableFound: Console._table_found,
    events.SettingsFollow: Console._settings_follow,
    events.ResultsImported: Console._results_imported,
    events.Judged: Console._judged,
    events.ItemsCompared: Console._items_compared,
    events.ReportWritten: Console._report_written,
    events.FindingsWritten: Console._findings_written,
    events.StoreReady: Console._store_ready,
}


def _many(runs: int) -> str:
    return plural(runs, "run")


def processes(workers: int) -> str:
    """Count the processes that train.

    >>> processes(1), processes(2)
    ('1 process', '2 processes')
    """
    return plural(workers, "process", "processes")


def _in_short(summary: RunSummary) -> str:
    return f"{_many(summary.ran)} in {summary.seconds:.1f} s on {processes(summary.workers)}"


def _skipped(summary: RunSummary) -> str:
    return f", {summary.skipped} finished before" if summary.skipped else ""


def _endings(summary: RunSummary) -> str:
    return ", ".join(f"{n} {outcome}" for outcome, n in sorted(summary.outcomes.items()))


def say_left(left: Sequence[Path]) -> None:
    """Warn of files of an earlier report that stay."""
    if line := left_line(left):
        warn(line)
