import os
import py_compile
import sys

import pytest

from ablate.errors import UserError
from ablate.identity import digest
from ablate.programs.function import Function, FunctionConfig, function_target, try_out
from ablate.programs.place import code_of
from ablate.programs.target import find
from ablate.programs.witness import said_now


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(name, body):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
        return path

    return written


def value(target, seed=0, code=None):
    planned = Function(target).planned({"metrics": ["m"], **({"sources": code} if code else {})})
    (result,) = planned.run(FunctionConfig(), [seed])
    return result.metrics.get("m") if result.error is None else result.error.strip().splitlines()[-1]


TRAIN = "import helper\ndef train(config, seed):\n    return {'m': helper.V}\n"


def test_a_helper_beside_the_file_is_found_as_for_a_script(write, monkeypatch):
    write("there/mine.py", TRAIN)
    write("there/helper.py", "V = 1")
    path = list(sys.path)
    assert value("there/mine.py:train") == 1
    assert sys.path == path


def test_two_targets_have_their_own_helpers_of_one_name(write):
    lazy = "def train(config, seed):\n    import helper\n    return {'m': helper.V}\n"
    for folder, number in (("a", 1), ("b", 2)):
        write(f"{folder}/train.py", lazy)
        write(f"{folder}/helper.py", f"V = {number}")
    targets = ["a/train.py:train", "b/train.py:train"]
    assert [value(target) for target in targets * 2] == [1, 2, 1, 2]


@pytest.mark.parametrize("target", ["mine.py:train", "mine:train"])
def test_code_that_changed_is_read_again(write, target):
    write("mine.py", TRAIN)
    write("helper.py", "V = 1")
    codes = [code_of(target)]
    assert value(target) == 1
    write("helper.py", "V = 2")
    codes.append(code_of(target))
    assert value(target) == 2
    assert codes[0] != codes[1]
    write("helper.py", "V = 2  # the same")
    assert code_of(target) == codes[1]


@pytest.mark.parametrize("changed", ["helper.py", "mine.py"])
@pytest.mark.parametrize("target", ["mine.py:train", "mine:train"])
def test_code_of_the_same_size_and_time_is_read_again(write, target, changed):
    files = {
        "mine.py": "import helper\ndef train(config, seed):\n    return {'m': helper.V + 0}\n",
        "helper.py": "V = 1",
    }
    for name, body in files.items():
        write(name, body)
    first = code_of(target)
    assert value(target) == 1
    path = write(changed, files[changed])
    stat = path.stat()
    py_compile.compile(str(path))  # as Python does where somebody imports it; it goes by the size and the second
    write(changed, files[changed].replace("V + 0", "V + 1").replace("V = 1", "V = 2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert path.stat().st_size == stat.st_size
    assert code_of(target) != first
    assert value(target) == 2
    assert find(target)({}, 0) == {"m": 2}


def test_while_a_study_runs_the_code_stays_what_was_planned(write):
    write("mine.py", TRAIN)
    write("helper.py", "V = 1")
    planned = code_of("mine.py:train")
    assert value("mine.py:train", code=planned) == 1
    write("helper.py", "V = 2")
    assert value("mine.py:train", code=planned) == 1, "imported before: the process goes on with it"
    assert value("mine.py:train") == 2
    assert "the code of helper changed while the study was running" in value("mine.py:train", code=planned)


def test_a_module_imported_late_must_say_what_was_planned(write):
    write("mine.py", "def train(config, seed):\n    if seed:\n        import helper\n    return {'m': seed}\n")
    write("helper.py", "V = 1")
    planned = code_of("mine.py:train")
    assert value("mine.py:train", code=planned) == 0
    write("helper.py", "V = 22")
    assert value("mine.py:train", code=planned) == 0
    assert "the code of helper changed" in value("mine.py:train", seed=1, code=planned)


def test_a_file_that_is_watched_must_be_what_was_planned(write):
    write("mine.py", "def train(config, seed):\n    return {'m': seed}\n")
    write("script.sh", "echo 1")
    program = Function("mine.py:train", watch=["script.sh"]).told(["m"])
    planned = program.planned(program.facts(None))
    assert planned.run(FunctionConfig(), [0])[0].error is None
    write("script.sh", "echo 22")
    assert (
        "a file of `program.watch` changed while the study was running" in planned.run(FunctionConfig(), [0])[0].error
    )


def test_a_module_that_hides_one_of_pythons_is_refused(write):
    write("mine.py", "import queue\ndef train(config, seed): return {'m': 1}\n")
    write("queue.py", "V = 1")
    with pytest.raises(UserError, match=r"imports queue, which is .*queue\.py, but Python already holds another queue"):
        find("mine.py:train")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', required=True)\np.parse_args()\n",
         "importing .*mine.py fails: it read the command line, which is not its own .*--lr.* below `if __name__ =="),
        ("import sys\nsys.exit(0)\n", r"fails: it ended the process \(SystemExit: 0\)"),
        ("raise KeyboardInterrupt\n", "fails: it raised KeyboardInterrupt"),
        ("def other(config, seed): ...\n", "has no function 'train'"),
        ("class train: ...\n", "must be a function, got a class"),
        ("async def train(config, seed): ...\n", "is `async`"),

        ("def train(): ...\n", r"takes \(\), but a training function is called as `train\(config, seed\)`"),
        ("def train(config): ...\n", r"takes \(config\)"),
        ("def train(config, seed, *, lr): ...\n", r"takes \(config, seed, \*, lr\)"),
        ("from .a import b\ndef train(config, seed): ...\n", "named by its module, `package.module:function`"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_training_function_is_one_clear_error(write, body, message, capsys):
    write("mine.py", body)
    with pytest.raises(UserError, match=message):
        Function("mine.py:train").facts(None)
    assert capsys.readouterr() == ("", "")


def test_a_script_whose_arguments_are_all_optional_sees_none_of_ours(write, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["ablate", "run", "mine"])
    write("mine.py", "import sys\nSEEN = list(sys.argv)\n"
          "def train(config, seed):\n    assert sys.argv == SEEN, sys.argv\n    return {'m': len(SEEN)}\n")  # fmt: skip
    assert value("mine.py:train") == 1


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nb.ipynb:train", "nb.ipynb is a notebook, which cannot be imported"),
        ("__main__:train", "defined where other processes cannot find it"),
    ],
)
def test_where_no_process_can_import_from_is_said(write, target, message):
    with pytest.raises(UserError, match=message):
        Function(target).facts(None)


