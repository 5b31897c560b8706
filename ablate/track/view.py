"""A view of a study in MLflow's list of runs: its arms, with the columns and curves that matter, the best first.

MLflow 3.17 keeps named views as tags of the experiment and lists them in its menu `Views`; a release without views
passes the tag over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablate.track.names import BESIDE, fitting, key

SHARED = "ablate"
VIEW_TAG = f"mlflow.sharedViewState.{SHARED}"
NAME = "Arms of the study"
TRAINING = "workflowType=machine_learning"
"""What an address needs for the pages of trained models; MLflow opens on those of agents."""

_ROOM = 5_000  # letters of an experiment's tag
_MOST_FACTORS, _MOST_METRICS, _MOST_CURVES = 6, 3, 4
_NAME, _WIDTH = "attributes.`Run Name`", 160
_AS_LOGGED = {"xAxisKey": "step", "lineSmoothness": 0}  # by default MLflow smooths what it draws
_FEW = 20  # arms whose curves can all be told apart


@dataclass(frozen=True)
class ArmsView:
    """What the view of a study is about.

    Attributes
    ----------
    factors
        Keys as a study file has them.
    metrics
        What the claims are about, the one to sort by first -> whether higher is better.
    curves
        Names of curves.
    outcomes
        In which ways runs ended.
    arms
        How many arms there are.
    """

    factors: Sequence[str]
    metrics: Mapping[str, bool]
    curves: Sequence[str]
    outcomes: Sequence[str]
    arms: int

    def tag(self, study_run: str, at: int) -> str:
        """Return the value of the experiment's tag; `at` in milliseconds since 1970.

        Curves, factors (names of arms have them too) and metrics are left out where they make it too long for a tag.
        """
        for most in ((_MOST_CURVES, _MOST_FACTORS, _MOST_METRICS), (1, 4, 2), (1, 2, 1), (0, 0, 1), (0, 0, 0)):
            state = self._state(study_run, *most)
            text = json.dumps({"name": NAME, "createdAt": at, "updatedAt": at, "state": json.dumps(state)})
            if len(text) <= _ROOM:
                break
        return text

    def _state(self, study_run: str, most_curves: int, most_factors: int, most_metrics: int) -> dict[str, Any]:
        curves = [key(name) for name in self.curves]
        scalars = [BESIDE + key(name) if key(name) in curves else key(name) for name in self.metrics][:most_metrics]
        columns = [
            _metric(f"{part}{name}") for name in scalars for part in ("", "ci95_low/", "ci95_high/")
        ] + [f"tags.`ablate.{outcome}`" for outcome in self.outcomes]  # fmt: skip
        levels = [f"tags.`ablate.level.{fitting(name)}`" for name in self.factors][:most_factors]
        first = next(iter(self.metrics.values()), True)
        return {
            "searchFilter": f"tags.`ablate.kind` = 'arm' and tags.`ablate.study_run` = '{study_run}'",
            "orderByKey": _metric(scalars[0]) if scalars else "attributes.`Created`",
            "orderByAsc": not first if scalars else True,
            "startTime": "ALL", "lifecycleFilter": "Active", "datasetsFilter": [], "modelVersionFilter": "All Runs",
            "selectedColumns": [*columns, *levels], "columnOrder": [_NAME, *columns, *levels],
            "columnWidths": {_NAME: 320, **dict.fromkeys([*columns, *levels], _WIDTH)},
            "runsHiddenMode": "SHOW_ALL" if self.arms <= _FEW else "FIRST_10_RUNS",
            "compareRunSections": [_section("curves", "Mean curves of the arms"), _section("results", "Results")],
            "compareRunCharts": [
                *(_chart("LINE", "curves", name) | {"selectedMetricKeys": [name], **_AS_LOGGED}
                  for name in curves[:most_curves]),
                *(_chart("BAR", "results", name) for name in scalars),
            ],
            "globalLineChartConfig": {**_AS_LOGGED, "selectedXAxisMetricKey": ""},
            "isAccordionReordered": True, "hideEmptyCharts": True, "autoRefreshEnabled": False,
        }  # fmt: skip


def page(experiment_id: str) -> str:
    """Return the address of the view below that of MLflow's pages."""
    return f"#/experiments/{experiment_id}/runs?{TRAINING}&viewStateShareKey={SHARED}"


def _metric(name: str) -> str:
    return f"metrics.`{name}`"


def _section(uuid: str, name: str) -> dict[str, Any]:
    return {"uuid": uuid, "name": name, "display": True, "isReordered": True, "deleted": False, "isGenerated": False}


def _chart(kind: str, section: str, name: str) -> dict[str, Any]:
    return {"uuid": f"{section}-{name}", "type": kind, "metricSectionId": section, "metricKey": name,
            "runsCountToCompare": _FEW, "deleted": False, "isGenerated": False}  # fmt: skip
