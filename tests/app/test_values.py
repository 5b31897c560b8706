"""A study file and the command line give a function the same value, of the same type."""

import json

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from ablate.app.compose import Composer
from ablate.app.overrides import as_hydra_reads, override_text, parse, unswept_value
from ablate.app.request import read_request
from ablate.app.schema import register_components
from ablate.errors import UserError
from ablate.levels import compact, levels_alike
from ablate.programs.function import settings as settings_of
from ablate.resources import conf_folder
from ablate.sweep.plan import make_plan
from ablate.sweep.study_file import load_study
from ablate.sweep.yaml_reader import read_yaml
from tests.values.strategies import LEVELS, VALUES, as_yaml, exact

TRAIN = """
import json
from pathlib import Path


def train(config, seed):
    with Path("seen.jsonl").open("a") as file:
        file.write(json.dumps(config["params"]) + "\\n")
    return {"m": seed}


train.metrics = {"m": "higher"}
"""
KEY = "program.params.x"
COMPOSED: dict = {}
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def loader():
    register_components()
    with hydra.initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return GlobalHydra.instance().config_loader()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("own")
    (place / "own.py").write_text(TRAIN, encoding="utf-8")
    return place


def as_word(value):
    """Write a value in Hydra's grammar, with Hydra's own quoting."""
    if isinstance(value, str):
        return QuotedString(value, Quote.single).with_quotes()
    if isinstance(value, list):
        return "[" + ",".join(map(as_word, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key.replace(' ', chr(92) + ' ')}:{as_word(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def received(name, words, loader):
    """Return what the function of every arm is called with, and the arms' labels."""
    request = read_request(name, words, loader)
    composer = Composer(loader, request.study.fixed, request.raw)
    composer._composed = COMPOSED  # Hydra takes a fifth of a second to compose what is the same each time
    plan = make_plan(request.study, name="x", seeds=1, compose=composer, command="")
    return [settings_of(job.config, job.program.params)["params"] for job in plan.jobs], [
        job.arm.label for job in plan.jobs
    ]


def written(folder, body):
    path = folder / "s.yaml"
    path.write_text(f"title: t\n{body}\n", encoding="utf-8", newline="")
    return str(path)


def program(folder):
    return f"program: function, program.target: {as_yaml(f'{folder}/own.py:train')}"


def words(folder):
    return ["program=function", f"program.target={as_word(f'{folder}/own.py:train')}"]


@relaxed
@given(st.lists(LEVELS, min_size=2, max_size=4))
def test_levels_arrive_as_they_are_written_in_a_file_and_in_a_sweep(folder, loader, levels):
    assume(levels_alike([compact(level) for level in levels]) is None)
    wanted = exact([{"x": level} for level in levels])
    path = written(folder, f"fixed: {{{program(folder)}}}\nfactors: {{{KEY}: {as_yaml(levels)}}}")
    by_file, labels = received(path, [], loader)
    by_sweep, others = received(None, [*words(folder), f"{KEY}={','.join(map(as_word, levels))}"], loader)
    assert exact(by_file) == wanted
    assert exact(by_sweep) == wanted
    assert labels == others
    assert len(set(labels)) == len(labels)


@relaxed
@given(VALUES)
def test_what_is_fixed_arrives_as_it_is_written_in_a_file_and_in_an_override(folder, loader, value):
    path = written(folder, f"fixed: {{{program(folder)}, {KEY}: {as_yaml(value)}}}")
    other = written(folder.parent, f"fixed: {{{program(folder)}, {KEY}: 7}}")
    arrived = [
        received(path, [], loader)[0],
        received(other, [f"{KEY}={as_word(value)}"], loader)[0],
        received(None, [*words(folder), f"++{KEY}={as_word(value)}"], loader)[0],
    ]
    assert [exact(one) for one in arrived] == [exact([{"x": value}])] * 3


@relaxed
@given(st.text(st.sampled_from("0123456789_.eE+-xoinfatrules"), min_size=1, max_size=8))
def test_an_unquoted_word_is_the_same_value_in_a_file_and_on_the_command_line(word):
    assume(word not in ("-", "---"))
    found = []
    for read in (lambda: read_yaml(f"x: {word}")["x"], lambda: unswept_value(parse([f"x={word}"])[0])):
        try:
            found.append(exact(read()))
        except UserError:
            found.append("refused")
    assert found[0] == found[1]


@relaxed
@given(VALUES)
def test_what_we_type_is_read_back(value):
    assert exact(unswept_value(parse([f"x={override_text(value)}"])[0])) == exact(value)


@relaxed
@given(VALUES)
def test_hydra_composes_the_same_value_for_what_it_shows(value):
    assume('"1":' not in exact(value) and '"true":' not in exact(value))  # keys, which Hydra cannot quote
    (word,) = as_hydra_reads([f"{KEY}={as_word(value)}"])
    node = OmegaConf.create({})
    OmegaConf.update(node, "x", OverridesParser.create().parse_override(word).value(), force_add=True)
    if "???" not in exact(value):  # what OmegaConf calls missing; arms never pass through it
        assert exact(OmegaConf.to_container(node, resolve=True)) == exact({"x": value})


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ("[1, 1.0]", "x has the levels 1 (a whole number) and 1.0 (a real number), which no table keeps apart"),
        ("[1, true]", "1 (a whole number) and true (true or false)"),
        ("['[1,2]', [1,2]]", "'[1,2]' (text) and [1,2] (a list)"),
        ("""['1', '"1"']""", """'1' (text) and '"1"' (text), which no table keeps apart"""),
        ("[1, 1]", "x gives a level twice: 1, 1"),
        ("[0.0, -0.0]", "gives a level twice: 0.0, -0.0"),
        ("[{a: 1}, 2]", "a mapping cannot be a level"),
        ("[.nan, 1]", ".nan is not a finite number"),
        ("[1, 3e563]", "3e563 is too large a number"),
    ],
)
def test_levels_that_cannot_be_told_apart_or_held_are_refused(folder, levels, message):
    with pytest.raises(UserError) as caught:
        load_study(written(folder, f"factors: {{{KEY}: {levels}}}"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_levels_of_one_look_but_another_type_have_labels_of_their_own(folder, loader):
    path = written(folder, f"fixed: {{{program(folder)}}}\nfactors: {{{KEY}: [1, '1', 'true', true2, [1], '[1]x']}}")
    arrived, labels = received(path, [], loader)
    assert exact(arrived) == exact([{"x": value} for value in (1, "1", "true", "true2", [1], "[1]x")])
    assert labels[1:] == [f"x={text}" for text in ('"1"', '"true"', "true2", "[1]", "[1]x")]


def test_a_named_level_is_the_factors_own(folder, loader):
    body = f"fixed: {{{program(folder)}}}\nfactors: {{{KEY}: [0.5, 1.0]}}\nbaseline: {{{KEY}: 1}}"
    arrived, labels = received(
        written(folder, f"{body}\ndesign: {{kind: leave_one_out, full: {{{KEY}: 1}}}}"), [], loader
    )
    assert exact(arrived) == exact([{"x": 1.0}, {"x": 0.5}])
    assert labels == ["baseline", "x=0.5"]


def test_a_boolean_is_no_number_where_a_level_is_named(folder):
    with pytest.raises(UserError, match=r"baseline: .* has no level 1"):
        load_study(written(folder, f"factors: {{{KEY}: [true, false]}}\nbaseline: {{{KEY}: 1}}"))


def test_lists_stay_lists_in_the_quick_budget_and_with_parts_from_the_command_line(folder, loader):
    body = f"fixed: {{{program(folder)}}}\nfactors: {{{KEY}: [[1], [2], '[3]']}}"
    path = written(folder, f"{body}\nquick: {{factors: {{{KEY}: [[2], '[3]']}}}}")
    quick = read_request(path, [], loader, quick=True).study.factors[KEY]
    opened = read_request(path, [], loader, parts={"design": "ofat"}).study.factors[KEY]
    assert [type(level).__name__ for level in quick] == ["ListLevel", "str"]
    assert [type(level).__name__ for level in opened] == ["ListLevel", "ListLevel", "str"]


@pytest.mark.parametrize(
    ("words_", "message"),
    [
        (["dataset.path=2024"], "`dataset.path` must be text, got 2024"),
        (["program.target=010"], "`program.target` must be text, got 10"),
        (["program.watch=[a,1e3]"], "`program.watch` must be text, got 1000.0"),
        (["observe=[1]"], "`observe` must be text, got 1"),
        (["clip_norm='1'"], "`clip_norm` must be a number, got '1'"),
        (["steps='5'"], "`steps` must be a whole number, got '5'"),
        (["model.hidden=['8']"], "`model.hidden` must be a whole number, got '8'"),
        (["model.hidden=8"], "`model.hidden` must be a list such as [8], got 8"),
        (["program.target='???'"], "`program.target` must be given, got '???'"),
        ([f"{KEY}=.inf"], ".inf is not a finite number"),
        ([f"{KEY}=float(inf)"], "not a finite number"),
        ([f"{KEY}={'9' * 5000}"], "too large a number"),
        ([f"{KEY}=" + "${a}"], "${a} is not filled in here: write the value out"),
        ([f"{KEY}={{a:1,a:2}}"], "the key 'a' is given twice"),
        ([f"{KEY}=\udcff"], "half a character"),
        ([f"{KEY}={'[' * 3000}{']' * 3000}"], "nested too deeply"),
        ([f"{KEY}={'[' * 40}{']' * 40}"], "nested 32 deep"),
        (["program.params=3"], "`program.params` must be a mapping"),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_clear_line(folder, loader, words_, message):
    group = [] if words_[0].startswith(("model", "clip", "steps", "observe")) else ["program=function"]
    group += ["dataset=folder"] if words_[0].startswith("dataset") else []
    with pytest.raises(UserError) as caught:
        received(None, [*group, *words_], loader)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.py").write_text(TRAIN, encoding="utf-8")
    return tmp_path


def seen(folder):
    return [json.loads(line) for line in (folder / "seen.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_real_command_hands_over_what_is_written(ablate, own):
    values = ["[INST] a", "${x}", "010", 10, 1e-300, True, None, [1, "a,b"], "it's"]
    (own / "s.yaml").write_text(
        f"title: t\nfixed: {{program: function, program.target: 'own.py:train'}}\n"
        f"factors: {{{KEY}: {as_yaml(values)}}}\nseeds: 1\n",
        encoding="utf-8",
    )
    code, _, err = ablate("run", "s.yaml", "--jobs", "1", "--no-report")
    assert code == 0, err
    sweep = f"{KEY}={','.join(map(as_word, values))}"
    target = ("program=function", "program.target=own.py:train", "seeds=1", "hydra.sweeper.report=false")
    code, _, err = ablate("-m", *target, "hydra.sweeper.n_jobs=1", sweep)
    assert code == 0, err
    arrived = seen(own)
    assert exact(arrived) == exact([{"x": value} for value in values] * 2)
    code, _, err = ablate(*target, f"{KEY}=" + "'${x'", "program.params.n=1_000", "program.params.code=010")
    assert code == 0, err
    assert exact(seen(own)[-1]) == exact({"x": "${x", "n": "1_000", "code": 10})


def test_a_switch_that_is_text_is_said_to_be(ablate, own):
    arguments = ("-m", "program=function", "program.target=own.py:train", "seeds=1", "hydra.sweeper.action=plan")
    code, _, err = ablate(*arguments, "program.params.norm=on,off", "program.params.n=1_000", "program.params.ok=true")
    assert code == 0
    assert "`norm`: the function gets the texts 'on' and 'off'" in err
    assert "`n`: the function gets the text '1_000', which is not a number; a number has no `_`" in err
    assert "`ok`" not in err


def test_tune_is_read_by_the_same_rule_in_a_file_and_on_the_command_line(ablate, own):
    arguments = ("-m", "program=function", "program.target=own.py:train", "seeds=2", "hydra.sweeper.n_jobs=1")
    tune = "tune={space:{program.params.y:[010,1_000,'[1]','${z}']},seeds:1,metric:m}"
    code, _, err = ablate(*arguments, "hydra.sweeper.report=false", f"{KEY}=1,2", tune)
    assert code == 0, err
    tried = [one["y"] for one in seen(own)[:4]]
    assert exact(tried) == exact([10, "1_000", "[1]", "${z}"])
