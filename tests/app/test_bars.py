"""Bars belong to a terminal: a file that standard error goes to holds lines alone."""

import io
import sys

import pytest

from ablate.app.printing import Console
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
