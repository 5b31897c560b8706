"""Draw a factor's way from a study file to a figure, from the code: `python docs/way.py [--check]`.

The functions are named here, in the order in which `ablate run STUDY` calls them; what passes from one to the next is
read off their annotations. The drawing (Mermaid, as GitHub shows it) stands in CONTRIBUTING.md between two marks.
"""

from __future__ import annotations

import argparse
import builtins
import dataclasses
import functools
import importlib
import inspect
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

WAY = (
    "ablate.sweep.study_file:parse_study",
    "ablate.sweep.plan:make_plan",
    "ablate.sweep.runner:run_plan",
    "ablate.sweep.launch:train_job",
    "ablate.train.numpy_program:NumpyProgram.run",
    "ablate.track.mlflow_tracker:MlflowSession.log_arm",
    "ablate.track.read:read_study",
    "ablate.work.judging:judge_tables",
    "ablate.judge.rule:judge",
    "ablate.report.write:write_report",
    "ablate.report.draw:render_all",
    "ablate.report.page:build_page",
)
READ = "ablate.track.read:read_study"
"""What takes nothing of what came before: it reads the store."""
PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
BEGIN, END = "<!-- drawn by docs/way.py -->\n", "<!-- end of the drawing -->\n"


def function_at(path: str) -> Callable[..., Any]:
    """Return the function at ``module:name``."""
    module, _, name = path.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return typing.cast("Callable[..., Any]", found)


def own_types(annotation: Any) -> Iterator[type]:
    """Yield the classes of ablate that an annotation names, however deep."""
    if inspect.isclass(annotation) and annotation.__module__.startswith("ablate"):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from own_types(inner)


def held_by(of: type) -> Iterator[type]:
    """Yield the classes of ablate that the fields of a dataclass hold, and those that these hold."""
    if not dataclasses.is_dataclass(of):
        return
    for hint in hints_of(of).values():
        for one in own_types(hint):
            if one is not of:
                yield one
                yield from held_by(one)


def passed(path: str) -> tuple[list[type], list[type]]:
    """Return the classes a function takes, and those it returns."""
    hints = hints_of(inspect.unwrap(function_at(path)))
    returned = list(own_types(hints.pop("return", None)))
    return [one for hint in hints.values() for one in own_types(hint)], returned


class _Foreign(type):
    def __getattr__(cls, name: str) -> type:
        return cls

    def __getitem__(cls, key: object) -> type:
        return cls


class Foreign(metaclass=_Foreign):
    """Whatever an annotation names that is not ablate's."""


class Names(dict[str, Any]):
    """What annotations of a module may name; what is imported for them alone, under `if TYPE_CHECKING`, by its name."""

    def __init__(self, module: str) -> None:
        super().__init__(_everything() | vars(builtins) | vars(sys.modules[module]))

    def __missing__(self, name: str) -> type:
        return Foreign


@functools.cache
def _everything() -> dict[str, Any]:
    for path in WAY:
        importlib.import_module(path.partition(":")[0])
    modules = [of for name, of in sys.modules.items() if name.startswith("ablate.")]
    return {name: of for module in modules for name, of in vars(module).items() if isinstance(of, type)}


def hints_of(of: Any) -> dict[str, Any]:
    """Return the annotations of a function or class, evaluated."""
    return typing.get_type_hints(of, None, Names(of.__module__))


def drawing() -> str:
    """Return the way as a Mermaid flow chart: an arrow where one function takes what an earlier one returned.

    A configuration in a plan counts as returned with the plan.
    """
    lines, made, inside = ["```mermaid", "flowchart TD"], dict[type, int](), dict[type, int]()
    for place, path in enumerate(WAY):
        module, _, name = path.partition(":")
        lines.append(f'    s{place}["<b>{module.split(".")[1]}</b><br>{name}"]')
        takes, returns = passed(path)
        arrows = dict[int, dict[str, None]]()
        for one in takes:
            # What is handed on as it is, else inside of something, else what the function gets something around.
            whence = [(one, made)] if one in made else [(one, inside)] if one in inside else []
            for of, places in whence or [(held, made) for held in held_by(one) if held in made]:
                arrows.setdefault(places[of], {})[of.__name__] = None
        lines += [f"    s{begin} -- {', '.join(names)} --> s{place}" for begin, names in sorted(arrows.items())]
        if path == READ:
            lines.append(f"    s{place - 1} -. MLflow .-> s{place}")
        made |= dict.fromkeys(returns, place)
        inside |= {one: place for of in returns for one in held_by(of) if one not in inside}
    return "\n".join([*lines, "```", ""])


def page_with(chart: str, text: str) -> str:
    """Return the page's text with the drawing between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{chart}\n{END}{after}"


def main() -> int:
    """Write the drawing into CONTRIBUTING.md, or say whether it is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 where the drawing is another")
    text = PAGE.read_text(encoding="utf-8")
    wanted = page_with(drawing(), text)
    if parser.parse_args().check:
        return int(wanted != text)
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
