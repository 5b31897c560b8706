"""Components of the user's own: `uses` files, option files in `conf/`, and plug-ins."""

import json
import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from ablate import doors, registry
from ablate.cli import main
from ablate.resources import conf_folder

SMALL = ("dataset=digits", "dataset.train_size=100", "steps=5", "model.hidden=[4]", "hydra.sweeper.report=false")
ALONE = (*SMALL, "hydra.sweeper.n_jobs=1")  # a worker would not see a path that a test adds
MISH = '''
"""An activation of the user's own."""
from dataclasses import dataclass

import numpy as np

from ablate.nn import Activation
from ablate.registry import register


@register("activation", "mish")
@dataclass(frozen=True)
class Mish(Activation):
    """x · tanh(softplus(beta x))."""

    needs_input = True
    beta: float = 1.0

    def value(self, x):
        return x * np.tanh(np.logaddexp(0, self.beta * x))

    def slope(self, x, y):
        t = np.tanh(np.logaddexp(0, self.beta * x))
        return t + x * (1 - t * t) * self.beta / (1 + np.exp(-self.beta * x))
'''


@pytest.fixture
def mish(tmp_path):
    (tmp_path / "mish.py").write_text(MISH)
    return tmp_path / "mish.py"


def test_a_used_file_is_an_option_without_an_option_file(ablate, mish):
    code, out, err = ablate("--uses", "mish.py", "-m", "activation=relu,mish", "seeds=2", *SMALL)
    assert code == 0, err
    assert "4 runs in" in out
    assert "nothing to do, all 4 runs" in ablate("--uses=mish.py", "-m", "activation=relu,mish", "seeds=2", *SMALL)[1]


def test_a_study_finds_its_files_beside_itself_and_workers_load_them(ablate, mish, tmp_path):
    folder = tmp_path / "lab"
    folder.mkdir()
    mish.rename(folder / "own.py")
    (folder / "s.yaml").write_text("title: t\nuses: [own.py]\nfactors: {activation: [relu, mish]}\nseeds: 2\n")
    code, out, err = ablate("run", "lab/s.yaml", "--jobs", "2", "--no-report", "activation.beta=2", *SMALL[:-1])
    assert (code, out) == (2, "")
    assert "'activation.beta' does not exist for activation=relu" in err
    assert "4 runs in" in ablate("run", "lab/s.yaml", "--jobs", "2", "--no-report", *SMALL[:-1])[1]
    code, out, err = ablate("plan", "lab/s.yaml", *SMALL[:-1])
    assert "nothing to do" in out


def test_a_change_to_a_used_file_makes_new_runs_and_a_comment_does_not(ablate, mish):
    command = ("--uses", "mish.py", "-m", "activation=relu,mish", "seeds=2", *SMALL)
    ablate(*command)
    mish.write_text(MISH.replace("return x * np", "# the same\n        return x * np"))
    assert "nothing to do" in ablate(*command)[1]
    mish.write_text(MISH.replace("return x * np", "return 1.001 * x * np"))
    assert "4 runs in" in ablate(*command)[1]


def test_what_a_used_file_imports_of_the_project_counts_too(ablate, tmp_path, mish):
    mish.write_text(MISH.replace("import numpy as np", "import numpy as np\nfrom factors import SCALE", 1).replace(
        "return x * np", "return SCALE * x * np"
    ))  # fmt: skip
    (tmp_path / "factors.py").write_text("SCALE = 1.0\n")
    command = ("--uses", "mish.py", "activation=mish", "seeds=1", *SMALL)
    assert "1 run in" in ablate(*command)[1]
    (tmp_path / "factors.py").write_text("SCALE = 1.1\n")
    assert "1 run in" in ablate(*command)[1]
    assert "nothing to do" in ablate(*command)[1]


