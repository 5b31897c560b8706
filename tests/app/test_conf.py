"""Every registered component is a visible option, and its file shows the values it really has."""

import dataclasses

import pytest
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf, ValidationError

from ablate.app.compose import to_config
from ablate.app.offered import option_names
from ablate.app.schema import import_components, register_components
from ablate.registry import GROUPS, options, registered_name
from ablate.resources import conf_folder
from ablate.train.config import TrainConfig

import_components()
OPTIONS = [(group, name) for group in GROUPS for name in option_names(group)]
# Presets: options that give a registered component other values, and say so.
PRESETS = {
    ("norm", "batch_book"): "batch",
    ("init", "normal_unit"): "normal",
    ("dropout", "book_fifth"): "book",
    ("model", "single_path_macs"): "single_path",
    ("model", "mlp_wide"): "mlp",
    ("model", "mlp_deep"): "mlp",
    ("model", "inception_28"): "inception",
    ("model", "single_path_28"): "single_path",
    ("model", "single_path_macs_28"): "single_path",
    ("model", "mlp_wide_28"): "mlp",
    ("model", "mlp_deep_28"): "mlp",
    ("augment", "duplicates"): "baked",
    **{("activation", f"steep_sigmoid_{k}"): "steep_sigmoid" for k in (4, 16, 64)},
}


@pytest.fixture(scope="module")
def composed():
    register_components()
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        yield lambda *overrides: compose("config", overrides=list(overrides))


@pytest.mark.parametrize("group", GROUPS)
def test_every_component_has_its_file(group):
    assert set(options(group)) <= set(option_names(group))


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_an_option_shows_its_values_and_they_are_the_components_own(group, name):
    text = (conf_folder() / group / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    shown = yaml.safe_load(text)
    (schema, own) = shown.pop("defaults")
    assert own == "_self_"
    cls = options(group)[schema.removeprefix(f"/schema/{group}/").removesuffix("@_here_")]
    assert list(shown) == [field.name for field in dataclasses.fields(cls)]
    if (group, name) in PRESETS:
        assert cls(**shown) != cls()
    else:
        assert cls(**shown) == cls()


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_an_option_composes_to_its_component(composed, group, name):
    config = to_config(composed(f"{group}={name}"))
    assert registered_name(getattr(config, group)) == PRESETS.get((group, name), name)


def test_the_defaults_shown_are_those_of_the_schema(composed):
    shown = yaml.safe_load((conf_folder() / "config.yaml").read_text(encoding="utf-8"))
    config = to_config(composed())
    for field in dataclasses.fields(config):
        if field.name not in GROUPS:
            default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            assert shown[field.name] == default == getattr(config, field.name)


def test_a_component_in_the_wrong_slot_is_refused():
    schema = OmegaConf.structured(TrainConfig)
    OmegaConf.set_readonly(schema, False)
    with pytest.raises(ValidationError, match="SGD"):
        schema.activation = OmegaConf.structured(options("optimizer")["sgd"])


def test_presets_of_equal_budget_are_what_they_say(composed):
    from ablate.nn import BatchNorm, NoDropout, ReLU
    from ablate.nn.inception import Inception, matched

    def model(name):
        return to_config(composed(f"model={name}")).model

    def parameters(name, pixels=8):
        network = model(name).build((1, pixels, pixels), 10, activation=ReLU(), norm=BatchNorm(), dropout=NoDropout())
        return network.parameters

    for norm in (None, BatchNorm()):
        assert model("single_path_macs") == matched(Inception(), (1, 8, 8), 10, by="multiply_adds", norm=norm)
        for by, name in (("parameters", "single_path_28"), ("multiply_adds", "single_path_macs_28")):
            assert model(name) == matched(model("inception_28"), (1, 28, 28), 10, by=by, norm=norm)
    assert parameters("mlp_wide") == pytest.approx(parameters("mlp_deep"), rel=0.01)
    assert parameters("mlp_wide_28", 28) == pytest.approx(parameters("mlp_deep_28", 28), rel=0.01)
