"""What goes wrong on the way to a server, as one line each."""

import base64
import contextlib
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from servers import MlflowServer, free_port

from ablate.errors import Failure, UserError
from ablate.testing.store_records import record_of, study_of
from ablate.track.ledger import StudyRun
from ablate.track.server.link import Away, Refused, ServerLink, checked_address
from ablate.track.server.opening import events_of
from ablate.track.server.store import ServerStore


@contextlib.contextmanager
def answering(answer):
    """A web server whose answer to every request is `answer(path)`: a status and a text."""

    class Handler(BaseHTTPRequestHandler):
        def _say(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_PATCH = _say  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{made.server_port}"
        finally:
            made.shutdown()
            thread.join()


def error_of(uri, tmp_path):
    with pytest.raises(Failure) as told:
        ServerStore(uri, tmp_path).studies()
    assert "\n" not in str(told.value)
    return told.value


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (
            "localhost:5000",
            "must be `local` or the address of an MLflow server, http://HOST:PORT; got 'localhost:5000'",
        ),
        ("sqlite:///mlflow.db", "a database is reached through a server: `mlflow server --backend-store-uri sqlite"),
        ("postgresql://me:secret@host/db", "--backend-store-uri postgresql://…@host/db`"),
        ("http://me:secret@host:5000", "holds a name or a password (http://…@host:5000): addresses are shown; set"),
        ("http://", "must be `local` or the address"),
        ("http://ho st:5000", "must be http://HOST:PORT, got 'http://ho st:5000'"),
        ("databricks", "http://HOST:PORT; got 'databricks'"),
    ],
)
def test_an_address_that_is_none_is_told_before_anything_is_asked(uri, said):
    with pytest.raises(UserError) as told:
        checked_address(uri)
    assert said in str(told.value)
    assert "secret" not in str(told.value)


def test_addresses_of_servers_are_taken():
    for uri in ("http://127.0.0.1:5000/", "https://mlflow.example.org/team", "http://[::1]:5000"):
        assert checked_address(uri) == uri.rstrip("/")


def test_no_server_is_one_line(tmp_path):
    uri = f"http://127.0.0.1:{free_port()}"
    error = error_of(uri, tmp_path)
    assert isinstance(error, Away)
    assert str(error) == (
        f"no server answers at {uri} (connection refused): check the address, or start the server there"
    )


def test_another_web_server_is_one_line(tmp_path):
    for answer in ((200, "<html>Welcome</html>"), (404, "<html>not found</html>"), (404, "nothing")):
        with answering(lambda _, answer=answer: answer) as uri:
            assert str(error_of(uri, tmp_path)) == f"what answers at {uri} is not an MLflow server: check the address"


def test_a_server_of_another_mlflow_is_one_line(tmp_path):
    with answering(lambda path: (200, "2.9.2") if path == "/version" else (200, "{}")) as uri:
        error = error_of(uri, tmp_path)
    assert isinstance(error, Refused)
    assert str(error).startswith(f"the server at {uri} runs MLflow 2.9.2, this client is MLflow 3.")


@pytest.mark.parametrize(
    ("status", "said"), [(500, "cannot answer now (it answered 500)"), (429, "it answered 429"), (503, "answered 503")]
)
def test_a_server_in_trouble_is_away(status, said, tmp_path):
    with answering(lambda _: (status, "oh")) as uri:
        error = error_of(uri, tmp_path)
    assert isinstance(error, Away)
    assert said in str(error)


def test_a_server_that_is_silent_is_away(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    held = threading.Event()
    with answering(lambda path: (200, "3.17.2") if path == "/version" else (held.wait(20), (200, "{}"))[1]) as uri:
        error = error_of(uri, tmp_path)
        held.set()
    assert isinstance(error, Away)
    assert str(error) == f"{uri} did not answer within 1 s"


def test_a_server_that_keeps_files_in_its_own_folder_is_refused(tmp_path):
    extra = ("--no-serve-artifacts", "--default-artifact-root", str(tmp_path / "theirs"))
    with MlflowServer(tmp_path / "server", extra=extra) as server:
        store = ServerStore(server.uri, tmp_path / "mine")
        with pytest.raises(Failure, match="keeps files in a folder of its own machine"):
            store.open(study_of("norms", "k1"))
    assert not (tmp_path / "theirs").exists()


def test_mlflows_own_variables_say_who_one_is(tmp_path, monkeypatch):
    """MLflow's basic authentication: nobody, the wrong one, one without permission, and the one who may."""
    pytest.importorskip("flask_wtf", reason="mlflow's basic authentication needs Flask-WTF")
    environment = {
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "for this test",
        "MLFLOW_AUTH_CONFIG_PATH": str(tmp_path / "auth.ini"),
    }
    (tmp_path / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{(tmp_path / 'auth.db').as_posix()}\n"
        "admin_username = admin\nadmin_password = a long password\nauthorization_function = "
        "mlflow.server.auth:authenticate_request_basic_auth\n",
        encoding="utf-8",
    )
    extra = ("--artifacts-destination", str(tmp_path / "artifacts"), "--app-name", "basic-auth")
    study = study_of("norms", "k1", seeds=(0,))

    def come_as(name, password):
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", password)

    with MlflowServer(tmp_path / "server", extra=extra, environment=environment) as server:
        monkeypatch.delenv("MLFLOW_TRACKING_USERNAME", raising=False)
        monkeypatch.delenv("MLFLOW_TRACKING_PASSWORD", raising=False)
        assert str(error_of(server.uri, tmp_path)).startswith(f"{server.uri} asks who you are: set MLFLOW_TRACKING_")
        come_as("admin", "wrong")
        assert "asks who you are (you came as 'admin')" in str(error_of(server.uri, tmp_path))
        come_as("admin", "a long password")
        new = json.dumps({"username": "ann", "password": "another password"}).encode()
        who = base64.b64encode(b"admin:a long password").decode()
        headers = {"Content-Type": "application/json", "Authorization": f"Basic {who}"}
        url = f"{server.uri}/api/2.0/mlflow/users/create"
        with urllib.request.urlopen(urllib.request.Request(url, new, headers)) as answer:
            assert answer.status == 200
        session = ServerStore(server.uri, tmp_path / "admin").open(study)
        session.log_arm(study.arms[0], [record_of(study.arms[0], 0)])
        session.close("FINISHED")
        come_as("ann", "another password")
        store = ServerStore(server.uri, tmp_path / "ann")
        assert store.studies()[0].done == 1, "who may read reads"
        with pytest.raises(Refused, match=r"does not permit this \(you came as 'ann'\)"):
            store.open(study)
        assert store.studies()[0].done == 1


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "7", "[1]"])
def test_a_tag_that_somebody_changed_on_the_server_is_one_line(text):
    """Nothing lies so deep that it ends in a traceback, and a list is not taken for a mapping."""
    twin = StudyRun("r", "s", "k", "FINISHED", "", "", "1", "", {f"ablate.event.{0:020d}-{'a' * 12}": text})
    with pytest.raises(Failure, match="a tag on the server ") as told:
        events_of([twin])
    assert len(str(told.value)) < 500
    assert "\n" not in str(told.value)


def test_a_file_on_the_server_that_lies_too_deep_is_no_json(monkeypatch, tmp_path):
    (tmp_path / "plan.json").write_text("[" * 100_000)
    monkeypatch.setattr(ServerLink, "fetch", lambda *_: [tmp_path / "plan.json"])
    with pytest.raises(ValueError, match="too deep"):
        ServerLink("http://127.0.0.1:1").fetch_json("plan.json")
