"""A judged study in MLflow's pages: verdicts in its note, as tags and as metrics; those of the judgement made last."""

import contextlib
import sqlite3
from dataclasses import replace

import pytest

from ablate.track.mlflow_tracker import MlflowTracker
from ablate.track.shown import NOTE, Shown, show_study

FIRST = Shown(
    "1 supported, 1 refuted: Norms",
    "- **better**: Supported.",
    {"better[init.std=0.1]": "supported", "faster": "refuted (harmful)"},
    {"better[init.std=0.1]": (0.1, 0.05, None), "faster": (None, None, None)},
)
SECOND = Shown("1 inconclusive: Norms", "- Open.", {"faster": "inconclusive"}, {"faster": (0.0, -0.1, 0.1)})


@pytest.fixture
def told(root, study, client):
    MlflowTracker(root).open(study()).close("FINISHED")

    def show(shown):
        assert show_study(root, "quickstart", "k1", shown) is None
        experiment = client.get_experiment_by_name("quickstart")
        (run,) = client.search_runs([experiment.experiment_id], "tags.`ablate.kind` = 'study'")
        return experiment, run

    return show


def of(tags):
    return {name: value for name, value in tags.items() if name.startswith("ablate.verdict.")}


def test_verdicts_stand_in_the_note_in_tags_and_in_metrics(told):
    experiment, run = told(FIRST)
    note = run.data.tags[NOTE]
    assert note == experiment.tags[NOTE]
    assert note.startswith("1 supported, 1 refuted: Norms\n\n- **better**: Supported.\n\n---\n\n")
    assert "Rebuild it" in note
    assert of(run.data.tags) == {
        "ablate.verdict.better init.std 0.1": "supported", "ablate.verdict.faster": "refuted (harmful)"}  # fmt: skip
    assert {k: v for k, v in run.data.metrics.items() if k.startswith("effect")} == {
        "effect/better init.std 0.1": 0.1, "effect low/better init.std 0.1": 0.05}  # fmt: skip


def test_another_judgement_replaces_the_one_before(told):
    told(FIRST)
    _, run = told(SECOND)
    assert run.data.tags[NOTE].count("\n- ") == run.data.tags[NOTE].count("Rebuild it") == 1
    assert of(run.data.tags) == {"ablate.verdict.faster": "inconclusive"}
    assert set(run.data.metrics) >= {"effect/faster", "effect low/faster", "effect high/faster"}
    assert "effect/better init.std 0.1" not in run.data.metrics
    told(SECOND)


@pytest.mark.parametrize(("code", "told_why"), [(sqlite3.SQLITE_FULL, "disk is full"), (sqlite3.SQLITE_READONLY, None)])
def test_a_store_that_cannot_be_written_is_one_line_and_one_that_may_only_be_read_none(
    told, root, monkeypatch, code, told_why
):
    @contextlib.contextmanager
    def refuse(*_, **__):
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = code
        raise error
        yield

    told(FIRST)
    monkeypatch.setattr("ablate.track.shown.writing", refuse)
    why = show_study(root, "quickstart", "k1", SECOND)
    assert (why is None) if told_why is None else told_why in why


def test_a_schema_that_is_not_known_is_written_by_the_client_to_the_same_end(told, monkeypatch):
    directly = told(FIRST)[1].data
    monkeypatch.setattr("ablate.track.direct.COMPARED", frozenset())
    monkeypatch.setattr("ablate.track.shown._write", None)
    experiment, run = told(FIRST)
    assert (run.data.tags, run.data.metrics) == (directly.tags, directly.metrics)
    assert experiment.tags[NOTE] == run.data.tags[NOTE]
    assert of(told(SECOND)[1].data.tags) == {"ablate.verdict.faster": "inconclusive"}


def test_a_study_that_is_not_there_is_passed_over(told, root):
    told(FIRST)
    assert show_study(root, "another", "k1", FIRST) is None


def test_the_note_leads_to_the_report_and_its_first_line_is_plain_text(told):
    told(SECOND)
    experiment, run = told(replace(FIRST, report="report.zh"))
    page = f"#/experiments/{experiment.experiment_id}/runs/{run.info.run_id}/artifacts/report.zh/report.html"
    first, link, verdicts = run.data.tags[NOTE].split("\n\n")[:3]
    assert first == "1 supported, 1 refuted: Norms"  # lists of MLflow show a heading with its mark, or cut in half
    assert link == f"[The report, with its figures]({page}?workflowType=machine_learning)"
    assert verdicts == "- **better**: Supported."
    _, run = told(SECOND)
    assert "report.html" not in run.data.tags[NOTE]
    assert run.data.tags[NOTE].count("Rebuild it") == 1


def test_a_note_of_an_earlier_release_is_replaced():
    before = "# Norms: 1 refuted\n\n## Verdicts\n- No.\n\n---\n\nDo norms help?"
    assert SECOND.note(before) == "1 inconclusive: Norms\n\n- Open.\n\n---\n\nDo norms help?"
