import io
import shutil
import sqlite3

import numpy as np
import pandas as pd
import pytest

from ablate.errors import Failure, UserError
from ablate.track.ledger import finished
from ablate.track.read import list_studies, read_arrays, read_study, read_test_correct
from ablate.train.outcome import Outcome


def test_what_was_written_is_read_back_exactly(root, track, study, run):
    asked = study(seeds=2)
    track(asked)
    tables = read_study(root, "quickstart")
    assert len(tables.seeds) == 4
    for arm in asked.arms:
        for seed in asked.seeds:
            written = run(arm, seed)
            row = tables.seeds[(tables.seeds["arm_id"] == arm.id) & (tables.seeds["seed"] == seed)].iloc[0]
            assert row["identity"] == written.identity
            assert row["outcome"] == written.result.outcome
            assert row["seconds"] == written.result.seconds
            assert {m: row[m] for m in written.result.metrics} == written.result.metrics
            curves = tables.curves[tables.curves["run_id"] == row["run_id"]]
            assert set(curves["metric"]) == set(written.result.curves)
            for name, curve in written.result.curves.items():
                read = curves[curves["metric"] == name]
                np.testing.assert_array_equal(read["step"], curve.steps)
                np.testing.assert_array_equal(read["value"], curve.values)
    assert tables.study["definition"] == asked.definition
    assert tables.study["command"] == asked.command
    assert tables.facts == {arm.id: arm.facts for arm in asked.arms}
    assert tables.study["provenance"]["numpy"] == np.__version__


def test_what_computed_the_runs_is_counted_and_a_damaged_record_says_nothing(root, study, run):
    from dataclasses import replace

    from ablate.track.mlflow_tracker import MlflowTracker

    asked = study(seeds=4)
    session = MlflowTracker(root).open(asked)
    kernels = ["openblas 1 Haswell", "openblas 1 Haswell", "openblas 1 Zen"]
    made_by = [*({"blas": kernel, "threads": "1"} for kernel in kernels), {}]
    written = [run(asked.arms[0], seed) for seed in asked.seeds]
    told = [replace(r, result=replace(r.result, arithmetic=by)) for r, by in zip(written, made_by, strict=True)]
    session.log_arm(asked.arms[0], told)
    session.close("FINISHED")
    expected = {"blas": {"openblas 1 Haswell": 2, "openblas 1 Zen": 1}, "threads": {"1": 3}}
    assert read_study(root, "quickstart").study["arithmetic"] == expected
    with sqlite3.connect(root / "mlruns" / "mlflow.db") as connection:
        connection.execute("UPDATE tags SET value = '{\"blas' WHERE key = 'ablate.arithmetic' AND value LIKE '%Zen%'")
    assert read_study(root, "quickstart").study["arithmetic"] == {
        "blas": {"openblas 1 Haswell": 2},
        "threads": {"1": 2},
    }


def test_factors_keep_the_order_and_types_of_the_plan(root, track, study, arm):
    track(study(seeds=1, arms=[arm("none", 0.5), arm("batch", 0.25)]))
    tables = read_study(root, "quickstart")
    assert tables.factors == ["norm", "init.std"]
    assert tables.planned["init.std"].dtype == np.float64
    assert list(tables.seeds["init.std"]) == [0.5, 0.25]
    assert list(tables.planned["baseline"]) == [True, False]


def test_levels_of_mixed_kinds_are_not_converted(root, track, study, arm):
    from dataclasses import replace

    arms = [replace(arm("none"), levels={"x": None, "n": 1}), replace(arm("batch"), levels={"x": "a", "n": 0.5})]
    track(study(seeds=1, arms=arms))
    planned = read_study(root, "quickstart").planned
    assert planned["x"].tolist() == [None, "a"]
    assert [type(level) for level in planned["n"]] == [int, float]


def test_the_ledger_accounts_for_every_planned_run(root, track, study, run):
    from ablate.track.mlflow_tracker import MlflowTracker

    asked = study(seeds=3)
    session = MlflowTracker(root).open(asked)
    outcomes = [Outcome.DIVERGED, Outcome.CRASHED]
    session.log_arm(asked.arms[0], [run(asked.arms[0], s, o) for s, o in enumerate(outcomes)])
    session.close("KILLED")
    tables = read_study(root, "quickstart")
    assert list(tables.seeds["outcome"]) == ["diverged", "crashed", "missing", "missing", "missing", "missing"]
    assert tables.seeds["first_nonfinite_step"].tolist()[0] == 20
    assert pd.isna(tables.seeds["final/test_accuracy"]).all() if "final/test_accuracy" in tables.seeds else True
    line = list_studies(root)[0]
    assert (line.planned, line.done, line.outcomes, line.status) == (6, 2, {"diverged": 1, "crashed": 1}, "KILLED")


def test_a_curve_ends_where_it_stopped_being_finite(root, track, study, arm):
    track(study(seeds=1, arms=[arm("none")]), {("baseline", 0): Outcome.DIVERGED})
    curves = read_study(root, "quickstart").curves
    assert list(curves[curves["metric"] == "train/loss"]["step"]) == [10]
    assert list(curves[curves["metric"] == "train/accuracy"]["step"]) == [10, 20, 30]


def test_a_finished_run_beyond_the_plan_is_not_left_out(root, track, study):
    track(study(seeds=3))
    track(study(seeds=2))
    assert sorted(read_study(root, "quickstart").seeds["seed"]) == [0, 0, 1, 1, 2, 2]


