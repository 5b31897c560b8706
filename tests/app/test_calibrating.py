"""`ablate calibrate`: rows are kept until the page is written, and run anew alone."""

import json

import pytest

from ablate.judge.trials import Trial, TrialPart


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Two checks of one row each instead of all; returns the rows that were simulated, in order."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seen = []

    def trial(name):
        def simulate(rng, studies):
            seen.append(name)
            if seen == ["one", "other"]:
                raise KeyboardInterrupt
            return {"x": rng.normal(size=studies)}

        return Trial(name, simulate, lambda found: [{"what": name, "held": float(found["x"][0]), "met": True}])

    made = [TrialPart(f"check-{name}", name, (trial(name),)) for name in ("one", "other")]
    monkeypatch.setattr("ablate.judge.calibration.parts", lambda: made)
    return seen


def told(folder):
    return {
        row["row"]: row["held"]
        for check in json.loads((folder / "calibration.json").read_text(encoding="utf-8"))["checks"]
        for row in check["rows"]
    }


def test_rows_are_kept_until_the_page_is_written_and_run_anew_alone(ablate, ran, tmp_path):
    command = ("calibrate", "--studies", "16", "--out", "page")
    assert ablate(*command)[0] == 130
    assert ran == ["one", "other"]
    assert not (tmp_path / "page").exists()
    assert ablate(*command)[0] == 0
    assert ran == ["one", "other", "other"]
    first = told(tmp_path / "page")
    assert ablate(*command)[0] == 0
    assert ran[3:] == ["one", "other"]
    assert told(tmp_path / "page") == first

    code, _, err = ablate("calibrate", "--studies", "20", "--out", "page", "--only", "one")
    assert code == 2
    assert "made with --studies 16" in err
    assert ablate(*command, "--only", "check-one")[0] == 0
    assert ran[5:] == ["one"]
    assert told(tmp_path / "page") == first
    page = (tmp_path / "page/calibration.md").read_text(encoding="utf-8")
    assert "rows run again later: one" in page.replace("*", "")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--only", "on"), "unknown row 'on'"),
        (("--only", "one"), "which is not there"),
        (("--jobs", "0"), "`--jobs` must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(ablate, ran, more, said):
    code, _, err = ablate("calibrate", "--studies", "16", "--out", "page", *more)
    assert code == 2
    assert said in err
    assert ran == []
