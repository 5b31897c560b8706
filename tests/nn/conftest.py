"""Central differences for networks of any layers: what a backward pass is held against."""

import pytest

from ablate.testing.layer import check_gradients as _check


@pytest.fixture(scope="session")
def check_gradients():
    """`check_gradients(shape, layers)` checks every gradient of a network of these layers."""
    return _check
