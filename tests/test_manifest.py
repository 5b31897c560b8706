"""Only files that ablate wrote are ever replaced or removed; everything else in a folder is somebody's."""

import contextlib
import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablate.errors import Failure, UserError
from ablate.manifest import NAME, Part, check_free, publish
from ablate.manifest.folder import alone


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def mine(folder):
    return {name: data for name, data in files_of(folder).items() if name != NAME}


def write(folder, files, label="report", **options):
    return publish(folder, [Part(label, files)], **options)


def test_what_was_written_before_is_replaced_and_what_is_not_written_again_goes(tmp_path):
    write(tmp_path, {"report.md": "one", "figures/a.png": b"a", "figures/b.png": b"b"})
    done = write(tmp_path, {"report.md": "two", "figures/b.png": b"b"})
    assert mine(tmp_path) == {"report.md": b"two", "figures/b.png": b"b"}
    assert [path.name for path in done.paths] == ["report.md", "b.png"]
    assert done.left == ()


def test_what_others_put_there_stays(tmp_path):
    (tmp_path / "figures").mkdir()
    planted = {"precious.txt": b"p", "figures/holiday.png": b"h", "words.md": b"w", ".hidden": b"x"}
    for name, data in planted.items():
        (tmp_path / name).write_bytes(data)
    for text in ("one", "two"):
        write(tmp_path, {"report.md": text, f"figures/{text}.png": b"x"})
    assert mine(tmp_path) == {**planted, "report.md": b"two", "figures/two.png": b"x"}


def plant_file(path):
    path.write_text("mine")


def plant_folder(path):
    path.mkdir()
    (path / "precious.txt").write_text("mine")


def plant_link(path):
    target = path.parent.parent / "outside.txt"
    target.write_text("mine")
    path.symlink_to(target)


def plant_dangling(path):
    path.symlink_to(path.parent / "nowhere")


def plant_pipe(path):
    os.mkfifo(path)


@pytest.mark.parametrize("plant", [plant_file, plant_folder, plant_link, plant_dangling, plant_pipe])
def test_nothing_is_written_where_one_file_would_be_somebodys(tmp_path, plant):
    folder = tmp_path / "out"
    folder.mkdir()
    plant(folder / "report.md")
    before = names_in(folder)
    with pytest.raises(UserError, match=r"nothing was written.*report\.md \(.*another folder with --out") as caught:
        write(folder, {"a.md": "a", "report.md": "r", "figures/z.png": b"z"})
    assert "\n" not in str(caught.value)
    assert names_in(folder) == before
    with pytest.raises(UserError, match="nothing was written"):
        check_free(folder, ["report.md"])


@pytest.mark.parametrize("inside", [True, False])
def test_a_folder_that_is_a_link_is_not_followed(tmp_path, inside):
    out, elsewhere = tmp_path / "out", tmp_path / ("out/other" if inside else "elsewhere")
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "holiday.png").write_text("h")
    (out / "figures").symlink_to(elsewhere)
    with pytest.raises(UserError, match="its folder figures is a link"):
        write(out, {"figures/a.png": b"a"})
    assert names_in(elsewhere) == ["holiday.png"]


def test_a_file_that_was_edited_since_is_neither_replaced_nor_removed(tmp_path):
    write(tmp_path, {"report.md": "one", "old.png": b"o"})
    (tmp_path / "report.md").write_text("one, and what I think of it")
    with pytest.raises(UserError, match=r"report\.md \(changed since ablate wrote it\)"):
        write(tmp_path, {"report.md": "two"})
    (tmp_path / "report.md").unlink()
    (tmp_path / "old.png").write_bytes(b"retouched")
    done = write(tmp_path, {"report.md": "two"})
    assert mine(tmp_path) == {"report.md": b"two", "old.png": b"retouched"}
    assert done.left == (tmp_path / "old.png",)


def test_line_ends_that_git_changes_are_no_edit(tmp_path):
    write(tmp_path, {"runs.csv": "a,b\n1,2\n"})
    (tmp_path / "runs.csv").write_bytes(b"a,b\r\n1,2\r\n")
    write(tmp_path, {"runs.csv": "a,b\n1,3\n"})
    assert mine(tmp_path) == {"runs.csv": b"a,b\n1,3\n"}


def test_a_file_with_the_very_same_content_is_taken_over(tmp_path):
    (tmp_path / "report.md").write_text("one")
    write(tmp_path, {"report.md": "one"})
    write(tmp_path, {"report.md": "two"})
    assert mine(tmp_path) == {"report.md": b"two"}


