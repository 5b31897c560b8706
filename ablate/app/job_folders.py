"""The folders that Hydra users look for: `multirun.yaml`, and one numbered folder per job with its `.hydra/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hydra.core.utils import JobRuntime
from omegaconf import DictConfig, OmegaConf

from ablate.app.compose import Composer
from ablate.app.overrides import literal, override_text
from ablate.app.request import HydraRequest
from ablate.levels import expanded
from ablate.manifest import Part, publish
from ablate.programs.hydra_app import HydraApp
from ablate.report.recognised import JOBS, known_files
from ablate.sweep.plan import Plan


def write_job_folders(
    plan: Plan, config: DictConfig, composer: Composer, request: HydraRequest, *, single: bool
) -> None:
    """Write a folder for each job that is missing; one job that is not a sweep has that of the command itself.

    Raises
    ------
    UserError, Failure
        A file of somebody else's is in the way; the folder cannot be written.
    """
    folder = Path(config.hydra.run.dir if single else config.hydra.sweep.dir)
    # An application of somebody else's has folders of its own.
    jobs = [job for job in plan.trained if not isinstance(job.program, HydraApp)]
    todo = [(index, job) for index, job in enumerate(jobs) if job.missing]
    if not todo:
        return
    files: dict[str, bytes | str] = {} if single else {"multirun.yaml": OmegaConf.to_yaml(config)}
    fixed = _as_overrides(request.study.fixed)
    for index, job in todo:
        overrides = [*fixed, *_as_overrides(job.settings), f"seeds=[{','.join(map(str, job.missing))}]"]
        below = "" if single else f"{index}/"
        node, hydra = composer.plain(job.settings)
        described = {
            "config.yaml": node,
            "hydra.yaml": _of_job(hydra, folder / below, index, overrides),
            "overrides.yaml": overrides,
        }
        files |= {f"{below}.hydra/{name}": as_yaml(value) for name, value in described.items()}
    publish(folder, [Part(JOBS, files, retires=False)], known=known_files, option="hydra.sweep.dir")


def _of_job(hydra: Mapping[str, Any], folder: Path, index: int, overrides: list[str]) -> dict[str, Any]:
    """Return Hydra's node as it is for one job; what jobs share stays shared."""
    job = {"num": index, "id": f"{JobRuntime.instance().get('name')}_{index}"}
    return {
        "hydra": {
            **hydra,
            "job": {**hydra["job"], **job},
            "overrides": {**hydra["overrides"], "task": overrides},
            "runtime": {**hydra["runtime"], "output_dir": str(folder.resolve())},
        }
    }


class _Dumper(getattr(yaml, "CDumper", yaml.Dumper)):  # type: ignore[misc]
    """Writes as OmegaConf does: what looks like a number or a truth value is text in quotes, nothing is an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(dumper: Any, data: str) -> Any:
    style = "'" if data.lower() in _TRUTH or _is_number(data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_TRUTH = ("y", "yes", "n", "no", "true", "false", "on", "off")
_Dumper.add_representer(str, _text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_yaml(value: Any) -> str:
    """Return plain values as `OmegaConf.to_yaml` writes them, by libyaml where PyYAML has it: several times as fast."""
    return yaml.dump(value, default_flow_style=False, allow_unicode=True, sort_keys=False, Dumper=_Dumper)


def _as_overrides(levels: Mapping[str, Any]) -> list[str]:
    return [literal(f"{key}={override_text(expanded(level))}") for key, level in levels.items()]
