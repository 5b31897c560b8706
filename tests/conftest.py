"""No test knows a developer's own store. Generated cases are the same in every run of CI; elsewhere they are new."""

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

from hypothesis import settings

for name in ("ABLATE_ROOT", "ABLATE_TRACKING_URI", "MLFLOW_TRACKING_URI"):
    os.environ.pop(name, None)  # where a developer's own runs go is no business of tests

if shutil.which("python") is None:  # Debian has `python3` alone, and tests give commands to a `python` as pages do
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

settings.register_profile("ci", derandomize=True, deadline=None)  # no test is timed
settings.register_profile("here", deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
else:
    settings.load_profile("here")


def pytest_configure(config):
    if hasattr(config.option, "loadscopereorder"):  # pytest-xdist would begin with the files that hold many tests
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Begin with the files that take long, so that no process waits for the other's last one."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
