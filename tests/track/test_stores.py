"""Every store passes the same checks."""

import itertools

import pytest

from ablate.testing import store_checks
from ablate.track.local import LocalStore
from ablate.track.memory import MemoryStore

STORES = ["local", "memory"]


def made(kind, folder):
    numbers = itertools.count()
    return {"local": lambda: LocalStore(folder / str(next(numbers))), "memory": MemoryStore}[kind]


SAYS = [str(check) for check in store_checks(MemoryStore)]


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("kind", STORES)
def test_a_store_keeps_to_the_contract(kind, says, tmp_path):
    (check,) = [check for check in store_checks(made(kind, tmp_path)) if str(check) == says]
    check()