def test_a_used_file_holds_for_its_command_only(ablate, mish):
    assert ablate("--uses", "mish.py", "--cfg", "job", "activation=mish")[0] == 0
    code, _, err = ablate("--cfg", "job", "activation=mish")
    assert code == 2
    assert err.startswith("ablate: unknown activation 'mish': expected one of elu")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--uses", "mich.py", "activation=mish"), "`uses`: no file mich.py in {here}; nearest match: mish.py"),
        (("--uses", "mish.yaml", "activation=mish"), "`uses` must name Python files such as my_parts.py, got "),
        (("--uses",), "`--uses` must be followed by a Python file"),
        (("--uses", "broken.py", "activation=relu"), "importing {here}/broken.py fails: ZeroDivisionError"),
        (("--uses", "taken.py", "activation=relu"),
         "activation=relu is given by ablate.nn.activations.piecewise:ReLU and by taken.py:Mish: one of them needs"),
        (("--uses", "preset.py", "activation=relu"),
         "activation=steep_sigmoid_4 is given by ablate (activation/steep_sigmoid_4.yaml) and by preset.py:Mish"),
        (("--uses", "wrong.py", "activation=relu"), "is not derived from ablate.nn.activations.base:Activation"),
        (("--uses", "mish.py", "--uses", "twin.py", "activation=mish"),
         "activation=mish is given by mish.py:Mish and by twin.py:Mish"),
        (("--uses", "mish.py", "activation=mihs"), "unknown activation 'mihs'"),
        (("--uses", "mish.py", "activation=mish", "activation.beat=2"), "nearest match: activation.beta"),
        (("--uses", "mish.py", "activation=mish", "activation.beta=wide"), "`activation.beta` must be a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_used_file_is_one_line(ablate, mish, tmp_path, arguments, message):
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "taken.py").write_text(MISH.replace('"mish"', '"relu"'))
    (tmp_path / "preset.py").write_text(MISH.replace('"mish"', '"steep_sigmoid_4"'))
    (tmp_path / "twin.py").write_text(MISH)
    (tmp_path / "wrong.py").write_text(
        'from dataclasses import dataclass\nfrom ablate.registry import register\n'
        '@register("activation", "mish")\n@dataclass(frozen=True)\nclass Wrong:\n    x: int = 1\n'
    )  # fmt: skip
    code, out, err = ablate(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert message.format(here=tmp_path) in err


def test_an_option_file_of_the_users_own_is_an_option_everywhere(ablate, mish, tmp_path, help_text):
    folder = tmp_path / "conf" / "activation"
    folder.mkdir(parents=True)
    (folder / "leaky_big.yaml").write_text("defaults: [leaky_relu, _self_]\nnegative_slope: 0.3\n")
    (folder / "mish.yaml").write_text("defaults: [/schema/activation/mish@_here_, _self_]\nbeta: 2.0\n")
    assert "leaky_big" in help_text()
    assert "negative_slope: 0.3" in ablate("--cfg", "job", "activation=leaky_big")[1]
    assert "beta: 2.0" in ablate("--uses", "mish.py", "--cfg", "job", "activation=mish")[1]
    # In a process of its own: it leaves Hydra's logging switched on.
    shown = subprocess.run(
        [sys.executable, "-m", "ablate", "--info", "searchpath"], check=True, capture_output=True, text=True
    )
    assert f"file://{tmp_path}/conf" in shown.stdout
    (tmp_path / "s.yaml").write_text("title: t\nfactors: {activation: [relu, leaky_big]}\nseeds: 1\n")
    assert "2 runs in" in ablate("run", "s.yaml", "--no-report", *SMALL[:-1])[1]


def test_an_own_option_file_that_says_nothing_of_its_component_or_hides_ours_is_refused(ablate, tmp_path):
    folder = tmp_path / "conf" / "activation"
    folder.mkdir(parents=True)
    (folder / "big.yaml").write_text("negative_slope: 0.3\n")
    code, _, err = ablate("--cfg", "job", "activation=big")
    assert code == 2
    assert "conf/activation/big.yaml does not say which activation it is an option of" in err
    (folder / "relu.yaml").write_text("defaults: [leaky_relu]\n")
    code, _, err = ablate("--cfg", "job", "activation=relu")
    assert code == 2
    assert "activation=relu is given by ablate (activation/relu.yaml) and by conf/activation/relu.yaml" in err
    code, _, err = ablate("seeds=1", *SMALL)  # the default is ours, and says so
    assert code == 0
    assert "conf/activation/relu.yaml is not used: activation=relu is ablate's own option" in err


def test_option_files_of_another_hydra_application_are_left_alone(ablate, tmp_path, help_text):
    folder = tmp_path / "conf" / "optimizer"
    folder.mkdir(parents=True)
    (folder / "adam.yaml").write_text("_target_: torch.optim.Adam\nlr: 0.1\n")
    (folder / "lion.yaml").write_text("_target_: lion.Lion\n")
    assert "lr: 0.001" in ablate("--cfg", "job", "optimizer=adam")[1]
    assert ablate("--cfg", "job", "optimizer=lion")[0] == 2
    assert "lion" not in help_text()


# Plug-ins: packages on the path, with their metadata.


def test_a_copy_of_our_options_is_ours_and_an_edited_one_is_named(ablate, tmp_path):
    shutil.copytree(conf_folder(), tmp_path / "conf")
    code, _, err = ablate("-m", "activation=relu,tanh", *ALONE, "seeds=1")
    assert code == 0, err
    edited = tmp_path / "conf" / "activation" / "tanh.yaml"
    edited.write_text(edited.read_text() + "# mine\n")
    code, _, err = ablate("-m", "activation=relu,tanh", *ALONE, "seeds=1")
    assert code == 2
    assert "activation=tanh is given by ablate (activation/tanh.yaml) and by conf/activation/tanh.yaml" in err


def test_a_checkout_of_another_release_is_no_folder_of_own_options(ablate, tmp_path):
    shutil.copytree(conf_folder(), tmp_path / "conf")
    edited = tmp_path / "conf" / "model" / "mlp.yaml"
    edited.write_text(edited.read_text() + "# another release\n")
    (tmp_path / "ablate").mkdir()
    (tmp_path / "ablate" / "resources.py").write_text("")
    code, _, err = ablate("-m", "activation=relu,tanh", *ALONE, "seeds=1")
    assert code == 0, err


def install(folder, name, points, modules):
    for module, text in modules.items():
        (folder / module).write_text(textwrap.dedent(text))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)


