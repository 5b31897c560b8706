"""Bars belong to a terminal: a file that standard error goes to holds lines alone."""

import io
import os
import sys
import time

import pytest

from ablate.app.printing import Console
from ablate.terminal import columns_of
from ablate.work import events


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "drawn"), [(io.StringIO, False), (_Terminal, True)])
def test_a_bar_is_drawn_in_a_terminal_and_nowhere_else(monkeypatch, stream, drawn):
    held = stream()
    monkeypatch.setattr(sys, "stderr", held)
    console = Console()
    console(events.RunsStarted(study="s", runs=2))
    console(events.RunsEnded(study="s"))
    console(events.TaskStarted(task="report", total=2, unit="part"))
    console(events.TaskEnded(task="report"))
    assert bool(held.getvalue()) is drawn


@pytest.mark.parametrize("columns", [60, 80, 300])
def test_a_bar_is_one_line_of_its_terminal_and_counts_failures(monkeypatch, columns):
    held = _Terminal()
    monkeypatch.setattr(sys, "stderr", held)
    monkeypatch.setattr(_Terminal, "fileno", lambda self: 2, raising=False)
    monkeypatch.setattr("os.get_terminal_size", lambda number: os.terminal_size((columns, 24)))
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)
    console = Console()
    console(events.RunsStarted(study="a-study-whose-name-is-rather-long-for-a-terminal", runs=4))
    for outcome in ("reached", "crashed", "diverged"):
        time.sleep(0.11)  # a bar is drawn at most ten times in a second
        console(events.RunFinished("s", "norm=批归一化, optimizer=momentum, dropout=bernoulli", 0, outcome, 1.0))
    console(events.RunsEnded(study="s"))
    lines = [line for line in held.getvalue().replace("\n", "\r").split("\r") if line.strip()]
    assert max(map(columns_of, lines)) <= min(columns - 1, 100)
    assert "2 failed" in lines[-1]
    assert "3/4" in lines[-1]
    assert ("norm=批归一化" in lines[-1]) == (columns > 60)
