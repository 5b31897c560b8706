"""Every launcher passes the same checks."""

import pytest

from ablate.sweep.launch import Loky, Serial, launcher_for
from ablate.testing import launcher_checks

CHECKS = [
    pytest.param(check, id=f"{type(launcher).__name__}: {check}")
    for launcher in (Serial(), Loky(2))
    for check in launcher_checks(launcher)
]


@pytest.mark.parametrize("check", CHECKS)
def test_a_launcher_keeps_to_the_contract(check):
    check()


def test_one_worker_is_this_process():
    assert isinstance(launcher_for(1), Serial)
    assert launcher_for(3) == Loky(3)