@pytest.fixture
def site(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        for key, cls in registry.registered().items():
            if cls.__module__ == name:
                registry.replace_registered({key: cls}, {})
        del sys.modules[name]
    doors._doors.cache_clear()


def test_a_plug_in_is_listed_without_being_imported_and_imported_when_it_is_chosen(ablate, site, help_text):
    install(site, "plug", "[ablate.components]\nactivation.mish = plug_mish\n", {"plug_mish.py": MISH})
    assert "mish" in help_text()
    assert "plug_mish" not in sys.modules
    assert "beta: 1.0" in ablate("--cfg", "job", "activation=mish")[1]
    assert "plug_mish" in sys.modules
    assert "4 runs in" in ablate("-m", "activation=relu,mish", "seeds=2", *ALONE)[1]


def test_the_code_of_a_plug_in_is_part_of_the_run_and_other_arms_stay(site, ablate, tmp_path):
    from ablate.programs import uses

    install(site, "plug", "[ablate.components]\nactivation.mish = plug_mish\n", {"plug_mish.py": MISH})
    command = ("-m", "activation=relu,mish", "seeds=2", *ALONE)
    assert "4 runs in" in ablate(*command)[1]
    (site / "plug_mish.py").write_text(MISH.replace("return x * np", "return 1.1 * x * np"))
    uses._package_code.cache_clear()  # another process
    assert "2 runs in" in ablate(*command)[1]


def test_a_field_is_looked_for_in_plug_ins_that_are_not_chosen_yet(ablate, site):
    install(
        site, "plug", "[ablate.components]\nactivation.mish = plug_mish\nactivation.bad = plug_bad\n",
        {"plug_mish.py": MISH, "plug_bad.py": "import no_such_module\n"},
    )  # fmt: skip
    code, _, err = ablate("--cfg", "job", "activation.beta=2")
    assert code == 2
    warning, error = err.splitlines()
    assert re.fullmatch(
        r"ablate: plug 1.0 \(entry point ablate.components: activation.bad\) cannot be imported: ModuleNotFoundError: "
        r"No module named 'no_such_module'; update or uninstall it", warning,
    )  # fmt: skip
    assert "Key 'beta' is not in" in error or "activation.beta" in error


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("activation.bad = plug_bad", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        (
            "activation.bad = plug_mish",
            'plug 1.0 announces activation=bad, but its module plug_mish has no @register("',
        ),
    ],
)
def test_a_chosen_plug_in_that_fails_is_one_line(ablate, site, points, message):
    install(
        site, "plug", f"[ablate.components]\n{points}\n",
        {"plug_mish.py": MISH, "plug_bad.py": "import no_such_module\n"},
    )  # fmt: skip
    code, out, err = ablate("--cfg", "job", "activation=bad")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert message in err


def test_a_name_that_two_plug_ins_give_is_an_error_that_names_both(ablate, site):
    for name in ("plug", "plug_two"):
        install(site, name, f"[ablate.components]\nactivation.mish = {name}_mish\n", {f"{name}_mish.py": MISH})
    code, out, err = ablate("--cfg", "job", "activation=mish")
    assert (code, out) == (2, "")
    assert "activation=mish is given by plug 1.0 and by plug_two 1.0: one of them needs another name" in err
    assert ablate("--cfg", "job", "activation=relu")[0] == 0  # the others still work


