import contextlib
import io
import itertools
import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablate.cli import main
from ablate.sources.choose import source_for
from ablate.sweep.imported import import_runs
from ablate.sweep.study_file import parse_study
from ablate.track.local import LocalStore
from ablate.track.mlflow_tracker import MlflowTracker
from ablate.work.judging import judge_tracked

STUDY = """
title: Mine
factors: {norm: [none, batch]}
claims:
  - id: better
    says: Better
    metric: final/test_accuracy
    arm: {norm: batch}
    against: {norm: none}
    by_at_least: 0.005
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "mine.yaml").write_text(STUDY, encoding="utf-8")
    lines = ["norm,seed,final/test_accuracy"]
    lines += [
        f"{norm},{seed},{level + seed / 1000}" for norm, level in (("none", 0.9), ("batch", 0.92)) for seed in range(8)
    ]
    (tmp_path / "results.csv").write_text("\n".join(lines), encoding="utf-8")


def test_imported_results_are_tracked_judged_and_reported_once(ablate, tmp_path, files):
    code, out, _ = ablate("import", "mine.yaml", "results.csv")
    assert code == 0
    assert "16 of 16 runs imported" in out
    assert "✓ Supported: norm=batch raises final test accuracy by 2.00 pp" in out
    report = (tmp_path / "reports" / "mine-imported" / "report.md").read_text(encoding="utf-8")
    assert "Imported from results.csv" in report
    assert "Nothing was registered before the runs" in report
    code, out, _ = ablate("import", "mine.yaml", "results.csv")
    assert "0 of 16 runs imported, the rest were before" in out


def test_a_claim_on_a_column_that_is_not_there_is_refused_before_anything_is_tracked(ablate, tmp_path, files):
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    (tmp_path / "results.csv").write_text(text.replace("test_accuracy", "tset_accuracy"), encoding="utf-8")
    code, _, err = ablate("import", "mine.yaml", "results.csv")
    assert code == 2
    assert "nearest match: final/tset_accuracy" in err
    assert not (tmp_path / "mlruns").exists()


def csv_of(*more, head="norm,seed,acc", effect=0.1):
    """A file of two arms and eight seeds; `more` are functions of arm and seed that add a column."""
    lines = [head]
    for arm in ("none", "batch"):
        for seed in range(8):
            value = 0.8 + effect * (arm == "batch") + (seed * (3 if arm == "batch" else 2) % 8) / 997
            lines.append(",".join([arm, str(seed), repr(value), *(str(one(arm, seed)) for one in more)]))
    return "\n".join(lines) + "\n"


def study_of(factor="norm", levels=("none", "batch"), metric="acc"):
    side = [{factor: level} for level in levels]
    claim = {"id": "c", "says": "s", "metric": metric, "predicts": "higher", "by_at_least": 0.01}
    return {"title": "T", "factors": {factor: list(levels)}, "claims": [{**claim, "arm": side[1], "against": side[0]}]}


@pytest.fixture
def imported(ablate, tmp_path):
    """Import a study and a file, and return what came of it and the one verdict that is tracked."""

    def call(study, data, *options, name="x"):
        (tmp_path / f"{name}.yaml").write_text(json.dumps(study), encoding="utf-8")
        (tmp_path / f"{name}.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
        code, out, err = ablate("import", f"{name}.yaml", f"{name}.csv", *options)
        assert code == 0, err
        (verdict,) = judge_tracked(f"{name}-imported", None, LocalStore(tmp_path)).verdicts
        return out, verdict

    return call


def numbers(verdict):
    kept = ("outcome", "label", "effect", "interval_low", "interval_high", "p", "pairs", "differences", "better_share")
    return {name: getattr(verdict, name) for name in kept}


def test_a_setting_that_follows_the_factor_holds_the_claim_back_and_everybody_is_told(imported, tmp_path):
    data = csv_of(lambda arm, seed: 0.1 if arm == "none" else 0.01, lambda arm, seed: 0.5, head="norm,seed,acc,lr,wd")
    out, verdict = imported(study_of(), data)
    assert verdict.outcome == "inconclusive"
    why = "lr is not a factor of the study, but differs together with norm: 0.1 at norm=none, 0.01 at norm=batch"
    assert why in out
    assert "left out, a setting: it differs between arms: lr" in out
    assert "left out, the same in all rows: wd (0.5)" in out
    assert "--leave-out lr" in out
    report = (tmp_path / "reports" / "x-imported" / "report.md").read_text(encoding="utf-8")
    assert why in report
    read = report.split("What was read from the file", 1)[1]
    head, line, *rows = read[read.index("|") :].split("\n\n", 1)[0].splitlines()
    assert (head.split("|")[1].strip(), line[:4]) == ("column", "| --")
    assert {row.split("|")[1].strip() for row in rows} == {"norm", "seed", "acc", "lr", "wd"}  # columns, and no counts
    assert "rows of" in read
    code, out = ablate_csv(tmp_path)
    assert code == 0
    assert why in out
    _, free = imported(study_of(), data, "--leave-out", "lr")
    assert free.outcome == "supported"
    report = (tmp_path / "reports" / "x-imported" / "report.md").read_text(encoding="utf-8")
    assert "Columns of the file that were left out as asked: lr." in report


def ablate_csv(tmp_path, name="x"):
    """Judge the runs.csv of a report again; returns (exit code, standard output)."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = main(["report", "--csv", str(tmp_path / "reports" / f"{name}-imported")])
    return code, out.getvalue()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture
