"""A finding that is judged again keeps what its `runs.csv` cannot tell, as long as it fits its verdict."""

from __future__ import annotations

import json

import pytest

from ablate.resources import findings_folder
from ablate.work.findings import differences, judge_findings

ROW = {"reason": {"code": "test_items", "numbers": {}}, "choice": "the test examples drawn again, too", "effect": 0.0,
       "low": -0.5, "high": 0.5, "outcome": "inconclusive", "flips": False}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A small finding, with a row on test items in the first verdict that has other choices."""
    source = findings_folder() / "book-dropout"
    document = json.loads((source / "verdicts.json").read_text(encoding="utf-8"))
    first = next(one for one in document["verdicts"] if one["sensitivity"])
    first["sensitivity"].append({**ROW, "effect": first["effect"]})
    (tmp_path / "verdicts.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "runs.csv").write_text((source / "runs.csv").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def rows(verdicts):
    return {v.claim_id: v.sensitivity[-1] for v in verdicts if v.sensitivity and v.sensitivity[-1].reason.code ==
            "test_items"}  # fmt: skip


def test_the_row_on_test_items_is_kept_and_the_finding_says_the_same_as_its_file(folder):
    judged, document = judge_findings(folder)
    (kept,) = rows(judged.verdicts).values()
    verdict = next(v for v in judged.verdicts if v.claim_id in rows(judged.verdicts))
    assert (kept.low, kept.high, kept.outcome) == (-0.5, 0.5, "inconclusive")
    assert kept.flips == (verdict.ungated != "inconclusive")
    stored = next(one for one in document["verdicts"] if one["claim_id"] == verdict.claim_id)
    stored["sensitivity"][-1]["flips"] = kept.flips
    assert not [text for text in differences(document["verdicts"], judged.verdicts) if "sensitivity" in text]


@pytest.mark.parametrize("key", ["effect", "interval_level"])
def test_it_is_left_out_where_the_verdict_is_another_one_now(folder, key):
    document = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    first = next(one for one in document["verdicts"] if one["sensitivity"])
    first[key] += 0.001
    (folder / "verdicts.json").write_text(json.dumps(document), encoding="utf-8")
    assert rows(judge_findings(folder)[0].verdicts) == {}


def test_none_is_made_up(folder):
    document = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))
    for one in document["verdicts"]:
        one["sensitivity"] = [row for row in one["sensitivity"] if row["reason"]["code"] != "test_items"]
    (folder / "verdicts.json").write_text(json.dumps(document), encoding="utf-8")
    assert rows(judge_findings(folder)[0].verdicts) == {}
