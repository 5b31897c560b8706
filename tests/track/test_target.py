"""Where runs go: a word, a variable, a file; nothing is guessed."""

from pathlib import Path

import pytest

from ablate.errors import UserError
from ablate.track.local import LocalStore
from ablate.track.server.store import ServerStore
from ablate.track.target import store_at, store_for


@pytest.fixture(autouse=True)
def plain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def conf(text):
    Path("conf").mkdir(exist_ok=True)
    Path("conf/tracking.yaml").write_text(text, encoding="utf-8")


def test_without_a_word_runs_lie_below_the_folder(tmp_path):
    for text in (None, "", "uri: local\n"):
        if text is not None:
            conf(text)
        store = store_for(tmp_path)
        assert isinstance(store, LocalStore)
        assert store.address == ""


def test_a_variable_goes_before_a_file(tmp_path, monkeypatch):
    conf("uri: http://a:5000\n")
    assert store_for(tmp_path).where == "http://a:5000"
    monkeypatch.setenv("ABLATE_TRACKING_URI", "http://b:5000/")
    assert store_for(tmp_path).where == "http://b:5000"
    monkeypatch.setenv("ABLATE_TRACKING_URI", "local")
    assert isinstance(store_for(tmp_path), LocalStore)


def test_a_server_is_one_store_as_long_as_the_process_lasts(tmp_path):
    one, same, other = (store_at(uri, tmp_path) for uri in ("http://a:5000", "http://a:5000", "http://b:5000"))
    assert isinstance(one, ServerStore)
    assert one is same
    assert one is not other


def test_mlflows_variable_chooses_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://a:5000")
    assert isinstance(store_for(tmp_path), LocalStore)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("uri: [1]\n", "must hold `uri: http://HOST:PORT`, got {'uri': [1]}"),
        ("http://a:5000\n", "must hold `uri: http://HOST:PORT`, got 'http://a:5000'"),
        ("ur: http://a:5000\n", "unknown key in"),
        ("uri: 'x\n", "cannot be read"),
        ("uri: http:/a\n", "`tracking.uri` must be `local` or the address"),
    ],
)
def test_a_file_that_says_something_else_is_one_line(tmp_path, text, said):
    conf(text)
    with pytest.raises(UserError) as told:
        store_for(tmp_path)
    assert said in str(told.value)
    assert "\n" not in str(told.value)
