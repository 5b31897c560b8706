"""Where runs are kept, as Python says it: a store, a folder, or the current folder."""

from __future__ import annotations

from pathlib import Path

from ablate.errors import must
from ablate.resources import root_folder
from ablate.track.local import LocalStore
from ablate.track.store import Store
from ablate.track.target import store_at
from ablate.work.bench import Bench
from ablate.work.events import Tell

Place = Store | str | Path | None
"""A store; the folder that holds `mlruns/`; an MLflow server's address; None for what the command line would take."""


def bench_at(store: Place, tell: Tell) -> Bench:
    """Return a bench with the store that is meant.

    Raises
    ------
    UserError
        It is neither a store nor a folder nor the address of a server.
    """
    if store is None:
        return Bench(tell=tell)
    if isinstance(store, LocalStore):
        return Bench(store.root, tell, given=store)
    if isinstance(store, Store):
        return Bench(tell=tell, given=store)
    if isinstance(store, str) and "://" in store:
        return Bench(tell=tell, given=store_at(store, root_folder()))
    if not isinstance(store, str | Path):
        raise must(
            "store",
            "be a Store such as ablate.MemoryStore(), the folder that holds mlruns/, or a server's address",
            store,
        )
    root = Path(store).resolve()
    return Bench(root, tell, given=LocalStore(root))