def judged(root):
    """Import, track and judge, without a report; returns the one verdict."""
    numbers = itertools.count()

    def call(study, data):
        name = f"s{next(numbers)}-{uuid.uuid4().hex[:8]}"
        path = root / f"{name}.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        found = import_runs(parse_study(study, where=name), source_for(path), name=name, command="c")
        session = MlflowTracker(root).open(found.record)
        for arm in found.record.arms:
            session.log_arm(arm, found.runs[arm.id])
        session.close("FINISHED")
        (verdict,) = judge_tracked(name, None, LocalStore(root)).verdicts
        return verdict

    return call


BAD_LEVELS = ("=cmd|' /C calc'!A0", "{0}|$a$*_b_")
TWO = csv_of(lambda arm, seed: 0.1 * (arm == "none") + seed / 7, head="norm,seed,recall@5,recall_5")
RENAMED = [
    *[(study_of(metric=name), csv_of(head=f"norm,seed,{name}"))
      for name in ("val/Acc@1 (%)", "seconds", "../x", "arm_id", "=1+1", "$a_{b}$ | {x}", "index", "run_id")],
    *[(study_of(name), csv_of(head=f"{name},seed,acc"))
      for name in ("arm", "baseline", "budget", "n", "index", "outcome", "config.$x$ {y}")],
    (study_of(metric="recall@5"), TWO),
    (study_of(levels=BAD_LEVELS), csv_of().replace("none", BAD_LEVELS[0]).replace("batch", BAD_LEVELS[1])),
    (study_of(), csv_of().encode("utf-16")),
    (study_of(), csv_of().replace(",", ";").replace(".", ",")),
]  # fmt: skip


@pytest.mark.parametrize(("study", "data"), RENAMED)
def test_the_verdict_does_not_depend_on_names_nor_on_how_the_file_was_saved(judged, study, data):
    plain = numbers(judged(study_of(), csv_of()))
    assert plain["outcome"] == "supported"
    verdict = judged(study, data)
    assert numbers(verdict) == plain
    assert verdict.metric == study["claims"][0]["metric"]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_the_verdict_does_not_depend_on_the_order_of_rows_and_columns(judged, random):
    text = csv_of(lambda arm, seed: seed / 3 + len(arm), head="norm,seed,acc,z")
    head, *body = [line.split(",") for line in text.splitlines()]
    places = list(range(4))
    random.shuffle(places)
    random.shuffle(body)
    data = "\n".join(",".join(row[place] for place in places) for row in [head, *body])
    assert numbers(judged(study_of(), data)) == numbers(judged(study_of(), csv_of()))


