"""From `observe` on the command line to figures in the report and numbers in the tables."""

from pathlib import Path

from ablate.track.read import read_arrays, read_study

SMALL = ("dataset=digits", "dataset.train_size=50", "epochs=2", "model.hidden=[8,8]", "batch_size=25", "seeds=2")


def test_what_is_observed_is_stored_logged_and_drawn(ablate, tmp_path):
    observe = "observe=[activations,gradients,dead_units,steps]"
    code, _, err = ablate("-m", "activation=relu,step_ste", "init=lsuv", observe, *SMALL, "hydra.sweeper.n_jobs=1")
    assert code == 0, err
    arrays = read_arrays(Path(), "adhoc")
    assert {len(seeds) for seeds in arrays.values()} == {2}
    assert {held["activations/counts"].shape for seeds in arrays.values() for held in seeds.values()} == {(3, 2, 40)}
    seeds = read_study(Path(), "adhoc").seeds
    for metric in ("dead_share", "activation_sd_last", "gradient_ratio", "unchanged_share", "hidden_moved"):
        assert seeds[f"observe/{metric}"].notna().all()
    figures = {path.stem for path in (tmp_path / "reports" / "adhoc" / "figures").glob("*.png")}
    assert {"activation-histograms", "gradient-norms", "step-sizes"} <= figures


def test_a_change_of_task_is_judged_by_recovery(ablate, tmp_path):
    study = """
title: Which forgets faster
fixed: {dataset: digits, dataset.train_size: 200, model.hidden: [16], epochs: 12, batch_size: 20, init: he}
factors: {optimizer: [adam, sgd], change_at: [1]}
seeds: 6
claims:
  - {id: r, says: Adam recovers sooner, kind: time_to_target, metric: ttt/recovery_steps,
     arm: {optimizer: adam}, against: {optimizer: sgd}}
"""
    (tmp_path / "s.yaml").write_text(study, encoding="utf-8")
    code, out, err = ablate("run", "./s.yaml", "optimizer.lr=0.005", "--jobs", "1", "target_accuracy=0.6")
    assert code == 0, err
    assert "as the whole budget (120 steps)" in out  # 12 epochs of 10 steps from the change on, not all 130
    tables = read_study(Path(), "s")
    assert tables.seeds["change/accuracy_before"].notna().all()
    assert "ttt/steps" not in tables.seeds
    # Nobody recovers for nothing, nor after the end: epochs count from the change.
    recovered = tables.seeds["ttt/recovery_steps"].dropna()
    assert len(recovered) >= 3
    assert recovered.between(1, 12 * 10).all()
