"""No test knows a developer's own store. Generated cases are the same in every run of CI; elsewhere they are new."""

import os

from hypothesis import settings

for name in ("ABLATE_ROOT", "ABLATE_TRACKING_URI", "MLFLOW_TRACKING_URI"):
    os.environ.pop(name, None)  # where a developer's own runs go is no business of tests

settings.register_profile("ci", derandomize=True, deadline=None)  # no test is timed
settings.register_profile("here", deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
else:
    settings.load_profile("here")
