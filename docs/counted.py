"""Numbers that pages take from committed results; `python docs/counted.py` writes them there.

Each row of `NUMBERS` is a page, a pattern that finds the numbers in it (one group each), and what they are.
`tests/docs/test_numbers.py` fails where a page says something else, or says it no more.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ablate.sweep.study_file import load_study

ROOT = Path(__file__).parents[1]
_WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def panels() -> tuple[str, ...]:
    """Return of the book's figure 6-19: its panels, seeds a side, panels that support the claim and that reverse it."""
    document = json.loads((ROOT / "studies/findings/book-batchnorm-init/verdicts.json").read_text(encoding="utf-8"))
    own = [verdict for verdict in document["verdicts"] if verdict["claim_id"].startswith("faster[")]
    (seeds,) = {len(verdict["seeds"]) for verdict in own}
    ended = Counter(verdict["outcome"] if verdict["outcome"] != "refuted" else verdict["label"] for verdict in own)
    reversed_ = ended["reversed"]
    return str(len(own)), str(seeds), str(ended["supported"]), _WORDS.get(reversed_, str(reversed_))


def quickstart() -> tuple[str, ...]:
    """Return the networks of the quickstart, its arms and its seeds."""
    study = load_study(str(ROOT / "studies/quickstart.yaml"))
    arms = 1
    for levels in study.factors.values():
        arms *= len(levels)
    assert isinstance(study.seeds, int)
    return str(arms * study.seeds), str(arms), str(study.seeds)


