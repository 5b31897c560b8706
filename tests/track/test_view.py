"""The view of a study's arms that MLflow lists: what is filtered, sorted and drawn, in the room that a tag has."""

import json

import pytest

from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.shown import Shown, show_study
from ablate.track.view import VIEW_TAG, ArmsView, page

VIEW = ArmsView(
    factors=["norm", "init.std"], metrics={"acc": True, "final/loss": False}, curves=["acc", "train/loss"],
    outcomes=["reached", "diverged"], arms=8,
)  # fmt: skip


def state_of(value):
    told = json.loads(value)
    assert (told["name"], told["createdAt"], told["updatedAt"]) == ("Arms of the study", 5, 5)
    return json.loads(told["state"])


def test_the_arms_of_one_study_are_listed_the_best_first_with_means_intervals_and_levels():
    state = state_of(VIEW.tag("abc", 5))
    assert state["searchFilter"] == "tags.`ablate.kind` = 'arm' and tags.`ablate.study_run` = 'abc'"
    # `acc` is a curve, too: the scalar of that name is kept beside it.
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`scalar/acc`", False)
    columns = state["selectedColumns"]
    assert columns[:3] == ["metrics.`scalar/acc`", "metrics.`ci95_low/scalar/acc`", "metrics.`ci95_high/scalar/acc`"]
    assert {"metrics.`final/loss`", "tags.`ablate.diverged`", "tags.`ablate.level.init.std`"} <= set(columns)
    assert state["columnOrder"][1:] == columns
    charts = [(one["type"], one["metricKey"]) for one in state["compareRunCharts"]]
    assert charts == [("LINE", "acc"), ("LINE", "train/loss"), ("BAR", "scalar/acc"), ("BAR", "final/loss")]
    assert state["runsHiddenMode"] == "SHOW_ALL"


def test_a_metric_that_should_fall_is_sorted_from_the_least_and_nothing_is_smoothed():
    state = state_of(ArmsView([], {"loss": False}, ["loss@1"], [], arms=100).tag("abc", 5))
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`loss`", True)
    assert state["compareRunCharts"][0]["lineSmoothness"] == state["globalLineChartConfig"]["lineSmoothness"] == 0
    assert state["compareRunCharts"][0]["metricKey"] == "loss_x40_1"
    assert state["runsHiddenMode"] == "FIRST_10_RUNS"


@pytest.mark.parametrize("length", [10, 60, 150, 220])
def test_a_view_fits_a_tag_however_long_the_names_are(length):
    names = [f"{n}{'x' * length}" for n in range(12)]
    value = ArmsView(names, dict.fromkeys(names, True), names, ["reached"], arms=3).tag("f" * 32, 5)
    assert len(value) <= 5000
    assert state_of(value)["selectedColumns"]


def test_the_view_is_a_tag_of_the_experiment_by_either_way(root, study, client, monkeypatch):
    MlflowTracker(root).open(study()).close("FINISHED")
    shown = Shown("Norms: 1 supported", "- Yes.", {}, {}, VIEW)
    written = []
    for way in ("directly", "by the client"):
        if way == "by the client":
            monkeypatch.setattr("ablate.track.direct.COMPARED", frozenset())
        assert show_study(root, "quickstart", "k1", shown) is None
        experiment = client.get_experiment_by_name("quickstart")
        written.append(json.loads(experiment.tags[VIEW_TAG])["state"])
        (run,) = client.search_runs([experiment.experiment_id], "tags.`ablate.kind` = 'study'")
        assert run.info.run_id in written[-1]
    assert written[0] == written[1]
    assert page(experiment.experiment_id).endswith("viewStateShareKey=ablate")
