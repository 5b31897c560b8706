"""Doors for what others install: names in entry points. Nothing is imported before a name is asked for.

A distribution announces what it brings in its metadata, so that names can be listed without running its code::

    [project.entry-points."ablate.components"]
    "activation.mish" = "my_package.parts"     # the module that has @register("activation", "mish")
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from pathlib import Path

from ablate.errors import UserError

COMPONENTS = "ablate.components"
PROGRAMS = "ablate.programs"
FIGURES = "ablate.figures"
LAUNCHERS = "ablate.launchers"
SOURCES = "ablate.sources"

OURS = {
    FIGURES: {
        "activation_histograms": "ablate.report.figures.activation_histograms",
        "basin": "ablate.report.figures.basin",
        "curve_grid": "ablate.report.figures.curve_grid",
        "curves": "ablate.report.figures.learning_curves",
        "data_sets": "ablate.report.figures.data_sets",
        "effects": "ablate.report.figures.effects",
        "equivalence": "ablate.report.figures.regions",
        "exchange": "ablate.report.figures.exchange",
        "fixed_tuned": "ablate.report.figures.fair",
        "forest": "ablate.report.figures.forest",
        "gan_samples": "ablate.report.figures.samples",
        "gradient_norms": "ablate.report.figures.gradient_norms",
        "heat_map": "ablate.report.figures.heat_map",
        "heat_map_success": "ablate.report.figures.heat_map",
        "interaction": "ablate.report.figures.interaction",
        "paths": "ablate.report.figures.paths",
        "reach": "ablate.report.figures.reach",
        "regions": "ablate.report.figures.regions",
        "seeds": "ablate.report.figures.endings",
        "slopes": "ablate.report.figures.slopes",
        "step_sizes": "ablate.report.figures.step_sizes",
        "tuning": "ablate.report.figures.tuning",
        "tuning_budget": "ablate.report.figures.tuning_budget",
        "variance": "ablate.report.figures.variance",
        "verdict_map": "ablate.report.figures.verdict_map",
    },
    LAUNCHERS: {
        "loky": "ablate.sweep.workers",
        "ray": "ablate.sweep.ray_launcher",
        "serial": "ablate.sweep.launch",
        "submitit": "ablate.sweep.submitit_launcher",
    },
    SOURCES: {
        "csv": "ablate.sources.csv_file",
        "excel": "ablate.sources.workbooks",
        "inspect": "ablate.sources.inspect_logs",
        "lm_eval": "ablate.sources.lm_eval",
        "hydra": "ablate.sources.hydra_jobs",
        "lightning": "ablate.sources.lightning_logs",
        "mlflow": "ablate.sources.mlflow_runs",
        "optuna": "ablate.sources.optuna_db",
        "parquet": "ablate.sources.workbooks",
        "wandb": "ablate.sources.wandb_runs",
        "sacred": "ablate.sources.sacred_runs",
        "tensorboard": "ablate.sources.tensorboard_logs",
        "trainer": "ablate.sources.trainer_states",
    },
}
"""Names that ablate brings itself through the same doors: group of entry points -> name -> module."""


@dataclass(frozen=True)
class Door:
    """One name that an installed distribution brings.

    Attributes
    ----------
    name
        As it is used: `mish`; of a component with its group: `activation.mish`.
    module
        What is imported to have it.
    giver
        The distribution and its version.
    """

    kind: str
    name: str
    module: str
    giver: str

    @property
    def package(self) -> str:
        """The top package of the module."""
        return self.module.partition(".")[0]

    def open(self) -> None:
        """Import the module.

        Raises
        ------
        UserError
            It cannot be imported, in one line.
        """
        try:
            importlib.import_module(self.module)
        except UserError as error:
            raise UserError(f"{self.giver} (entry point {self.kind}: {self.name}): {error}") from error
        except (Exception, SystemExit) as error:
            said = " ".join(str(error).split())
            raise UserError(
                f"{self.giver} (entry point {self.kind}: {self.name}) cannot be imported: {type(error).__name__}: "
                f"{said}; update or uninstall it"
            ) from error


def doors(kind: str) -> dict[str, tuple[Door, ...]]:
    """Return name -> those who bring it, for one group of entry points; sorted by name."""
    return _doors(kind, tuple(sys.path))


@lru_cache(maxsize=64)
def _doors(kind: str, path: tuple[str, ...]) -> dict[str, tuple[Door, ...]]:
    del path  # what is found depends on it
    by_name = {name: [Door(kind, name, module, "ablate")] for name, module in OURS.get(kind, {}).items()}
    for point in entry_points(group=kind):
        giver = f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
        door = Door(kind, point.name, point.module, giver)
        if door not in by_name.setdefault(point.name, []):
            by_name[point.name].append(door)
    return {name: tuple(sorted(by_name[name], key=lambda door: door.giver)) for name in sorted(by_name)}


def refuse_mixed_install() -> None:
    """Refuse to start where the other project named `ablate` was installed into the same folder.

    Both put their files in `site-packages/ablate/`; what is left after that is neither of the two.
    """
    try:
        other = distribution("ablate")
    except PackageNotFoundError:
        return
    ours = Path(__file__).resolve().parent
    if Path(str(other.locate_file("ablate"))).resolve() == ours:
        raise UserError(
            f"another project named 'ablate' (version {other.version}, a report generator) is installed into the "
            f"same folder as ablate-studies, and their files are mixed; repair it with: "
            "pip uninstall -y ablate ablate-studies, then install ablate-studies again"
        )
