"""What tests of launchers share: a Slurm of one node, where one can be started."""

import pytest
from slurm_node import SlurmServer, why_not


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    if reason := why_not():
        pytest.skip(reason)
    server = SlurmServer(tmp_path_factory.mktemp("slurm"))
    try:
        server.start()
    except RuntimeError as error:
        server.stop()
        pytest.skip(str(error))
    yield server
    server.stop()
