"""What goes wrong from Python is one clear error before anything has run."""

import pytest

import ablate


def train(config, seed):
    return {"m": 1.0}


METRICS = [ablate.Metric("m", better="higher")]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ablate.Study("s", factors={"a": [1, 1]}), "gives a level twice"),
        (lambda: ablate.Study("s", factors={"a": [1]}, tittle="x"), "unknown key 'tittle'.*nearest match: title"),
        (lambda: ablate.Study("s", factors={"a": "relu"}), "`factors.a` must be a list, got 'relu'"),
        (lambda: ablate.Study("s", factors={"a": {1, 2}}), "`factors.a` must be a list"),
        (lambda: ablate.Study("s", factors=["a"]), "`factors` must be"),
        (
            lambda: ablate.Study("s", factors=[float("nan")]),
            r"`factors` must be a mapping of names to levels, got \[nan",
        ),
        (lambda: ablate.Study("s", factors={"a": [float("nan"), 1]}), "`factors.a.0`: nan is not a finite number"),
        (lambda: ablate.Study(factors={float("nan"): [1, 2]}), "`factors` must be .*; the names are texts, got nan"),
        (lambda: ablate.Study(factors={1: [1, 2]}), "`factors` must be a mapping of names to levels; the.*, got 1"),
        (lambda: ablate.Study("s", fixed={None: 1}), "`fixed` must be a mapping of settings; the names are.*got None"),
        (lambda: ablate.Study("s", fixed={"a": float("nan")}), "`fixed.a`: nan is not a finite number"),
        (lambda: ablate.Study("s", fixed={"a": {"b": [float("inf")]}}), "`fixed.a`: inf is not a finite number"),
        (lambda: ablate.Study("s", metrics={1: "higher"}), "`metrics` must be .*; the names are texts, got 1"),
        (lambda: ablate.Study("s", metrics=["accuracy"]), r"metrics.* must be a list such as \[ablate.Metric"),
        (
            lambda: ablate.Study("s", claims=ablate.claim("c", "s", metric="m", arm={"a": 1}, against={"a": 2})),
            "claims.* must be a list",
        ),
        (lambda: ablate.Study("s", metrics=None), r"metrics.* must be a list such as \[ablate.Metric"),
        (
            lambda: ablate.Study("s", metrics=[ablate.Metric("m", better="higher"), ablate.Metric("m", "lower")]),
            "the metric 'm' is declared twice",
        ),
        (lambda: ablate.Metric("m", better="higher", unit="percnt"), "nearest match: percent"),
        (lambda: ablate.judge_runs("r.csv", metric=["m:higher", "m:lower"]), "the metric 'm' is given twice"),
        (lambda: ablate.judge_runs("r.csv", metric=["m", "m:lower"]), "the metric 'm' is given twice"),
        (lambda: ablate.judge_runs("r.csv", by_at_least="0.01"), "must be a number > 0.*got '0.01'"),
        (
            lambda: ablate.compare("r", metric="m", arm={"a": 1}, against={"a": 2}, not_worse_by="0.01"),
            "must be a number > 0.*got '0.01'",
        ),
        (lambda: ablate.Study("../s"), "not a plain file name"),
        (lambda: ablate.Study("a\nb"), r"'a\\nb', which holds a character that cannot be seen"),
        (lambda: ablate.Study("a\x1b[31mb"), r"'a\\x1b\[31mb', which holds a character that cannot be seen"),
        (lambda: ablate.Study("\u202eabc"), "which holds a character that cannot be seen"),
        (lambda: ablate.Study("n" * 201), "is too long for the name of a folder: expected at most 200 bytes, got 201"),
        (lambda: ablate.Metric("m", better="hihger"), "nearest match: higher"),
        (lambda: ablate.claim("c", "s", kind="efect", metric="m"), "unknown claim kind 'efect'.*nearest match: effect"),
        (lambda: ablate.claim("c", "s", metric="m", arm={"a": 1}, againts={"a": 2}), "nearest match: against"),
        (lambda: ablate.claim("c", "s", metric="m", arm={"a": 1}, against={"a": 2}, by_at_least="0.1"), "by_at_least"),
        (lambda: ablate.Study.from_file("quikstart"), "nearest match: quickstart"),
        (lambda: ablate.Study("s", factors={"a": [1]}).run(jobs=0), "`jobs` must be a whole number >= 1"),
        (lambda: ablate.Study("s", factors={"a": [1]}).run(jobs=1.5), "`jobs` must be a whole number >= 1.*got 1.5"),
        (lambda: ablate.Study("s", factors={"a": [1]}).run(jobs="2"), "`jobs` must be a whole number >= 1.*got '2'"),
        (lambda: ablate.Study({"a": [1]}), "the name of a study` must be a text, got {'a'"),
        (lambda: ablate.claim(3, "s", metric="m"), "claims.0.id` must be a text, got 3"),
        (lambda: ablate.Study("s", metrics={"m": "hihger"}), "metrics: m: unknown `better` 'hihger'"),
        (lambda: ablate.Study("s").run(launcher="seral"), "unknown launcher 'seral'.*nearest match: serial"),
        (lambda: ablate.Study("s").run(jobs=2, launcher="serial"), "serial trains one job at a time"),
        (
            lambda: ablate.judge_results(ablate.Study("s"), "r.json"),
            "no source reads r.json: expected a file ending in",
        ),
        (lambda: ablate.judge_results(ablate.Study("s"), "r", source="cvs"), "unknown source 'cvs'.*match: csv"),
        (lambda: ablate.Study("s", factors={"a": [1]}).run(), "unknown key 'a'"),
        (lambda: ablate.read_study("nothing"), "nothing|no runs"),
    ],
)
def test_a_mistake_is_named(folder, make, said):
    with pytest.raises(ablate.UserError, match=said):
        make()
    assert list(folder.iterdir()) == []


