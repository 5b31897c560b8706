import os
import textwrap

import pytest

from ablate.errors import UserError
from ablate.programs.modules import Module, closure
from ablate.programs.source import absolute, read_source
from ablate.programs.watched import watched

CODE = '''
"""What it is about."""
import numpy as np


def train(config, seed):
    """Train."""
    width = config["params"]["width"]  # how wide
    return {"acc": np.tanh(width) + 0.1}


train.metrics = ["acc"]
'''


def shape(tmp_path, body, name="mine.py"):
    path = tmp_path / name
    path.write_text(textwrap.dedent(body), encoding="utf-8")
    return read_source(path).shape


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # how wide", ""),
        ('"""What it is about."""', '"""Something else."""'),
        ('    """Train."""\n', ""),
        ('config["params"]["width"]', "config['params'][  'width'  ]"),
        ("    return {", "    # here it ends\n\n    return {"),
        ('train.metrics = ["acc"]', 'train.metrics = ["acc", "loss"]'),
        ("0.1", "0.10"),
    ],
)
def test_what_changes_no_run_is_no_change(tmp_path, old, new):
    assert old in CODE
    assert shape(tmp_path, CODE.replace(old, new)) == shape(tmp_path, CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.1", "0.2"),
        ('["width"]', '["depth"]'),
        ("np.tanh", "np.sin"),
        ("seed):", "seed=0):"),
        ("import numpy as np", "import numpy as np\nimport os"),
        ('train.metrics = ["acc"]', 'train.metrics = ["acc"]\nprint(train.metrics)'),
        ('"""What it is about."""', '"""Usage: x [--lr]"""\nprint(__doc__)'),
    ],
)
def test_what_may_change_a_run_is_one(tmp_path, old, new):
    assert shape(tmp_path, CODE.replace(old, new)) != shape(tmp_path, CODE)


@pytest.mark.parametrize(
    "made", ["class C: ...\nc = C()", "from parts import c", "import functools\nc = functools.partial(f)"]
)
def test_an_attribute_of_what_is_no_function_of_the_file_counts(tmp_path, made):
    # `c.metrics` may be read anywhere, as `settings.metrics` say: a change to it changes runs.
    assert shape(tmp_path, f"{made}\nc.metrics = 1\n") != shape(tmp_path, f"{made}\nc.metrics = 7\n")


def test_a_docstring_counts_where_the_code_reads_it(tmp_path):
    told = '"""Usage: x."""\nprint(__doc__)\n'
    assert shape(tmp_path, told) != shape(tmp_path, told.replace("x.", "y."))


def test_a_declaration_counts_where_the_code_reads_it(tmp_path):
    body = "def train(c, s): return dict.fromkeys(train.metrics, 1)\ntrain.metrics = ['a']\n"
    assert shape(tmp_path, body) != shape(tmp_path, body.replace("'a'", "'b'"))
    other = "import sklearn\nsklearn.metrics\ndef train(c, s): ...\ntrain.metrics = ['a']\n"
    assert shape(tmp_path, other) == shape(tmp_path, other.replace("'a'", "'b'"))


def test_what_is_no_python_text_counts_by_its_bytes(tmp_path):
    assert shape(tmp_path, "print 1\n") != shape(tmp_path, "print  1\n")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import subprocess", "`subprocess`"),
        ("from subprocess import run", "`subprocess`"),
        ("import os\nos.system('x')", "`os.system`"),
        ("def f():\n    import runpy", "`runpy`"),
        ("exec(open('x').read())", "`exec`"),
    ],
)
def test_code_that_runs_other_code_is_told(tmp_path, body, said):
    path = tmp_path / "mine.py"
    path.write_text(body, encoding="utf-8")
    assert read_source(path).runs_others == (said,)


def test_ordinary_code_is_not(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import os\nos.path.join('a')\nmodel.eval()\nmodel.exec()\nimport mysubprocess", encoding="utf-8")
    assert read_source(path).runs_others == ()


def test_relative_names():
    assert absolute(1, "a", "p.q") == "p.q.a"
    assert absolute(1, "", "p.q") == "p.q"
    assert absolute(3, "a", "p.q") == ""


@pytest.fixture
def project(tmp_path):
    files = {
        "mine.py": "import helper, numpy\ndef train(c, s):\n    from lab import nets\n    import late.one",
        "helper.py": "import importlib\nimportlib.import_module('named')",
        "named.py": "import mine",
        "lab/__init__.py": "from .parts import *",
        "lab/parts/__init__.py": "",
        "lab/nets.py": "from .. import nothing\nfrom .parts.deep import x\nimport yaml",
        "lab/parts/deep.py": "if False:\n    from . import deeper",
        "lab/parts/deeper.py": "",
        "lab/unused.py": "",
        "late/one.py": "",  # a namespace package
        "other.py": "",
    }
    for name, body in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    return tmp_path


def test_the_projects_own_modules_are_found_wherever_they_are_imported(project):
    found = closure(Module("mine", project / "mine.py"), project)
    assert list(found) == [
        "helper", "lab", "lab.nets", "lab.parts", "lab.parts.deep", "lab.parts.deeper", "late.one", "mine", "named",
    ]  # fmt: skip


def test_files_that_are_watched(project, monkeypatch):
    monkeypatch.chdir(project)
    (project / "data").mkdir()
    for name in ("a.csv", "b.csv", "c.txt"):
        (project / "data" / name).write_text(name, encoding="utf-8")
    assert list(watched(["data/*.csv"])) == ["data/a.csv", "data/b.csv"]
    assert list(watched(["data"])) == ["data/a.csv", "data/b.csv", "data/c.txt"]
    before = watched(["data/a.csv"])
    (project / "data" / "a.csv").write_text("other", encoding="utf-8")
    assert watched(["data/a.csv"]) != before
    with pytest.raises(UserError, match=r"must name files that are there, got 'nowhere\.sh'"):
        watched(["nowhere.sh"])


def test_a_script_that_is_watched_brings_what_it_imports(project, monkeypatch):
    monkeypatch.chdir(project)
    found = watched(["helper.py"])
    assert {"helper.py", "helper.py: named", "helper.py: lab.nets"} <= set(found)
    (project / "named.py").write_text("import mine  # a comment", encoding="utf-8")
    assert watched(["helper.py"]) == found
    (project / "named.py").write_text("import mine\nx = 1", encoding="utf-8")
    assert watched(["helper.py"]) != found


def test_what_was_read_of_a_file_is_not_remembered_by_its_size_and_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = []
    for text in ("V = 1", "V = 2"):
        for name in ("mine.py", "data.bin"):
            (tmp_path / name).write_text(text, encoding="utf-8")
            os.utime(tmp_path / name, ns=(10**18, 10**18))
        seen.append((read_source(tmp_path / "mine.py"), watched(["data.bin"])))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]