def test_parts_of_one_folder_do_not_remove_each_others_files(tmp_path):
    write(tmp_path, {"report.md": "en"}, "en")
    write(tmp_path, {"report.zh.md": "zh", "figures-zh/a.png": b"a"}, "zh")
    write(tmp_path, {"report.md": "en again"}, "en")
    assert set(mine(tmp_path)) == {"report.md", "report.zh.md", "figures-zh/a.png"}
    publish(tmp_path, [Part("graph", {"one.svg": "1"}, retires=False)])
    publish(tmp_path, [Part("graph", {"two.svg": "2"}, retires=False)])
    assert {"one.svg", "two.svg"} <= set(mine(tmp_path))


def test_amended_files_are_ours_only(tmp_path):
    write(tmp_path, {"report.zh.md": "zh"}, "zh")
    (tmp_path / "notes.md").write_text("mine")
    publish(tmp_path, [Part("en", {"report.md": "en"})], amended={"report.zh.md": "zh + link", "notes.md": "gone?"})
    assert mine(tmp_path) == {"report.md": b"en", "report.zh.md": b"zh + link", "notes.md": b"mine"}
    write(tmp_path, {"report.zh.md": "zh 2"}, "zh")
    assert mine(tmp_path)["report.zh.md"] == b"zh 2"


def test_a_folder_of_an_older_release_is_taken_over_by_what_its_files_hold(tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("report.md", "figures/a.png", "figures/b.png"):
        (tmp_path / name).write_text(name)

    def known(folder):
        return dict.fromkeys(["report.md", "figures/a.png", "figures/b.png", "figures/not-there.png"], "report")

    done = write(tmp_path, {"report.md": "new", "figures/a.png": b"new"}, known=known)
    # A picture that is not drawn any more was never signed: it may be somebody's, and stays.
    # A text may have been edited, which nothing would show: it stays under another name.
    stays = {"figures/b.png": b"figures/b.png", "report.earlier.md": b"report.md"}
    assert mine(tmp_path) == {"report.md": b"new", "figures/a.png": b"new", **stays}
    assert done.left == (tmp_path / "figures/b.png", tmp_path / "report.earlier.md")
    again = write(tmp_path, {"report.md": "newer"}, known=known)
    assert mine(tmp_path) == {"report.md": b"newer", **stays}
    assert again.left == (tmp_path / "figures/b.png",)


def test_words_added_to_a_report_stay_when_the_manifest_is_lost(tmp_path):
    def known(folder):
        return {"report.md": "report"} if (folder / "report.md").exists() else {}

    kept = []
    for number in range(3):
        write(tmp_path, {"report.md": f"text {number}"}, known=known)
        with (tmp_path / "report.md").open("a") as file:
            file.write("my own words")
        kept.append((tmp_path / "report.md").read_bytes())
        (tmp_path / NAME).unlink()
    write(tmp_path, {"report.md": kept[-1]}, known=known)
    held = {name: text for name, text in mine(tmp_path).items() if "earlier" in name}
    assert held == {"report.earlier.md": kept[0], "report.earlier-2.md": kept[1]}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"files": []}', '{"files": {"a": 3}}', "<<<<<<< HEAD\n",
     '{"files": {"../a": {"part": "x", "sha256": []}}}',
     '{"files": {"/etc/x": {"part": "report", "sha256": []}}}'],
)  # fmt: skip
def test_a_damaged_manifest_is_one_clear_error_and_nothing_is_written(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    (tmp_path / "report.md").write_text("mine")
    before = files_of(tmp_path)
    with pytest.raises(UserError, match=r"\.ablate-manifest\.json cannot be read \(.*Put it back from a copy"):
        write(tmp_path, {"report.md": "r", "new.md": "n"})
    assert files_of(tmp_path) == before


def test_a_manifest_cannot_name_what_lies_outside(tmp_path):
    out = tmp_path / "out"
    write(out, {"report.md": "one"})
    (tmp_path / "precious.txt").write_text("p")
    held = json.loads((out / NAME).read_text())
    held["files"]["../precious.txt"] = {"part": "report", "sha256": held["files"]["report.md"]["sha256"]}
    (out / NAME).write_text(json.dumps(held))
    with pytest.raises(UserError, match="is not the name of a file below its folder"):
        write(out, {"report.md": "two"})
    assert (tmp_path / "precious.txt").read_text() == "p"


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "", ".", "a\x00b", NAME, f"figures/{NAME}"])
def test_names_stay_below_their_folder(tmp_path, name):
    with pytest.raises(UserError, match=r"is not the name of a file below its folder|nothing was written"):
        write(tmp_path / "out", {name: "x"})
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("step", range(12))
def test_a_disk_that_fills_up_anywhere_leaves_every_file_whole(tmp_path, monkeypatch, step):
    write(tmp_path, {"a.md": "old a", "b.md": "old b", "gone.md": "g"})
    calls = iter(range(1000))

    def failing(real):
        def call(self, *args, **kwargs):
            if next(calls) == step:
                raise OSError(errno.ENOSPC, "No space left on device", str(self))
            return real(self, *args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        for name in ("write_bytes", "replace", "unlink", "mkdir"):
            patch.setattr(Path, name, failing(getattr(Path, name)))
        with contextlib.suppress(Failure):
            write(tmp_path, {"a.md": "new a", "b.md": "new b", "c/d.md": "new d"})
    for name, data in mine(tmp_path).items():
        assert data.decode() in {"a.md": ("old a", "new a"), "b.md": ("old b", "new b"),
                                 "c/d.md": ("new d",), "gone.md": ("g",)}[name]  # fmt: skip
    write(tmp_path, {"a.md": "third", "b.md": "new b"})  # what is there is known as ours, whichever it is
    left = set(mine(tmp_path))
    assert {"a.md", "b.md"} <= left <= {"a.md", "b.md", "c/d.md"}
    assert not [name for name in names_in(tmp_path) if name.startswith(".ablate-") and name != NAME]


def test_what_a_killed_write_left_aside_is_taken_away_by_the_next(tmp_path, monkeypatch):
    write(tmp_path, {"a.md": "old"})
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *a, **k: None)
        patch.setattr(Path, "replace", _killed_at(Path.replace, "a.md"))
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, {"a.md": "new"})
    assert [name for name in names_in(tmp_path) if name.startswith(".ablate-") and name != NAME]
    (tmp_path / ".ablate-holiday").mkdir()
    write(tmp_path, {"a.md": "newer"})
    assert names_in(tmp_path) == [".ablate-holiday", NAME, "a.md"]


