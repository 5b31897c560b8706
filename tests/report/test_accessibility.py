"""The page in a browser: axe-core finds nothing serious, in light and in dark, on a wide screen and on a phone.

Needs Chromium and axe-core (`npm install --global axe-core`, or in the folder that tests run in).
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ablate.judge.rule import judge
from ablate.report.write import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_RUN = (
    "addEventListener('load', () => axe.run({resultTypes: ['violations']}).then(found => {"
    "const told = found.violations.map(v => [v.impact, v.id, v.nodes.length, v.nodes.map(n => n.html.slice(0, 120))]);"
    "document.body.innerHTML = '<pre id=found></pre>';"
    "document.getElementById('found').textContent = JSON.stringify(told); }));"
)


def _axe() -> Path | None:
    folders = [folder / "node_modules" for folder in (Path.cwd(), *Path.cwd().parents)]
    if npm := shutil.which("npm"):
        told = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip() or "."))
    return next((path for f in folders if (path := f / "axe-core" / "axe.min.js").is_file()), None)


def _findings(page: Path, axe: Path, width: int) -> list[list[object]]:
    text = page.read_text(encoding="utf-8")
    script = f"<script>{axe.read_text(encoding='utf-8')}</script><script>{_RUN}</script></body>"
    checked = page.with_name("checked.html")
    checked.write_text(text.replace("</body>", script), encoding="utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},1000",
               "--virtual-time-budget=60000", "--dump-dom", checked.as_uri()]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stdout
    found = re.search(r'<pre id="found">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown[-2000:]
    told: list[list[object]] = json.loads(html.unescape(found[1]))
    return told


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    model, tables = study
    tables.study["ui"] = "http://127.0.0.1:5000"
    report = write_report(model, tables, judge(model, tables), tmp_path_factory.mktemp("page"))
    text = report.html.read_text(encoding="utf-8").replace("<details", "<details open")
    report.html.write_text(text, encoding="utf-8")  # what is folded is looked at too
    return report.html


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_axe_finds_nothing_serious(page, dark, width):
    axe = _axe()
    if axe is None:
        pytest.skip("axe-core is not installed: npm install --global axe-core")
    if dark:
        text = page.read_text(encoding="utf-8").replace("@media (prefers-color-scheme: dark)", "@media all", 1)
        page = page.with_name("dark.html")
        page.write_text(text, encoding="utf-8")
    serious = [one for one in _findings(page, axe, width) if one[0] in ("serious", "critical")]
    assert serious == []
