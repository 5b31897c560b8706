"""A disk that is full when a report is written, or what waits for a server: one line, and what was there is whole."""

import os
import shutil
import time

import pytest

from ablate.errors import Failure
from ablate.manifest import NAME, Part, publish
from ablate.track.server.spool import Spool

from ..track.test_faults import mounted


@pytest.fixture
def small(tmp_path):
    with mounted(tmp_path / "small", "-t", "tmpfs", "-o", "size=400k", "none") as folder:
        yield folder


def test_a_report_that_finds_no_room_leaves_the_one_before_it_whole(small):
    publish(small / "report", [Part("report", {"report.md": "old", "figures/a.png": b"old"})])
    large = {"report.md": "new", "figures/a.png": bytes(300_000), "figures/b.png": bytes(300_000)}
    with pytest.raises(Failure, match=r"small/report could not be written: no space left on device; what") as told:
        publish(small / "report", [Part("report", large)])
    assert "\n" not in str(told.value)
    assert (small / "report" / "report.md").read_text() == "old"
    assert {path.name for path in (small / "report").rglob("*")} == {"report.md", "figures", "a.png", NAME}
    publish(small / "report", [Part("report", {"report.md": "new"})])
    assert (small / "report" / "report.md").read_text() == "new"


def test_what_waits_for_a_server_finds_no_room_and_what_waits_already_stays(small):
    spool = Spool(small, "http://127.0.0.1:1")
    with spool.writing(), spool.put({"do": "first"}) as putting:
        (putting.parcel.texts / "a.txt").write_text("kept")
    with (
        pytest.raises(Failure, match=r"the disk of .*spool.* is full: free some space and give the same command again"),
        spool.writing(),
        spool.put({"do": "second"}) as putting,
    ):
        (putting.parcel.texts / "b.txt").write_bytes(bytes(600_000))
    (waiting,) = spool.waiting()
    assert (waiting.head["do"], (waiting.texts / "a.txt").read_text()) == ("first", "kept")
    assert shutil.disk_usage(small).free > 200_000  # half a parcel is not left behind


def test_what_a_killed_process_left_half_filled_goes_with_the_next_parcel_after_a_day(tmp_path):
    spool = Spool(tmp_path, "http://127.0.0.1:1")
    halves = [spool.put({"do": "killed"}).parcel.folder for _ in range(2)]
    (spool.folder / ".mine").mkdir()
    yesterday = time.time() - 2 * 86_400
    for path in (halves[0], spool.folder / ".mine"):
        os.utime(path, (yesterday, yesterday))
    with spool.put({"do": "first"}):
        pass
    assert [path.exists() for path in halves] == [False, True]  # somebody may be filling the other one
    assert (spool.folder / ".mine").exists()
    assert len(spool.waiting()) == 1