def test_a_study_being_written_can_be_read(root, study, run):
    from ablate.track.mlflow_tracker import MlflowTracker

    asked = study(seeds=1)
    session = MlflowTracker(root).open(asked)
    session.log_arm(asked.arms[0], [run(asked.arms[0], 0)])
    assert list(read_study(root, "quickstart").seeds["outcome"]) == ["reached", "missing"]
    session.close("FINISHED")


def test_correctness_comes_back_bit_for_bit(root, track, study, run):
    asked = study(seeds=2)
    track(asked)
    held = read_test_correct(root, "quickstart")
    for arm in asked.arms:
        for seed in asked.seeds:
            np.testing.assert_array_equal(held[arm.id][seed], run(arm, seed).result.test_correct)


def test_arrays_come_back_bit_for_bit_with_their_types(root, track, study, run):
    asked = study(seeds=2)
    track(asked)
    held = read_arrays(root, "quickstart")
    for arm in asked.arms:
        for seed in asked.seeds:
            stored = run(arm, seed).result.arrays
            assert list(held[arm.id][seed]) == list(stored)
            for name, array in stored.items():
                np.testing.assert_array_equal(held[arm.id][seed][name], array)
                assert held[arm.id][seed][name].dtype == array.dtype


def npz(**arrays):
    made = io.BytesIO()
    np.savez(made, **arrays)
    return made.getvalue()


DAMAGED = {
    "empty": b"", "text": b"not an array", "cut": npz(packed=np.zeros((1, 9), np.uint8))[:60], "no parts": npz(),
    "header": b"\x93NUMPY\x01\x00garbage" * 30, "an array": b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8'",
    "objects": npz(packed=np.array([{}]), seeds=np.array([{}]), examples=np.array([{}])),
    "shapes": npz(packed=np.zeros(3, np.uint8), seeds=np.zeros((2, 2)), examples=np.zeros(1)),
    "names": npz(**{"x/a": np.zeros(1), "packed": np.zeros((1, 1), np.uint8), "seeds": np.array(["a"]),
                    "examples": np.array([1])}),
}  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("name", ["test_correct.npz", "arrays.npz"])
def test_arrays_that_are_damaged_are_one_line(root, track, study, name, content):
    track(study(seeds=1))
    read = read_arrays if name == "arrays.npz" else read_test_correct
    path = next(root.rglob(name))
    path.write_bytes(content)
    if (name, content) == ("arrays.npz", DAMAGED["no parts"]):
        assert {} in read(root, "quickstart").values()
        return
    with pytest.raises(Failure, match=rf"{name} cannot be read \(.*Put it back from a copy, or move it aside"):
        read(root, "quickstart")


def test_a_run_without_arrays_stores_no_file(root, track, study):
    track(study(seeds=1), {("baseline", 0): Outcome.CRASHED, ("norm=batch", 0): Outcome.CRASHED})
    assert not list(root.rglob("arrays.npz"))
    assert all(not seeds for seeds in read_arrays(root, "quickstart").values())


def test_finished_identities_are_known_without_opening_the_study(root, track, study, run):
    asked = study(seeds=2)
    track(asked, {("baseline", 1): Outcome.CRASHED, ("norm=batch", 1): Outcome.STALLED})
    base, batch = asked.arms
    expected = {run(base, 0).identity, run(batch, 0).identity, run(batch, 1).identity}
    assert finished(root, "quickstart", "k1") == expected
    assert finished(root, "quickstart", "another key") == frozenset()


def test_a_wrong_name_is_told_the_nearest_study(root, track, study):
    track(study(seeds=1))
    with pytest.raises(UserError, match="unknown study 'quickstat': expected one of quickstart; nearest match: quick"):
        read_study(root, "quickstat")
    with pytest.raises(UserError, match="unknown key of study quickstart 'k7': expected one of k1"):
        read_study(root, "quickstart", key="k7")


def test_where_nothing_was_run_the_error_says_how_to_start(tmp_path, root):
    for call in (lambda: read_study(tmp_path, "x"), lambda: list_studies(tmp_path)):
        with pytest.raises(UserError, match=r"no runs under .*mlruns yet: run a study first, `ablate run quickstart`"):
            call()
    with pytest.raises(UserError, match="no study was run here yet"):
        read_study(root, "x")
    assert list_studies(root) == []
    assert finished(tmp_path, "x", "k") == frozenset()


def test_a_lost_plan_says_how_to_get_it_back(root, track, study):
    track(study(seeds=1))
    next(root.rglob("plan.json")).unlink()
    with pytest.raises(Failure, match="cannot read the plan of study quickstart"):
        read_study(root, "quickstart")
    assert track(study(seeds=1)) == 0
    assert len(read_study(root, "quickstart").seeds) == 2


def test_a_copied_checkout_reads_its_own_files(root, track, study, tmp_path):
    track(study(seeds=1))
    shutil.copytree(root, tmp_path / "copy", symlinks=True)
    shutil.rmtree(root)
    assert len(read_study(tmp_path / "copy", "quickstart").seeds) == 2
    assert read_test_correct(tmp_path / "copy", "quickstart")


def test_a_database_left_bare_by_a_kill_reads_as_empty(tmp_path):
    (tmp_path / "mlruns").mkdir()
    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    assert finished(tmp_path, "x", "k") == frozenset()
