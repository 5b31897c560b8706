"""Where findings are looked for: beside the studies that are used."""

from ablate.resources import findings_folder, study_folders


def test_beside_studies_of_ones_own_no_findings_of_ours_are_looked_at(tmp_path, monkeypatch):
    ours = findings_folder()
    assert ours.parent == study_folders()[0]
    monkeypatch.chdir(tmp_path)
    assert findings_folder() == ours  # of a checkout: the studies that are used are ours
    (tmp_path / "studies").mkdir()
    assert findings_folder() == tmp_path / "studies" / "findings"
