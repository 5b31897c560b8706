"""Arms in jobs that go on by themselves: submitit's local executor, and a real Slurm where it can be started."""

import importlib.util
import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.cli import main
from ablate.errors import Failure, Submitted, UserError
from ablate.sweep.demand import Demand, most_of
from ablate.sweep.job_states import job_states
from ablate.sweep.launch import launcher_for
from ablate.sweep.submitted import JobPart, JobSpool, Pack, Ticket, states
from ablate.testing import launcher_checks
from ablate.testing.launcher import _jobs
from ablate.track.target import store_for

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("submitit") is None,
        reason="submitit is not installed: pip install 'ablate-studies[slurm]'",
    ),
    pytest.mark.timeout(900),
]

TRAIN = """
import os, sys, time
from pathlib import Path


def train(x=1, seed=0):
    with open("marks.txt", "a") as file:
        file.write(f"{x} {seed}\\n")
    if Path(f"die-{x}").exists():
        os.kill(os.getppid(), 9)  # the job's own process, beside which a function runs
    while Path(f"hold-{x}").exists():
        time.sleep(0.05)
    return {"value": x * 10 + seed, "mlflow": int("mlflow" in sys.modules)}
"""
RUN = ["run", "train.py:train", "x=1,2,3", "seeds=2", "--metric", "value:higher", "--metric", "mlflow:lower"]
LOCAL = "{kind: submitit, cluster: local, poll: 0.1}"


def local(folder, **settings):
    return launcher_for({"kind": "submitit", "cluster": "local", "folder": str(folder), "poll": 0.1, **settings}, 2)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(TRAIN, encoding="utf-8")
    yield tmp_path
    for ticket in JobSpool(tmp_path / "mlruns" / "jobs").tickets():
        if states([ticket])[ticket.id]:
            os.kill(int(ticket.id), signal.SIGTERM)


def checks():
    if importlib.util.find_spec("submitit") is None:
        return [pytest.param(0, id="submitit")]
    made = launcher_checks(launcher_for({"kind": "submitit", "cluster": "local"}, 2))
    return [pytest.param(number, id=str(check)) for number, check in enumerate(made)]


@pytest.mark.parametrize("number", checks())
def test_processes_that_go_on_alone_keep_to_the_contract(number, tmp_path):
    launcher_checks(local(tmp_path))[number]()


