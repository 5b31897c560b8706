"""Arms on a Ray cluster: one on this machine, and one of three nodes of which one is killed in mid-sweep."""

import importlib.util
import os
import threading
import time
from pathlib import Path

import pytest

from ablate.cli import main
from ablate.errors import Failure, UserError
from ablate.sweep.launch import launcher_for
from ablate.testing import launcher_checks
from ablate.testing.launcher import _jobs
from ablate.track.target import store_for

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="ray is not installed: pip install 'ablate-studies[ray]'"
    ),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
    pytest.mark.timeout(600),
]
STORE = 80_000_000

TRAIN = """
import os, sys, time
from pathlib import Path

import helper


def train(x=1, seed=0):
    mark = f"{x}-{seed}-{time.time_ns()}"
    (Path(helper.MARKS) / f"begun-{mark}").touch()
    time.sleep(0.5)
    (Path(helper.MARKS) / f"ended-{mark}").touch()
    here = Path.cwd()
    return {
        "value": x * 10 + seed, "word": float((here / "data.txt").read_text()), "mlflow": int("mlflow" in sys.modules),
        "home": int(str(here) == helper.HOME), "runs": int((here / "mlruns").exists()),
    }
"""


@pytest.fixture(scope="module", autouse=True)
def lean():
    before = dict(os.environ)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    yield
    import ray

    ray.shutdown()
    os.environ.clear()
    os.environ.update(before)


def checks():
    if importlib.util.find_spec("ray") is None:
        return [pytest.param(None, id="ray")]
    from ablate.sweep.ray_launcher import Ray

    return [pytest.param(check, id=str(check)) for check in launcher_checks(Ray())]


@pytest.mark.parametrize("check", checks())
def test_ray_on_this_machine_keeps_to_the_contract(check):
    check()


def test_what_no_machine_has_is_told_before_anything_runs():
    jobs = _jobs()
    with pytest.raises(UserError, match="needs 1000 CPUs, 0 GPUs, which no machine of the Ray cluster has"):
        list(launcher_for({"kind": "ray", "cpus": 1000}, 2).train(jobs))
    some = launcher_for({"kind": "ray", "arms": {"activation=tanh": {"gpus": 3}}}, 2)
    assert [some.demand(job).gpus for job in jobs] == [0.0, 3]
    with pytest.raises(UserError, match="activation=tanh needs 1 CPUs, 3 GPUs"):
        list(some.train(jobs))
    with pytest.raises(UserError, match=r"unknown factor in `arms` \(activatoin=tanh\)"):
        list(launcher_for({"kind": "ray", "arms": {"activatoin=tanh": {"gpus": 3}}}, 2).train(jobs))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cpus": 0}, "`cpus` must be a number > 0"),
        ({"memory_gb": "much"}, "`memory_gb` must be a number > 0"),
        ({"minutes": 5}, "launcher ray: unknown setting 'minutes'"),
        ({"arms": {"norm": {"gpus": 1}}}, "must map conditions KEY=VALUE"),
        ({"arms": {"norm=batch": {"gpu": 1}}}, "unknown resource of the arms norm=batch: 'gpu'"),
        ({"leave_out": "data"}, "`leave_out` must be a list of patterns"),
        ({"retries": -1}, "`retries` must be a whole number >= 0"),
    ],
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(UserError) as found:
        launcher_for({"kind": "ray", **settings}, 2)
    assert message in str(found.value)


def test_a_cluster_that_does_not_answer_is_told():
    import ray

    ray.shutdown()
    with pytest.raises(Failure, match=r"no Ray cluster can be used at 127\.0\.0\.1:9: "):
        list(launcher_for({"kind": "ray", "address": "127.0.0.1:9"}, 2).train(_jobs()))


@pytest.fixture
def cluster():
    import ray
    from ray.cluster_utils import Cluster

    ray.shutdown()
    node = {"object_store_memory": STORE, "include_dashboard": False}
    quick = {"health_check_initial_delay_ms": 500, "health_check_period_ms": 500, "health_check_failure_threshold": 3}
    made = Cluster(initialize_head=True, head_node_args={**node, "num_cpus": 0, "_system_config": quick})
    workers = [made.add_node(object_store_memory=STORE, num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    yield made, workers
    ray.shutdown()
    made.shutdown()


def test_a_killed_worker_loses_nothing_and_nothing_is_there_twice(cluster, tmp_path, monkeypatch, capsys):
    made, workers = cluster
    monkeypatch.chdir(tmp_path)
    marks = tmp_path / "marks"
    marks.mkdir()
    Path("train.py").write_text(TRAIN, encoding="utf-8")
    Path("helper.py").write_text(f"MARKS = {str(marks)!r}\nHOME = {str(tmp_path)!r}\n", encoding="utf-8")
    Path("data.txt").write_text("7", encoding="utf-8")
    Path(".gitignore").write_text("data.txt\n", encoding="utf-8")

    def count(what):
        return len(list(marks.glob(f"{what}-*")))

    def kill():
        while count("begun") < 6 or count("begun") - count("ended") < 2:  # both workers are in the middle of a run
            time.sleep(0.02)
        made.remove_node(workers[0], allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    names = ("value", "word", "mlflow", "home", "runs")
    metrics = [part for name in names for part in ("--metric", f"{name}:higher")]
    launcher = f"{{kind: ray, address: '{made.address}', leave_out: [marks]}}"
    code = main(["run", "train.py:train", "x=1,2,3,4,5", "seeds=4", *metrics, "--launcher", launcher, "--no-report"])
    killer.join()
    out, err = capsys.readouterr()
    assert code == 0, err
    assert "20 runs in" in out
    store = store_for(tmp_path)
    (line,) = store.studies()
    assert line.done == 20
    seen = {}
    for one in store.logged(line.name):
        place = (int(one.run.arm.rpartition("=")[2]) if "=" in one.run.arm else 1, one.run.seed)
        assert place not in seen
        seen[place] = one.record.result.metrics
    assert {(x, seed): found["value"] for (x, seed), found in seen.items()} == {
        (x, seed): 10 * x + seed for x in range(1, 6) for seed in range(4)
    }
    for found in seen.values():  # the project went to the machine, runs and MLflow stayed
        assert (found["word"], found["mlflow"], found["home"], found["runs"]) == (7, 0, 0, 0)
    assert count("begun") > 20  # what the killed worker had begun was begun again
    assert (
        main(["run", "train.py:train", "x=1,2,3,4,5", "seeds=4", *metrics, "--launcher", launcher, "--no-report"]) == 0
    )
    assert "nothing to do" in capsys.readouterr().out
