"""Where findings are looked for: beside the studies that are used; and which folder temporary files go to."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ablate.resources import file_stamp, findings_folder, settle_temporary_folder, stamp_of_now, study_folders


def test_beside_studies_of_ones_own_no_findings_of_ours_are_looked_at(tmp_path, monkeypatch):
    ours = findings_folder()
    assert ours.parent == study_folders()[0]
    monkeypatch.chdir(tmp_path)
    assert findings_folder() == ours  # of a checkout: the studies that are used are ours
    (tmp_path / "studies").mkdir()
    assert findings_folder() == tmp_path / "studies" / "findings"


WATCHED = """
import os, sys, tempfile
made, folder = [], os.environ["TMPDIR"]
def heard(event, words):
    if event == "open" and isinstance(words[0], str) and words[0].startswith(folder + "/"):
        made.append(words[0])
sys.addaudithook(heard)
{begin}
assert tempfile.gettempdir() == folder, tempfile.gettempdir()
print(*made)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="a system without files that have no name")
@pytest.mark.parametrize("begin", [
    "from ablate.cli import main; main(['studies'])",
    "from ablate.sweep.pool import end_with; end_with(os.getppid())",
], ids=["a command", "a worker"])  # fmt: skip
def test_no_file_is_made_to_find_the_folder_of_temporary_files(tmp_path, begin):
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        pytest.skip("a disk without files that have no name")
    (tmp_path / "link").symlink_to(tmp_path)
    environment = {**os.environ, "TMPDIR": str(tmp_path / "link"), "PYTHONPATH": os.pathsep.join(sys.path[1:])}
    code = WATCHED.format(begin=begin)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_a_folder_that_cannot_hold_temporary_files_is_left_to_python(tmp_path, monkeypatch, kind):
    folder = tmp_path / "folder"
    if kind == "a file":
        folder.touch()
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(folder))
    settle_temporary_folder()
    assert tempfile.tempdir is None
    assert Path(tempfile.gettempdir()) != folder


def test_what_was_written_a_moment_ago_is_read_at_every_look(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("one")
    assert stamp_of_now(path) != stamp_of_now(path)  # a second write may have the same time
    later = time.time_ns() + 10**10
    monkeypatch.setattr("time.time_ns", lambda: later)
    assert stamp_of_now(path) == stamp_of_now(path)


def test_a_file_whose_time_was_put_back_has_another_stamp(tmp_path):
    path = tmp_path / "file"
    path.write_text("one")
    before, stat = file_stamp(path), path.stat()
    time.sleep(0.05)  # the system counts hundredths
    path.write_text("two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert file_stamp(path) != before
