"""The page on Python: its blocks run as they stand there, in their order."""

import re
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_every_block_of_the_page_runs_and_says_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ABLATE_ROOT", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_training", raising=False)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    space = {"__name__": "page"}
    for block in blocks:
        file = re.match(r"# (\w+\.py)\n", block)
        if file:
            (tmp_path / file[1]).write_text(block, encoding="utf-8")
            continue
        exec(compile(block, str(PAGE), "exec"), space)
    outcomes = {v.claim_id: v.outcome for v in space["result"].verdicts}
    assert outcomes == {
        "norm-helps[dropout=0.0]": "supported", "norm-helps[dropout=0.5]": "supported",
        "dropout-is-harmless": "supported",
    }  # fmt: skip
    out = capsys.readouterr().out
    assert "8 of 48 runs are left" in out
    assert "[10, 10, 10, 10]" in out
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out-init" / "runs.csv").is_file()
    monkeypatch.delitem(sys.modules, "my_training", raising=False)
