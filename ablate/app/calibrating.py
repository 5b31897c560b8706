"""`ablate calibrate`: the statistics tried on simulated studies, and the page that shows how they did."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs

import ablate
from ablate import __version__
from ablate.app.bars import bar
from ablate.app.console import say
from ablate.errors import Failure, UserError, must
from ablate.values import from_json, lines_of
from ablate.work.places import short_path

_LEAST = 16
_ENGINE = ("stats", "claims", "judge")  # what a row depends on
_LIBRARIES = ("numpy", "scipy", "statsmodels")


def write_calibration_page(studies: int, out: Path, *, jobs: int = 1, only: Sequence[str] = ()) -> None:
    """Run every check and write the page.

    Rows that are finished are kept until the page is written: a calibration that was interrupted goes on where it was,
    unless the engine has changed since.

    Parameters
    ----------
    jobs
        Processes; the page does not depend on it.
    only
        Rows, or checks, to run anew; the others are taken from the page that is there.

    Raises
    ------
    UserError
        Too few studies to say anything, no such row, no page to take the other rows from, or the folder holds files of
        the same names that ablate did not write.
    Failure
        A check is not met; the page is written all the same.
    """
    from ablate.judge.calibration import SEED, calibrate, named_trials
    from ablate.report.calibration import check_calibration_folder, write_calibration

    if studies < _LEAST:
        raise must("--studies", f"be at least {_LEAST}", studies)
    if jobs < 1:
        raise must("--jobs", "be at least 1", jobs)
    check_calibration_folder(out)
    anew = named_trials(only)
    before = {name: rows for name, rows in _told(out, studies, SEED).items() if name not in anew} if only else {}
    kept = _Kept(studies, SEED, anew)
    with bar("calibrate", "study") as drawn:
        result = calibrate(
            studies, jobs=jobs, kept=before | kept.rows, keep=kept.keep,
            progress=lambda done, total: drawn.advance(done, total=total),
        )  # fmt: skip
    about = {
        "command": f"ablate calibrate --studies {studies} --out {short_path(out)}",
        "ablate": __version__,
        **{name: version(name) for name in _LIBRARIES},
    }
    if anew:
        about["rows run again later"] = ", ".join(anew)
    paths = write_calibration(result, out, about=about)
    kept.forget()
    for check in result.checks:
        say(f"{'✓' if check.passed else '✗'} {check.title.replace('`', '')}")
    say(f"\npage:             {short_path(paths.html)}")
    say(f"as Markdown:      {short_path(paths.markdown)}")
    failed = [check.name for check in result.checks if not check.passed]
    if failed:
        raise Failure(f"{len(failed)} of {len(result.checks)} checks are not met: {', '.join(failed)}")


def _told(out: Path, studies: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the page that is there, by the names of their trials.

    Raises
    ------
    UserError
        There is none, or it was made of other studies.
    """
    path = out / "calibration.json"
    try:
        told = from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            f"--only takes the other rows from {short_path(path)}, which is not there: leave it out"
        ) from None
    made = (told.get("studies"), told.get("seed"))
    if made != (studies, seed):
        raise UserError(
            f"--only takes the other rows from {short_path(path)}, which was made with --studies {made[0]} and random "
            f"seed {made[1]}; got --studies {studies} and random seed {seed}"
        )
    rows: dict[str, list[dict[str, Any]]] = {}
    for check in told["checks"]:
        for row in check["rows"]:
            rows.setdefault(str(row.get("row")), []).append(row)
    return rows


class _Kept:
    """Finished rows, in a file of the user's cache that is named by what they depend on; where none can be, nothing."""

    def __init__(self, studies: int, seed: int, anew: Sequence[str]) -> None:
        of = "-".join((_engine(), str(studies), str(seed), *sorted(anew)))
        name = hashlib.sha256(of.encode()).hexdigest()[:16]
        self._path = platformdirs.user_cache_path("ablate") / "calibration" / f"{name}.jsonl"
        self.rows: dict[str, list[dict[str, Any]]] = {}
        with contextlib.suppress(OSError):
            for line in lines_of(self._path.read_text(encoding="utf-8")):
                with contextlib.suppress(ValueError):  # the last line of one that was killed
                    entry = from_json(line)
                    self.rows[entry["name"]] = entry["rows"]

    def keep(self, name: str, rows: list[dict[str, Any]]) -> None:
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as opened:
                opened.write(json.dumps({"name": name, "rows": rows}, ensure_ascii=False) + "\n")

    def forget(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _engine() -> str:
    """Return a digest of the code that a row depends on, and of the libraries it computes with."""
    here = Path(ablate.__file__).parent
    digest = hashlib.sha256(" ".join(version(name) for name in _LIBRARIES).encode())
    for path in sorted(path for room in _ENGINE for path in (here / room).rglob("*.py")):
        digest.update(path.relative_to(here).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
