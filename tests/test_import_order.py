"""The house rule: imports go one way. Read off the syntax tree, so that lazy imports count too."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ablate"

# Each room may import from itself and from rooms before it.
ORDER = [
    ("early",),
    ("errors", "interrupts", "streams", "resources", "terminal", "values"),
    ("doors",),
    ("registry", "manifest", "levels", "zips"),
    ("identity", "lang"),
    ("stats",),
    ("data",),
    ("nn",),
    ("optim",),
    ("train",),
    ("programs",),
    ("track",),
    ("claims",),
    ("sources",),
    ("sweep",),
    ("judge",),
    ("words",),
    ("report",),
    ("work",),
    ("testing",),
    ("app",),
    ("face",),
    ("cli",),
    ("__main__", "__init__"),
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}

# Who may know which library.
KNOWS = {
    "hydra": {"app", "programs"},
    "omegaconf": {"app", "programs"},
    "mcp": {"face"},
    "mlflow": {"track"},
    "seaborn": {"report"},
    "matplotlib": {"report", "testing"},
    "sklearn": {"programs"},
    "numba": {"data", "train"},
    "torch": set(),
}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


MODULES = sorted(PACKAGE.rglob("*.py"))
PLUGIN = sorted((PACKAGE.parent / "hydra_plugins").rglob("*.py"))
KNOW_THE_PACKAGE = {"track/provenance.py", "app/calibrating.py"}  # where its own files lie


def test_every_room_has_a_place_in_the_order():
    assert {room_of(path) for path in MODULES} <= set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    here = room_of(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "ablate":
            there = rest.split(".")[0]
            if there not in RANK:  # the package itself: its version, or where it lies
                assert there == "__version__" or path.relative_to(PACKAGE).as_posix() in KNOW_THE_PACKAGE, name
                continue
            assert there == here or RANK[there] < RANK[here], f"{here} imports {name}"
        elif top in KNOWS:
            assert here in KNOWS[top], f"{here} imports {name}"


@pytest.mark.parametrize("path", PLUGIN, ids=lambda p: p.name)
def test_what_hydra_discovers_knows_our_side_of_hydra_alone(path):
    """Hydra imports it at every start, of every application on the machine."""
    for name in imports(path):
        top, _, rest = name.partition(".")
        assert top != "ablate" or rest.split(".")[0] in ("app", "resources"), name
        assert top not in KNOWS or top in ("hydra", "omegaconf"), name


WORDLESS = ("stats", "claims", "judge")


@pytest.mark.parametrize(
    "path", [path for path in MODULES if room_of(path) in WORDLESS], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_what_is_found_holds_no_words_of_a_language(path):
    """Numbers and codes: a page in another language is then made of them, and nothing is judged again."""
    assert not [name for name in imports(path) if name.startswith("ablate.lang")]


PRINTING = {"print", "say", "warn", "tqdm", "input"}


@pytest.mark.parametrize("path", sorted((PACKAGE / "work").glob("*.py")), ids=lambda p: p.name)
def test_a_use_case_reports_and_never_prints(path):
    """Not to the terminal, not by a progress bar, not by Python's warnings: whoever listens decides what is shown."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in PRINTING, f"line {node.lineno}: {node.func.id}"
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("stdout", "stderr", "argv"), f"line {node.lineno}: {node.attr}"
    known = {name.partition(".")[0] for name in imports(path)}
    assert not known & {"hydra", "omegaconf", "tqdm", "warnings", "logging", "argparse", "sys"}
    assert not {name for name in imports(path) if name.startswith(("ablate.app", "ablate.cli"))}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_stay_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
