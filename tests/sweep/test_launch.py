"""Every launcher passes the same checks."""

import re

import pytest

from ablate.errors import UserError
from ablate.sweep.launch import Serial, launcher_for
from ablate.sweep.workers import Loky
from ablate.testing import launcher_checks
from ablate.testing.base import failures

CHECKS = [
    pytest.param(check, id=f"{type(launcher).__name__}: {check}")
    for launcher in (Serial(), Loky())
    for check in launcher_checks(launcher)
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_launcher_keeps_to_the_contract(check):
    check()


def test_without_a_launcher_one_job_at_a_time_is_trained_in_this_process():
    assert launcher_for(None, 1) == Serial()
    assert launcher_for(None, 3) == Loky(3)
    assert Loky(3).up_to(2) == Loky(2)
    assert Loky(3).up_to(0) == Loky(1)


def test_a_launcher_is_chosen_by_name_with_its_settings_or_given():
    assert launcher_for("loky", 3) == launcher_for({"kind": "loky"}, 3) == Loky(3)
    assert launcher_for("serial", None) == Serial()
    assert launcher_for("loky", None).workers == Loky.usual() >= 1
    assert launcher_for(Loky(4), None) == Loky(4)


@pytest.mark.parametrize(
    ("asked", "jobs", "message"),
    [
        ("lokky", 2, "unknown launcher 'lokky': expected one of loky, ray, serial, submitit; nearest match: loky"),
        ("serial", 4, "serial trains one job at a time, in this process: 4 jobs need another one"),
        ({"kind": "loky", "partition": "gpu"}, 2, "launcher loky: unknown setting 'partition': there is none"),
        ({"kind": "loky", "workers": 8}, 2, "the number of jobs is `--jobs 8`, hydra.sweeper.n_jobs"),
        ({"partition": "gpu"}, 2, "`launcher` must be a name such as loky, or {kind: NAME, SETTING: value}, got"),
        (True, 2, "`launcher` must be a name such as loky"),
        (Loky(4), 2, "the number of jobs is given twice"),
        ("loky", 0, r"`jobs` must be a whole number >= 1"),
    ],
)
def test_what_is_wrong_with_a_choice_is_one_line(asked, jobs, message):
    with pytest.raises(UserError, match=re.escape(message)):
        launcher_for(asked, jobs)


class Forgets(Serial):
    """Loses every job but the first."""

    def train(self, jobs, *, uses=()):
        return super().train(jobs[:1], uses=uses)


class Boasts(Loky):
    """Refuses no number of jobs."""

    def __post_init__(self):
        pass


@pytest.mark.parametrize(
    ("launcher", "reason"),
    [(Forgets(), "trained are"), (Boasts(), "workers=0 is not refused: call super().__post_init__()")],
)
def test_a_launcher_that_breaks_the_contract_is_noticed(launcher, reason):
    assert any(reason in why for _, why in failures(launcher_checks(launcher)) if why)
