import json
import shutil
from pathlib import Path

import pytest

from ablate.cli import main
from ablate.lang import speaking
from ablate.report.findings.earlier import read_earlier, recorded
from ablate.report.templating import markdown_text, plain_text
from ablate.resources import findings_folder
from ablate.work.bench import Bench
from ablate.work.reporting import warn_of_letters


@pytest.mark.parametrize("text", ["a_b * <c> | d", "see `batch_norm`*", "[x](y) _z_ $1 ~ \\ end", "test/loss (%)"])
def test_what_was_escaped_for_markdown_is_read_back(text):
    assert plain_text(markdown_text(text)) == text


def test_only_pictures_of_what_was_recorded_are_kept():
    names = ("curves-train-loss", "curve-grid", "paths", "step-sizes", "gan-samples", "activation-histograms")
    assert all(map(recorded, names))
    assert not any(map(recorded, ("forest", "reach", "seeds-final-test-accuracy", "tuning-budget", "curved")))


@pytest.mark.parametrize("tongue", ["en", "zh"])
def test_a_report_is_read_section_by_section(tongue):
    with speaking(tongue):
        suffix = "" if tongue == "en" else ".zh"
        found = read_earlier(findings_folder() / "book-optimizer-paths" / f"report{suffix}.md")
    assert [picture.name for picture in found.pictures["own"]] == ["paths"]
    assert {"forest", "slopes"} <= {p.name for field in ("pictures", "evidence") for p in found.pictures[field]}
    assert all(picture.alt and picture.caption and found.files[picture.name] for picture in found.pictures["curves"])
    assert {"threads", "numpy"} <= found.provenance.keys()


@pytest.mark.slow
def test_a_finding_is_judged_and_written_again_from_its_own_files(tmp_path, capsys):
    name = "book-optimizer-paths"
    folder, before = tmp_path / name, findings_folder() / name
    shutil.copytree(before, folder)
    (folder / ".ablate-manifest.json").unlink()  # as older releases wrote it
    page = folder / "report.md"
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("| mlflow ", "| host  | here |\n| mlflow ", 1), encoding="utf-8")
    assert main(["report", "--csv", str(folder), "--findings"]) == 0
    old, new = ((where / "report.md").read_text(encoding="utf-8") for where in (before, folder))
    for kept in ("paths", "curves-train-loss"):
        assert (folder / f"figures/{kept}.png").read_bytes() == (before / f"figures/{kept}.png").read_bytes()
        lines = [number for number, line in enumerate(old.splitlines()) if f"](figures/{kept}.png)" in line]
        assert "\n".join(old.splitlines()[lines[0] : lines[0] + 3]) in new
    assert (folder / "runs.csv").read_bytes() == (before / "runs.csv").read_bytes()
    document = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    assert document["study"]["judged_again"]["date"] in new
    assert (
        document["study"]["run_id"]
        == json.loads((before / "verdicts.json").read_text(encoding="utf-8"))["study"]["run_id"]
    )
    assert "| host " not in new
    for row in ("| cpu ", "| git commit ", "| MLflow run "):
        assert [line for line in new.splitlines() if line.startswith(row)]
    assert main(["report", "--csv", str(folder)]) == 0  # the verdicts that it holds now are those of its runs
    Path(folder / "report.html").write_text("", encoding="utf-8")
    assert main(["report", "--csv", str(folder), "--findings"]) == 2
    assert "report with its page" in capsys.readouterr().err


@pytest.mark.parametrize(("tongue", "fonts", "lines"), [("zh", 1, 1), ("zh", 2, 0), ("en", 1, 0)])
def test_pictures_that_will_show_boxes_are_told(tongue, fonts, lines, monkeypatch):
    monkeypatch.setattr("ablate.report.figures.style.font_family", lambda: ["DejaVu Sans", "Noto Sans CJK SC"][:fonts])
    told = []
    with speaking(tongue):
        warn_of_letters(Bench(tell=told.append))
    assert len(told) == lines
    assert all("Chinese letters" in event.text for event in told)
