"""Starting Hydra with our configuration, and seeing that its errors read like ours."""

from __future__ import annotations

import os
import sys

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ablate.app.explain import explain
from ablate.app.request import check_overrides
from ablate.app.schema import register_components
from ablate.app.sweep import run_single
from ablate.resources import conf_folder


def run_hydra(arguments: list[str]) -> None:
    """Run the Hydra application with command-line arguments.

    Raises
    ------
    AblateError
        For everything a user can get wrong, and for arms that crashed.
    """
    register_components()
    errors: list[Exception] = []

    @hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="config")
    def application(node: DictConfig) -> None:  # noqa: ARG001
        # Hydra composed `node` to write `.hydra/`; the plan composes the same through the same loader.
        try:
            loader = GlobalHydra.instance().config_loader()
            run_single(loader, list(HydraConfig.get().overrides.task))
        except Exception as error:  # noqa: BLE001
            errors.append(error)  # raised from here, Hydra would print half a traceback of its own first

    saved_argv, saved_env = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["ablate", *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # makes Hydra raise instead of printing in its own words
    try:
        check_overrides(arguments)
        application()
        _raise_first(errors)
    except Exception as error:
        ours = explain(error)
        if ours is None or saved_env == "1":
            raise
        raise ours from None
    finally:
        sys.argv = saved_argv
        if saved_env is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = saved_env
        GlobalHydra.instance().clear()


def _raise_first(errors: list[Exception]) -> None:
    if errors:
        raise errors[0]