def test_a_partial_or_lambda_with_a_name_in_a_module_is_a_function(write):
    write("mine.py", "import functools\ndef _train(c, s, m): return {'m': m}\ntrain = functools.partial(_train, m=3)\n"
          "also = lambda c, s: {'m': 4}\n")  # fmt: skip
    assert value("mine.py:train") == 3
    assert value("mine.py:also") == 4


def test_what_is_at_hand_but_nowhere_to_be_found_is_said(write):
    import functools

    def nested(config, seed):
        return {"m": 1}

    class Thing:
        def train(self, config, seed): ...

        def __call__(self, config, seed): ...

    for function in (nested, lambda c, s: {}, functools.partial(nested), Thing().train, Thing(), Thing):
        with pytest.raises(UserError, match="be a function at the top of a module"):
            Function.of(function)


def typed(name, module="__main__"):
    """Return a function as a prompt makes it: of a module without a file."""
    space = {"__name__": module}
    exec(compile(f"def {name}(config, seed): return {{'m': 1}}", "<stdin>", "exec"), space)
    return space[name]


def test_a_function_typed_into_a_prompt_or_notebook_is_said():
    with pytest.raises(UserError, match=r"train was typed into a notebook or a prompt: write it into my_training\.py"):
        try_out(typed("train"))


def test_a_function_whose_name_means_another_one_is_said(write, monkeypatch):
    write("wrapping.py", "def wrap(f): return lambda c, s: f(c, s)\ndef train(c, s): return {'m': 1}\n"
          "inner, train = train, wrap(train)\n")  # fmt: skip
    monkeypatch.syspath_prepend(".")
    monkeypatch.delitem(sys.modules, "wrapping", raising=False)
    import wrapping

    with pytest.raises(UserError, match="wrapping:train is another function than the one given"):
        function_target(wrapping.inner)


def test_an_import_that_failed_is_tried_again_with_the_files_as_they_are(write):
    write("mine.py", "import helper\nhelper.V.upper()\n" + TRAIN)
    write("helper.py", "V = 1")
    with pytest.raises(UserError, match="has no attribute 'upper'"):
        find("mine.py:train")
    write("helper.py", "V = 'one'")
    write("mine.py", "import helper\nhelper.V.upper()\ndef train(config, seed): return {'m': len(helper.V)}\n")
    assert value("mine.py:train") == 3


