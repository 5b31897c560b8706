import pytest
from omegaconf import OmegaConf

import ablate.data.augment
import ablate.data.digits
import ablate.data.mnist5k  # noqa: F401
from ablate.errors import UserError
from ablate.registry import GROUPS, options
from ablate.train.config import COMPONENTS, TrainConfig, seed_list


def test_every_group_has_a_base_and_every_component_derives_from_it():
    assert set(COMPONENTS) == set(GROUPS)
    for group, base in COMPONENTS.items():
        assert options(group), f"nothing registered in {group}"
        assert all(issubclass(cls, base) for cls in options(group).values())


def thawed(node):
    OmegaConf.set_readonly(node, value=False)
    for key in node if OmegaConf.is_dict(node) else ():
        if not OmegaConf.is_missing(node, key) and OmegaConf.is_config(node._get_node(key)):
            thawed(node._get_node(key))
    return node


@pytest.mark.parametrize("group", GROUPS)
def test_components_come_back_from_omegaconf_as_objects(group):
    for cls in options(group).values():
        root = thawed(OmegaConf.structured(TrainConfig))
        for other in GROUPS:
            root[other] = thawed(OmegaConf.structured(next(iter(options(other).values()))))
        root[group] = thawed(OmegaConf.structured(cls))
        root.steps, root.seeds = 7, [1, 2]
        found = OmegaConf.to_object(root)
        assert type(found) is TrainConfig
        assert getattr(found, group) == cls()
        assert (found.steps, seed_list(found.seeds)) == (7, [1, 2])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 0}, "`epochs` must be a whole number >= 1, got 0."),
        ({"steps": 0}, "`steps` must be a whole number >= 1, got 0."),
        ({"batch_size": 2.5}, "`batch_size` must be a whole number >= 1, got 2.5."),
        ({"evaluate_from": -1}, "`evaluate_from` must be a whole number >= 0, got -1."),
        (
            {"sampling": "shufle"},
            "unknown sampling 'shufle': expected one of replacement, shuffle; nearest match: shuffle",
        ),
        ({"target_split": "test"}, "unknown target_split 'test': expected one of train, validation"),
        (
            {"dtype": "float8"},
            "unknown dtype 'float8': expected one of float16, float32, float64; nearest match: float64",
        ),
        ({"freeze": "hiden"}, "unknown freeze 'hiden': expected one of hidden, none; nearest match: hidden"),
        ({"change_at": 0}, "`change_at` must be a whole number >= 1, got 0."),
        (
            {"observe": ["activation"]},
            (
                "unknown observe 'activation': expected one of activations, dead_units, gradients, steps; "
                "nearest match: activations"
            ),
        ),
        ({"observe": ["steps", "steps"]}, "`observe` must name each observer once, got ['steps', 'steps']."),
        ({"target_accuracy": 90}, "`target_accuracy` must be > 0 and <= 1, got 90."),
        ({"l2": -0.1}, "`l2` must be >= 0, got -0.1."),
        ({"clip_norm": 0.0}, "`clip_norm` must be > 0, or null for no clipping, got 0.0."),
        ({"norm": None}, "`norm` must be a registered norm component, got None."),
        ({"seeds": 0}, "`seeds` must be a count >= 1 or a list of different whole numbers >= 0, got 0."),
        ({"seeds": [1, 1]}, "`seeds` must be a count >= 1 or a list of different whole numbers >= 0, got [1, 1]."),
        ({"seeds": "8"}, "`seeds` must be a count >= 1 or a list of different whole numbers >= 0, got '8'."),
    ],
)
def test_wrong_settings_are_named(config, changed, message):
    with pytest.raises(UserError) as caught:
        config(**changed)
    assert str(caught.value).startswith(message)


def test_a_component_in_the_wrong_slot_is_named(config):
    with pytest.raises(UserError, match="`norm` must be a registered norm component, got SGD"):
        config(norm=config().optimizer)