def test_a_report_shows_names_and_levels_as_they_are_and_its_csv_can_be_checked(imported, tmp_path):
    study = study_of("arm", BAD_LEVELS, "val/$a_{b}$ | {x}@1 (%)")
    data = (
        csv_of(head="arm,seed,val/$a_{b}$ | {x}@1 (%)").replace("none", BAD_LEVELS[0]).replace("batch", BAD_LEVELS[1])
    )
    out, verdict = imported(study, data)
    assert verdict.outcome == "supported"
    assert " raises val/$a_{b}$ | {x}@1 (%) by" in out
    assert "{0}|$a$*_b_" in out
    head = (tmp_path / "reports" / "x-imported" / "runs.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head.startswith("arm_id,arm,baseline,factor:arm,seed,")
    assert head.endswith(",identity,val/$a_{b}$ | {x}@1 (%)")
    code, out = ablate_csv(tmp_path)
    assert (code, "equal to" in out) == (0, True)


def test_other_results_under_the_name_of_earlier_ones_are_told(ablate, tmp_path, files):
    told = "other results were imported as mine-imported before"
    assert told not in ablate("import", "mine.yaml", "results.csv")[2]
    assert told not in ablate("import", "mine.yaml", "results.csv")[2]
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    (tmp_path / "later.csv").write_text(text.replace("0.92", "0.91"), encoding="utf-8")
    code, out, err = ablate("import", "mine.yaml", "later.csv")
    assert (code, told in err) == (0, True)
    assert "by 1.00 pp" in out


def test_a_percent_sign_is_answered_with_the_unit(ablate, tmp_path, files):
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    (tmp_path / "percent.csv").write_text(text.replace(",0,0.9\n", ",0,90 %\n"), encoding="utf-8")
    code, _, err = ablate("import", "mine.yaml", "percent.csv")
    assert code == 2
    assert "line 2: 'final/test_accuracy' is '90 %', in per cent, and is not declared so: write it without the" in err
    assert 'or declare in the study `metrics: {"final/test_accuracy": {unit: percent}}`' in err


def test_of_a_metric_that_is_declared_in_per_cent_signs_are_read(ablate, tmp_path, files):
    study = (tmp_path / "mine.yaml").read_text(encoding="utf-8")
    assert "metrics:" not in study
    declared = study + "metrics: {final/test_accuracy: {better: higher, unit: percent}}\n"
    (tmp_path / "mine.yaml").write_text(declared, encoding="utf-8")
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    head, *rows = [line.rpartition(",") for line in text.splitlines()]
    signed = [f"{before},{float(number) * 100:.4g} %" for before, _, number in rows]
    (tmp_path / "percent.csv").write_text("\n".join([",".join(head[::2]), *signed]), encoding="utf-8")
    code, out, err = ablate("import", "mine.yaml", "percent.csv")
    assert (code, err) == (0, ""), err
    assert "pp" in out
    signed[0] = ",".join(rows[0][::2])  # without a sign, and no other number than a share would be
    (tmp_path / "percent.csv").write_text("\n".join([",".join(head[::2]), *signed]), encoding="utf-8")
    code, _, err = ablate("import", "mine.yaml", "percent.csv")
    assert (code, "in line 3 and '0.9' in line 2; expected a per cent sign in every cell" in err) == (2, True), err


def test_what_failed_runs_count_as_is_said_though_the_others_do_not_say_how_they_ended(ablate, tmp_path, files):
    lines = ["norm,seed,final/test_accuracy,outcome,majority_rate"]
    lines += [f"none,{seed},{0.9 + seed / 1000},,0.1" for seed in range(8)]
    lines += [f"batch,{seed},{0.93 + seed / 1000},{'diverged' if seed < 4 else ''},0.1" for seed in range(8)]
    (tmp_path / "results.csv").write_text("\n".join(lines), encoding="utf-8")
    code, out, _ = ablate("import", "mine.yaml", "results.csv")
    assert code == 0
    assert "4 of 8 runs of norm=batch count as the majority rate (10 %)" in out
    report = (tmp_path / "reports" / "mine-imported" / "report.md").read_text(encoding="utf-8")
    assert "what a failure would change" not in report  # how the others ended is not known
