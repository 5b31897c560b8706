"""Commands as runs, on real processes: what is passed, what is read, how they end, and what makes a run new."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ablate.errors import UserError
from ablate.identity import describe
from ablate.programs.command import Command
from ablate.programs.function import FunctionConfig
from ablate.programs.processes import run_process
from ablate.programs.slots import hold_slot
from ablate.testing.base import failures
from ablate.testing.program import program_checks
from ablate.train.metric import Metric

PYTHON = sys.executable


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in an empty folder; `project(body, …)` writes `train.py` and gives the command that runs it."""
    monkeypatch.chdir(tmp_path)

    def command(body, *arguments, params=None, returns=("accuracy",), **more):
        (tmp_path / "train.py").write_text("import sys, os, json, time\n" + body, encoding="utf-8")
        words = [PYTHON, "train.py", *(arguments or ("{seed}",))]
        return Command(words, dict(params or {}), returns=list(returns), **more)

    return command


def run(program, seed=0):
    (result,) = program.run(FunctionConfig(), [seed])
    return result


@pytest.mark.parametrize(
    ("printed", "metrics"),
    [
        ("0.5", {"accuracy": 0.5}),
        ("accuracy=0.5", {"accuracy": 0.5}),
        ("epoch 9: accuracy: 0.5, loss = 1e-3", {"accuracy": 0.5, "loss": 1e-3}),
        ("(accuracy: 0.5), 'loss': .5; n=3.", {"accuracy": 0.5, "n": 3.0}),
        ("accuracy=0.5,loss=-1.5E+3, gain=-inf", {"accuracy": 0.5, "loss": -1.5e3}),
        ("accuracy=0.5, done=100%, used: 3.5 %", {"accuracy": 0.5}),  # what they are in per cent of, nobody declared
        ("accuracy=0.5 accuracy=0.5 epoch=1 epoch=2", {"accuracy": 0.5, "epoch": 2.0}),
        ('{"accuracy": 0.5, "eval": {"loss": 2}, "name": "x"}', {"accuracy": 0.5, "eval.loss": 2.0}),
        ('{"metrics": {"accuracy": 0.5}, "outcome": "reached"}', {"accuracy": 0.5}),
    ],
)
def test_the_last_line_it_prints_says_the_metrics(project, printed, metrics):
    result = run(project(f"print('progress 1')\nprint({printed!r})\nprint('a warning', file=sys.stderr)\n"))
    assert (result.error, result.metrics) == (None, metrics)
    assert "progress 1" in result.texts["output-seed-0.txt"]
    assert "a warning" in result.texts["output-seed-0.txt"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.json", '{"accuracy": 0.5}'),
        ("m.jsonl", '{"step": 0, "accuracy": 0.1}\n{"step": 5, "accuracy": 0.5}\n'),
        ("m.jsonl", '{"step": 0, "accuracy": 0.1}\n{"step": 5, "accuracy": 0.5, "note": "a\u2028b\x85c"}\n'),
        ("m.csv", 'step,accuracy,note\n0,0.1,"two\nlines"\n5,0.5,a\u2028b\n'),
        ("m.csv", "step,accuracy,loss\n0,0.1,\n0,,3\n5,0.5,\n5,,2\n"),
        ("m.tsv", "step\taccuracy\n0\t0.1\n5\t0.5\n"),
    ],
)
def test_a_file_in_the_folder_of_the_run_says_the_metrics_and_curves(project, name, text):
    body = f"open(os.path.join(sys.argv[1], {name!r}), 'w', encoding='utf-8').write({text!r})\n"
    result = run(project(body, "{out}", "{seed}", metrics_file="{out}/" + name))
    assert (result.error, result.metrics["accuracy"]) == (None, 0.5)
    if name != "m.json":
        np.testing.assert_array_equal(result.curves["accuracy"].steps, [0, 5])
        np.testing.assert_array_equal(result.curves["accuracy"].values, [0.1, 0.5])


