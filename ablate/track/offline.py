"""Nothing phones home: set before MLflow (or Ray) is first imported; what the user has set himself stays."""

from __future__ import annotations

import os

SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",  # the convention MLflow and others also honour
    "RAY_USAGE_STATS_ENABLED": "0",
}


def switch_off() -> None:
    """Set the switches in this process; child processes inherit them."""
    for name, value in SILENT.items():
        os.environ.setdefault(name, value)


switch_off()