def scale(row: str) -> tuple[str, ...]:
    """Return of a row on scale in benchmarks/RESULTS.md its values, as the page has them: 9.1, 32.

    Raises
    ------
    ValueError
        There is no such row, or more than one.
    """
    text = (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| {re.escape(row)} \|(.*)\|$", text, flags=re.MULTILINE)
    if len(rows) != 1:
        raise ValueError(f"benchmarks/RESULTS.md: expected one row {row!r}, found {len(rows)}")
    values = [float(number) for number in re.findall(r"([\d.]+) m?s\b", rows[0])]
    return tuple(f"{value:.1f}" if value < 20 else str(int(value + 0.5)) for value in values)


def ways() -> tuple[str, ...]:
    """Return the milliseconds that logging a run takes directly, in a new store."""
    text = (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    (directly,) = re.findall(
        r"^\| MLflow's client \| directly \| ratio \|\n.*\n\| [\d.]+ \| ([\d.]+) \|", text, re.MULTILINE
    )
    return (directly,)


def hostile() -> tuple[str, ...]:
    """Return of the tests with damaged input: cases of a kind, kinds, and cases of the long harness."""
    text = (ROOT / "tests/faults/test_fuzz.py").read_text(encoding="utf-8")
    ((few, many),) = re.findall(r"fixture\(params=\[(\d+), pytest\.param\((\d+),", text)
    kinds = len(re.findall(r"^def test_\w+\(each\b", text, re.MULTILINE))
    return few, str(kinds), many


def constant(file: str, name: str, *, of: float = 1.0) -> Callable[[], tuple[str, ...]]:
    """Return what finds a number that a module of the code or the tests has under a name, in the page's unit.

    Raises
    ------
    ValueError
        The file gives that name no number, or more than one.
    """

    def find() -> tuple[str, ...]:
        text = (ROOT / file).read_text(encoding="utf-8")
        found = re.findall(rf"^{name} = ([\d_.]+)", text, flags=re.MULTILINE)
        if len(found) != 1:
            raise ValueError(f"{file}: expected one number {name}, found {len(found)}")
        return (f"{float(found[0]) / of:g}",)

    return find


def steps() -> tuple[str, ...]:
    """Return at how many steps of a command the tests end it, without the long harness."""
    text = (ROOT / "tests/faults/test_steps.py").read_text(encoding="utf-8")
    (points,) = re.findall(r'"--points", "(\d+)"', text)
    return (points,)


def kills() -> tuple[str, ...]:
    """Return how many trials of the kill harness the tests run, without the long one."""
    text = (ROOT / "tests/faults/test_many_kills.py").read_text(encoding="utf-8")
    (trials,) = re.findall(r"pytest\.param\((\d+), marks=pytest\.mark\.timeout", text)
    return (trials,)


def _of(make: Callable[[], tuple[str, ...]], *places: int) -> Callable[[], tuple[str, ...]]:
    return lambda: tuple(make()[place] for place in places)


_OWN, _STORE = "ablate/programs", "ablate/track"
NUMBERS: tuple[tuple[str, str, Callable[[], tuple[str, ...]]], ...] = (
    ("README.md", r"Training accuracy over (\d+) initial weight scales, .*?, (\d+) seeds each", _of(panels, 0, 1)),
    ("README.md", r"with (\d+) seeds where the book has one", _of(panels, 1)),
    ("README.md", r"in (\d+) of these (\d+) panels, and clearly the other way round in (\w+),", _of(panels, 2, 0, 3)),
    ("README.md", r"The first trains (\d+) networks", _of(quickstart, 0)),
    ("docs/tutorial.md", r"It trains (\d+) networks \((\d+) arms, (\d+) seeds each\)", quickstart),
    *(("docs/scale.md", rf"^\| `ablate {command}`{more} \| ([\d.]+) s \| ([\d.]+) s \| ([\d.]+) s \|$",
       partial(scale, command + more))
      for command, more in (("plan", ""), ("run", ", nothing to do"), ("verdict", ""), ("report", ""))),
    ("docs/reliability.md", r"`tests/faults/test_fuzz.py`: (\d+) cases of each of (\d+) kinds; (\d+) of each", hostile),
    ("docs/reliability.md", r"the last (\d+) lines printed", constant(f"{_OWN}/isolated.py", "_TAIL")),
    ("docs/reliability.md", r"killed after (\d+) s, or the `timeout`", constant(f"{_OWN}/isolated.py", "_IMPORTING")),
    ("docs/reliability.md", r"the first (\d+) MB and the last one", constant(f"{_OWN}/processes.py", "HEAD", of=1e6)),
    ("docs/reliability.md", r"waits for it, (\d+) minutes at", constant(f"{_STORE}/patience.py", "SECONDS", of=60)),
    ("docs/reliability.md", r"and says so after (\d+) s; Ctrl-C", constant(f"{_STORE}/patience.py", "_TOLD")),
    ("docs/reliability.md", r"`tests/faults/test_steps.py`: (\d+) steps of each", steps),
    ("docs/reliability.md", r"without `-m long`: (\d+) trials", kills),
    ("docs/scale.md", r"its share of the arm's summary included: ([\d.]+) in a new store", ways),
    ("docs/scale.md", r"in a new store, ([\d.]+) on average over 10,000", partial(scale, "logged, a run")),
    *(("docs/scale.md", pattern, _of(partial(scale, row), 0)) for row, pattern in (
        ("report of 10,000 runs", r"the report of 10,000 runs takes ([\d.]+) s"),
        ("report of 1,000 runs", r"that of 1,000 runs ([\d.]+) s"),
        ("report of 100 runs", r"that of 100 runs ([\d.]+) s"),
        ("run with nothing to do, 10,000 runs", r"nothing to do takes ([\d.]+) s at 10,000 runs"),
        ("plan of 50,000 runs", r"`ablate plan` takes ([\d.]+) s of processor time"),
        ("nothing to do, 50,000 runs", r"of processor time, a run with nothing to do ([\d.]+) s"),
        ("verdict of 50,000 runs", r"nothing to do [\d.]+ s, `verdict` ([\d.]+) s"),
        ("report of 50,000 runs", r"and a\nreport ([\d.]+) s"),
        ("a run of 50,000, logged", r"kept its\npace \(([\d.]+) ms a run\)"),
    )),
    ("docs/tutorial.zh.md", r"训练 (\d+) 个网络（(\d+) 个实验组，每组 (\d+) 个种子）", quickstart),
)  # fmt: skip


def filled(page: str, text: str) -> str:
    """Return a page with its numbers as the results have them.

    Raises
    ------
    ValueError
        What a pattern finds is not on the page, or stands there more than once.
    """
    for name, pattern, what in NUMBERS:
        if name == page:
            found = list(re.finditer(pattern, text, flags=re.DOTALL | re.MULTILINE))
            if len(found) != 1:
                raise ValueError(f"{page}: expected once {pattern!r}, found {len(found)} times")
            for place, number in reversed(list(enumerate(what(), start=1))):
                low, high = found[0].span(place)
                text = text[:low] + number + text[high:]
    return text


def main() -> int:
    """Write the numbers into their pages and name the pages that changed."""
    for page in dict.fromkeys(name for name, _, _ in NUMBERS):
        path = ROOT / page
        before = path.read_text(encoding="utf-8")
        after = filled(page, before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            sys.stdout.write(f"{page} has changed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