def test_a_pattern_finds_metrics_and_curves_in_the_output(project):
    body = "for i in range(3): print(f'epoch {i} acc={i / 4}', file=sys.stderr)\n"
    result = run(project(body, metric_pattern=[r"epoch (?P<step>\d+) acc=(?P<accuracy>[0-9.]+)"]))
    assert result.metrics == {"accuracy": 0.5}
    np.testing.assert_array_equal(result.curves["accuracy"].values, [0, 0.25, 0.5])


@pytest.mark.parametrize(
    ("body", "more", "message"),
    [
        ("sys.exit(3)", {}, "train.py ended with exit code 3"),
        ("raise ValueError('bad lr')", {}, "ended with exit code 1 (ValueError: bad lr)"),
        ("os.kill(os.getpid(), 9)", {}, "was killed by SIGKILL (most often: out of memory)"),
        ("print('at work', flush=True); time.sleep(60)", {"timeout": 0.5}, "timed out after 0.5 s, and was killed (at"),
        ("print('done')", {}, "the last line of its output is not a metric: 'done'"),
        ("print('accuracy=0,7')", {}, "the last line of its output is not a metric: 'accuracy=0,7'"),
        ("print('loss=0.5 accuracy=0,7')", {}, "it reports no 'accuracy', only 'loss'"),
        ("print('accuracy=7/10')", {}, "the last line of its output is not a metric: 'accuracy=7/10'"),
        ("print('accuracy: 1 000'.replace(' 0', chr(39) + '0'))", {}, "the last line of its output is not a metric"),
        ("print('accuracy=1.2.3')", {}, "the last line of its output is not a metric: 'accuracy=1.2.3'"),
        ("print('train accuracy=0.9, test accuracy=0.5')", {}, "gives 'accuracy' twice, 0.9 and 0.5"),
        ("""print('{"accuracy": 0.7, "accuracy": 0.8}')""", {}, "'accuracy' stands in it twice"),
        ("print('acc=0,7')", {"metric_pattern": ["acc=(?P<accuracy>[0-9.]+)"]}, "'accuracy' is '0' of '0,7'; expected"),
        ("print('acc=12.5')", {"metric_pattern": [r"acc=(?P<accuracy>\d+)"]}, "'accuracy' is '12' of '12.5'; expected"),
        ("print('accuracy=70%')", {}, "what it reports: 'accuracy' is '70%', in per cent, and is not declared so"),
        ("print('accuracy = 70 % (14/20)')", {}, "'accuracy' is '70 %', in per cent, and is not declared so"),
        ("print('70%')", {}, "'accuracy' is '70%', in per cent, and is not declared so: write it without the sign"),
        ("print('{\"accuracy\": \"70%\"}')", {}, "'accuracy' is '70%', in per cent, and is not declared so"),
        ("print('acc=70.5 %')", {"metric_pattern": ["acc=(?P<accuracy>[0-9.]+)"]}, "'accuracy' is '70.5%', in per"),
        ("print('acc=70.5%')", {"metric_pattern": [r"acc=(?P<accuracy>\S+)"]}, "'accuracy' is '70.5%', in per"),
        ("open(sys.argv[1] + '/m.csv', 'w').write('accuracy\\n70%')", {"metrics_file": "{out}/m.csv"},
         "'accuracy' is '70%', in per cent"),
        ("open(sys.argv[1] + '/m.json', 'w').write('{\"accuracy\": \"70%\"}')", {"metrics_file": "{out}/m.json"},
         "'accuracy' is '70%', in per cent"),
        ("print('accuracy=70 %x')", {}, "the last line of its output is not a metric: 'accuracy=70 %x'"),
        ("print('acuracy=1')", {}, "it reports no 'accuracy', only 'acuracy'; nearest match: 'acuracy'"),
        ("print('{\"accuracy\": ')", {}, "the last line of its output is not JSON"),
        ("", {"metrics_file": "{out}/m.json"}, "it wrote no m.json"),
        ("open(sys.argv[1] + '/m.csv', 'w').write('epoch,accuracy\\n1,2\\n2,3\\n')", {"metrics_file": "{out}/m.csv"},
         "has 2 rows and no column 'step' (it has epoch, accuracy)"),
        ("open(sys.argv[1] + '/m.csv', 'w').write('step,accuracy\\n1,2\\n2,3\\n3,\\n')",
         {"metrics_file": "{out}/m.csv"}, "'accuracy' is empty in the last rows of m.csv"),
        ("open(sys.argv[1] + '/m.jsonl', 'w').write('{\"step\": 1, \"accuracy\": 2}\\n{\"st')",
         {"metrics_file": "{out}/m.jsonl"}, "m.jsonl, line 2 is not JSON"),
    ],
)  # fmt: skip
def test_what_does_not_come_to_its_end_or_reports_nothing_crashed_and_says_why(project, body, more, message):
    result = run(project(body + "\n", "{out}", "{seed}", **more))
    assert result.outcome == "crashed"
    assert message in result.error.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("print('accuracy=70.5%')", {}),
        ("print('accuracy = 70.5 %, loss=0.5')", {}),
        ("print('accuracy=70.5')", {}),  # as its unit says
        ("print('{\"accuracy\": \"70.5%\"}')", {}),
        ("for i in range(3): print(f'epoch {i} acc={70 + i / 4}%')",
         {"metric_pattern": [r"epoch (?P<step>\d+) acc=(?P<accuracy>[0-9.]+)"]}),
        ("open(sys.argv[1] + '/m.csv', 'w').write('step,accuracy\\n1,70%\\n2,70.5%')", {"metrics_file": "{out}/m.csv"}),
    ],
)  # fmt: skip
def test_a_percent_sign_is_read_where_the_metric_is_declared_in_percent(project, body, more):
    percent = Metric("accuracy", "higher", "percent")
    result = run(project(body + "\n", "{out}", "{seed}", **more).told({"accuracy": percent}))
    assert (result.error, result.metrics["accuracy"]) == (None, 70.5)
    if len(result.curves):
        np.testing.assert_array_equal(result.curves["accuracy"].values[-1:], [70.5])


