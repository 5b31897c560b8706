"""Every place in the code that deletes, overwrites or moves a file, and why no file of somebody's can be meant.

The list is read from the code: a new place fails the test until it stands here with its reason, and with a test that
plants a file, where the reason is not that the name was made up a line before.
"""

import ast
import re
from pathlib import Path

import pytest

import ablate
from ablate.errors import UserError
from ablate.programs.hydra_app import HydraApp
from ablate.track.archive import write_archive
from ablate.track.files import write_json
from ablate.track.history import write_plan
from ablate.work.edits import Ledger, _write, read_ledger
from ablate.work.exporting import export_study
from ablate.work.tables import save_study

HOUSE = Path(ablate.__file__).parent

OF_ITS_OWN = "below a folder that it made itself"
BY_MANIFEST = "what the manifest names, see tests/test_manifest.py and tests/app/test_foreign_files.py"
BESIDE_RUNS = "in a run's own folder of mlruns/, whose place is not taken from the store: tests/track/test_places.py"
NEIGHBOUR = "a neighbour of a random name, then one rename"

PLACES = {
    "app/calibrating.py": "the user's cache, under a digest",
    "app/starting.py": "made anew, and refused where the name is taken: tests/app/test_new.py",
    "app/trusted.py": "the user's state, under a digest",
    "data/fetch.py": "the cache; another file there is put aside under a free name: tests/data/test_archives.py",
    "data/pictures.py": "the null device",
    "manifest/folder.py": "a folder that it made itself, and only while it is empty",
    "manifest/entries.py": BY_MANIFEST,
    "manifest/writing.py": BY_MANIFEST,
    "programs/hydra_job.py": "a job's file of metrics, below its folder: test_a_file_of_metrics_stays_in_its_job",
    "programs/processes.py": OF_ITS_OWN,
    "report/schema.py": "for those who work on ablate: the schemas of a checkout",
    "sweep/pool.py": "a mark of its own; what joblib names by the number of a process that is dead: test_pool.py",
    "sweep/submitted.py": "results and tickets in mlruns/jobs, under the identity of a run and the number of a job",
    "testing/launcher.py": OF_ITS_OWN,
    "testing/source.py": OF_ITS_OWN,
    "track/archive.py": "refused where the name is taken; " + NEIGHBOUR,
    "track/blank.py": "the user's cache, and a database that is being made; " + NEIGHBOUR,
    "track/database.py": "a link that it made itself, in a temporary folder; a link that is ours: test_database.py",
    "track/files.py": BESIDE_RUNS + "; " + NEIGHBOUR,
    "track/history.py": BESIDE_RUNS,
    "track/mlflow_runs.py": BESIDE_RUNS,
    "track/mlflow_store.py": "its own half-made databases, by a pattern of random names: test_mlflow_tracker.py",
    "track/reading.py": OF_ITS_OWN,
    "track/server/link.py": OF_ITS_OWN,
    "track/server/runs.py": OF_ITS_OWN,
    "track/server/session.py": OF_ITS_OWN,
    "track/server/spool.py": "parcels of its own, by number and random name: tests/track/server/test_away.py",
    "work/tables.py": "made anew, and refused where the name is taken",
}

_METHODS = {"unlink", "rmdir", "write_text", "write_bytes", "symlink_to", "hardlink_to", "touch"}
_OF_SHUTIL = {"rmtree", "copyfile", "copy", "copy2", "copytree", "move", "remove"}


def writes(call):
    """Tell whether a call may delete, overwrite or move a file."""
    method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if method else getattr(call.func, "id", "")
    owner = getattr(getattr(call.func, "value", None), "id", "")
    if name in _METHODS or (name in _OF_SHUTIL and owner in ("shutil", "os")):
        return True
    if name in ("replace", "rename"):  # of a path it has one argument, of a text two
        return method and len(call.args) == 1 and not call.keywords and owner != "dataclasses"
    if name == "open":
        modes = [one.value for one in [*call.args, *(k.value for k in call.keywords)] if isinstance(one, ast.Constant)]
        return any(isinstance(mode, str) and set(mode) <= set("wxab+t") and set(mode) & set("wxa") for mode in modes)
    return False


def test_every_place_that_deletes_or_overwrites_is_known():
    found = set()
    for path in sorted(HOUSE.rglob("*.py")):
        name = path.relative_to(HOUSE).as_posix()
        if any(isinstance(node, ast.Call) and writes(node) for node in ast.walk(ast.parse(path.read_text()))):
            found.add(name)
    sources = {name for name in found if name.startswith("sources/")}  # their examples, where the caller says
    assert found - sources == set(PLACES)


def test_every_test_that_a_page_or_this_list_names_is_there():
    root = Path(__file__).parents[2]
    pages = [*(root / "docs").rglob("*.md"), root / "README.md", root / "CONTRIBUTING.md"]
    texts = {str(page): page.read_text(encoding="utf-8") for page in pages} | {"PLACES": "\n".join(PLACES.values())}
    for where, text in texts.items():
        for name in re.findall(r"tests/[\w/]+\.py", text):
            assert (root / name).is_file(), f"{where}: {name}"


def test_an_export_is_not_written_over_anything(tmp_path):
    planted = tmp_path / "precious.zip"
    planted.write_text("mine")
    with pytest.raises(UserError, match="exists: give another name"):
        export_study("tiny", planted, None)
    link = tmp_path / "link.zip"
    link.symlink_to(tmp_path / "elsewhere.txt")
    write_archive(link, [])
    assert planted.read_text() == "mine"
    assert not (tmp_path / "elsewhere.txt").exists()  # the link was replaced, not followed


def test_a_file_beside_a_run_takes_the_place_of_a_link_and_is_not_written_through_it(tmp_path):
    outside = tmp_path / "precious.txt"
    outside.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("config.json", "plan.json"):
        (folder / name).symlink_to(outside)
    write_json(folder / "config.json", {"a": 1})
    write_plan(folder, {"a": 1})
    assert outside.read_text() == "mine"
    assert not (folder / "plan.json").is_symlink()


@pytest.mark.parametrize("taken", ["mine.yaml", "mine.runs.csv"])
@pytest.mark.parametrize("as_link", [False, True])
def test_a_saved_study_takes_no_name_that_is_taken(tmp_path, taken, as_link):
    planted = tmp_path / taken
    if as_link:  # without its file, which would be made
        planted.symlink_to(tmp_path / "elsewhere.txt")
    else:
        planted.write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        save_study(None, tmp_path / "mine.yaml", "")
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert as_link or planted.read_text() == "mine"


def test_a_ledger_takes_the_place_of_no_file_of_somebodys(tmp_path):
    planted = tmp_path / ".ledger.json.new"
    planted.write_text("mine")
    _write(tmp_path / "ledger.json", Ledger(0.05, None, ()))
    assert planted.read_text() == "mine"
    (tmp_path / "other.json").write_text("mine")
    with pytest.raises(UserError, match="is not a ledger"):
        read_ledger(tmp_path / "other.json")


@pytest.mark.parametrize("place", ["../precious.json", "/precious.json", "a/../../precious.json"])
def test_a_file_of_metrics_stays_in_its_job(place):
    with pytest.raises(UserError, match="`metrics_file` must be a file below the output folder of a job"):
        HydraApp("train.py", metrics_file=place)
