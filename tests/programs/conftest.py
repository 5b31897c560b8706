import pytest

from ablate.programs.surface import Surface
from ablate.testing.material import small_config


@pytest.fixture
def config():
    """An arm; `config(optimizer=Adam())` changes it."""
    return lambda **changed: small_config(**{"program": Surface(), "batch_size": 100, **changed})