IN_A_FOLDER = """
import sys
sys.path.insert(0, "lib")
import deep
def train(config, seed): return {"m": deep.V}
"""


@pytest.mark.parametrize("target", ["mine.py:train", "mine:train"])
def test_a_folder_that_the_module_puts_into_the_path_is_part_of_its_code(write, target):
    write("mine.py", IN_A_FOLDER)
    write("lib/deep.py", "V = 1")
    path = list(sys.path)
    facts = [Function(target).told(["m"]).facts(None)]
    assert "deep" in facts[0]["sources"]
    write("mlflow.db", "a new file in the folder changes nothing")
    assert Function(target).told(["m"]).facts(None) == facts[0]
    assert value(target, code=facts[0]["sources"]) == 1
    write("lib/deep.py", "V = 22")
    assert Function(target).told(["m"]).facts(None)["fingerprint"] != facts[0]["fingerprint"]
    assert value(target) == 22
    assert "the code of deep changed while the study was running" in value(target, code=facts[0]["sources"])
    assert sys.path == path


def test_two_targets_have_their_own_folders_in_the_path(write):
    for name, number in (("a", 1), ("b", 2)):
        write(f"{name}.py", IN_A_FOLDER.replace("lib", f"lib_{name}"))
        write(f"lib_{name}/deep.py", f"V = {number}")
    codes = {target: Function(target).told(["m"]).facts(None)["sources"] for target in ("a.py:train", "b.py:train")}
    assert [value(target, code=codes[target]) for target in [*codes] * 2] == [1, 2, 1, 2]
    assert [code_of(target) for target in codes] == list(codes.values())


def test_runs_of_before_folders_in_the_path_were_followed_are_known(write):
    write("mine.py", IN_A_FOLDER)
    deep = write("lib/deep.py", "V = 1")
    program = Function("mine.py:train").told(["m"])
    sources = {"mine": program.facts(None)["sources"]["mine"]}
    (held, after), _ = program.former(None)
    assert held == digest({"target": "mine.py:train", "sources": sources})
    assert after == deep.stat().st_mtime


MADE_UP = """
import importlib
def train(config, seed): return {"m": importlib.import_module("hel" + "per").V}
"""


def test_a_module_of_a_made_up_name_is_noted_with_the_run(write):
    write("mine.py", MADE_UP)
    write("helper.py", "V = 1")
    program = Function("mine.py:train").told(["m"])
    first, second = program.run(FunctionConfig(), [0, 1])
    assert first.used == second.used == said_now(["helper.py"])
    write("helper.py", "V = 1  # a comment")
    assert first.used == said_now(["helper.py"])
    write("helper.py", "V = 22")
    assert first.used != said_now(["helper.py"])
    (later,) = program.planned(program.facts(None)).run(FunctionConfig(), [0])
    assert (later.metrics["m"], later.used) == (22, said_now(["helper.py"]))
    assert said_now(["gone.py"]) == {"gone.py": "gone"}


def test_what_is_noted_is_what_was_read_even_if_the_file_changes_in_the_run(write):
    write("mine.py", MADE_UP.replace("return", "import pathlib; helper =").replace(".V}", "}; pathlib.Path('helper.py')"
          ".write_text('V = 22'); return {'m': helper['m'].V}"))  # fmt: skip
    write("helper.py", "V = 1")
    before = said_now(["helper.py"])
    (result,) = Function("mine.py:train").told(["m"]).run(FunctionConfig(), [0])
    assert (result.metrics["m"], result.used) == (1, before)


def test_two_targets_have_their_own_modules_of_a_made_up_name(write):
    for folder, number in (("a", 1), ("b", 2)):
        write(f"{folder}/train.py", MADE_UP)
        write(f"{folder}/helper.py", f"V = {number}")
    assert [value(f"{name}/train.py:train") for name in "abab"] == [1, 2, 1, 2]


def test_what_is_installed_or_lies_elsewhere_is_not_noted(write, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "written_by_a_framework.py").write_text("V = 1", encoding="utf-8")
    write("mine.py", f"import importlib, sys\nsys.path.append({str(elsewhere)!r})\ndef train(config, seed):\n"
          "    importlib.import_module('wsgiref' + '.util')\n"
          "    return {'m': importlib.import_module('written_by_a_' + 'framework').V}\n")  # fmt: skip
    (result,) = Function("mine.py:train").told(["m"]).run(FunctionConfig(), [0])
    assert result.metrics == {"m": 1}
    assert result.used == {}
