"""Verdicts, figures and results show themselves in a notebook, and as plain text in a terminal."""

import numpy as np
import pandas as pd
import pytest

import ablate


@pytest.fixture
def result(folder):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({
        "norm": ["none"] * 8 + ["batch"] * 8, "seed": [*range(8)] * 2,
        "m": np.r_[rng.normal(0.5, 0.01, 8), rng.normal(0.6, 0.01, 8)],
    })  # fmt: skip
    claims = [
        {"id": "better", "says": "s", "metric": "m", "arm": {"norm": "batch"}, "against": {"norm": "none"}},
        {"id": "same", "says": "<s>", "metric": "m", "kind": "equivalence", "within": 0.01,
         "arm": {"norm": "batch"}, "against": {"norm": "none"}},
    ]  # fmt: skip
    metrics = [ablate.Metric("m", better="higher", unit="fraction")]
    return ablate.judge_results(
        ablate.Study("x<y", factors={"norm": ["none", "batch"]}, metrics=metrics, claims=claims, seeds=8), table
    )


def test_verdicts_are_lines_a_table_and_html(result):
    verdicts = result.verdicts
    assert repr(verdicts).splitlines()[0].startswith("✓ Supported: norm=batch raises m")
    assert repr(verdicts).splitlines()[1].startswith("✗ Refuted")
    assert verdicts["better"] is verdicts[0]
    assert [len(verdicts), len(verdicts[:1]), len(verdicts.table())] == [2, 1, 2]
    assert verdicts.table()["outcome"].tolist() == ["supported", "refuted"]
    page = verdicts._repr_html_()
    assert page.count("<tr>") == 2
    assert "<code>better</code>" in page
    lines = verdicts._repr_markdown_().splitlines()
    assert lines[1] == "|---|---|---|"
    assert lines[2].startswith("| ✓ | `better` | Supported: ")
    assert verdicts["better"]._repr_html_().startswith("<p>Supported: norm=batch raises m")
    assert verdicts["better"].statement == "norm=batch raises m against norm=none"
    assert verdicts["better"].why.endswith("lies above 0.")
    assert (verdicts["better"].reason.code, verdicts["better"].next_step) == ("above", "")
    assert "<b>x&lt;y-imported</b>" in result._repr_html_()
    assert "16 runs" in repr(result)
    with pytest.raises(ablate.UserError, match="nearest match: better"):
        verdicts["beter"]


def test_figures_are_pictures(result):
    figures = result.figures
    assert "forest" in repr(figures)
    forest = figures["forest"]
    assert forest.png()[:4] == b"\x89PNG"
    assert forest.svg().lstrip().startswith("<")
    assert 'src="data:image/png;base64,' in forest._repr_html_()
    assert figures._repr_html_().count("<figure>") == len(figures)
    with pytest.raises(ablate.UserError, match="nearest match: forest"):
        figures["forrest"]


def test_a_study_without_claims_says_so(folder):
    table = pd.DataFrame({"norm": ["none", "batch"] * 3, "seed": [0, 0, 1, 1, 2, 2], "m": [1.0, 2.0] * 3})
    metrics = [ablate.Metric("m", better="higher")]
    study = ablate.Study("plain", factors={"norm": ["none", "batch"]}, metrics=metrics, seeds=3)
    verdicts = ablate.judge_results(study, table).verdicts
    assert (repr(verdicts), verdicts._repr_html_(), verdicts._repr_markdown_()) == (
        "no claims", "<p>no claims</p>", "no claims",
    )  # fmt: skip
    assert verdicts.table().empty