def wait_for(condition, what, seconds=400.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited for {what}"
        time.sleep(0.1)


def logged(root):
    store = store_for(root)
    (line,) = store.studies()
    runs = store.logged(line.name)
    places = [(run.run.arm, run.run.seed) for run in runs]
    assert len(set(places)) == len(places)
    return runs


def marks():
    return [tuple(line.split()[:2]) for line in Path("marks.txt").read_text().splitlines()]


def test_a_study_is_left_to_its_jobs_and_taken_in_by_later_commands(folder, capsys):
    held = Path("hold-3")
    held.touch()
    command = [*RUN, "--jobs", "2", "--launcher", LOCAL, "--no-report"]
    assert main([*command, "--detach"]) == 0
    assert "for 6 runs under way (local: " in capsys.readouterr().err
    spool = JobSpool(folder / "mlruns" / "jobs")
    wait_for(lambda: len(list((spool.folder / "results").glob("*.pkl"))) == 4, "the runs that nothing holds")
    assert main(["status", "adhoc", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "submitted"
    assert sum(job["there"] for job in told["jobs"]) == 4
    assert all(Path(job["log"]).is_file() for job in told["jobs"])
    assert main(["status", "adhoc"]) == 0
    assert "take in what is there: ablate collect adhoc" in capsys.readouterr().out

    assert main(["collect", "adhoc"]) == 0  # what is there by now
    assert "1 job for 2 runs under way" in capsys.readouterr().err
    assert len(logged(folder)) == 4
    held.unlink()
    assert main(command) == 0  # the same command waits for the rest
    assert len(logged(folder)) == 6
    assert {(run.run.arm, run.record.result.metrics["mlflow"]) for run in logged(folder)} == {
        ("baseline", 0.0), ("x=2", 0.0), ("x=3", 0.0)
    }  # fmt: skip
    assert sorted(marks()) == [(x, seed) for x in "123" for seed in "01"]  # none was made twice
    capsys.readouterr()
    assert main(["collect", "adhoc"]) == 0
    assert "no submitted job waits" in capsys.readouterr().out
    assert list((spool.folder / "results").iterdir()) == []


def test_a_killed_job_is_told_with_its_log_and_the_same_command_goes_on(folder, capsys):
    Path("hold-3").touch()
    command = [*RUN, "--jobs", "1", "--launcher", "{kind: submitit, cluster: local, poll: 0.1, arms_per_job: 3}"]
    assert main([*command, "--no-report", "--detach"]) == 0
    wait_for(lambda: Path("marks.txt").exists() and ("3", "0") in marks(), "the arm that is held")
    (ticket,) = JobSpool(folder / "mlruns" / "jobs").tickets()
    os.kill(int(ticket.id), signal.SIGKILL)
    wait_for(lambda: not states([ticket])[ticket.id], "the end of the job")
    assert [job.state for job in job_states([part.arm_id for part in ticket.parts])] == ["ended"]
    Path("hold-3").unlink()
    assert main([*command, "--no-report"]) == 0, capsys.readouterr().err
    assert len(logged(folder)) == 6
    assert marks().count(("1", "0")) == marks().count(("2", "1")) == 1  # finished before the kill, and kept


def test_a_job_that_dies_while_it_is_waited_for_ends_the_command_with_its_log(folder, capsys):
    Path("die-2").touch()
    command = [*RUN, "--jobs", "2", "--launcher", LOCAL, "--no-report"]
    assert main(command) == 1
    err = capsys.readouterr().err
    assert "1 job ended without all results: local " in err
    assert "(x=2), log: " in err
    assert len(logged(folder)) == 2
    Path("die-2").unlink()
    assert main(command) == 0
    assert len(logged(folder)) == 6


def test_what_was_refused_in_a_job_is_told_in_its_words(folder):
    jobs = _jobs()
    launcher = local(folder / "jobs", detach=True)
    (folder / "own.py").write_text("from ablate.nn import ReLU\n")
    with pytest.raises(Submitted, match="2 jobs for 6 runs under way"):
        list(launcher.train(jobs))
    spool = JobSpool(folder / "jobs")
    wait_for(lambda: all(spool.has(i) for job in jobs for i in job.identities.values()), "all results")
    ours = list(jobs[0].identities.values())
    for identity in ours[:2]:
        (spool.folder / "results" / f"{identity}.pkl").unlink()
        spool.refuse(identity, "another ablate")
    came = launcher.train(jobs)
    assert next(came)[0] is jobs[1]  # what is there is delivered first
    with pytest.raises(UserError, match="2 runs were refused by their jobs and not trained: another ablate; "):
        next(came)
    with pytest.raises(Submitted, match=r"1 job for 2 runs under way \(local"):  # told once, then submitted again
        list(launcher.train(jobs[:1]))


def test_a_job_with_another_ablate_refuses_all_of_its_runs_at_once(tmp_path):
    spool, (job, _) = JobSpool(tmp_path), _jobs()
    spool.make()
    part = JobPart("a", "a", {job.identities[seed]: seed for seed in job.missing})
    Pack(tmp_path, [(b"", part)], at_once=1, planned="another")()
    assert list(spool.refusals(part.runs)) == list(part.runs)
    assert not any(map(spool.has, part.runs))
    spool.withdraw(part.runs)
    assert spool.refusals(part.runs) == {}


def test_jobs_are_found_in_the_folder_that_their_launcher_was_told(folder, capsys):
    Path("hold-1").touch()
    launcher = "{kind: submitit, cluster: local, poll: 0.1, folder: elsewhere/jobs}"
    assert main([*RUN, "--jobs", "1", "--launcher", launcher, "--no-report", "--detach"]) == 0
    capsys.readouterr()
    assert main(["status", "adhoc", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["jobs"]) == 1
    Path("hold-1").unlink()
    spool = JobSpool(folder / "elsewhere" / "jobs")
    wait_for(lambda: len(list((spool.folder / "results").glob("*.pkl"))) == 6, "all results")
    assert main(["collect", "adhoc"]) == 0
    assert len(logged(folder)) == 6


def test_no_more_processes_of_this_machine_run_than_are_asked_for(tmp_path):
    jobs = _jobs()
    launcher = replace(local(tmp_path), workers=1)
    groups = launcher.grouped(jobs, together=True)
    assert [len(of) for _, of in groups] == [len(jobs)]
    assert most_of([Demand(cpus=2.0), Demand(gpus=1.0, minutes=5.0)]) == Demand(cpus=2.0, gpus=1.0, minutes=5.0)
    assert [len(launcher._packs(of)) for _, of in groups] == [1]
    assert launcher._processes(1) == 0


def test_a_second_command_waits_for_a_free_process(folder, capsys):
    Path("hold-1").touch()
    more = [*RUN[3:], "--jobs", "1", "--launcher", LOCAL, "--no-report", "--detach"]
    assert main([*RUN[:2], "x=1,2", *more]) == 0
    assert main([*RUN[:2], "x=1,2,3", *more]) == 0
    assert "1 job for 4 runs under way, 2 runs not submitted yet" in capsys.readouterr().err
    assert len(JobSpool(folder / "mlruns" / "jobs").tickets()) == 1


@pytest.mark.parametrize("action", ["plan", "run"])
def test_a_condition_that_no_arm_meets_is_told_before_anything_is_run(folder, capsys, action):
    launcher = "{kind: submitit, cluster: local, arms: {program.params.x\\=33: {cpus: 2}}}"
    assert main([action, *RUN[1:], "--launcher", launcher]) == 2
    assert "unknown level of program.params.x in `arms`" in (err := capsys.readouterr().err)
    assert "'33': expected one of 1, 2, 3; nearest match: 3" in err
    assert not Path("marks.txt").exists()


def test_arms_are_dealt_to_jobs_so_that_they_take_as_long(tmp_path):
    launcher = launcher_for({"kind": "submitit", "cluster": "local", "arms_per_job": 3}, 1)
    assert [len(pack) for pack in launcher._packs(_jobs() * 2)] == [4]  # one process at a time
    assert launcher.slots() == 1
    assert local(tmp_path, split=True).most(_jobs()) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cluster": "slrum"}, "unknown cluster 'slrum': expected one of local, slurm; nearest match: slurm"),
        ({"minutes": 0}, "`minutes` must be a number > 0"),
        ({"arms_per_job": 0}, "`arms_per_job` must be a whole number >= 1"),
        ({"detach": "yes"}, "`detach` must be true or false"),
        ({"setup": "module load"}, "`setup` must be a list of shell commands"),
        ({"partitoin": "gpu"}, "launcher submitit: unknown setting 'partitoin'"),
        ({"poll": 0}, "`poll` must be a number of seconds > 0"),
    ],
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(UserError) as found:
        launcher_for({"kind": "submitit", "cluster": "local", **settings}, 2)
    assert message in str(found.value)


def test_detach_without_such_a_launcher_is_told(folder, capsys):
    assert main([*RUN, "--detach"]) == 2
    assert "`--detach` needs a launcher whose jobs continue without this command" in capsys.readouterr().err
    assert main([*RUN, "--detach", "--launcher", "loky"]) == 2
    assert "launcher loky: unknown setting 'detach'" in capsys.readouterr().err


def test_without_slurm_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="finds no Slurm on this machine"):
        list(launcher_for({"kind": "submitit", "folder": str(tmp_path)}, 2).train(_jobs()))
    ticket = Ticket("1", "slurm", "", "", (), {})
    with pytest.raises(Failure, match="Slurm does not say how its jobs stand"):
        states([ticket])


@pytest.fixture
def on_slurm(slurm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    Path("train.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path


def on_queue(**settings):
    return json.dumps({"kind": "submitit", "poll": 0.5, "minutes": 20, **settings}).replace('"', "")


def test_a_preempted_job_goes_on_and_a_study_is_left_to_slurm(on_slurm, capsys):
    Path("hold-3").touch()
    command = [*RUN, "--jobs", "1", "--no-report", "--launcher", on_queue(arms_per_job=3, partition="main")]
    assert main([*command, "--detach"]) == 0, capsys.readouterr().err
    assert "1 job for 6 runs under way (slurm: " in capsys.readouterr().err
    (ticket,) = JobSpool(on_slurm / "mlruns" / "jobs").tickets()
    wait_for(lambda: Path("marks.txt").exists() and ("3", "0") in marks(), "the arm that is held")
    assert main(["status", "adhoc"]) == 0
    told = capsys.readouterr().out
    assert f"job slurm {ticket.id}: RUNNING; 4 of 6 runs wait" in told
    assert Path(ticket.log).is_file()
    subprocess.run(["scancel", "--signal=USR2", ticket.id], check=True)  # what Slurm sends before it preempts
    wait_for(lambda: states([ticket])[ticket.id] == "PENDING", "the job to be requeued")
    Path("hold-3").unlink()
    subprocess.run(["scontrol", "update", f"jobid={ticket.id}", "starttime=now"], check=True)  # Slurm waits 2 minutes
    assert main(command) == 0, capsys.readouterr().err
    assert len(logged(on_slurm)) == 6
    assert {run.record.result.metrics["mlflow"] for run in logged(on_slurm)} == {0.0}
    assert all(marks().count((x, seed)) == 1 for x in "12" for seed in "01")  # kept over the pre-emption
    assert marks().count(("3", "0")) == 2


def test_a_cancelled_job_is_submitted_again_and_an_array_has_a_job_per_arm(on_slurm, capsys):
    Path("hold-2").touch()
    command = [*RUN, "--jobs", "2", "--no-report", "--launcher", on_queue()]
    assert main([*command, "--detach"]) == 0, capsys.readouterr().err
    tickets = JobSpool(on_slurm / "mlruns" / "jobs").tickets()
    assert sorted(ticket.id.partition("_")[2] for ticket in tickets) == ["0", "1", "2"]
    (held,) = (ticket for ticket in tickets if ticket.parts[0].label == "x=2")
    wait_for(lambda: Path("marks.txt").exists() and ("2", "0") in marks(), "the arm that is held")
    subprocess.run(["scancel", held.id], check=True)
    wait_for(lambda: not any(states(tickets).values()), "the end of all jobs")
    Path("hold-2").unlink()
    assert main(["collect", "adhoc"]) == 0, capsys.readouterr().err  # what is there; the lost arm is submitted again
    assert "1 job for 2 runs under way" in capsys.readouterr().err
    assert len(logged(on_slurm)) == 4
    deadline = time.monotonic() + 600
    while len(logged(on_slurm)) < 6 and time.monotonic() < deadline:
        assert main(["collect", "adhoc"]) == 0
        time.sleep(1)
    assert len(logged(on_slurm)) == 6
    assert marks().count(("1", "0")) == marks().count(("3", "1")) == 1


def test_what_slurm_does_not_take_is_told(on_slurm):
    wrong = {"slurm": {"acount": "lab"}}
    with pytest.raises(UserError, match="acount"):
        list(launcher_for({"kind": "submitit", **wrong}, 2).train(_jobs()))
