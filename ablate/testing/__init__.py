"""Contract suites: what components, Programs, figures, launchers, sources, stores and kinds of claims keep to.

`checks_of(Mish)` returns the checks for a class; each is a name and a function that raises `Broken`. `ablate check
my_parts.py:Mish` runs them and prints a line each. In a test of your own::

    @pytest.mark.parametrize("check", checks_of(Mish), ids=str)
    def test_mish_keeps_to_the_contract(check):
        check()

`assert_not_worse(new, base, by_more_than=0.005)` is for tests of a project's own metrics (docs/ci.md); `Gate` for many
edits that are tried one after another.
"""

from ablate.testing.base import Broken, Check
from ablate.testing.claim import claim_checks
from ablate.testing.gate import Gate
from ablate.testing.launcher import launcher_checks
from ablate.testing.not_worse import assert_not_worse
from ablate.testing.store import store_checks
from ablate.testing.suites import checks_of

__all__ = [
    "Broken", "Check", "Gate", "assert_not_worse", "checks_of", "claim_checks", "launcher_checks", "store_checks",
]  # fmt: skip
