"""Settings of an evaluation as cells of a table."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_LONG = 120  # characters


def setting_level(value: Any) -> Any:
    """Return a setting as a level can be read: of a long text or list the first digits of its SHA-256."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return value if len(text) <= _LONG else f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:12]}"
