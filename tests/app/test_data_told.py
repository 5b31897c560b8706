"""What a user is told of data of their own, at the command line: before anything runs, once, and in the report."""

import numpy as np
import pytest
from PIL import Image

from ablate.resources import root_folder
from ablate.track.read import read_study

ARM = ("epochs=1", "seeds=2", "batch_size=10", "model.hidden=[4]", "hydra.sweeper.progress=false")
BYTES = np.random.default_rng(0).integers(256, size=(60, 6, 5)).astype(np.uint8)
LABELS = np.arange(60) % 3
TOLD = "ablate: data.npz: all values are 0 or 1: taken as black and white (dataset.white=255 keeps them nearly black)\n"
NPZ = ("dataset=npz", "dataset.path=data.npz")


@pytest.fixture
def binary(tmp_path):
    np.savez(tmp_path / "data.npz", x=BYTES // 128, y=LABELS)


def test_a_run_tells_it_once_and_keeps_it_with_the_arm(ablate, binary):
    code, _, err = ablate(*NPZ, *ARM)
    assert (code, err) == (0, TOLD)
    facts = read_study(root_folder(), "adhoc").facts
    assert [each["data_notes"] for each in facts.values()] == [[TOLD.removeprefix("ablate: ").strip()]]


def test_a_sweep_tells_it_once_for_all_arms_and_the_report_shows_it(ablate, binary, tmp_path):
    code, _, err = ablate("-m", *NPZ, *ARM, "activation=relu,tanh", "hydra.sweeper.n_jobs=1")
    assert code == 0, err
    assert err.count(TOLD) == 1
    page = (tmp_path / "reports" / "adhoc" / "report.md").read_text(encoding="utf-8")
    assert "data notes" in page
    assert "all values are 0 or 1: taken as black and white" in page


def test_a_plan_tells_it_before_anything_runs(ablate, binary, tmp_path):
    (tmp_path / "study.yaml").write_text(
        "title: T\nfixed: {dataset: npz, dataset.path: data.npz, epochs: 1, batch_size: 10}\n"
        "factors: {activation: [relu, tanh]}\nseeds: 2\n"
    )
    code, out, err = ablate("plan", "study.yaml")
    assert (code, err) == (0, TOLD)
    assert "2 arms x 2 seeds" in out
    assert not (tmp_path / "mlruns").exists()


def test_a_graph_and_a_control_tell_it_too(ablate, binary):
    assert ablate("graph", *NPZ, "batch_size=10")[::2] == (0, TOLD)
    assert ablate(*NPZ, "program=knn", "seeds=2", "hydra.sweeper.progress=false")[::2] == (0, TOLD)


def test_nothing_is_told_of_usual_data(ablate, tmp_path):
    np.savez(tmp_path / "data.npz", x=BYTES, y=LABELS)
    assert ablate(*NPZ, *ARM)[::2] == (0, "")


def test_the_same_pictures_in_other_files_are_finished_runs(ablate, tmp_path):
    for kind, pixels, suffix in (("eight", BYTES, ".png"), ("sixteen", BYTES.astype(np.uint16) * 257, ".tif")):
        for n, each in enumerate(pixels):
            path = tmp_path / kind / str(n % 3) / f"{n:02}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(each).save(path)
    assert "2 runs in" in ablate("dataset=folder", "dataset.path=eight", *ARM)[1]
    assert "all 2 runs are finished" in ablate("dataset=folder", "dataset.path=sixteen", *ARM)[1]


@pytest.mark.parametrize(
    ("arrays", "settings", "message"),
    [
        ({"x": BYTES.astype(float), "y": LABELS}, (), "fractions must lie in [0, 1]: dataset.white=255"),
        ({"x": BYTES, "y": LABELS - 1}, (), "has the label -1"),
        ({"x": np.array([None] * 60), "y": LABELS}, (), "objects are never unpickled"),
        ({"x": BYTES * 0, "y": LABELS}, (), "60 of 60 pictures show one value throughout"),
        ({"x": BYTES, "y": LABELS}, ("dataset.layout=channel_last",), "nearest match: channels_last"),
        ({"x": BYTES, "y": LABELS}, ("dataset.white=low",), "`dataset.white` must be a number"),
        ({"x": BYTES, "y": LABELS}, ("dataset.background=1",), "'dataset.background' does not exist for dataset=npz"),
        (None, (), "cannot read"),
    ],
)
def test_bad_data_are_one_line_and_leave_nothing_behind(ablate, tmp_path, arrays, settings, message):
    if arrays is None:
        (tmp_path / "data.npz").write_bytes(b"PK\3\4 no archive")
    else:
        np.savez(tmp_path / "data.npz", **arrays)
    code, out, err = ablate(*NPZ, *ARM, *settings)
    assert message in err
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["data.npz"]
