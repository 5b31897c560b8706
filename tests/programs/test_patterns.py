"""Numbers in the output of a command are taken whole, or not at all."""

import pytest

from ablate.errors import UserError
from ablate.programs.patterns import from_pattern
from ablate.programs.reports import from_last_line, read_signs

PLAIN = r"loss=(?P<loss>[0-9.]+)"


@pytest.mark.parametrize(
    ("pattern", "text", "told"),
    [
        (PLAIN, "loss=9.5e-05", "ends in the middle of a number: 'loss' is '9.5' of '9.5e-05'"),
        (PLAIN, "loss=1E2%", "'loss' is '1' of '1E2%'"),
        (PLAIN, "loss=1_000", "'loss' is '1' of '1_000'"),
        (PLAIN, "loss=1'000 or so", 'of "1\'000"'),
        (PLAIN, "loss=1\u202f000", "ends in the middle"),
        (r"loss.*(?P<loss>[0-9.]+)", "loss is 0.53", "begins in the middle of a number: 'loss' is '3' of '0.53'"),
        (r"loss.*(?P<loss>[0-9]+)", "loss is 2e-5", "begins in the middle of a number: 'loss' is '5' of '2e-5'"),
        (r"loss\D*(?P<loss>[0-9.]+)", "loss: -0.5", "begins in the middle of a number: 'loss' is '0.5' of '-0.5'"),
        (r".*(?P<step>[0-9]+): loss=(?P<loss>\S+)", "epoch 12: loss=1", "'step' is '2' of '12:"),
    ],
)
def test_a_pattern_that_takes_a_part_of_a_number_is_refused(pattern, text, told):
    with pytest.raises(UserError) as error:
        from_pattern(text, [pattern])
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r"loss=(?P<loss>[-+0-9.e]+)", "loss=-9.5e-05", -9.5e-05),
        (r"log-likelihood: -(?P<loss>[0-9.]+)", "log-likelihood: -0.5", 0.5),
        (r"correct: (?P<loss>\d+)", "correct: 871/1000", 871.0),
        (r"^(?P<step>\d+),(?P<loss>[0-9.]+)$", "3,0.91", 0.91),
        (r"step-(?P<loss>\d+)", "step-3", 3.0),
        (PLAIN, "loss=0.7 epoch 3", 0.7),
        (PLAIN, "loss=0.7s", 0.7),
        (PLAIN, "top1.loss=0.7", 0.7),
    ],
)
def test_a_whole_number_is_taken(pattern, text, value):
    assert from_pattern(text, [pattern])["metrics"]["loss"] == value


@pytest.mark.parametrize("sign", ["%", " %", "％", "﹪", " ٪"])
@pytest.mark.parametrize("find", [lambda t: from_last_line(t, ["loss"]), lambda t: from_pattern(t, [PLAIN])])
def test_every_per_cent_sign_is_one(find, sign):
    found = find(f"loss=70{sign}")
    assert read_signs(found, ["loss"], ["loss"])["metrics"]["loss"] == 70.0
    with pytest.raises(UserError, match="in per cent, and is not declared so"):
        read_signs(found, ["loss"], [])


@pytest.mark.parametrize("text", ["loss=70 ‰", "loss=1\u202f000", "loss=1\u00a0000"])
def test_a_line_with_another_unit_or_blanks_in_a_number_is_no_metric(text):
    with pytest.raises(UserError, match="is not a metric"):
        from_last_line(text, ["loss"])
