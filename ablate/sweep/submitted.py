"""Jobs that go on by themselves: what was submitted, where its results wait, and how it stands.

Results lie in a folder by the identity of their run, each written once and whole, until they are delivered; so it does
not matter which job made them, how often it was requeued, or which command asks. A ticket per job says which runs it
is to make, and where its output is.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, Failure, UserError
from ablate.resources import root_folder
from ablate.sweep.launch import train_packed
from ablate.sweep.plan import Job
from ablate.sweep.pool import in_pool
from ablate.sweep.same_code import check_code
from ablate.sweep.spooled import file_name, result_from, ticket_from
from ablate.train.program import RunResult

_ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class JobPart:
    """What a job makes of one arm: runs by identity."""

    arm_id: str
    label: str
    runs: Mapping[str, int]  # identity -> seed


@dataclass(frozen=True)
class Ticket:
    """One job that was submitted.

    Attributes
    ----------
    id
        As the cluster calls it; of the local executor the process.
    log
        Its standard error.
    launcher
        The settings it was submitted with.
    """

    id: str
    cluster: str
    submitted: str
    log: str
    parts: tuple[JobPart, ...]
    launcher: Mapping[str, Any]

    @property
    def identities(self) -> set[str]:
        """The runs that it makes."""
        return {identity for part in self.parts for identity in part.runs}


def jobs_folder() -> Path:
    """Return where jobs and their results lie, where nobody says: `mlruns/jobs`."""
    return root_folder() / "mlruns" / "jobs"


def noted_folders() -> list[Path]:
    """Return where jobs may lie: `mlruns/jobs`, and other folders that launchers were told to use."""
    notes = sorted((jobs_folder() / _ELSEWHERE).glob("*.txt"))
    noted = [Path(path.read_text("utf-8", errors="replace").replace("\0", "")) for path in notes]
    return [jobs_folder(), *(folder for folder in noted if folder.is_dir())]


class JobSpool:
    """The folder of submitted jobs and of results that wait to be delivered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self._results, self._tickets = folder / "results", folder / "tickets"

    def make(self) -> None:
        """Make the folder; raises `Failure` where that cannot be done."""
        try:
            for one in (self.logs, self._results, self._tickets):
                one.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Failure(f"cannot write to {self.folder}: {error.strerror or error}") from error

    def note_place(self) -> None:
        """Note in `mlruns/jobs` that jobs lie here, so that later commands look for them here too."""
        if self.folder == jobs_folder():
            return
        notes = jobs_folder() / _ELSEWHERE
        try:
            notes.mkdir(parents=True, exist_ok=True)
            self._write(notes / f"{hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]}.txt",
                        str(self.folder).encode())  # fmt: skip
        except OSError as error:
            raise Failure(f"cannot write to {notes}: {error.strerror or error}") from error

    def has(self, identity: str) -> bool:
        """Tell whether a run's result waits."""
        return self._file(identity).is_file()

    def put(self, identity: str, result: RunResult) -> None:
        """Keep a run's result; it is there whole or not at all."""
        self._write(self._file(identity), pickle.dumps(result))

    def refuse(self, identity: str, why: str) -> None:
        """Keep why a job did not make a run: it has no result."""
        self._write(self._file(identity).with_suffix(".refused"), why.encode())

    def refusals(self, identities: Iterable[str]) -> dict[str, str]:
        """Return identity -> why it was refused, of those that were."""
        files = {identity: self._file(identity).with_suffix(".refused") for identity in identities}
        return {identity: file.read_text("utf-8") for identity, file in files.items() if file.is_file()}

    def withdraw(self, identities: Iterable[str]) -> None:
        """Forget that runs were refused: they were told, and are asked for again by the next command."""
        for identity in identities:
            self._file(identity).with_suffix(".refused").unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)

    def take(self, identity: str) -> RunResult:
        """Return a run's result; it stays until it is dropped.

        Raises
        ------
        Failure
            It was written by another version of ablate and cannot be read, or is none.
        """
        return result_from(self._file(identity))

    def drop(self, identities: Iterable[str]) -> None:
        """Remove results that were delivered; that is noted, so that a requeued job does not make them again."""
        for identity in identities:
            self._file(identity).with_suffix(".taken").touch()
            self._file(identity).unlink(missing_ok=True)

    def taken(self, identity: str) -> bool:
        """Tell whether a run's result was delivered to the command that asked last."""
        return self._file(identity).with_suffix(".taken").is_file()

    def ask(self, identities: Iterable[str]) -> None:
        """Let runs be made, whether or not they were delivered before."""
        for identity in identities:
            self._file(identity).with_suffix(".taken").unlink(missing_ok=True)

    def note(self, ticket: Ticket) -> None:
        """Keep a ticket."""
        name = f"{ticket.cluster}-{ticket.id}.json"
        part = self._tickets / f"{name}.part"
        part.write_text(json.dumps(asdict(ticket), indent=1), encoding="utf-8")
        part.replace(self._tickets / name)

    def forget(self, ticket: Ticket) -> None:
        """Remove a ticket; the job's output stays."""
        (self._tickets / f"{ticket.cluster}-{ticket.id}.json").unlink(missing_ok=True)

    def tickets(self) -> list[Ticket]:
        """Return all tickets, the earliest first."""
        parsed = [ticket_from(path) for path in self._tickets.glob("*.json")]
        made = [Ticket(**{**one, "parts": tuple(JobPart(**part) for part in one["parts"])}) for one in parsed]
        return sorted(made, key=lambda ticket: (ticket.submitted, ticket.id))

    def _file(self, identity: str) -> Path:
        return self._results / f"{file_name(identity)}.pkl"


