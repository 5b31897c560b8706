"""What a Python file says, without what changes no run: comments, docstrings, layout; and what it imports.

Two files with the same `shape` run alike. Nothing is executed to find out.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.resources import stamp_of_now

_UNSAID = ("ctx", "kind", "type_comment", "type_ignores")
_RUNNERS = ("subprocess", "runpy")
_RUNNING = ("system", "popen", "spawnl", "spawnv", "spawnlp", "spawnvp", "posix_spawn", "execv", "execvp", "execl")


@dataclass(frozen=True)
class SourceCode:
    """One file of code.

    Attributes
    ----------
    shape
        SHA-256 of its syntax tree; of its bytes where it is not Python text (an extension module).
    imports
        (level, module, names) of every import statement in it, inside functions too: ``from ..a import b, c`` is
        ``(2, "a", ("b", "c"))``, ``import a.b`` is ``(0, "a.b", ())``.
    runs_others
        What it has that runs code which no import shows, in words; empty where there is nothing of the kind.
    """

    shape: str
    imports: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    runs_others: tuple[str, ...] = ()


def read_source(path: Path) -> SourceCode:
    """Read a file; what was read before is remembered until the file changes."""
    return _read(path, stamp_of_now(path))


@functools.lru_cache(maxsize=4096)
def _read(path: Path, stamp: tuple[int, ...]) -> SourceCode:
    del stamp
    content = path.read_bytes()
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return SourceCode(hashlib.sha256(content).hexdigest())
    parts = tuple(_imports(tree)), tuple(dict.fromkeys(_runners(tree)))
    tree.body = [statement for statement in tree.body if not _declares(statement, tree)]
    _undecorate(tree)
    shape = hashlib.sha256(repr(_shape(tree, keep_texts=_reads_docstrings(tree))).encode()).hexdigest()
    return SourceCode(shape, *parts)


def _declares(statement: ast.stmt, tree: ast.Module) -> bool:
    """Tell a declaration `train.metrics = …`, which says what is returned and changes no run.

    Only of a function that is written in the file: `settings.metrics = 7` of any other object may be read elsewhere,
    under another name. Unless the code itself reads it.
    """
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    if not (isinstance(target, ast.Attribute) and target.attr == "metrics" and isinstance(target.value, ast.Name)):
        return False
    written = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    if target.value.id not in {node.name for node in written}:
        return False
    return not any(
        isinstance(node, ast.Attribute)
        and node.attr == "metrics"
        and isinstance(node.ctx, ast.Load)
        and getattr(node.value, "id", "") == target.value.id
        for node in ast.walk(tree)
    )


def _undecorate(tree: ast.Module) -> None:
    """Take `@ablate.experiment(…)` away from functions: a declaration of what is returned, too."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {f"{one.asname or one.name}.experiment" for one in node.names if one.name == "ablate"}
        elif isinstance(node, ast.ImportFrom) and node.module == "ablate" and not node.level:
            names |= {one.asname or one.name for one in node.names if one.name == "experiment"}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [
                one for one in node.decorator_list if not (isinstance(one, ast.Call) and ast.unparse(one.func) in names)
            ]


def _reads_docstrings(tree: ast.AST) -> bool:
    """Tell whether the code looks at docstrings, as a command line made of one does."""
    return any(getattr(node, "id", getattr(node, "attr", "")) == "__doc__" for node in ast.walk(tree))


def _shape(value: Any, *, keep_texts: bool) -> Any:
    """Return a syntax tree as nested tuples, the same for every version of Python that reads it alike.

    Empty and missing fields are left out: later versions add such. A text that stands by itself is a docstring or a
    comment.
    """
    if isinstance(value, ast.Constant):
        return type(value.value).__name__, repr(value.value)
    if isinstance(value, ast.AST):
        fields = ((name, node) for name, node in ast.iter_fields(value) if name not in _UNSAID)
        kept = tuple((name, _shape(node, keep_texts=keep_texts)) for name, node in fields if node not in (None, []))
        return type(value).__name__, kept
    if isinstance(value, list):
        return tuple(_shape(item, keep_texts=keep_texts) for item in value if keep_texts or not _is_text(item))
    return repr(value)


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                level = len(name.value) - len(name.value.lstrip("."))
                yield level, name.value.lstrip("."), ()


def _runners(tree: ast.AST) -> Iterator[str]:
    for level, module, names in _imports(tree):
        if not level:
            tops = [module, *(f"{module}.{name}" for name in names)]
            yield from (f"`{runner}`" for runner in _RUNNERS if runner in tops or module.startswith(f"{runner}."))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = _called(node)
        if name in _RUNNING and _owner(node) == "os":
            yield f"`os.{name}`"
        elif name == "spec_from_file_location" or (name == "exec" and isinstance(node.func, ast.Name)):
            yield f"`{name}`"


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def _owner(node: ast.Call) -> str:
    return str(getattr(getattr(node.func, "value", None), "id", ""))


def absolute(level: int, module: str, package: str) -> str:
    """Return the full name of a module that is imported inside `package`; empty where there is no such.

    >>> absolute(2, "nets", "lab.models"), absolute(0, "numpy", "lab"), absolute(1, "nets", "")
    ('lab.nets', 'numpy', '')
    """
    if not level:
        return module
    try:
        return importlib.util.resolve_name("." * level + module, package)
    except ImportError:
        return ""
