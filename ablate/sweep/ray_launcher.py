"""Arms trained on a Ray cluster: a running one, by its address, or one that is started on this machine.

Ray (https://docs.ray.io) is called directly. Its workers write nothing: results come back as plain arrays to the one
process that writes, so that they need neither MLflow nor, unless they share a disk with it, any file of the project but
those that Ray takes to them.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from ablate.errors import AblateError, Failure, UserError, must
from ablate.programs.uses import used_place
from ablate.registry import register
from ablate.resources import package_folder
from ablate.sweep.demand import Demand, OnCluster
from ablate.sweep.launch import Trained, pack, worker_count
from ablate.sweep.plan import Job
from ablate.sweep.ray_project import LEFT_OUT, in_folder, stamp, train_there
from ablate.sweep.same_code import code_of_ablate
from ablate.train.program import RunResult

STORE_BYTES = 100_000_000
"""Object store of a cluster that is started here: results are small, and Ray would take a third of the memory."""

PATIENCE = 20.0
"""Seconds after which a cluster that gave back nothing is asked whether it still has a machine for what is left."""


@register("launcher", "ray")
@dataclass(frozen=True)
class Ray(OnCluster):
    """Trains on a Ray cluster; a lost worker's arms are trained again by another.

    Attributes
    ----------
    address
        Of a running cluster: `auto`, `HOST:6379` from one of its machines, `ray://HOST:10001` from outside. Empty: one
        is started on this machine, and ends with this process.
    shared_disk
        The machines see the current folder under the same path. If not, Ray takes it there, and this ablate.
    leave_out
        Patterns, as in `.gitignore`, of what in the current folder is not taken there.
    retries
        How often an arm is trained again when its worker or its machine was lost.
    grows
        The cluster starts machines on demand: what no machine has room for now is waited for.

    Raises
    ------
    UserError
        Ray is not installed, or a setting is out of its range.
    """

    package: ClassVar[str] = "ray"
    extra: ClassVar[str] = "ray"

    address: str = ""
    shared_disk: bool = False
    leave_out: Sequence[str] = ()
    retries: int = 3
    grows: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.address, str):
            raise must("address", "be auto, HOST:PORT or ray://HOST:PORT", self.address)
        if isinstance(self.leave_out, str) or not all(isinstance(one, str) for one in self.leave_out):
            raise must("leave_out", "be a list of patterns", self.leave_out)
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise must("retries", "be a whole number >= 0", self.retries)

    def slots(self) -> int:
        """Return for how many arms the cluster has room at a time, no more than `workers`."""
        usual = Demand(**{name: getattr(self, name) for name in self.asks})
        return max(min(self.workers, sum(_fits(usual, node) for node in _nodes(self._connected()))), 1)

    def train(self, jobs: Sequence[Job], *, uses: Sequence[str] = ()) -> Trained:
        """Yield every job with its results, as they come in.

        Raises
        ------
        UserError
            No machine of the cluster has what an arm needs; the machines have another ablate; a file that arms need is
            not in the current folder, which is all that is taken to them.
        Failure
            The cluster cannot be reached, or lost the last machine that could train what is left.
        """
        if not jobs:
            return
        self.check_conditions(jobs)
        ray = self._connected()
        for job in jobs:
            self._check_room(ray, job)
        used = {in_folder(file): used_place(file).name for file in uses} if self._ships() else None
        files = uses if used is None else list(used)
        send = ray.remote(train_there)
        todo, running = deque(jobs), dict[Any, Job]()
        try:
            while todo or running:
                while todo and len(running) < self.workers:
                    job = todo.popleft()
                    sent = pack(job, files), code_of_ablate(), used
                    running[send.options(**self._options(job)).remote(*sent)] = job
                done, _ = ray.wait(list(running), num_returns=1, timeout=PATIENCE)
                for one in done:
                    job = running.pop(one)
                    yield job, self._result(ray, one, job)
                if not done:
                    for job in running.values():
                        self._check_room(ray, job, lost=True)
        finally:
            for one in running:
                with contextlib.suppress(Exception):  # the cluster may be gone
                    ray.cancel(one, force=True)

    def _options(self, job: Job) -> dict[str, Any]:
        demand = self.demand(job)
        options: dict[str, Any] = {"num_cpus": demand.cpus, "num_gpus": demand.gpus, "name": job.arm.label}
        if demand.memory_gb is not None:
            options["memory"] = int(demand.memory_gb * 2**30)
        return {**options, "max_retries": self.retries}

    def _result(self, ray: Any, one: Any, job: Job) -> list[RunResult]:
        try:
            results: list[RunResult] = ray.get(one)
        except ray.exceptions.RayTaskError as error:  # what is wrong with an arm is in its results; this is not
            cause = error.cause
            if isinstance(cause, AblateError):
                raise type(cause)(str(cause)) from None
            raise Failure(f"a worker could not train {job.arm.label}: {type(cause).__name__}: {cause}") from error
        except ray.exceptions.RuntimeEnvSetupError as error:
            raise Failure(f"Ray could not take the project to its workers: {_one_line(error)}") from error
        except ray.exceptions.RayError as error:
            raise Failure(
                f"Ray lost the workers of {job.arm.label} {self.retries + 1} times ({type(error).__name__}; most often "
                "out of memory: `memory_gb` asks for more); finished runs are kept, the same command goes on with what "
                "is missing"
            ) from error
        return results

    def _check_room(self, ray: Any, job: Job, *, lost: bool = False) -> None:
        demand, nodes = self.demand(job), _nodes(ray)
        if self.grows or any(_fits(demand, node) for node in nodes):
            return
        needs = f"{demand.cpus:g} CPUs, {demand.gpus:g} GPUs"
        needs += f", {demand.memory_gb:g} GiB" if demand.memory_gb is not None else ""
        there = "; ".join(sorted({_told(node) for node in nodes})) or "none"
        said = f"{job.arm.label} needs {needs}, which no machine of the Ray cluster has (machines: {there})"
        if lost:
            raise Failure(f"{said} any more; finished runs are kept, the same command goes on with what is missing")
        raise UserError(f"{said}; ask for less, or let it start machines on demand (`grows: true`)")

    def _ships(self) -> bool:
        return bool(self.address) and not self.shared_disk

    def _connected(self) -> Any:
        """Return Ray, connected to the cluster, to which it took the project as it is now."""
        ray = importlib.import_module("ray")
        wanted = (self.address, *((Path.cwd(), stamp(Path.cwd()), *self.leave_out) if self._ships() else ()))
        if ray.is_initialized():
            if _connection.get("to") == wanted:
                return ray
            if not _connection:  # whoever uses Ray in this process has said where
                if self._ships():
                    raise UserError(
                        "this process is connected to Ray already, so that the project cannot be taken along: end "
                        "that with ray.shutdown(), or say that they have it (`shared_disk: true`)"
                    )
                return ray
            ray.shutdown()
        _check_answers(self.address)
        os.environ.setdefault("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "1")  # data that git ignores is data all the same
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        how: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if not self.address:
            here = {"num_cpus": worker_count(None), "object_store_memory": STORE_BYTES, "include_dashboard": False}
            how = {**how, **here, "address": "local"}
        else:
            how["address"] = self.address
        if self._ships():
            how["runtime_env"] = {
                "working_dir": str(Path.cwd()),
                "excludes": [*LEFT_OUT, *self.leave_out],
                "py_modules": [str(package_folder())],
            }
        with _own_signals():
            try:
                ray.init(**how)
            except (ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError) as error:
                where = f"no Ray cluster can be used at {self.address}" if self.address else "Ray cannot be started"
                raise Failure(f"{where}: {_one_line(error)}{_about_token(self.address)}") from error
        _connection.update(to=wanted)
        return ray


_connection: dict[str, Any] = {}  # what this process was connected to by us


def _nodes(ray: Any) -> list[Mapping[str, float]]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _about_token(address: str) -> str:
    """Say what a cluster that asks for a token needs here: Ray's own error does not where `RAY_AUTH_MODE` is unset."""
    kept = any(name in os.environ for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    kept = kept or (Path.home() / ".ray" / "auth_token").exists()
    if not address or not kept or "RAY_AUTH_MODE" in os.environ:
        return ""
    return "; if the cluster asks for a token: export RAY_AUTH_MODE=token (docs/ray.md)"


def _check_answers(address: str) -> None:
    """Refuse an address at which nothing listens: Ray would try for ten minutes; raises `Failure`."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except ValueError:
        raise must("address", "be auto, HOST:PORT or ray://HOST:PORT", address) from None
    except OSError as error:
        raise Failure(f"no Ray cluster can be used at {address}: {error.strerror or error}") from error


def _fits(demand: Demand, node: Mapping[str, float]) -> int:
    """Return how many arms with this demand a machine has room for."""
    asked = {"CPU": demand.cpus, "GPU": demand.gpus, "memory": (demand.memory_gb or 0.0) * 2**30}
    return min(int(node.get(name, 0.0) / amount + 1e-9) for name, amount in asked.items() if amount)


def _told(node: Mapping[str, float]) -> str:
    memory = node.get("memory", 0.0) / 2**30
    return f"{node.get('CPU', 0.0):g} CPUs, {node.get('GPU', 0.0):g} GPUs, {memory:.1f} GiB"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:400]


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Keep our answer to SIGTERM, which Ray replaces: it ends a sweep as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)