def test_a_plug_in_with_a_name_of_ours_is_an_error_that_names_both(ablate, site):
    install(site, "plug", "[ablate.components]\nactivation.tanh = plug_mish\n", {"plug_mish.py": MISH})
    code, _, err = ablate("--cfg", "job", "activation=tanh")
    assert code == 2
    assert "activation=tanh is given by ablate (activation/tanh.yaml) and by plug 1.0" in err


PROGRAM = """
from dataclasses import dataclass

import numpy as np

from ablate.programs.per_seed import PerSeed
from ablate.registry import register
from ablate.train.metric import Metric, by_name
from ablate.train.outcome import Outcome
from ablate.train.program import RunResult


@register("program", "toss")
@dataclass(frozen=True)
class Toss(PerSeed):
    METRICS = by_name([Metric("misses", better="lower", unit="count")])
    bias: float = 0.5

    def facts(self, config):
        return {"dataset": "none", "fingerprint": "toss"}

    def one(self, config, seed):
        misses = float(np.random.default_rng(seed).random() + self.bias)
        return RunResult(seed, Outcome.FINISHED, {"misses": misses})
"""


def test_a_program_of_a_plug_in_is_judged_by_its_own_metric_even_where_the_plug_in_is_gone(
    ablate, site, tmp_path, monkeypatch
):
    install(site, "plug", "[ablate.programs]\ntoss = plug_toss\n", {"plug_toss.py": PROGRAM})
    (tmp_path / "s.yaml").write_text(
        "title: t\nfixed: {program: toss}\nfactors: {program.bias: [0.5, 0.1]}\nseeds: 8\nclaims:\n"
        "  - {id: c, says: less bias misses less, metric: misses, arm: {program.bias: 0.1}, "
        "against: {program.bias: 0.5}, by_at_least: 0.1}\n"
    )
    code, _, err = ablate("run", "s.yaml", "--no-report", "--jobs", "1")
    assert code == 0, err
    before = json.loads(ablate("verdict", "s", "--json")[1])
    monkeypatch.setattr(registry, "_components", {group: dict(names) for group, names in registry._components.items()})
    del registry._components["program"]["toss"]
    sys.path.remove(str(site))
    assert json.loads(ablate("verdict", "s", "--json")[1]) == before
    assert "supported" in json.dumps(before)


LAUNCHER = """
from dataclasses import dataclass

from ablate.registry import register
from ablate.sweep.launch import Launcher, train_job


@register("launcher", "backwards")
@dataclass(frozen=True)
class Backwards(Launcher):
    said: str = "trained"

    def train(self, jobs, *, uses=()):
        for job in reversed(jobs):
            with open("told.txt", "a") as file:
                file.write(f"{self.said} {job.arm.label} of {self.workers}\\n")
            yield job, train_job(job)
"""


def test_a_launcher_of_ones_own_trains_and_makes_no_other_runs(ablate, tmp_path):
    (tmp_path / "own.py").write_text(LAUNCHER)
    sweep = ("-m", "activation=relu,tanh", "seeds=2", *SMALL)
    code, _, err = ablate("--uses", "own.py", *sweep, "hydra.sweeper.launcher={kind: backwards, said: did}")
    assert code == 0, err
    told = (tmp_path / "told.txt").read_text().splitlines()
    assert [line.split(" of ")[0] for line in told] == ["did activation=tanh", "did baseline"]
    assert "nothing to do, all 4 runs" in ablate(*sweep)[1]
    code, out, _ = ablate("check", "own.py:Backwards")
    assert code == 0, out
    (tmp_path / "own.py").write_text(LAUNCHER.replace("backwards", "loky"))
    code, _, err = ablate("--uses", "own.py", *sweep)
    assert code == 2
    assert "launcher=loky is given by " in err


def test_a_launcher_of_a_plug_in_is_listed_and_chosen(ablate, site, help_text):
    install(site, "plug", "[ablate.launchers]\nbackwards = plug_back\n", {"plug_back.py": LAUNCHER})
    assert (
        "launchers (`--launcher NAME`, hydra.sweeper.launcher=NAME): backwards, loky, ray, serial, submitit"
        in help_text()
    )
    assert "plug_back" not in sys.modules
    code, out, err = ablate("-m", "activation=relu,tanh", "seeds=1", *SMALL, "hydra.sweeper.launcher=backwards")
    assert code == 0, err
    assert "2 runs in" in out


@pytest.fixture
def help_text(capsys):
    def call():
        with pytest.raises(SystemExit):
            main(["--help"])
        return capsys.readouterr().out

    return call
