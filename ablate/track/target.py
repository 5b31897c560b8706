"""Which store runs go to and come from: the one below a folder, unless a server is named."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from ablate.errors import UserError, unknown
from ablate.track.local import LocalStore
from ablate.track.store import Store

KEY = "tracking.uri"
VARIABLE = "ABLATE_TRACKING_URI"
LOCAL = "local"
_THEIRS = "MLFLOW_TRACKING_URI"


def store_for(root: Path) -> Store:
    """Return the store that is meant: the word `tracking.uri=…`, `ABLATE_TRACKING_URI`, `conf/tracking.yaml`, in order.

    The command line puts its word into the variable for as long as the command lasts. Without any of them runs lie
    below `root`. `MLFLOW_TRACKING_URI` names the server of whatever else uses MLflow on this machine; that studies are
    to go there too is not guessed from it.

    Raises
    ------
    UserError
        What is named is not the address of a server; the file holds something else.
    """
    return store_at(os.environ.get(VARIABLE) or _in_conf(Path.cwd() / "conf" / "tracking.yaml"), root)


def store_at(uri: str, root: Path) -> Store:
    """Return the store at an address; `local` and nothing are the one below `root`."""
    if uri in ("", LOCAL):
        return LocalStore(root, notes=_passed_over(uri))
    return _server(uri, root)


@lru_cache(maxsize=8)
def _server(uri: str, root: Path) -> Store:
    from ablate.track.server.store import ServerStore

    return ServerStore(uri, root)


def _passed_over(uri: str) -> tuple[str, ...]:
    theirs = os.environ.get(_THEIRS, "")
    if uri or not theirs.startswith(("http://", "https://")):
        return ()
    told = (
        f"{_THEIRS} is set, but ablate does not follow it: runs are kept in mlruns/ here. `{KEY}={theirs}` sends them "
        "there"
    )
    return (f"{told}, `{KEY}={LOCAL}` says that this is meant",)


def _in_conf(path: Path) -> str:
    if not path.is_file():
        return ""
    import yaml

    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(settings, dict) or not isinstance(settings.get("uri", ""), str):
        raise UserError(f"{path} must hold `uri: http://HOST:PORT`, got {settings!r}")
    for name in settings:
        if name != "uri":
            raise unknown(f"key in {path}", str(name), ["uri"])
    return str(settings.get("uri", ""))
