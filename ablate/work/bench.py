"""Where use cases work, and whom they tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablate.resources import root_folder
from ablate.track.local import LocalStore
from ablate.track.store import Store
from ablate.track.target import store_for
from ablate.work.events import StoreReady, TaskAdvanced, TaskEnded, TaskStarted, Tell, Warned, nobody


@dataclass(frozen=True)
class Bench:
    """Where a use case works, and whom it tells.

    Attributes
    ----------
    root
        The folder that holds `mlruns/`.
    tell
        Called with every event, in the thread that works. What it raises ends the work.
    given
        Another store than the one that is meant (see `track.target`): below `root`, or a server.
    """

    root: Path = field(default_factory=root_folder)
    tell: Tell = nobody
    given: Store | None = field(default=None, kw_only=True)

    @property
    def store(self) -> Store:
        """What runs are written to and read from."""
        return store_for(self.root) if self.given is None else self.given

    def tell_ready(self) -> None:
        """Report where the runs can be looked at, where that is a folder or an address."""
        store = self.store
        if isinstance(store, LocalStore) or store.address:
            self.tell(StoreReady(self.root, store.address))

    def warn(self, *lines: str) -> None:
        """Report warnings, no line twice."""
        for line in dict.fromkeys(lines):
            self.tell(Warned(line))

    @contextmanager
    def task(self, name: str, unit: str, total: int | None = None) -> Iterator[Callable[[int, int, str], None]]:
        """Report a task as started, and as ended whatever happens; gives what reports its progress."""
        self.tell(TaskStarted(name, unit, total))
        try:
            yield lambda done, whole, part: self.tell(TaskAdvanced(name, done, whole, part))
        finally:
            self.tell(TaskEnded(name))

    def each(self, name: str, unit: str, items: Iterable[Any]) -> Iterator[Any]:
        """Yield items, and report every one as a part of a task when it is done."""
        listed = list(items)
        with self.task(name, unit, len(listed)) as advance:
            for done, item in enumerate(listed, start=1):
                yield item
                advance(done, len(listed), "")
