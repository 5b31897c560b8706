"""`ablate docs`: the documentation site, served on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from ablate.errors import Failure, UserError
from ablate.resources import package_folder
from ablate.track.layout import HOST
from ablate.track.ui import port_to_take

INSTALL = 'pip install -c constraints.txt -e ".[docs]"'
"""What brings the site, in a clone of the repository."""


def serve_docs(port: int) -> None:
    """Build the site and serve it until it is interrupted; pages follow their files.

    Raises
    ------
    UserError
        The pages are not here, because they are those of the repository and not of an installed package; what builds
        them is not installed; or the port is taken.
    Failure
        The site could not be built.
    """
    settings = package_folder().parent / "mkdocs.yml"
    if not settings.is_file():
        raise UserError(f"the documentation is that of a clone of the repository, which this is not: in one, {INSTALL}")
    if find_spec("mkdocs") is None or find_spec("material") is None or find_spec("mkdocstrings") is None:
        raise UserError(f"the documentation needs packages that are not installed: in {settings.parent}, {INSTALL}")
    address = f"{HOST}:{port_to_take(port, 'docs')}"
    command = [sys.executable, "-m", "mkdocs", "serve", "--quiet", "--config-file", str(settings)]
    sys.stdout.write(f"building the pages; in a minute: http://{address}/  (Ctrl-C ends it)\n")
    sys.stdout.flush()
    try:
        quiet = {"NO_MKDOCS_2_WARNING": "1", **os.environ}
        done = subprocess.run([*command, "--dev-addr", address], cwd=settings.parent, env=quiet, check=False)
    except KeyboardInterrupt:
        return
    if done.returncode:
        raise Failure(f"mkdocs ended with exit code {done.returncode}: see what it said above")