def test_what_is_declared_in_percent_makes_no_run_new(project):
    program = project("print('accuracy=70%')\n")
    told = [program.told({"accuracy": Metric("accuracy", "higher", unit)}) for unit in ("", "percent")]
    assert describe(told[0]) == describe(told[1]) == describe(program)


def test_the_tail_of_the_output_stands_in_the_error(project):
    result = run(project("print('the clue')\nsys.exit(1)\n"))
    assert result.error.startswith("the clue\n")
    assert result.texts["output-seed-0.txt"] == "the clue\n"


def test_of_too_much_output_the_beginning_and_the_end_are_kept(project, monkeypatch):
    monkeypatch.setattr("ablate.programs.processes.HEAD", 50_000)
    body = "for i in range(400_000): print(f'epoch {i} acc={i}')\nprint('acc=0.5')\n"
    program = project(body, metric_pattern=[r"^epoch (?P<step>\d+) acc=(?P<accuracy>\d+)$", r"^acc=(?P<accuracy>.+)$"])
    result = run(program)
    assert (result.error, result.metrics) == (None, {"accuracy": 0.5})
    assert result.curves["accuracy"].steps[0] == 0
    assert result.curves["accuracy"].steps[-1] == 399_999
    assert any("prints more than" in note for note in result.notes)
    assert len(result.texts["output-seed-0.txt"]) <= 1_000_001


def test_a_command_that_closes_its_output_runs_on(project):
    body = "print('accuracy=0.5', flush=True)\nos.close(1)\nos.close(2)\ntime.sleep(0.5)\nos._exit(0)\n"
    assert run(project(body)).metrics == {"accuracy": 0.5}


def test_a_number_that_is_not_finite_diverged(project):
    assert run(project("print('accuracy=nan')\n")).outcome == "diverged"


ORPHAN = """
import subprocess
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("child", "w").write(str(child.pid))
"""