class Pack:
    """What a job does: train some arms, one after the other or a few at a time, and keep each result when it is there.

    Started again after it was requeued, it goes on with what is missing.
    """

    def __init__(self, folder: Path, jobs: Sequence[tuple[bytes, JobPart]], *, at_once: int, planned: str) -> None:
        self.folder, self.jobs, self.at_once, self.planned = folder, list(jobs), at_once, planned

    def __call__(self) -> int:
        """Train what is missing, and return how many arms that were."""
        spool = JobSpool(self.folder)
        todo = [one for one in self.jobs if not all(spool.has(run) or spool.taken(run) for run in one[1].runs)]
        if self.at_once == 1 or len(todo) == 1:
            for one in todo:
                self._train(*one)
            return len(todo)
        for _ in in_pool(min(self.at_once, len(todo)), (partial(self._train, *one) for one in todo)):
            pass
        return len(todo)

    def checkpoint(self) -> Any:
        """Return what is to be done after the job was preempted or ran out of time: the same, which goes on."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _train(self, packed: bytes, part: JobPart) -> None:
        spool = JobSpool(self.folder)
        try:
            check_code(self.planned)
            by_seed = {result.seed: result for result in train_packed(packed)}
        except AblateError as error:
            for identity in part.runs:
                spool.refuse(identity, str(error))
            return
        for identity, seed in part.runs.items():
            spool.put(identity, by_seed[seed])


def part_of(job: Job) -> JobPart:
    """Return what a job makes of its arm."""
    return JobPart(job.arm.id, job.arm.label, {job.identities[seed]: seed for seed in job.missing})


def refused_error(refused: Mapping[str, str]) -> UserError:
    """Return the error of runs (identity -> why) that their jobs did not make: none was trained, none counts as run."""
    reasons = list(dict.fromkeys(refused.values()))
    more = f" (and {len(reasons) - 1} other reasons)" if len(reasons) > 1 else ""
    runs = "1 run was refused by its job" if len(refused) == 1 else f"{len(refused)} runs were refused by their jobs"
    return UserError(f"{runs} and not trained: {reasons[0]}{more}; the same command submits what is missing")


def states(tickets: Sequence[Ticket]) -> dict[str, str]:
    """Return ticket id -> the state that its cluster tells, in its words; empty where it does not know the job.

    Raises
    ------
    Failure
        The cluster does not answer.
    """
    state_of = {ticket.id: _process_state(ticket.id) for ticket in tickets if ticket.cluster == "local"}
    asked = [ticket.id for ticket in tickets if ticket.cluster == "slurm"]
    if asked:
        queue = _queue()
        state_of |= {one: queue.get(one, "") for one in asked}
    return state_of


def tidy(spool: JobSpool) -> None:
    """Forget the jobs that ended and whose results were all delivered."""
    tickets = spool.tickets()
    state_of = states(tickets)
    for ticket in tickets:
        if not state_of[ticket.id] and all(map(spool.taken, ticket.identities)):
            spool.forget(ticket)
            spool.ask(ticket.identities)


def _queue() -> dict[str, str]:
    """Return the state of all of this user's jobs that Slurm has in its queue, those of arrays one by one."""
    command = ["squeue", "--noheader", "--array", "--me", "--format=%i|%T"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = " ".join(str(getattr(error, "stderr", "") or error).split())
        raise Failure(f"Slurm does not say how its jobs stand: {said}") from error
    rows = (line.strip().split("|") for line in done.stdout.splitlines() if "|" in line)
    return dict(row[:2] for row in rows)


def _process_state(number: str) -> str:
    try:
        said = Path(f"/proc/{number}/cmdline").read_bytes()
        status = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
    return "RUNNING" if b"submitit" in said and status != "Z" else ""
