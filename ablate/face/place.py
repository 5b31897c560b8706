"""Where runs are kept, as Python says it: a store, a folder, or the current folder."""

from __future__ import annotations

from pathlib import Path

from ablate.errors import UserError, must
from ablate.track.local import LocalStore
from ablate.track.store import Store
from ablate.work.events import Bench, Tell

Place = Store | str | Path | None
"""A store; the folder that holds `mlruns/`; None for the current folder, or what `ABLATE_ROOT` names."""


def bench_at(store: Place, tell: Tell) -> Bench:
    """Return a bench with the store that is meant.

    Raises
    ------
    UserError
        It is neither a store nor a folder.
    """
    if store is None:
        return Bench(tell=tell)
    if isinstance(store, LocalStore):
        return Bench(store.root, tell)
    if isinstance(store, Store):
        return Bench(tell=tell, given=store)
    if isinstance(store, str) and "://" in store:
        raise UserError(f"`store` must be the folder that holds mlruns/, or a Store; got the address {store!r}")
    if not isinstance(store, str | Path):
        raise must("store", "be a Store such as ablate.MemoryStore(), or the folder that holds mlruns/", store)
    return Bench(Path(store).resolve(), tell)
