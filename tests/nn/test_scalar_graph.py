import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablate.nn.scalar_graph import Scalar, add, exp, log, reciprocal, relu

POSITIVE = st.floats(0.1, 3.0)


def everything(a, b, c):
    """Use every operation, and a number twice."""
    return relu(a * b + exp(c)) * reciprocal(b) + log(add(a, b, c)) * a


@given(POSITIVE, POSITIVE, POSITIVE)
def test_gradients_are_the_slopes_of_the_result(a, b, c):
    numbers = [Scalar(value) for value in (a, b, c)]
    end = everything(*numbers)
    end.backward()
    for position, number in enumerate(numbers):
        h = 1e-6
        up, down = ([value + sign * h * (i == position) for i, value in enumerate((a, b, c))] for sign in (1, -1))
        slope = (everything(*map(Scalar, up)).value - everything(*map(Scalar, down)).value) / (2 * h)
        assert number.gradient == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_a_number_used_twice_adds_up_what_comes_back():
    x = Scalar(3.0)
    (x * x).backward()
    assert x.gradient == 6.0


def test_going_back_twice_gives_the_same():
    x = Scalar(2.0)
    end = x * x * x
    end.backward()
    end.backward()
    assert x.gradient == 12.0


def test_relu_passes_or_stops():
    for value, handed in ((2.0, 5.0), (0.0, 0.0), (-1.0, 0.0)):
        x = Scalar(value)
        (relu(x) * Scalar(5.0)).backward()
        assert x.gradient == handed


@given(st.lists(st.floats(-3.0, 3.0), min_size=2, max_size=5), st.data())
def test_softmax_with_cross_entropy_hands_back_y_minus_t(values, data):
    own = data.draw(st.integers(0, len(values) - 1))
    scores = [Scalar(value) for value in values]
    share = reciprocal(add(*map(exp, scores)))
    loss = log(exp(scores[own]) * share) * Scalar(-1.0)
    loss.backward()
    total = sum(map(math.exp, values))
    for k, score in enumerate(scores):
        assert score.gradient == pytest.approx(math.exp(values[k]) / total - (k == own), abs=1e-9)
