"""Generated cases are the same in every run of CI, so that it fails for what changed; elsewhere they are new ones."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
