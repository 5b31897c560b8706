"""Every command that writes, against files that somebody put there; and stores that name places elsewhere."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ablate.manifest import NAME
from ablate.report.recognised import known_files
from ablate.resources import findings_folder

STUDY = """
title: Tiny
fixed: {dataset: rings, epochs: 1, dataset.train_size: 40, batch_size: 20, model.hidden: [4]}
factors: {norm: [none, batch]}
seeds: 6
claims:
  - {id: better, says: Norm helps, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""


def state_of(folder):
    """Return every file's content and time, and every link, but for what SQLite makes beside a database it reads."""
    return {
        path.relative_to(folder).as_posix(): (
            path.readlink() if path.is_symlink() else (path.stat().st_mtime_ns, path.read_bytes())
        )
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or path.is_file()) and not path.name.endswith(("-shm", "-wal"))
    }


def sql(folder, text, *values):
    with contextlib.closing(sqlite3.connect(folder / "mlruns" / "mlflow.db")) as connection, connection:
        return connection.execute(text, values).fetchall()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose study was run and reported; copied for each test."""
    from ablate.cli import main

    folder = tmp_path_factory.mktemp("finished")
    (folder / "studies" / "findings").mkdir(parents=True)
    (folder / "studies" / "tiny.yaml").write_text(STUDY)
    with contextlib.chdir(folder):
        assert main(["run", "tiny", "--jobs", "1"]) == 0
        assert main(["report", "tiny", "--findings"]) == 0
    return folder


@pytest.fixture
def project(finished, tmp_path, monkeypatch, capsys):
    """Return a project with runs, a report and findings, and a call of the command line in it."""
    from ablate.cli import main

    folder = tmp_path / "project"
    shutil.copytree(finished, folder, symlinks=True)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)

    def call(*arguments):
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return folder, call


def planted(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"mine: {name}")
    return state_of(folder)


def one_line(err):
    """Return the error; progress bars before it, and what is said where no font has Chinese letters, apart."""
    lines = [line for line in err.replace("\r", "\n").splitlines() if line.startswith("ablate: ")]
    lines = [line for line in lines if not line.startswith("ablate: no font of this machine")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


COMMANDS = [
    (("report", "tiny", "--out", "out"), ["report.md", "report.html", "runs.csv", "verdicts.json", "table.tex"]),
    (("report", "tiny", "--lang", "zh", "--out", "out"), ["report.md"]),
    (("report", "tiny", "--findings", "--out", "out"), ["report.md", "runs.csv", "verdicts.json", "table.tex"]),
    (("report", "tiny", "--findings", "--lang", "zh", "--out", "out"), ["report.zh.md", "verdicts.json"]),
    (("calibrate", "--studies", "16", "--out", "out"), ["calibration.html", "calibration.md", "calibration.json"]),
    (("graph", "dataset=rings", "--out", "out"), ["dataset=rings.svg", "dataset=rings.png", "dataset=rings.json"]),
    (("report", "--all", "--out", "out"), ["index.html"]),
]
CASES = [(command, name) for command, names in COMMANDS for name in names]


@pytest.mark.parametrize(("command", "name"), CASES, ids=lambda case: case if isinstance(case, str) else " ".join(case))
def test_no_command_writes_over_a_file_of_somebodys(project, command, name):
    folder, ablate = project
    before = planted(folder / "out", name, "precious.txt", "figures/holiday.png", "figures/holiday.svg")
    code, _, err = ablate(*command)
    assert code == 2
    said = one_line(err)
    assert f"{name} (not written by ablate)" in said
    assert "another folder with --out" in said
    held = {path: held for path, held in state_of(folder / "out").items() if not path.startswith("tiny/")}
    assert held == before


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command, _ in COMMANDS if command[0] != "calibrate"], ids=" ".join)
def test_every_command_leaves_what_others_put_beside_its_files(project, command):
    folder, ablate = project
    mine = (
        "precious.txt",
        "figures/holiday.png",
        "figures/notes.txt",
        "figures-zh/holiday.png",
        "board/x.svg",
        "words",
    )
    before = planted(folder / "out", *mine)
    for _ in range(2):  # the second time over its own files
        code, _, err = ablate(*command)
        assert code == 0, err
        after = state_of(folder / "out")
        assert {name: after[name] for name in before} == before


def test_a_file_in_place_of_the_folder_or_of_its_parts(project):
    folder, ablate = project
    before = planted(folder, "file")["file"]
    for command, _ in COMMANDS:
        code, _, err = ablate(*(("file" if word == "out" else word) for word in command))
        assert code == 2
        assert "file is a file, expected a folder to write to" in one_line(err)
        assert state_of(folder)["file"] == before
    (folder / "out").mkdir()
    (folder / "out" / "figures").write_text("mine")
    (folder / "out" / "report.html").mkdir()
    code, _, err = ablate("report", "tiny", "--out", "out")
    assert code == 2
    assert "report.html (a folder)" in one_line(err)


def test_links_below_the_folder_are_not_followed(project, tmp_path):
    folder, ablate = project
    before = planted(tmp_path / "elsewhere", "holiday.png", "forest.png")
    (folder / "out").mkdir()
    (folder / "out" / "figures").symlink_to(tmp_path / "elsewhere")
    for command in (("report", "tiny", "--out", "out"), ("report", "tiny", "--findings", "--out", "out")):
        code, _, err = ablate(*command)
        assert code == 2
        assert "its folder figures is a link" in one_line(err)
    (folder / "out" / "figures").unlink()
    (folder / "out" / "report.md").symlink_to(tmp_path / "elsewhere" / "holiday.png")
    code, _, err = ablate("report", "tiny", "--out", "out")
    assert code == 2
    assert "report.md (a link" in one_line(err)
    assert state_of(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("command", [("run", "tiny", "--jobs", "1"), ("import", "studies/tiny.yaml", "results.csv")])
def test_nothing_is_run_or_tracked_where_the_report_could_not_be_written(project, command):
    folder, ablate = project
    shutil.copy(folder / "reports" / "tiny" / "runs.csv", folder / "results.csv")
    for made in ("mlruns", "reports", "multirun"):
        shutil.rmtree(folder / made)
    (folder / "mlflow.db").unlink()
    before = planted(folder, "reports/tiny/report.md", "reports/tiny-imported/report.md")
    code, _, err = ablate(*command)
    assert code == 2
    assert "report.md (not written by ablate)" in one_line(err)
    assert state_of(folder) == before


def test_what_somebody_edited_is_neither_replaced_nor_lost(project):
    folder, ablate = project
    for kind, command in (("reports/tiny", ()), ("studies/findings/tiny", ("--findings",))):
        page = folder / kind / "report.md"
        page.write_text(page.read_text(encoding="utf-8") + "\nWhat I think of it.\n", encoding="utf-8")
        before = state_of(folder / kind)
        code, _, err = ablate("report", "tiny", *command)
        assert code == 2
        assert "report.md (changed since ablate wrote it)" in one_line(err)
        assert state_of(folder / kind) == before
        page.unlink()
        assert ablate("report", "tiny", *command)[0] == 0


def test_job_folders_do_not_replace_files_of_somebodys(project):
    folder, ablate = project
    sweep = ("-m", "norm=none,batch", "dataset=rings", "epochs=1", "seeds=2", "hydra.sweep.dir=sweeps")
    before = planted(folder / "sweeps", "multirun.yaml", "0/.hydra/config.yaml", "0/precious.txt")
    code, _, err = ablate(*sweep, "hydra.sweeper.n_jobs=1")
    assert code == 2
    assert "multirun.yaml (not written by ablate)" in one_line(err)
    assert "another folder with hydra.sweep.dir" in err
    assert state_of(folder / "sweeps") == before
    for name in ("multirun.yaml", "0/.hydra/config.yaml"):
        (folder / "sweeps" / name).unlink()
    for seeds in (2, 3):
        assert ablate(*sweep, f"seeds={seeds}", "hydra.sweeper.n_jobs=1")[0] == 0
    assert (folder / "sweeps" / "0" / "precious.txt").read_text() == "mine: 0/precious.txt"
    assert "seeds=[2]" in (folder / "sweeps" / "1" / ".hydra" / "overrides.yaml").read_text()


def test_a_report_into_the_projects_own_folder_is_not_copied_into_itself(project):
    folder, ablate = project
    planted(folder, "precious.txt", "figures/holiday.png")
    for _ in range(2):
        code, _, err = ablate("report", "tiny", "--out", ".")
        assert code == 0, err
    kept = next((folder / "mlruns" / "artifacts").rglob("report/report.html")).parent
    assert {path.name for path in kept.iterdir()} == {
        "report.html", "report.md", "runs.csv", "verdicts.json", "table.tex", "figures"
    }  # fmt: skip
    assert not list(kept.rglob("holiday.png"))
    assert len(list(folder.rglob("mlflow.db"))) == 2  # the database, and the link to it
    assert (folder / "precious.txt").read_text() == "mine: precious.txt"


@pytest.mark.parametrize("out", ["mlruns", "mlruns/artifacts", "studies", "studies/findings/tiny"])
def test_a_report_into_a_folder_that_holds_other_things_of_ours(project, out):
    folder, ablate = project
    before = state_of(folder / out)
    code, _, err = ablate("report", "tiny", "--out", out)
    if out == "studies/findings/tiny":  # the same names, written by ablate: the report takes their place
        assert code == 0
        return
    assert code == 0, err
    after = state_of(folder / out)
    kept = {
        name: held
        for name, held in before.items()
        if "/artifacts/report/" not in f"/{name}" and "mlflow.db" not in name
    }
    assert {name: after[name] for name in kept if not name.endswith(NAME)} == {
        name: held for name, held in kept.items() if not name.endswith(NAME)
    }


def test_folders_of_older_releases_go_on_by_what_their_files_hold(project):
    folder, ablate = project
    for command, place in (
        (("report", "tiny"), "reports/tiny"), (("report", "tiny", "--findings"), "studies/findings/tiny"),
        (("graph", "dataset=rings"), "graphs"), (("report", "--all"), "reports"),
    ):  # fmt: skip
        assert ablate(*command)[0] == 0
        for manifest in folder.rglob(NAME):
            manifest.unlink()
        holiday = folder / place / "figures" / "holiday.png"
        holiday.parent.mkdir(exist_ok=True)
        holiday.write_text("mine")
        code, _, err = ablate(*command)
        assert code == 0, err
        assert holiday.read_text() == "mine"
    # A person's file of the same name in the same place is still a person's.
    (folder / "reports" / "tiny" / NAME).unlink()
    (folder / "reports" / "tiny" / "report.md").write_text("# Tiny\n\nmy own words\n")
    code, _, err = ablate("report", "tiny")
    assert code == 2
    assert "report.md (not written by ablate)" in one_line(err)


def test_the_scoreboard_in_markdown_is_written_where_findings_are_asked_for(project):
    folder, ablate = project
    assert ablate("report", "tiny", "--findings")[0] == 0
    board = folder / "studies" / "findings" / "README.md"
    code, _, err = ablate("report", "--all")
    assert code == 0, err
    assert not board.exists()
    code, _, err = ablate("report", "--all", "--findings")
    assert code == 0, err
    assert board.is_file()


def test_everything_that_is_committed_is_known_as_ours_but_the_words():
    for folder in (*(path.parent for path in findings_folder().glob("*/verdicts.json")), findings_folder()):
        every = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        if folder == findings_folder():
            every = {name for name in every if name.startswith(("board/", "README"))}
        strange = every - known_files(folder).keys() - {NAME}
        assert {name for name in strange if not name.startswith("words")} == set(), folder
    calibration = Path(__file__).parents[2] / "docs" / "calibration"
    assert {"calibration.md", "calibration.json", "figures/looks.svg"} <= known_files(calibration).keys()


@pytest.mark.parametrize(
    "texts",
    [
        {"report.md": "# Report\n\n![a](figures/a.png)\n", "figures/a.png": "x", "runs.csv": "run,seed\n1,2\n"},
        {
            "report.html": "<p>ablate</p>",
            "verdicts.json": "{}",
            "table.tex": "\\begin{table}",
            "tuning.csv": "lr,score\n",
        },
        {"verdicts.json": '{"study": {"name": "x"}, "verdicts": []}', "README.md": "# Findings\n\n[a](board/a.svg)\n"},
        {"index.html": '<p class="kicker">mine</p>', "multirun.yaml": "hydra: {}", ".hydra/hydra.yaml": "hydra: {}"},
        {"a.json": '{"nodes": [], "edges": [], "seed": 0}', "a.svg": "<svg/>", "a.png": "x", "calibration.json": "[]"},
        {"calibration.md": "# Can it be trusted?\n", "calibration.html": "<html>", "report.md": "\udcff"},
    ],
)
def test_what_only_has_our_names_is_not_taken_for_ours(tmp_path, texts):
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    assert known_files(tmp_path) == {}


STRANGE = ["{outside}", "../outside", "..", ".", "x/../../outside", "/", "", "a/b"]


@pytest.mark.parametrize("name", STRANGE)
def test_a_store_that_names_its_study_by_a_place_writes_nowhere(project, tmp_path, name):
    folder, ablate = project
    names = ("precious.txt", "figures/holiday.png", "report.md", "words.md", "verdicts.json", "runs.csv")
    before = planted(tmp_path / "outside", *names)
    strange = name.format(outside=tmp_path / "outside")
    sql(folder, "UPDATE tags SET value = ? WHERE key = 'ablate.study'", strange)
    whole = state_of(folder)
    for command in (("report",), ("report", "--findings"), ("report", "--lang", "zh"), ("report", "--out", "out")):
        code, _, err = ablate(*command)
        assert code in (1, 2), err
        assert "not a plain file name" in one_line(err)
    assert ablate("studies")[0] == 0
    assert state_of(folder) == whole
    assert state_of(tmp_path / "outside") == before


def test_a_store_whose_addresses_lead_elsewhere_writes_nowhere(project, tmp_path):
    folder, ablate = project
    before = planted(
        tmp_path / "outside", "precious.txt", "report/report.html", "report/figures/holiday.png", "plan.json"
    )
    address = (tmp_path / "outside").as_uri()
    sql(folder, "UPDATE runs SET artifact_uri = ?", address)
    sql(folder, "UPDATE experiments SET artifact_location = ?", address)
    for command in (("report", "tiny"), ("run", "tiny", "seeds=7", "--jobs", "1"), ("report",)):
        code, _, err = ablate(*command)
        assert code == 0, err
    assert state_of(tmp_path / "outside") == before
    assert len(list((folder / "mlruns").rglob("report/report.html"))) == 1


def test_pipes_in_place_of_files_are_not_waited_for(project, tmp_path):
    folder, _ = project
    run = next((folder / "mlruns" / "artifacts" / "tiny").rglob("plan.json")).parent
    for name in ("correctness.npz", "arrays.npz", "registration.json", "plan.json"):
        for path in [run / name, *(folder / "mlruns").rglob(name)]:
            path.unlink(missing_ok=True)
            os.mkfifo(path)
        for words in (["report", "tiny", "--out", str(tmp_path / "out")], ["export", "tiny", str(tmp_path / "o.zip")]):
            done = subprocess.run(
                [sys.executable, "-m", "ablate", *words], cwd=folder, capture_output=True, text=True, timeout=100,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, check=False,
            )  # fmt: skip
            assert "Traceback" not in done.stderr
            assert done.returncode == 0 or "pipe" in done.stderr
        (tmp_path / "o.zip").unlink(missing_ok=True)
    assert "not a plain file, but a pipe or a device" in done.stderr


@pytest.mark.slow
def test_a_copied_project_lives_in_its_own_place_while_the_original_is_there_and_after(project, tmp_path, monkeypatch):
    original, ablate = project
    copy = tmp_path / "copy"
    shutil.copytree(original, copy, symlinks=True)
    plan = next((copy / "mlruns").rglob("plan.json"))
    plan.write_text(plan.read_text().replace('"title": "Tiny"', '"title": "Of the copy"'))
    before = state_of(original)
    monkeypatch.chdir(copy)
    commands = [("report", "tiny"), ("report",), ("verdict", "tiny"), ("studies",), ("plan", "tiny"),
                ("run", "tiny", "seeds=7", "--jobs", "1"), ("extend", "tiny", "--seeds", "1", "--jobs", "1"),
                ("report", "tiny", "--findings")]  # fmt: skip
    code, _, err = ablate(*commands[0])
    assert code == 0, err
    assert "Of the copy" in (copy / "reports" / "tiny" / "report.md").read_text(encoding="utf-8")
    for command in commands[1:]:
        code, _, err = ablate(*command)
        assert code == 0, (command, err)
    assert state_of(original) == before
    shutil.rmtree(original)
    for command in (("report", "tiny"), ("run", "tiny", "seeds=9", "--jobs", "1")):
        code, _, err = ablate(*command)
        assert code == 0, (command, err)
    assert not original.exists()


def test_a_report_of_a_read_only_project_is_written_elsewhere_and_says_what_it_missed(project, tmp_path):
    folder, ablate = project
    mount = tmp_path / "mount"
    mount.mkdir()
    done = subprocess.run(["mount", "-o", "bind", str(folder), str(mount)], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(mount)], check=True)
        code, out, err = ablate("report", "tiny", "--root", str(mount), "--out", str(tmp_path / "out"))
        assert code == 0
        assert "a copy could not be kept beside the runs: " in one_line(err)
        assert "report.html" in out
        with contextlib.chdir(mount):
            code, _, err = ablate("report", "tiny")
            assert code == 1
            assert "could not be written: it is read-only" in one_line(err)
            code, _, err = ablate("graph", "--out", "graphs")
            assert code == 1
            assert "read-only" in one_line(err)
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)


def test_one_broken_study_file_does_not_hide_the_others(project):
    folder, ablate = project
    for name, text in (("broken", "a: ["), ("typo", "title: x\nfactor: {}"), ("binary", "\udcff"), ("empty", "")):
        (folder / "studies" / f"{name}.yaml").write_bytes(text.encode(errors="surrogateescape"))
    (folder / "studies" / "folder.yaml").mkdir()
    code, out, err = ablate("studies")
    assert code == 0, err
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["tiny"].split()[-2:] == ["12", "Tiny"]
    for name in ("broken", "typo", "binary", "empty"):
        assert f"(cannot be read: studies/{name}.yaml" in lines[name].replace(str(folder) + "/", "")
    assert "not valid YAML" in lines["broken"]