def test_a_function_that_others_cannot_find_is_refused_in_one_line(folder):
    study = ablate.Study("s", factors={"a": [1, 2]}, metrics=METRICS)
    space = {"__name__": "__main__"}
    exec(compile("def cell(config, seed):\n    return {'m': 1.0}", "/tmp/ipykernel_1/2.py", "exec"), space)
    with pytest.raises(ablate.UserError, match=r"typed into a notebook .* write it into my_training.py") as error:
        study.run(space["cell"])
    assert "\n" not in str(error.value)
    for nested in (lambda config, seed: {"m": 1.0}, 3, print):
        with pytest.raises(ablate.UserError, match="train"):
            study.run(nested)
    assert list(folder.iterdir()) == []


def test_a_study_file_says_itself_what_is_trained(folder):
    with pytest.raises(ablate.UserError, match="says itself what is trained"):
        ablate.Study.from_file("quickstart").run(train)


def test_a_function_that_declares_no_metric_is_told_how(folder):
    (folder / "bare.py").write_text("def train(config, seed):\n    return {'m': 1.0}\n", encoding="utf-8")
    import bare

    with pytest.raises(ablate.UserError, match="does not say which metrics it returns"):
        ablate.Study("s", factors={"a": [1, 2]}).run(bare.train)


SCRIPT = """
import ablate

def train(config, seed):
    if config["params"]["a"] == 2 and seed == 1:
        raise ValueError("no")
    return {"m": seed}

study = ablate.Study("s", factors={"a": [1, BAD]}, metrics=[ablate.Metric("m", better="higher")], seeds=3)
"""


def test_a_script_with_its_study_below_the_guard_runs_in_workers(script):
    text = SCRIPT.replace("BAD", "3") + 'if __name__ == "__main__":\n    print(len(study.run(train, jobs=2).runs))\n'
    done = script(text)
    assert (done.code, done.out) == (0, "6\n"), done.err


def test_a_script_without_the_guard_is_told_of_it(script):
    done = script(SCRIPT.replace("BAD", "3") + "study.run(train, jobs=2)\n")
    assert done.code == 1
    last = done.err.strip().splitlines()[-1]
    assert 'put the code that runs the study below `if __name__ == "__main__":`' in last


def test_a_crashed_arm_is_an_error_and_the_rest_can_be_judged(script):
    text = SCRIPT.replace("BAD", "2") + (
        'if __name__ == "__main__":\n    try:\n        study.run(train, jobs=1)\n    except ablate.Failure as error:\n'
        "        print(error)\n    print(ablate.read_runs('s')['outcome'].tolist())\n"
    )
    done = script(text)
    assert "1 of 2 arms crashed: a=2 (ValueError: no)" in done.out, done.err
    assert done.out.count("finished") == 5


def test_an_error_of_the_plan_names_the_settings_as_python_does(folder):
    (folder / "mine.py").write_text("def train(config, seed):\n    return {'m': 1.0}\n", encoding="utf-8")
    from mine import train

    claim = {"id": "c", "says": "s", "metric": "m", "arm": {"a": 2}, "against": {"a": 1}, "each": "b"}
    study = ablate.Study("s", factors={"a": [1, 2], "b": [1, 2]}, metrics={"m": "higher"}, claims=[claim])
    with pytest.raises(ablate.UserError, match=r"^claim c\[b=1\]: 2 seeds cannot decide it"):
        study.plan(train, seeds=2)
