from __future__ import annotations

import math

import pytest

from ablate.words.amounts import amount, amounts, difference_unit


def test_amounts_share_decimals_and_write_a_true_minus():
    assert amounts([0.0042, -0.0011, 0.0095], "fraction", width=0.0096) == ["0.42", "−0.11", "0.95"]
    assert amounts([1234.5, 1200.0], "steps", width=34.5) == ["1234", "1200"]
    assert amounts([math.inf, 0.0], "") == ["∞", "0.0"]
    assert amount(0.005, "fraction") == "0.5 pp"
    assert amount(-0.25, "") == "−0.25"


def test_per_cent_is_not_multiplied_by_a_hundred_again():
    assert amounts([3.02, 2.8, 3.2], "percent", width=0.4) == ["3.02", "2.80", "3.20"]
    assert amount(0.5, "percent") == "0.5 pp"
    assert difference_unit("percent") == difference_unit("fraction") == " pp"
    assert (difference_unit(""), difference_unit("ms")) == ("", " ms")


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_not_delta_is_never_written_as_delta(sign):
    near, far, is_it, noise = amounts(
        [sign * x for x in (0.0101, 0.03, 0.01, 0.01 - 5e-15)], "", width=0.02, delta=0.01
    )
    minus = "−" if sign < 0 else ""
    assert (near, far, is_it, noise) == (f"{minus}0.0101", f"{minus}0.030", f"{minus}0.010", f"{minus}0.010")


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e-10, 1e-6, 1.0, 1e6, 1e15, 1e30])
@pytest.mark.parametrize("unit", ["", "ms", "percent"])
def test_a_number_that_is_not_zero_is_never_written_as_zero(scale, unit):
    texts = amounts([5.2 * scale, 4.9 * scale, 5.5 * scale], unit, width=0.6 * scale)
    assert len(set(texts)) == 3
    assert [float(text.replace("−", "-")) for text in texts] == pytest.approx([5.2 * scale, 4.9 * scale, 5.5 * scale])
    assert all(len(text) < 25 for text in texts)
