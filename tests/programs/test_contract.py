"""What every Program beside the trainer must keep to."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import ablate.programs  # noqa: F401
from ablate.errors import UserError
from ablate.optim import SGD
from ablate.programs.isolated_child import run_here
from ablate.programs.per_seed import PerSeed
from ablate.programs.softmax_check import SoftmaxCheck
from ablate.programs.theory_check import TheoryCheck
from ablate.registry import options
from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import parse_study
from ablate.train.metric import accuracy, by_name
from ablate.train.numpy_program import NumpyProgram
from ablate.train.outcome import Outcome
from ablate.train.program import ProgramConfig, RunResult
from ablate.train.vouched import EVERYTHING, Fact

TARGET = f"{__file__}:train"


def train(config, seed):
    return {"m": float(np.random.default_rng(seed).random())}


train.metrics = ["m"]

APP = str(Path(__file__).with_name("hydra_app.py"))
COMMAND = {"command": [sys.executable, "-c", "print({seed})"], "returns": ["m"]}
CHANGES = {
    "command": COMMAND,
    "function": {"target": TARGET},
    "hydra": {"app": APP, "hydra": [f"hydra.sweep.dir={tempfile.mkdtemp()}"]},
    "softmax_check": {"trials": 200},
}
PROGRAMS = [
    cls(**CHANGES.get(name, {})) for name, cls in options("program").items() if cls.__module__.startswith("ablate.pro")
]


def ids(program):
    return type(program).__name__


def test_arms_may_name_different_programs(config):
    study = parse_study({"title": "t", "factors": {"program": ["surface", "theory_check"]}}, where="x")
    made = {"surface": PROGRAMS[[ids(p) for p in PROGRAMS].index("Surface")], "theory_check": TheoryCheck()}
    plan = make_plan(study, name="s", seeds=2, compose=lambda at: config(program=made[at["program"]]), command="c")
    assert len({job.arm.id for job in plan.jobs}) == 2
    assert {"final/loss", "deviation"} <= plan.logged()


class Fragile(PerSeed):
    def facts(self, config):
        return {}

    def metrics(self):
        return frozenset({"m"})

    def one(self, config, seed):
        if seed == 1:
            raise ValueError("broken on purpose")
        return RunResult(seed, Outcome.CENSORED, {"m": 1.0})


def test_what_one_seed_raises_crashes_that_one_only():
    told = []
    ok, broken, fine = Fragile().run(None, [0, 1, 2], lambda done, total: told.append((done, total)))
    assert (ok.outcome, broken.outcome, fine.outcome) == ("censored", "crashed", "censored")
    assert "broken on purpose" in broken.error
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_the_time_of_a_run_is_that_of_one_seed(config):
    assert 0 < TheoryCheck().seconds_per_run(config(), 20) < 60
    assert Fragile().seconds_per_run(None, 20) is not None


def test_a_run_that_crashes_tells_no_time():
    class Broken(Fragile):
        def one(self, config, seed):
            raise ValueError("broken on purpose")

    assert Broken().seconds_per_run(None, 20) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TheoryCheck("bn_scal"), "nearest match: bn_scale"),
        (lambda: SoftmaxCheck("argmax"), "unknown SoftmaxCheck.check"),
        (lambda: SoftmaxCheck(precision="float8"), "unknown SoftmaxCheck.precision"),
        (lambda: SoftmaxCheck("sum_trained", "decimal"), "be a floating point type"),
        (lambda: SoftmaxCheck(classes=1), "`SoftmaxCheck.classes` must be >= 2"),
        (lambda: options("program")["knn"](n_neighbors=0), "must be >= 1, got 0"),
        (lambda: options("program")["knn"](weights="far"), "unknown weights"),
        (lambda: options("program")["linear_svm"](C=0.0), "`LinearSvm.C` must be > 0"),
        (lambda: options("program")["softmax_regression"](copies=-1), "must be >= 0, got -1"),
        (lambda: options("program")["decision_tree"](max_depth=0), "or null for no limit"),
        (lambda: options("program")["surface"](start=[1.0]), "hold two finite numbers"),
        (lambda: options("program")["surface"](noise=-1.0), "`Surface.noise` must be >= 0"),
        (lambda: SGD(0.0), "`SGD.lr`"),
    ],
)
def test_a_wrong_setting_is_refused(make, message):
    with pytest.raises(UserError, match=message):
        make()


@pytest.mark.parametrize("program", PROGRAMS, ids=ids)
def test_what_a_program_vouches_for_is_stored_with_its_arms_and_changes_no_identity(config, program):
    study = parse_study({"title": "t", "seeds": 2}, where="x")
    plan = make_plan(study, name="s", seeds=2, compose=lambda _: config(program=program), command="c")
    (arm,) = [job.arm for job in plan.jobs]
    assert arm.facts["vouches"] == sorted(type(program).vouches)
    assert "vouches" not in str(arm.config)
    assert not {Fact.NETWORK, Fact.ENDINGS} & program.vouches  # what only a net of the core has


def test_a_program_that_declares_nothing_vouches_for_nothing():
    class Silent(PerSeed):
        def facts(self, config):
            return {}

        def metrics(self):
            return frozenset()

        def one(self, config, seed):
            return RunResult(seed, Outcome.FINISHED)

    assert Silent.vouches == frozenset()
    assert NumpyProgram.vouches == EVERYTHING


def test_a_result_of_any_program_that_ends_without_its_metrics_is_no_finished_run():
    class Wrong(PerSeed):
        METRICS = by_name([accuracy("final/test_accuracy")])

        def facts(self, config):
            return {"dataset": "none", "fingerprint": "none"}

        def one(self, config, seed):
            return RunResult(seed, Outcome.FINISHED, {"final/test_accuracy" if seed else "test_accuracy": 0.5})

    wrong, right = run_here(Wrong(), ProgramConfig(), [0, 1])
    assert (wrong.outcome, right.outcome) == ("crashed", "finished")
    assert wrong.error.endswith("got 'test_accuracy'; nearest match: 'test_accuracy'")
