"""A Slurm of one node on this machine, from Debian's packages (slurmctld, slurmd, slurm-client, munge), for tests.

`python tests/services/slurm_node.py` starts one in a folder that goes with it, and prints the variable by which its
commands find it; Ctrl-C ends it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NEEDED = ("slurmctld", "slurmd", "sbatch", "srun", "squeue", "sinfo", "munged")
START_SECONDS = 90.0

_CONF = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=2,batch_sched_delay=0
ReturnToService=2
KillWait=5
MinJobAge=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=1000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=60 State=UP
PartitionName=long Nodes={host} MaxTime=600 State=UP
PartitionName=gpu Nodes={host} MaxTime=600 State=UP
"""


def why_not() -> str:
    """Return why a Slurm cannot be started here; empty where it can be tried."""
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        return f"no Slurm here ({', '.join(missing)} missing): apt-get install slurmctld slurmd slurm-client munge"
    return "" if os.geteuid() == 0 else "Slurm's daemons are started as root alone"


class SlurmServer:
    """One controller and one node; `environment` says to Slurm's commands where they are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"SLURM_CONF": str(folder / "slurm.conf")}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> SlurmServer:
        """Start it, and wait until its node takes jobs; raises `RuntimeError` with what its logs say."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        ports = [_free_port(), _free_port()]
        host = platform.node().partition(".")[0]
        cpus = len(os.sched_getaffinity(0))
        conf = _CONF.format(host=host, folder=self.folder, ports=ports, cpus=cpus)
        (self.folder / "slurm.conf").write_text(conf, encoding="utf-8")
        (self.folder / "gres.conf").write_text("Name=gpu File=/dev/null\n", encoding="utf-8")  # a card in name only
        munged = [
            "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
            f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log",
            f"--seed-file={self.folder}/munge.seed",
        ]  # fmt: skip
        self._begin(munged)
        self._wait((self.folder / "munge.socket").exists, "munged")
        self._begin(["slurmctld", "-D"])
        self._begin(["slurmd", "-D", "-N", host])
        self._wait(self._takes_jobs, "the node")
        return self

    def stop(self) -> None:
        """End it, and the jobs that it runs."""
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(["scancel", "--me"], env=self._environment(), timeout=30, check=False, capture_output=True)
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _begin(self, command: list[str]) -> None:
        log = (self.folder / f"{command[0]}.out").open("wb")
        self._processes.append(
            subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        )
        log.close()

    def _wait(self, ready, what: str) -> None:  # type: ignore[no-untyped-def]
        end = time.monotonic() + START_SECONDS
        while not ready():
            if time.monotonic() > end or any(process.poll() is not None for process in self._processes):
                logs = {path.name: path.read_text(errors="replace")[-300:] for path in self.folder.glob("*.[lo]*[gt]")}
                raise RuntimeError(f"{what} of Slurm did not come up: {logs}")
            time.sleep(0.3)

    def _takes_jobs(self) -> bool:
        command = ["sinfo", "--noheader", "--format=%T"]
        done = subprocess.run(command, env=self._environment(), capture_output=True, text=True, timeout=60, check=False)
        return done.stdout.strip() in ("idle", "mixed", "allocated")


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if reason := why_not():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as made:
        server = SlurmServer(Path(made))
        try:
            server.start()
            print(f"export SLURM_CONF={server.environment['SLURM_CONF']}", flush=True)
            server._processes[-1].wait()
        except KeyboardInterrupt:
            pass
        finally:
            server.stop()
