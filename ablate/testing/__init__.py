"""Contract suites: what every component, Program, figure, launcher, source and store keeps to, ours and yours alike.

`checks_of(Mish)` returns the checks for a class; each is a name and a function that raises `Broken`. `ablate check
my_parts.py:Mish` runs them and prints a line each. In a test of your own::

    @pytest.mark.parametrize("check", checks_of(Mish), ids=str)
    def test_mish_keeps_to_the_contract(check):
        check()
"""

from ablate.testing.base import Broken, Check
from ablate.testing.launcher import launcher_checks
from ablate.testing.store import store_checks
from ablate.testing.suites import checks_of

__all__ = ["Broken", "Check", "checks_of", "launcher_checks", "store_checks"]