def _killed_at(real, name):
    def call(self, target):
        if Path(target).name == name:
            raise KeyboardInterrupt
        return real(self, target)

    return call


@given(st.lists(st.tuples(st.sampled_from("wpe"), st.sampled_from("abc"), st.text("xyz", max_size=2)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_no_sequence_of_writes_loses_what_somebody_wrote(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("out")
    theirs = {}
    for what, name, text in steps:
        if what == "w":
            try:
                write(folder, {name: f"ours {text}"})
            except UserError:
                assert name in theirs
        else:
            (folder / name).write_text(f"theirs {text}")
            theirs[name] = f"theirs {text}"
        for one, held in theirs.items():
            assert (folder / one).read_text() == held


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="/file is a file, expected a folder to write to"):
        check_free(tmp_path / "file" / "below" / "it", ["report.md"])
    check_free(tmp_path / "new" / "below", ["report.md"])
    assert names_in(tmp_path) == ["file"]


def test_a_read_only_folder_is_told_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(Failure, match=r"could not be written: it is read-only"):
        check_free(tmp_path / "new", ["report.md"])


def test_two_commands_that_are_the_first_in_a_folder_write_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.setattr("ablate.manifest.folder._WAIT_SECONDS", 0.0)
    folder = tmp_path / "new" / "report"
    with alone(folder), pytest.raises(Failure, match="another command has been writing to"):
        publish(folder, [Part("report", {"a.md": "a"})])
    publish(folder, [Part("report", {"a.md": "a"})])
    with pytest.raises(UserError):
        publish(tmp_path / "other", [Part("report", {"../a.md": "a"})])
    assert not (tmp_path / "other").exists(), "what is refused leaves no folder"


def test_links_to_what_is_not_there_are_told_and_not_written_through(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="/link is a link to what is not there, expected a folder"):
        publish(link, [Part("report", {"a.md": "a"})])
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "a.md").write_text("an older release's")
    (folder / "a.earlier.md").symlink_to(tmp_path / "nowhere")
    publish(folder, [Part("report", {"a.md": "a"})], known=lambda _: {"a.md": "report"})
    assert not (tmp_path / "nowhere").exists()
    assert (folder / "a.earlier-2.md").read_text() == "an older release's"
