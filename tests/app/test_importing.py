import pytest

STUDY = """
title: Mine
factors: {norm: [none, batch]}
claims:
  - id: better
    says: Better
    metric: final/test_accuracy
    arm: {norm: batch}
    against: {norm: none}
    by_at_least: 0.005
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "mine.yaml").write_text(STUDY, encoding="utf-8")
    lines = ["norm,seed,final/test_accuracy"]
    lines += [
        f"{norm},{seed},{level + seed / 1000}" for norm, level in (("none", 0.9), ("batch", 0.92)) for seed in range(8)
    ]
    (tmp_path / "results.csv").write_text("\n".join(lines), encoding="utf-8")


def test_imported_results_are_tracked_judged_and_reported_once(ablate, tmp_path, files):
    code, out, _ = ablate("import", "mine.yaml", "results.csv")
    assert code == 0
    assert "16 of 16 runs imported" in out
    assert "✓ Supported: norm=batch raises final/test_accuracy by 2.00 pp" in out
    report = (tmp_path / "reports" / "mine-imported" / "report.md").read_text(encoding="utf-8")
    assert "Imported from results.csv" in report
    assert "Nothing was registered before the runs" in report
    code, out, _ = ablate("import", "mine.yaml", "results.csv")
    assert "0 of 16 runs imported, the rest were before" in out


def test_a_claim_on_a_column_that_is_not_there_is_refused_before_anything_is_tracked(ablate, tmp_path, files):
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    (tmp_path / "results.csv").write_text(text.replace("test_accuracy", "tset_accuracy"), encoding="utf-8")
    code, _, err = ablate("import", "mine.yaml", "results.csv")
    assert code == 2
    assert "nearest match: final/tset_accuracy" in err
    assert not (tmp_path / "mlruns").exists()
