"""What of Hydra's command line has no effect here is refused, in one line; what ablate can do of it, it does."""

import pytest

from ablate.app.honoured import check_hydra, launcher_typed
from ablate.app.sweep import one_launcher
from ablate.errors import UserError

SWEEP = ("-m", "norm=none,batch", "hydra.sweeper.action=plan")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--config-dir", "own", *SWEEP),
            "`--config-dir` of Hydra is not honoured by ablate: your own option files go into conf/",
        ),
        ((*SWEEP, "--config-dir=own"), "`--config-dir` of Hydra is not honoured"),
        ((*SWEEP, "-cd", "own"), "`-cd` of Hydra is not honoured"),
        ((*SWEEP, "--config-path", "own"), "`--config-path` of Hydra is not honoured"),
        ((*SWEEP, "-cn", "own"), "`-cn` of Hydra is not honoured"),
        ((*SWEEP, "--experimental-rerun", "x"), "the same command runs what is left"),
        ((*SWEEP, "--config-di", "own"), "unknown option '--config-di'"),
        (
            (*SWEEP, "--jobs", "2"),
            "`--jobs` belongs to `ablate run STUDY`; a sweep of your own takes hydra.sweeper.n_j",
        ),
        ((*SWEEP, "--launcher=loky"), "a sweep of your own takes hydra.sweeper.launcher=NAME"),
        ((*SWEEP, "--multirn"), "unknown option '--multirn'; nearest match: --multirun"),
        ((*SWEEP, "hydra/sweeper=basic"), "`hydra/sweeper=basic` is not honoured"),
        ((*SWEEP, "+hydra/sweeper=optuna"), "`hydra/sweeper=optuna` is not honoured"),
        (
            (*SWEEP, "hydra/launcher=joblib"),
            "`hydra/launcher=joblib` is not honoured: Hydra's launchers start",
        ),
        ((*SWEEP, "++hydra.launcher.n_jobs=4"), "how many at a time by `--jobs N`, or hydra.sweeper.n_jobs=N"),
        ((*SWEEP, "hydra.mode=RUN"), "`hydra.mode` is not honoured; of Hydra's own settings these are: hydra.run.dir"),
        ((*SWEEP, "hydra.job.chdir=true"), "`hydra.job.chdir` is not honoured"),
        ((*SWEEP, "hydra.sweep.subdir=x"), "`hydra.sweep.subdir` is not honoured"),
        ((*SWEEP, "hydra.searchpath=[own]"), "`hydra.searchpath` is not honoured"),
        ((*SWEEP, "+hydra.callbacks.x._target_=os.system"), "`hydra.callbacks.x._target_` is not honoured"),
        ((*SWEEP, "hydra.sweeper._target_=os.system"), "`hydra.sweeper._target_` is not honoured"),
        (
            ("run", "quickstart", "hydra/launcher=joblib"),
            "chosen by `--launcher NAME`, or hydra/launcher=NAME (loky, ray, serial, submitit)",
        ),
        (
            ("run", "quickstart", "--launcher", "lokky"),
            "unknown launcher 'lokky': expected one of loky, ray, serial, submitit; near",
        ),
        (
            (*SWEEP, "hydra.sweeper.launcher=seral"),
            "unknown launcher 'seral': expected one of loky, ray, serial, submitit; nearest",
        ),
        (("plan", "quickstart", "hydra/launcher=serial", "--jobs", "2"), "serial trains one job at a time"),
        (
            ("plan", "quickstart", "hydra/launcher=loky", "--launcher", "loky"),
            "the launcher is given twice: loky, and hy",
        ),
        (("plan", "quickstart", "hydra.launcher.cpus=2"), "`hydra.launcher.cpus=2` is not hon"),
        (
            ("plan", "quickstart", "hydra.launcher.n=2", "hydra/launcher=serial"),
            "Could not override 'hydra.lau",
        ),
        (("plan", "quickstart", "--launcher", "serial", "--jobs", "2"), "serial trains one job at a time"),
        (
            ("plan", "quickstart", "--launcher", "{kind: loky, queue: long}"),
            "launcher loky: unknown setting 'queue': there is none",
        ),
        (("~optimizer",), "`~optimizer`: a setting cannot be removed"),
        (("~seeds", "norm=batch"), "`~seeds`: a setting cannot be removed"),
        (("-m", "optimizer=glob(x*)"), "unknown optimizer 'glob(x*)': expected one of adagrad, adam"),
        (("-m", "init.std=glob(*)"), "`init.std`: glob picks from the options of a group"),
        (("-m", "init.std=shuffle(0.1,0.2)"), "shuffle gives another order each time"),
        (("optimizer=glob(*)",), "add -m to sweep over them, as in `ablate -m 'optimizer=glob(*)'`"),
        (("init.std.x=1",), "unknown key 'init.std.x'"),
        (("graph", "hydra/launcher=joblib"), "those of Hydra have no effect on it"),
        (("graph", "optimizer=glob(*)"), "`optimizer` is given several levels"),
    ],
)
def test_it_is_refused_in_one_line_and_leaves_nothing_behind(ablate, tmp_path, arguments, message):
    code, out, err = ablate(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_glob_sweeps_the_options_that_match(ablate):
    code, out, _ = ablate("-m", "optimizer=glob(ad*,exclude=adagrad)", "hydra.sweeper.action=plan")
    assert code == 0
    assert "2 arms x 8 seeds" in out
    assert "optimizer=adamw" in out


def test_its_own_sweeper_and_folders_may_be_named(ablate, tmp_path):
    code, out, err = ablate(*SWEEP, "hydra/sweeper=ablate", "hydra.sweep.dir=elsewhere", "hydra.job.name=mine")
    assert (code, "2 arms" in out) == (0, True), err


@pytest.mark.parametrize("last", [False, True])
def test_a_setting_of_the_launcher_may_stand_on_either_side_of_its_choice(last):
    words = ["hydra.launcher.cpus=2", "+hydra.launcher.slurm.account=lab"]
    words.insert(2 if last else 0, "hydra/launcher=submitit")
    check_hydra(["optimizer=sgd", *words])
    told, rest = launcher_typed(["hydra.job.chdir=true", *words])
    assert told == {"kind": "submitit", "cpus": 2, "slurm": {"account": "lab"}}
    assert rest == ["hydra.job.chdir=true"]


def test_the_launcher_of_an_application_is_ours_or_refused():
    assert launcher_typed(["hydra.job.chdir=true"]) == (None, ["hydra.job.chdir=true"])
    with pytest.raises(UserError) as error:
        launcher_typed(["hydra.launcher.nope=1"])
    assert str(error.value) == (
        "`hydra.launcher.nope=1` is not honoured: it sets a launcher, and none of ablate's is chosen; choose one with "
        "hydra/launcher=NAME (loky, ray, serial, submitit); how many at a time by `--jobs N`, or hydra.sweeper.n_jobs=N"
    )
    for words in (["hydra/launcher=joblib"], ["hydra/launcher=loky", "hydra/launcher=joblib"]):
        with pytest.raises(UserError, match="is not honoured: Hydra's launchers start arms on their own"):
            launcher_typed(words)
    assert one_launcher(None, {"kind": "loky"}) == {"kind": "loky"}
    with pytest.raises(UserError, match="the launcher is given twice: loky, and hydra/launcher=serial"):
        one_launcher("loky", {"kind": "serial"})
