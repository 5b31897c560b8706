"""Whatever a user mistypes: one line, exit code 2, nothing left behind."""

import pytest

ARM = ("dataset.train_size=50", "epochs=1", "seeds=2", "batch_size=25")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("optimizer=adm",), "unknown optimizer 'adm': expected one of adagrad, adam"),
        (("optimizer=adm",), "nearest match: adam"),
        (("-m", "optimizer=sgd,adm"), "unknown optimizer 'adm'"),
        (("optimiser=adam",), "unknown key 'optimiser'"),
        (("optimiser=adam",), "nearest match: optimizer"),
        (("optimizer.lrr=1",), "unknown key 'optimizer.lrr'"),
        (("optimizer.lrr=1",), "nearest match: optimizer.lr"),
        (("+epochz=3",), "unknown key 'epochz'"),
        (("+epochz=3",), "nearest match: epochs"),
        (("lr=0.1",), "did you mean optimizer.lr or augment.lr?"),
        (("optimizer.lr=fast",), "`optimizer.lr` must be a number, got 'fast'."),
        (("-m", "optimizer.lr=0.1,fast"), "`optimizer.lr` must be a number, got 'fast'."),
        (("optimizer.lr=-1",), "must be > 0, got -1.0."),
        (("-m", "optimizer.lr=0.1,-1"), "must be > 0, got -1.0."),
        (("epochs=1.5",), "`epochs` must be a whole number, got 1.5."),
        (("epochs=null",), "`epochs` must be given (null is not allowed), got None."),
        (("init=he", "init.std=0.1"), "'init.std' does not exist for init=he"),
        (("init=he", "init.std=0.1"), "it exists for lsuv, normal"),
        (("model.hidden=100",), "`model.hidden` must be a list such as [100], got 100."),
        (("observe=steps",), "`observe` must be a list such as [steps], got 'steps'."),
        (("observe=[step]",), "unknown observe 'step': expected one of activations, dead_units, gradients, steps;"),
        (("ensemble=0",), "`ensemble` must be a whole number >= 1, got 0."),
        (("ensemble=many",), "`ensemble` must be a whole number, got 'many'."),
        (("ensemble=2", "observe=[steps]"), "`observe` must be [] with an ensemble: an observer looks into one net"),
        (("schedule=cosine",), "unknown schedule 'cosine': expected one of constant, inverse_sqrt, step_decay"),
        (("seeds=0",), "`seeds` must be a count >= 1 or a list of different whole numbers >= 0, got 0."),
        (("-m", "seeds=1,2", "norm=none,batch"), "`seeds` is not a factor"),
        (("-m", "optimizer.lr=interval(0,1)"), "an interval cannot be swept"),
        (("-m", "norm=none,none"), "gives a level twice"),
        (("-m", "norm=none,batch", "norm=batch,none"), "`norm` is given twice, and swept"),
        (("-m", "norm=none", "activation=relu,tanh", "norm=batch,none"), "`norm` is given twice, and swept"),
        (("-m", "norm=none,batch", "norm=none"), "`norm` is given twice, and swept"),
        (("-m", "norm=none,batch", "metrics={a:higher}", "metrics={a:lower}"), "`metrics` is given twice"),
        (("-m", "norm=none,batch", "fairness=fixed", "fairness=fixed"), "`fairness` is given twice"),
        (("--name", "mine", "run", "quickstart"), "the command stands first: `ablate run …`"),
        (("run",), "missing (see `ablate run --help`)"),
        (("plan",), "missing (see `ablate plan --help`)"),
        (("run", "train.py", "lr=0.1,1"), "say which of its functions is run, as in train.py:train"),
        (("run", "t.py:f", "--metrics", "a:higher"), "unrecognized arguments: --metrics; nearest match: --metric (see"),
        (("run", "t.py:f", "--by", "1"), "unrecognized arguments: --by"),
        (("compare", "a.csv", "b.csv", "--non-inferiority", "1"), "nearest match: --non-inferior (see `ablate compare"),
        (("norm=[",), "cannot read 'norm=['"),
        (("dataset.train_size=99999",), "got 99999"),
        (("rnu", "quickstart"), "unknown command 'rnu': expected one of"),
        (("rnu", "quickstart"), "nearest match: run"),
        (("run",), "a study, a function or a command is missing (see `ablate run --help`)"),
        (("run", "quickstrat"), "unknown study 'quickstrat'"),
        (("run", "quickstrat"), "nearest match: quickstart"),
        (("plan", "quickstart", "seeds"), "cannot read 'seeds'"),
        (("run", "quickstart", "norm=batch"), "'norm' is a factor of quickstart"),
        (("run", "quickstart", "activation=relu,tanh"), "'activation' cannot be swept on top"),
        (("run", "quickstart", "seeds=4"), "claim faster-overall: 4 seeds cannot decide it whatever they show"),
        (("run", "quickstart", "seeds=4"), "its test needs 8"),
        (("extend", "quickstart"), "the following arguments are required: --seeds"),
        (("extend", "quickstart", "--seeds", "0"), "`--seeds` must be the number of seeds to add"),
        (("extend", "quickstart", "--seeds", "2"), "was not run with this configuration yet"),
        (("noise", "quickstart", "--seeds", "2"), "`--seeds` must be at least 3"),
        (("noise", "quickstart", "--copies", "1"), "`--copies` must be at least 2"),
        (("verdict", "quickstart"), "mlruns"),
        (("calibrate", "--studies", "3"), "`--studies` must be at least 16, got 3."),
        (("report", "--csv", "nowhere"), "expected the verdicts.json of a report"),
        (("report", "quickstart", "--csv", "nowhere"), "give no STUDY"),
        (("run", "quickstart", "--jobs", "0"), "`jobs` must be a whole number >= 1"),
        (("run", "quickstart", "--jbos", "2"), "unrecognized arguments: --jbos"),
        (("report", "quickstart"), "mlruns"),
        (("graph", "norm=bach"), "unknown norm 'bach': expected one of batch"),
        (("graph", "norm=bach"), "nearest match: batch"),
        (("graph", "optimizer.lrr=1"), "nearest match: optimizer.lr"),
        (("graph", "norm=none,batch"), "`norm` is given several levels: a graph shows one arm"),
        (("graph", "init.std=-1"), "must be"),
        (("graph", "quickstart"), "cannot read 'quickstart'"),
        (("graph", "--ot", "x"), "unrecognized arguments: --ot"),
        (("graph", "batch_size=99999"), "`batch_size` must be <= "),
        (("ui", "--port", "x"), "invalid int value: 'x'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing_behind(ablate, tmp_path, arguments, message):
    code, out, err = ablate(*arguments)
    assert message in err
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def write_study(folder, text):
    (folder / "studies").mkdir()
    (folder / "studies" / "mine.yaml").write_text(text, encoding="utf-8")


STUDY = """
title: t
fixed: {dataset.train_size: 50, batch_size: 25, epochs: 1}
factors: {norm: [none, batch], init.std: [0.1, 0.01]}
claims:
  - {id: a, says: s, metric: final/test_accuracy, arm: {norm: batch}, against: {norm: none}}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("norm: [none, batch]", "norm: [none, bach]", "unknown norm 'bach'"),
        ("init.std: [0.1, 0.01]", "init.sdt: [0.1, 0.01]", "unknown key 'init.sdt'"),
        ("init.std: [0.1, 0.01]", "init.std: [0.1, wide]", "`init.std` must be a number, got 'wide'."),
        ("arm: {norm: batch}", "arm: {norm: layer}", "norm"),
        ("arm: {norm: batch}", "arm: {activation: relu}", "activation"),
        ("metric: final/test_accuracy", "metric: final/tset_accuracy", "nearest match: final/test_accuracy"),
        ("against: {norm: none}", "against: {norm: batch}", "norm"),
        ("epochs: 1", "epoch: 1", "nearest match: epochs"),
    ],
)
def test_a_study_that_asks_for_what_does_not_exist_is_refused_before_anything_runs(ablate, tmp_path, old, new, message):
    assert old in STUDY
    write_study(tmp_path, STUDY.replace(old, new))
    code, _, err = ablate("run", "mine")
    assert message in err
    assert code == 2
    assert err.count("\n") == 1
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.slow
def test_an_unwritable_store_is_one_line(ablate, tmp_path):
    (tmp_path / "mlruns").write_text("a file where the folder should be", encoding="utf-8")
    code, _, err = ablate(*ARM)
    assert code == 1
    assert "mlruns" in err
    assert err.count("\n") == 1


@pytest.mark.slow
def test_a_damaged_database_is_one_line_and_is_left_as_it_was(ablate, tmp_path):
    database = tmp_path / "mlruns" / "mlflow.db"
    database.parent.mkdir()
    database.write_bytes(b"SQLite format 3\x00" + bytes(range(256)) * 64)
    before = database.read_bytes()
    code, _, err = ablate(*ARM)
    assert code == 1
    assert "mlflow.db" in err
    assert err.count("\n") == 1
    assert database.read_bytes() == before