def gone(pid, within=10.0):
    end = time.monotonic() + within
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":  # it waits to be collected by whoever is its parent now
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
@pytest.mark.parametrize("end", ["print(0.5)", "sys.exit(1)", "time.sleep(60)"])
def test_nothing_that_it_started_is_left(project, tmp_path, end):
    run(project(ORPHAN + end + "\n", timeout=3.0))
    assert gone(int((tmp_path / "child").read_text()))


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
def test_a_command_ends_with_the_process_that_runs_it_even_where_that_is_killed(project, tmp_path):
    program = project(ORPHAN + "time.sleep(60)\n")
    code = (
        "from ablate.programs.command import Command\nfrom ablate.programs.function import FunctionConfig\n"
        f"Command({program.command!r}, returns=['accuracy']).run(FunctionConfig(), [0])\n"
    )
    runner = subprocess.Popen([PYTHON, "-c", code])
    end = time.monotonic() + 60
    while not ((tmp_path / "child").exists() and (tmp_path / "child").read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert gone(int((tmp_path / "child").read_text()))


def test_levels_flags_lists_and_braces_are_passed_without_a_shell(project):
    body = "print(json.dumps({'accuracy': 1, 'n': 0}) if sys.argv[1:] == WANTED else sys.argv[1:])\n"
    wanted = ["--lr=1e-05", "a b; $HOME", "--amp", "--sizes", "1", "2", "{x}", "3", "0.9"]
    program = project(
        f"WANTED = {wanted!r}\n{body}", "--lr={lr}", "{name}", "{amp?--amp}", "{deep?--deep}", "--sizes", "{sizes}",
        "{{x}}", "{seed}", "{opt.beta}",
        params={"lr": 1e-05, "name": "a b; $HOME", "amp": True, "deep": False, "sizes": [1, 2], "opt": {"beta": 0.9}},
    )  # fmt: skip
    assert run(program, seed=3).error is None


def test_each_run_has_its_environment_its_folder_and_a_slot(project, tmp_path):
    body = (
        "open('here.json', 'w').write(json.dumps({'accuracy': float(os.environ['GPU'])}))\n"
        "assert os.environ['SEED'] == '3' and os.getcwd().endswith('seed-3/out'), os.getcwd()\n"
    )
    program = project(
        body, "x", env={"GPU": "{slot}", "SEED": "{seed}"}, slots=["gpu:7"], folder="{out}", metrics_file="here.json"
    )
    assert run(program, seed=3).metrics == {"accuracy": 7.0}
    assert run(program, seed=3).error.count("seed-3-2/out") > 0  # a fresh folder, whatever was there before
    assert len(list(tmp_path.glob("outputs/commands/*/seed-3*/out/here.json"))) == 2


def test_a_slot_is_held_by_one_run_at_a_time():
    name = f"test-{os.getpid()}"
    with hold_slot([f"{name}:0", f"{name}:0", f"{name}:1"]) as first, hold_slot([f"{name}:0", f"{name}:0"]) as second:
        assert (first, second) == ("0", "0")
        imports = "from ablate.programs.slots import hold_slot\n"
        code = f"{imports}with hold_slot(['{name}:0', '{name}:1']) as slot: print(slot)\n"
        assert subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        (["{sed}"], {}, r"unknown placeholder '\{sed\}'.*nearest match: \{seed\}"),
        (["{seed}"], {"params": {"lr": 1}}, r"`lr` would have no effect: the command has no \{lr\}"),
        (["{lr}"], {"params": {"lr": 1}}, r"has no \{seed\}, so that every seed would be the same run"),
        (["{seed}", "{slot}"], {}, r"\{slot\} needs a pool: --slots"),
        (["{seed}"], {"slots": ["0"]}, r"`slots` are used nowhere"),
        (["{seed}", "{"], {}, "has a single {"),
        (["{seed}", "{lr}"], {"params": {"lr": None}}, "`lr` is null, which no command can be given"),
        (["{seed}", "{lr?--x}"], {"params": {"lr": 3}}, "asks whether `lr` is true or false, got 3"),
        (["{seed}"], {"params": {"seed": 3}}, "cannot be a setting; seeds: seeds=8"),
        (["{seed}"], {"metrics_file": "metrics.json"}, "every run would write the same metrics.json"),
        (["{seed}"], {"metrics_file": "{out}/m.txt"}, "must end in one of .json"),
        (["{seed}"], {"metric_pattern": ["acc=([0-9]+)"]}, "must name its groups"),
        (["{seed}"], {"metric_pattern": ["acc=("]}, "is not a regular expression"),
        (["{seed}"], {"metric_pattern": ["(?P<a>x)"], "metrics_file": "{out}/m.json"}, "give one of the two"),
    ],
)
def test_a_command_that_cannot_do_what_is_meant_is_refused_before_anything_runs(project, arguments, more, message):
    with pytest.raises(UserError, match=message):
        project("", *arguments, **more).facts(None)


