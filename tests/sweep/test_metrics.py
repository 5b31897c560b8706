import pytest

from ablate.errors import UserError
from ablate.sweep.metrics import Metrics, join_metrics, program_metrics
from ablate.sweep.study_file import parse_study
from ablate.train.metric import CORE, Metric


def test_the_study_is_asked_first_then_the_program_then_the_known_names():
    metrics = Metrics({"rmse": "lower", "accuracy": {"unit": "percent"}}, {"mine": Metric("mine", "higher")})
    assert [metrics.source(name) for name in ("rmse", "mine", "loss", "fid")] == ["study", "program", "known", "nobody"]
    assert (metrics.of("accuracy").better, metrics.of("accuracy").unit) == ("higher", "percent")
    assert metrics.of("fid") == Metric("fid")


@pytest.mark.parametrize("name", ["rmse", "loss/val", "valLoss", "fid", "perplexity", "recall@5"])
def test_a_direction_that_nobody_declares_is_asked_for(name):
    with pytest.raises(UserError, match=r"claim c: which way is .* better\?.*metrics: \{.*: lower\}") as error:
        Metrics({}).direction(name, where="claim c")
    assert name in str(error.value)


def test_what_the_error_says_to_write_is_a_study_that_can_be_read():
    for name in ("rmse", "loss/val", "recall@5", "a b", "x: y"):
        with pytest.raises(UserError) as error:
            Metrics({}).direction(name, where="claim c")
        said = str(error.value).split("`")[1]
        import yaml

        study = parse_study({"title": "t", **yaml.safe_load(said)}, where="f.yaml")
        assert Metrics(study.metrics).direction(name, where="claim c") == "lower"


def test_a_study_cannot_turn_round_what_its_program_measures():
    with pytest.raises(UserError, match="contradicts the program"):
        Metrics({"final/test_accuracy": "lower"}, CORE)
    assert Metrics({"final/test_loss": {"failed_counts_as": 9}}, CORE).of("final/test_loss").failed_counts_as == 9


def test_two_programs_that_disagree_are_refused():
    with pytest.raises(UserError, match=r"declare it differently: `{better: higher}` and `{better: lower, unit: ms}`"):
        join_metrics([{"m": Metric("m", "higher")}, {"m": Metric("m", "lower", "ms")}])
    assert join_metrics([{"m": Metric("m")}, {"m": Metric("m", "lower")}])["m"].better == "lower"


def test_stored_runs_are_understood_by_their_programs_and_imported_ones_have_none():
    theory = {"fixed": {"program": "theory_check"}}
    assert set(program_metrics(theory, [{}])) == {"deviation", "control", "order", "ratio", "slope"}
    assert program_metrics(theory, [{"imported": True}]) == {}
    both = {"factors": {"program": ["numpy", "knn"]}}
    assert {"final/test_loss", "converged"} <= program_metrics(both, [{}]).keys()
    own = {"fixed": {"program": "function"}}
    assert program_metrics(own, [{"metrics": {"rmse": {"better": "lower"}}}])["rmse"].better == "lower"
