"""Where things lie: `mlruns/` holds the database, the artifacts and the locks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

HOST, PORT = "127.0.0.1", 5000
UI = f"http://{HOST}:{PORT}"
"""Where `ablate ui` shows the runs, unless it is told another port."""

_LONGEST = 200  # bytes; a file system takes 255


@dataclass(frozen=True)
class Layout:
    """The folders of one tracked project.

    Attributes
    ----------
    root
        The folder that contains `mlruns/` (the checkout, or wherever the command was given).

    Examples
    --------
    >>> Layout(Path("project")).database.as_posix()
    'project/mlruns/mlflow.db'
    >>> Layout(Path("project")).study_artifacts("norm and init").name
    'norm-and-init'
    """

    root: Path

    @property
    def runs(self) -> Path:
        """`mlruns/`, the one folder that is written to."""
        return self.root / "mlruns"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.runs / "mlflow.db"

    @property
    def uri(self) -> str:
        """The database as a user names it to MLflow's commands; programs take `address.database_uri`."""
        return f"sqlite:///{self.database.as_posix()}"

    @property
    def link(self) -> Path:
        """Where plain `mlflow ui` looks (`sqlite:///mlflow.db` in the working directory)."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """The folder of every study's files."""
        return self.runs / "artifacts"

    @property
    def store_lock(self) -> Path:
        """Held while the database is created, moved or repaired."""
        return self.runs / "locks" / "store.lock"

    def study_artifacts(self, name: str) -> Path:
        """Return the folder of one study's files. Run folders in it are unique, so two names may share it."""
        plain = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "study"
        if len(plain.encode()) > _LONGEST:
            plain = plain.encode()[:_LONGEST].decode(errors="ignore") + f"-{sha256(name.encode()).hexdigest()[:12]}"
        return self.artifacts / plain

    def study_lock(self, name: str, key: str) -> Path:
        """Return the lock that is held as long as a driver runs this study."""
        return self.runs / "locks" / f"{sha256(f'{name}/{key}'.encode()).hexdigest()[:24]}.lock"
