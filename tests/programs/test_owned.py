"""A Program is given what it owns of the composed configuration, and nothing else."""

import pickle
from dataclasses import dataclass, fields

import pytest

import ablate.programs
import ablate.train.numpy_program  # noqa: F401
from ablate.errors import UserError
from ablate.programs.classifiers import ClassifierConfig, NearestNeighbours
from ablate.programs.per_seed import PerSeed
from ablate.programs.theory_check import TheoryCheck
from ablate.registry import GROUPS, options
from ablate.sweep.jobs import check_owned, description_of, former_description
from ablate.train.config import TrainConfig
from ablate.train.numpy_program import NumpyProgram
from ablate.train.program import NotOwnedError, ProgramConfig

OWN = {
    "function": {"target_accuracy", "target_split"},
    "surface": {"optimizer", "steps", "epochs"},
    "theory_check": set(),
    "softmax_check": set(),
    "numpy": {field.name for field in fields(TrainConfig)} - {"program", "seeds"},
    **{name: {field.name for field in fields(ClassifierConfig)}
       for name in ("knn", "linear_svm", "softmax_regression", "decision_tree")},
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(OWN))
def test_what_each_program_owns(config, name):
    cls = options("program")[name]
    assert cls.owns() == OWN[name]
    program = cls()
    owned = program.own(config(program=program))
    assert type(owned) is cls.config_class
    assert description_of(program, owned).keys() - {"program"} <= OWN[name]


def test_the_net_is_described_as_ever_and_the_others_by_less(config):
    net, knn = NumpyProgram(), NearestNeighbours()
    composed = config(program=net)
    assert net.own(composed) is composed
    assert description_of(net, composed) == former_description(composed)
    less, whole = description_of(knn, knn.own(config(program=knn))), former_description(config(program=knn))
    assert less.items() < whole.items()
    assert "optimizer" in whole


def test_what_is_not_owned_is_not_there_and_what_is_is_named(config):
    owned = NearestNeighbours().own(config())
    with pytest.raises(NotOwnedError, match=r"looks for 'optimizer', but owns dataset, augment, target_accuracy, targ"):
        _ = owned.optimizer
    with pytest.raises(NotOwnedError, match="ProgramConfig looks for 'dataset', but owns nothing"):
        _ = TheoryCheck().own(config()).dataset
    assert not hasattr(owned, "optimizer")
    again = pickle.loads(pickle.dumps(owned))
    assert isinstance(again, ClassifierConfig)
    assert again == owned


def test_a_program_that_owns_what_there_is_not_is_told_the_nearest_key(config):
    @dataclass(frozen=True)
    class Wrong(ProgramConfig):
        datset: object

    class Mine(PerSeed):
        config_class = Wrong

        def facts(self, config):
            return {}

        def one(self, config, seed):
            raise AssertionError

    with pytest.raises(UserError, match=r"unknown key that Mine owns 'datset': .*nearest match: dataset"):
        Mine().own(config())


def test_every_key_is_some_programs_own_and_the_rest_is_refused():
    programs = options("program")
    check_owned(programs, [*GROUPS, "epochs", "optimizer.lr", "program.params.x", "fairness"], where="s")
    two = {name: programs[name] for name in ("knn", "surface")}
    check_owned(two, ["augment", "optimizer.lr", "steps"], where="s")
    with pytest.raises(UserError, match=r"^s: `init.std` would have no effect: program=knn, surface owns augment, "):
        check_owned(two, ["augment", "init.std"], where="s")


def test_a_setting_of_one_program_of_a_study_is_left_to_it():
    programs = options("program")
    two = {name: programs[name] for name in ("numpy", "function")}
    check_owned(two, ["program", "program.target", "program.params.x", "dropout"], where="s")
    with pytest.raises(UserError, match=r"^s: `program.check` would have no effect: program=numpy has no settings, "
                       r"program=function has program.target, program.params, program.watch, program.timeout; "
                       r"it is a setting of program=softmax_check and theory_check"):  # fmt: skip
        check_owned(two, ["program.target", "program.check"], where="s")
