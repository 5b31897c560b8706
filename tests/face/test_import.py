"""`import ablate`: fast, lazy, and what it offers is what it says."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ablate

SOURCE = Path(ablate.__file__).read_text(encoding="utf-8")


def test_importing_loads_nothing_else_and_a_name_loads_what_it_needs():
    code = (
        "import sys; before = set(sys.modules); import ablate; "
        "assert not {m.partition('.')[0] for m in set(sys.modules) - before} & {'numpy', 'pandas', 'hydra', 'mlflow'}; "
        "assert [m for m in sys.modules if m.startswith('ablate')] == ['ablate']; "
        "ablate.Metric; assert 'mlflow' not in sys.modules and 'hydra' not in sys.modules; "
        "ablate.Study; assert not {'pandas', 'mlflow', 'ablate.judge', 'ablate.words'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_offered_is_there_is_typed_and_hides_no_room():
    rooms = {path.stem for path in Path(ablate.__file__).parent.iterdir()}
    assert sorted(ablate._WHERE) == ablate.__all__
    for name in ablate.__all__:
        assert getattr(ablate, name).__doc__, name
        assert name not in rooms, "importing the room of that name would hide it"
        assert name in dir(ablate)
    (checked,) = [n for n in ast.parse(SOURCE).body if isinstance(n, ast.If)]
    typed = {alias.name: f"{n.module}" for n in checked.body for alias in n.names}
    assert typed == ablate._WHERE


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Studdy'"):
        ablate.Studdy  # noqa: B018
