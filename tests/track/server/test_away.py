"""A server that is away, slow, busy or lies: training goes on, and every run is there once in the end."""

import json
import logging
import signal
import threading

import pytest
from servers import MlflowServer, Proxy

from ablate.cli import main
from ablate.errors import Failure
from ablate.testing.store_records import METRIC, metric_value, record_of, study_of
from ablate.track.local import LocalStore
from ablate.track.server.courier import Courier
from ablate.track.server.spool import Spool, spools
from ablate.track.server.store import ServerStore
from ablate.words.document import document_of
from ablate.work.events import RunFinished
from ablate.work.judging import judge_tracked

from ..small_study import run_small

REQUESTS = 24  # more than a delivery of one seed is made of


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("ablate.track.server.session._PATIENCE", (0.0,))
    monkeypatch.setattr("ablate.track.server.session._PAUSES", (0.0,))


@pytest.fixture
def said(caplog):
    """What the package warns of; the command line shows it, and keeps it from going on to others."""
    log = logging.getLogger("ablate")
    if not log.propagate:
        log.addHandler(caplog.handler)
    yield lambda: [record.getMessage() for record in caplog.records if record.name == "ablate.track"]
    log.removeHandler(caplog.handler)


def check_whole(store, study, runs_of):
    """Every run of a study is there, and there once."""
    names = [run.info.run_name for run in runs_of(study.name, "seed")]
    assert names == sorted({f"{arm.label} · seed {seed}" for arm in study.arms for seed in study.seeds})
    assert len(runs_of(study.name, "arm")) == len(study.arms)
    tables, arrays = store.read(study.name), store.arrays(study.name)
    for arm in study.arms:
        own = tables.seeds[tables.seeds["arm_id"] == arm.id].set_index("seed")
        assert {s: own[METRIC][s] for s in study.seeds} == {s: metric_value(arm, s) for s in study.seeds}
        assert sorted(arrays[arm.id]) == sorted(study.seeds)
    assert all(len(run.inputs.dataset_inputs) == 1 for run in runs_of(study.name, "seed"))
    curves = tables.curves.groupby(["arm_id", "seed"])["step"].apply(list)
    assert all(steps == [0, 10] for steps in curves)
    assert len(curves) == len(study.arms) * len(study.seeds)


