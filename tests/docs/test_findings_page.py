"""The page on findings: every command of its block is run, in its order, on a small study in the place of STUDY."""

import shlex

from pages import ROOT, blocks, lines

from ablate.cli import main

STUDY = """
title: What helps a small net
fixed: {dataset: digits, dataset.train_size: 60, model.hidden: [8], batch_size: 20, epochs: 2}
factors: {norm: [none, batch]}
seeds: 7
quick: {seeds: 6, fixed: {epochs: 1}}
claims:
  - {id: better, says: Norm helps, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none},
     by_at_least: 0.01}
"""


def test_every_command_writes_what_is_said_of_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "small.yaml").write_text(STUDY, encoding="utf-8")
    (block,) = blocks(ROOT / "docs" / "findings.md", "bash")

    def typed(line, *more):
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
        program, *words = shlex.split(line.replace("STUDY", "small"))
        assert program == "ablate"
        assert main([*words, *more]) == 0, capsys.readouterr().err
        written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")
                   if path.is_file() and path.stat().st_mtime_ns != before.get(path)}  # fmt: skip
        return capsys.readouterr().out, written

    quick, run, findings, chinese, every_arm, board, committed, checked, again = lines(block)
    one_by_one = ["-j", "1", "--no-report"]
    assert "small-quick: 12 runs in" in typed(quick, *one_by_one)[0]
    assert "small: 14 runs in" in typed(run, *one_by_one)[0]
    finding = tmp_path / "studies" / "findings" / "small"
    _, written = typed(findings)
    assert {f"studies/findings/small/{name}" for name in ("report.md", "verdicts.json", "runs.csv")} <= written
    assert "studies/findings/small/report.zh.md" in typed(chinese)[1]
    assert "## 裁定" in (finding / "report.zh.md").read_text(encoding="utf-8")
    assert "reports/small/report.html" in typed(every_arm)[1]
    _, written = typed(board)
    assert {"reports/index.html", "reports/small/report.html", "reports/small-quick/report.html"} <= written
    assert "studies/findings/README.md" not in written
    _, written = typed(committed)
    assert {"studies/findings/README.md", "studies/findings/small/report.md"} <= written
    said, written = typed(checked)
    assert ("equal to studies/findings/small/verdicts.json" in said, written) == (True, set())
    assert "studies/findings/small/report.md" in typed(again)[1]
