"""Designs from the command line and from the study file."""

import json

import pytest

SMALL = ("dataset=digits", "dataset.train_size=50", "epochs=1", "model.hidden=[8]", "batch_size=25", "seeds=2")
SWEEP = ("-m", "norm=none,batch", "dropout=none,bernoulli", "activation=relu,tanh", *SMALL)


@pytest.mark.parametrize("key", ["design", "+design", "hydra.sweeper.design"])
def test_a_design_can_be_asked_for_ad_hoc(ablate, key):
    code, out, _ = ablate(*SWEEP, "hydra.sweeper.action=plan", f"{key}=ofat")
    assert code == 0
    assert "design: ofat (4 arms)" in out
    assert "4 arms x 2 seeds" in out


def test_designs_join_ad_hoc_and_cells_are_excluded(ablate):
    code, out, _ = ablate(
        *SWEEP, "hydra.sweeper.action=plan", "design=[ofat,pairs]", "exclude=norm == 'batch' and activation == 'tanh'"
    )
    assert code == 0
    assert "design: ofat (4 arms) + pairs (7 arms)" in out
    assert "4 of them asked for more than once" in out
    assert "excluded: 1 by norm == 'batch' and activation == 'tanh'" in out
    assert "6 arms x 2 seeds" in out


def test_a_fraction_shows_and_stores_its_aliasing_and_the_command_rebuilds_it(ablate, tmp_path):
    code, _, _ = ablate(*SWEEP, "hydra.sweeper.report=false", "design={kind:fractional,resolution:3}")
    assert code == 0
    (path,) = (tmp_path / "mlruns").rglob("plan.json")
    plan = json.loads(path.read_text(encoding="utf-8"))
    assert plan["design"]["parts"] == [{"kind": "fractional", "arms": 4, "new": 4, "about": "resolution 3"}]
    assert "norm = -dropout x activation" in plan["design"]["aliasing"]
    assert plan["command"].endswith("'design={kind:fractional,resolution:3}'")


def test_a_study_file_takes_a_design_and_the_command_line_changes_it(ablate, tmp_path):
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "mine.yaml").write_text(
        "title: t\nfixed: {dataset: digits, dataset.train_size: 50, epochs: 1, batch_size: 25}\n"
        "factors: {norm: [none, batch], dropout: [none, bernoulli], init.std: [0.1, 0.01]}\ndesign: [ofat, pairs]\n",
        encoding="utf-8",
    )
    assert "7 arms x 8 seeds" in ablate("plan", "mine")[1]
    assert "4 arms x 8 seeds" in ablate("plan", "mine", "design=ofat")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("design=oaft",), "unknown design 'oaft'"),
        (("design=fractional",), "no smaller fraction of 3 two-level factors has resolution 4"),
        (("exclude=nrom == 'batch'",), "nearest match: norm"),
        (('exclude=norm == "batch" and',), "does not parse"),
    ],
)
def test_a_design_that_does_not_exist_is_one_line(ablate, tmp_path, arguments, message):
    code, out, err = ablate(*SWEEP, *arguments)
    assert message in err
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_claim_about_an_arm_the_design_never_runs_is_refused(ablate):
    code, _, err = ablate("plan", "quickstart", "design=ofat")
    assert code == 2
    assert "the design runs norm=batch and norm=none together in no cell it ranges over" in err