def test_a_server_that_is_killed_in_the_middle_of_a_sweep_gets_everything_when_it_is_back(tmp_path, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with MlflowServer(tmp_path / "server") as server:
        store = ServerStore(server.uri, tmp_path)

        def tell(event):
            if isinstance(event, RunFinished) and event.seed == 0 and "tanh" not in event.arm:
                server.kill()

        with pytest.raises(Failure, match="6 finished runs wait in"):
            run_small(store, tmp_path, tell)  # all of it is trained, and nothing is judged
        (spool,) = spools(tmp_path)
        assert spool.results() == 6
        told = said()
        assert len(told) == 2, "said when it begins and at the end, and not for every arm"
        assert told[-1] == (
            f"no server answers at {server.uri} (connection refused): check the address, or start the server there; "
            f"6 finished runs wait in {spool.folder}, nothing is lost: `ablate sync` or the next command on this "
            "server delivers it"
        )
        with pytest.raises(Failure, match="6 finished runs wait in"):
            store.read("s")
        assert main(["sync"]) == 1
        assert spool.results() == 6
        server.start()
        assert main(["sync"]) == 0
        assert not spool.waiting()
        assert main(["sync"]) == 0
        assert store.studies()[0].status == "FINISHED"
        run_small(store, tmp_path, lambda event: pytest.fail("ran again") if isinstance(event, RunFinished) else None)
        local = LocalStore(tmp_path / "local")
        run_small(local, tmp_path)
        documents = [[document_of(v) for v in judge_tracked("s", None, one).verdicts] for one in (local, store)]
        assert documents[0] == documents[1]


def test_a_server_that_comes_back_within_a_sweep_gets_everything_in_it(tmp_path, said, runs_of, server):
    study = study_of("norms", "k1", seeds=(0, 1, 2))
    with Proxy(server.uri) as proxy:
        store = ServerStore(proxy.uri, tmp_path)
        session = store.open(study)
        session.log_arm(study.arms[0], [record_of(study.arms[0], 0)])
        proxy.wish = lambda *_: "503"
        session.log_arm(study.arms[0], [record_of(study.arms[0], 1)])
        session.note({"event": "look"})
        assert len(session.finished()) == 2
        assert [event["event"] for event in session.history()] == ["look"]
        proxy.wish = lambda *_: "pass"
        session.log_arm(study.arms[0], [record_of(study.arms[0], 2)])
        assert len(store.finished("norms", "k1")) == 3
        session.log_arm(study.arms[1], [record_of(study.arms[1], seed) for seed in study.seeds])
        session.close("FINISHED")
        check_whole(store, study, runs_of)
        assert [event["event"] for event in store.read("norms").study["history"]] == ["look"]
    assert said()[-1] == f"{store.where} answers again, and has everything"


@pytest.mark.parametrize("trouble", ["500", "429", "hang", "stopped"])
def test_trouble_of_every_kind_stops_no_training(trouble, tmp_path, server, runs_of, monkeypatch, said):  # noqa: PLR0917
    study = study_of("norms", "k1", seeds=(0, 1))
    with Proxy(server.uri) as proxy:
        store = ServerStore(proxy.uri, tmp_path)
        session = store.open(study)
        if trouble == "stopped":
            server.signal(signal.SIGSTOP)
        else:
            proxy.wish = lambda *_: trouble
        try:
            with monkeypatch.context() as patch:
                if trouble in ("hang", "stopped"):  # an answer that comes is waited for
                    patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
                for arm in study.arms:
                    session.log_arm(arm, [record_of(arm, seed) for seed in study.seeds])
                session.close("FINISHED")
        finally:
            server.signal(signal.SIGCONT)
        assert Spool(tmp_path, proxy.uri).results() == 4
        named = {"500": "answered 500", "429": "answered 429", "hang": "within 1 s", "stopped": "within 1 s"}
        assert named[trouble] in said()[0]
        proxy.wish = lambda *_: "pass"
        assert store.deliver() == 4
        check_whole(store, study, runs_of)


def test_requests_that_meet_in_the_servers_database_are_sent_again(tmp_path, server, runs_of, said):
    """MLflow's server adds a row that another request has just added, and calls that a bad request."""
    study = study_of("norms", "k1", seeds=(0, 1))
    left = threading.Semaphore(3)

    def wish(number, method, path):
        if path.endswith("log-inputs") and left.acquire(blocking=False):
            return "met"
        return "pass"

    with Proxy(server.uri) as proxy:
        store = ServerStore(proxy.uri, tmp_path)
        session = store.open(study)
        proxy.wish = lambda *_: "503"
        session.log_arm(study.arms[0], [record_of(study.arms[0], seed) for seed in study.seeds])
        proxy.wish = wish
        assert store.deliver() == 2
        session.log_arm(study.arms[1], [record_of(study.arms[1], seed) for seed in study.seeds])
        session.close("FINISHED")
        assert not left.acquire(blocking=False), "all three were met"
        check_whole(store, study, runs_of)
        assert [line for line in said() if "refused" in line] == []


@pytest.mark.slow
@pytest.mark.timeout(1200)  # 20 s where nothing else runs
@pytest.mark.parametrize("wish", ["lost", "500"])
def test_wherever_a_delivery_breaks_off_every_run_is_there_once(wish, tmp_path, server, look, runs_of):
    """At every request in turn, each in an arm of its own: it was not done, or it was and the answer was lost."""
    study = study_of("norms", "k1", arms=("none", *(f"norm-{number:02}-" for number in range(REQUESTS))), seeds=(0, 1))
    with Proxy(server.uri) as proxy:
        store = ServerStore(proxy.uri, tmp_path)
        session = store.open(study)
        reached = []
        for number, arm in enumerate(study.arms):
            session.log_arm(arm, [record_of(arm, 0)])  # delivers what waits of the arm before, too
            begun = len(proxy.seen)
            proxy.wish = lambda n, *_, at=begun + number: wish if n == at else "pass"
            session.log_arm(arm, [record_of(arm, 1)])
            reached.append(len(proxy.seen) > begun + number)
            proxy.wish = lambda *_: "pass"
        session.close("FINISHED")
        assert sum(reached) > 15, "a delivery of one seed is made of more requests"
        assert not reached[-1], f"a delivery of one seed is made of {REQUESTS} requests at least: try more"
        check_whole(store, study, runs_of)
        for kind in ("arm", "seed", "study"):
            assert {run.info.status for run in runs_of(study.name, kind)} == {"FINISHED"}
        for arm in study.arms:
            (grown,) = [run for run in runs_of(study.name, "arm") if run.info.run_name == arm.label]
            assert [p.value for p in look.get_metric_history(grown.info.run_id, METRIC)] == [metric_value(arm, 0.5)]


def test_a_driver_that_is_killed_while_it_delivers_leaves_what_the_next_one_brings_to_its_end(
    store, runs_of, monkeypatch
):
    study = study_of("norms", "k1", seeds=(0, 1, 2))
    session = store.open(study)
    whole, one_by_one, delivered = Courier._seed, threading.Lock(), threading.Event()

    def killed(*given):
        with one_by_one:
            if delivered.is_set():
                raise KeyboardInterrupt
            whole(*given)
            delivered.set()

    with monkeypatch.context() as patch:
        # What a slow server fails at before the first run is there is tried again: the kill comes after that run.
        patch.setattr("ablate.track.server.session._PATIENCE", (0.05,) * 10_000)
        patch.setattr(Courier, "_seed", killed)
        with pytest.raises(KeyboardInterrupt):
            session.log_arm(study.arms[0], [record_of(study.arms[0], seed) for seed in study.seeds])
    assert [run.info.status for run in runs_of(study.name, "seed")] == ["FINISHED"]
    session._lock.release()  # the process is gone
    session = store.open(study)
    assert len(session.finished()) == 3, "what was trained is not trained again"
    session.log_arm(study.arms[1], [record_of(study.arms[1], seed) for seed in study.seeds])
    session.close("FINISHED")
    check_whole(store, study, runs_of)


def test_a_run_that_a_late_answer_made_twice_is_taken_away(store, look, runs_of):
    study = study_of("norms", "k1", seeds=(0, 1))
    session = store.open(study)
    for arm in study.arms:
        session.log_arm(arm, [record_of(arm, seed) for seed in study.seeds])
    one = runs_of("norms", "seed")[0]
    tags = {name: value for name, value in one.data.tags.items() if name != "mlflow.runName"}
    look.create_run(one.info.experiment_id, tags=tags, run_name="twice")
    session.close("FINISHED")
    check_whole(store, study, runs_of)


def test_what_waits_is_whole_or_not_there(store, tmp_path):
    spool = Spool(tmp_path, "http://127.0.0.1:1")
    putting = spool.put({"what": "event", "event": {"text": "a\u2028b \udce9"}})
    assert spool.waiting() == [], "one that is being filled does not wait yet"
    putting.close()
    (parcel,) = spool.waiting()
    assert parcel.head["event"]["text"] == "a\u2028b \udce9"
    later = spool.put({"what": "event", "event": {}}).close()
    assert [one.number for one in spool.waiting()] == [parcel.number, later.number]
    assert later.number > parcel.number
    (parcel.folder / "parcel.jsonl").write_text("{", encoding="utf-8")
    with pytest.raises(Failure, match=r"cannot be read .*holds results that wait for http://127\.0\.0\.1:1"):
        spool.waiting()
    (spool.folder / "server.json").write_text(json.dumps({"url": 1}), encoding="utf-8")
    with pytest.raises(Failure, match="says where the results beside it are to go"):
        spools(tmp_path)


def test_a_spool_that_is_a_link_is_refused(server, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "spool").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failure, match="is a link: remove it"):
        Spool(tmp_path, server.uri).put({"what": "event"})


def test_without_a_server_nothing_is_trained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    with pytest.raises(Failure, match="no server answers at"):
        run_small(ServerStore("http://127.0.0.1:9", tmp_path), tmp_path, told.append)
    assert not [event for event in told if isinstance(event, RunFinished)]
    assert not (tmp_path / "mlruns").exists()
