"""`ablate calibrate`: the statistics tried on simulated studies, and the page that shows how they did."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

from ablate import __version__
from ablate.app.console import say
from ablate.errors import Failure, must
from ablate.work.places import shown

_LEAST = 16


def write_page(studies: int, out: Path) -> None:
    """Run every check and write the page.

    Raises
    ------
    UserError
        Too few studies to say anything, or the folder holds files of the same names that ablate did not write.
    Failure
        A check is not met; the page is written all the same.
    """
    from ablate.judge.calibration import calibrate
    from ablate.report.calibration import check_calibration_folder, write_calibration

    if studies < _LEAST:
        raise must("--studies", f"be at least {_LEAST}", studies)
    check_calibration_folder(out)
    with tqdm(desc="calibrate", unit="study", ncols=100, leave=False) as bar:

        def advance(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        result = calibrate(studies, progress=advance)
    about = {
        "command": f"ablate calibrate --studies {studies} --out {shown(out)}",
        "ablate": __version__,
        **{name: version(name) for name in ("numpy", "scipy", "statsmodels")},
    }
    paths = write_calibration(result, out, about=about)
    for check in result.checks:
        say(f"{'✓' if check.passed else '✗'} {check.title.replace('`', '')}")
    say(f"\npage:             {shown(paths.html)}")
    say(f"as Markdown:      {shown(paths.markdown)}")
    failed = [check.name for check in result.checks if not check.passed]
    if failed:
        raise Failure(f"{len(failed)} of {len(result.checks)} checks are not met: {', '.join(failed)}")
