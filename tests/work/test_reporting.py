"""The copy of a report beside its runs is the report of these runs, whoever writes into its folder meanwhile."""

import pytest

from ablate.track.layout import Layout
from ablate.track.local import LocalStore
from ablate.track.memory import MemoryStore
from ablate.track.owner import store_lock
from ablate.work.reporting import judge_and_report

from ..track.small_study import run_small


@pytest.mark.parametrize("make", [lambda folder: MemoryStore(), LocalStore])
def test_another_report_in_the_same_folder_is_not_taken_for_ones_own(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = make(tmp_path)
    bench, whole, kept = run_small(store, tmp_path), store.attach, {}
    said = []

    def attach(name, key, files, label, *, known):
        """Another sweep of the same name writes its own report first: fewer figures, another text."""
        for path in sorted((tmp_path / "reports" / "s").rglob("*"), reverse=True):
            if path.is_file():
                path.unlink()
        (tmp_path / "reports" / "s" / "report.md").write_text("of another sweep", encoding="utf-8")
        kept.update(files)
        said.append(whole(name, key, files, label, known=known))
        return said[-1]

    monkeypatch.setattr(store, "attach", attach)
    judge_and_report("s", None, bench)
    assert said == [None]
    assert kept["report.md"].startswith(b"# t")
    assert any(name.startswith("figures/") for name in kept)


def test_keeping_a_copy_does_not_wait_for_whoever_opens_the_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = LocalStore(tmp_path)
    run_small(store, tmp_path)
    (line,) = store.studies()
    monkeypatch.setattr("ablate.track.owner.STORE_WAIT_SECONDS", 0.0)
    with store_lock(Layout(tmp_path)):
        assert store.attach("s", line.key, {"report.md": b"r"}, "report", known=lambda _: {}) is None
    assert [path.read_bytes() for path in tmp_path.rglob("report/report.md")] == [b"r"]
