"""Option files of the user's own: `conf/` of the current folder, looked into after ablate's.

Hydra imports this at the start of every application it runs: it touches no other search path than ablate's.
"""

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class AblateOwnOptions(SearchPathPlugin):
    """Adds the folder to the search path of ablate, where there is one."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the folder."""
        from ablate.resources import conf_folder, own_conf_folder

        own = own_conf_folder()
        main = [item.path for item in search_path.get_path() if item.provider == "main"]
        if own is not None and any(Path(path.removeprefix("file://")) == conf_folder() for path in main):
            search_path.append("own", f"file://{own}")
