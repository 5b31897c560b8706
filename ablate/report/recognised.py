"""The files of a report, those of releases before the manifest, and whether a folder can take them.

Light, so that it is asked before anything is run. What an older release wrote is recognised by what it holds.
Names alone prove nothing: `report.md` and `runs.csv` are what others call their files too. A text is ours by lines that
every release wrote into it; a picture by the report beside it that shows it, or by its own title.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ablate.lang import LANGUAGES
from ablate.manifest import check_free
from ablate.values import from_json

TUNING, COPY = "tuning.csv", "copy.csv"
FIGURES = "figures"
_LATEX = ("booktabs", "booktabs,siunitx,adjustbox")  # what a table of an earlier release needs, and of this one
TEXTS = ("report.html", "report.md", "verdicts.json", "runs.csv", "table.tex")
"""Names in the folder of a report."""

REPORT, CALIBRATION, GRAPH, BOARD, BOARD_PAGE, JOBS, FINDINGS = (
    "report", "calibration", "graph", "scoreboard pictures", "scoreboard page", "job folders", "findings"
)  # fmt: skip
"""The parts of a manifest; those in one language have it behind them."""

_RUN = re.compile(r"^\|[^|]*\|\s*[0-9a-f]{32}\s*\|$", re.MULTILINE)  # a report names its MLflow run
_SHOWN = re.compile(r"\]\(((?:figures|figures-[a-z]+|board)/[^)/\\]+\.(?:png|svg))\)")


def known_files(folder: Path) -> dict[str, str]:
    """Return the files of a folder that an older release wrote, name -> part."""
    files = dict(_texts(folder))
    for name, part in list(files.items()):
        if name.endswith(".md"):
            files.update({picture: _picture_part(picture, part) for picture in _shown(folder, name)})
    files.update(_graphs(folder))
    return files


def findings_part(tongue: str) -> str:
    """Return the part of a findings report in one language."""
    return f"{FINDINGS} {tongue}"


def board_part(tongue: str) -> str:
    """Return the part of the Markdown scoreboard in one language."""
    return f"scoreboard {tongue}"


def page_part(tongue: str) -> str:
    """Return the part of the scoreboard's page in one language."""
    return f"{BOARD_PAGE} {tongue}"


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    page = (folder / "report.html").is_file()  # findings have none
    checks: list[tuple[str, str, Callable[[str], bool]]] = [
        ("verdicts.json", REPORT if page else FINDINGS, _is_verdicts),
        ("runs.csv", REPORT if page else FINDINGS, _is_runs),
        ("tuning.csv", REPORT if page else FINDINGS, _is_tuning),
        ("copy.csv", REPORT if page else FINDINGS, _is_copy),
        ("table.tex", REPORT if page else findings_part("en"), _is_table),
        ("report.html", REPORT, _is_page("ablate · ")),
        ("calibration.html", CALIBRATION, _is_page("ablate · calibration<")),
        ("calibration.md", CALIBRATION, _is_calibration),
        ("calibration.json", CALIBRATION, _is_calibration_data),
        ("multirun.yaml", JOBS, _is_job),
    ]
    for tongue in LANGUAGES:
        tail = "" if tongue == "en" else f".{tongue}"
        checks += [
            (f"report{tail}.md", REPORT if page else findings_part(tongue), _is_report),
            (f"README{tail}.md", board_part(tongue), _is_board),
            (f"index{tail}.html", page_part(tongue), _is_page("ablate<")),
        ]
    for name, part, is_ours in checks:
        if _holds(folder / name, is_ours):
            yield name, part
    for path in (folder / ".hydra", *(path / ".hydra" for path in _numbered(folder))):
        if _holds(path / "hydra.yaml", _is_job):
            for name in ("config.yaml", "hydra.yaml", "overrides.yaml"):
                yield (path / name).relative_to(folder).as_posix(), JOBS


def _numbered(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.isdecimal() and path.is_dir()] if folder.is_dir() else []


def _holds(path: Path, is_ours: Callable[[str], bool]) -> bool:
    try:
        return path.is_file() and is_ours(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False


def _json(text: str) -> dict[str, Any]:
    parsed = from_json(text)
    return parsed if isinstance(parsed, dict) else {}


def _is_verdicts(text: str) -> bool:
    document = _json(text)
    head, verdicts = document.get("study"), document.get("verdicts")
    return isinstance(head, dict) and {"name", "key", "run_id"} <= head.keys() and isinstance(verdicts, list)


def _is_runs(text: str) -> bool:
    head = text.partition("\n")[0]
    return head.startswith("arm_id,arm,baseline,") and ",run_id,identity" in head


def _is_copy(text: str) -> bool:
    return text.startswith("copy_of,seed,outcome,majority_rate")


def _is_tuning(text: str) -> bool:
    return text.startswith("arm_id,arm,serves,metric,trial,seed,outcome,score,chosen")


def _is_table(text: str) -> bool:
    needs = tuple(rf"% Needs \usepackage{{{names}}} and, for check marks, " for names in _LATEX)
    return text.startswith((*needs, "% no metric, no table"))


def _is_report(text: str) -> bool:
    return text.startswith("# ") and "\n```sh\nablate " in text and _RUN.search(text) is not None


def _is_page(kicker: str) -> Callable[[str], bool]:
    return lambda text: f'<p class="kicker">{kicker}' in text


def _is_board(text: str) -> bool:
    return text.startswith("# ") and "](board/" in text and 'id="s-' in text


def _is_calibration(text: str) -> bool:
    return text.startswith("# Can the verdicts be trusted?\n")


def _is_calibration_data(text: str) -> bool:
    return {"studies", "seed", "alpha", "checks"} <= _json(text).keys()


def _is_job(text: str) -> bool:
    return "hydra_plugins.ablate_sweeper" in text


def _shown(folder: Path, name: str) -> set[str]:
    """Return the pictures that a text of ours shows, as far as they are pictures."""
    text = (folder / name).read_text(encoding="utf-8")
    shown = {str(match) for match in _SHOWN.findall(text)}
    shown |= {f"{match.removesuffix('.png')}.svg" for match in shown if match.endswith(".png")}
    return {picture for picture in shown if _is_picture(folder / picture)}


def _is_picture(path: Path) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    with path.open("rb") as opened:
        start = opened.read(400)
    return start.startswith(b"\x89PNG") if path.suffix == ".png" else b"<svg" in start


def _picture_part(picture: str, part: str) -> str:
    return BOARD if picture.startswith("board/") else part


def _graphs(folder: Path) -> dict[str, str]:
    """Return the drawings of `ablate graph`: a drawing, a picture and its numbers of one name."""
    files = {}
    for path in folder.glob("*.json") if folder.is_dir() else ():
        if _holds(path, lambda text: {"nodes", "edges", "seed"} <= _json(text).keys()):
            trio = [path.with_suffix(ending) for ending in (".json", ".svg", ".png")]
            if all(one.is_file() for one in trio) and _holds(trio[1], lambda text: '<g id="measured"' in text):
                files.update(dict.fromkeys((one.name for one in trio), GRAPH))
    return files


def check_report_folder(out: Path) -> None:
    """Refuse a folder in which a report would replace files of somebody else's, before anything is run.

    Raises
    ------
    UserError
        See `manifest.publish`.
    """
    check_free(out, (*TEXTS, TUNING, COPY), known=known_files)
