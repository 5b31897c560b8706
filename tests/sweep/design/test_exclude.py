import pytest

from ablate.errors import UserError
from ablate.sweep.design.exclude import Exclusion

FACTORS = {"norm": ["none", "batch"], "batch_size": [1, 8], "init.std": [0.1, None], "model.hidden": ["[8]", "[8,8]"]}
CELL = {"norm": "batch", "batch_size": 1, "init.std": 0.1, "model.hidden": "[8]"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("norm == 'batch' and batch_size == 1", True),
        ("norm == 'batch' and batch_size == 8", False),
        ("norm != 'batch' or batch_size < 4", True),
        ("not norm == 'batch'", False),
        ("init.std == 0.1", True),
        ("init.std == null", False),
        ("0 < batch_size <= 1", True),
        ("batch_size in [1, 2]", True),
        ("norm not in ['none']", True),
        ("model.hidden == [8]", True),
        ("model.hidden in [[8, 8]]", False),
        ("batch_size * 2 + 1 == 3", True),
        ("-batch_size < -0.5", True),
    ],
)
def test_an_expression_over_the_factors_says_what_is_not_run(text, expected):
    assert Exclusion(text, FACTORS)(CELL) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('ls')", "may not hold"),
        ("norm == 'batch' and open('x')", "may not hold"),
        ("(lambda: True)()", "may not hold"),
        ("[x for x in [1]]", "may not hold"),
        ("norm.__class__ == 1", "unknown factor 'norm.__class__'"),
        ("norm[0] == 'b'", "may not hold"),
        ("batch_size ** 99999999 > 1", "may not hold"),
        ("norm is 'batch'", "may not hold"),
        ("norm ==", "does not parse"),
        ("nrom == 'batch'", "unknown factor 'nrom': expected one of batch_size, init.std, model.hidden, norm; nearest"),
        ("norm == batch", "a text needs quotes: 'batch'"),
        ("norm == 'bach'", "unknown level of norm 'bach': expected one of batch, none; nearest match: batch"),
        ("norm in ['none', 'bach']", "unknown level of norm 'bach'"),
        ("norm < 1", "not supported between"),
        ("norm in 'batch'", "`in` needs a list"),
        ("batch_size", "must be true or false, got 1"),
        ("batch_size / 0 == 1", "division by zero"),
        ("norm + norm == 'x'", "are not both numbers"),
        ("'x' * 5 == norm", "are not both numbers"),
        ("1 == 1 or " * 100 + "true", "characters long, at most 500"),
    ],
)
def test_what_is_no_condition_is_refused_in_one_line(text, message):
    with pytest.raises(UserError) as caught:
        Exclusion(text, {**FACTORS, "norm": ["batch", "none"]})(CELL)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