def test_wrong_settings_are_refused(project):
    with pytest.raises(UserError, match="there is no program 'pyton' to run; nearest match: python"):
        Command(["pyton", "{seed}"]).facts(None)
    with pytest.raises(UserError, match="must be a list of texts"):
        Command("python train.py")
    with pytest.raises(UserError, match="must be > 0 seconds"):
        Command(["python"], timeout=0.0)
    with pytest.raises(UserError, match="which metrics does the command report"):
        project("", returns=()).metrics()


def test_the_code_the_command_stands_in_makes_a_run_new(project, tmp_path):
    (tmp_path / "helper.py").write_text("A = 1\n")
    (tmp_path / "conf.yaml").write_text("a: 1\n")
    program = project("import helper\n", "{seed}", "--config=conf.yaml")
    facts = program.facts(None)
    assert set(facts["watched"]) == {"train.py", "train.py: helper", "conf.yaml"}

    def changes(name, text):
        before = program.facts(None)["fingerprint"]
        (tmp_path / name).write_text(text)
        return program.facts(None)["fingerprint"] != before

    assert changes("helper.py", "A = 2\n")
    assert not changes("helper.py", "A = 2  # the same\n")
    assert changes("conf.yaml", "a: 2\n")
    assert not changes("other.py", "A = 2\n")
    fixed = Command(program.command, code_version="v1").facts(None)["fingerprint"]
    assert fixed != Command(program.command, code_version="v2").facts(None)["fingerprint"]
    assert "watched" not in Command(program.command, code_version="v1").facts(None)


def test_a_module_that_python_is_told_to_run_is_code_too(project, tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").write_text("")
    (tmp_path / "lab" / "train.py").write_text("print(0.5)\n")
    program = Command([PYTHON, "-m", "lab.train", "{seed}"], returns=["accuracy"])
    assert "lab/train.py" in program.facts(None)["watched"]
    assert run(program).metrics == {"accuracy": 0.5}


def test_code_that_is_not_seen_is_said(project):
    (note,) = Command([PYTHON, "-c", "print(1)", "{seed}"]).facts(None)["data_notes"]
    assert "the command names no file here" in note
    (note,) = project("import subprocess\n").facts(None)["data_notes"]
    assert "train.py has `subprocess`; what that runs is not followed" in note


def test_code_that_changes_while_a_study_runs_is_refused_before_a_run_and_after_it(project, tmp_path):
    program = project("print(0.5)\n")
    planned = program.planned(program.facts(None))
    assert run(planned).metrics == {"accuracy": 0.5}
    changing = project("open('train.py', 'a').write('x = 1')\nprint(0.5)\n")
    result = run(changing.planned(changing.facts(None)))
    assert "train.py changed while the study was running" in result.error
    assert "train.py changed while the study was running" in run(planned).error


def test_a_command_keeps_to_the_contract_of_programs(project):
    program = project("print(float(sys.argv[1]) / 10)\n")
    assert [(str(check), why) for check, why in failures(program_checks(program)) if why] == []


def test_nothing_is_started_whose_output_cannot_be_kept(tmp_path):
    call = [sys.executable, "-c", "open('ran', 'w')"]
    for out, err in (("gone/out", "err"), ("out", "gone/err")):
        with pytest.raises(FileNotFoundError):
            run_process(call, folder=tmp_path, env={}, stdout=tmp_path / out, stderr=tmp_path / err)
    time.sleep(0.5)
    assert not (tmp_path / "ran").exists()
