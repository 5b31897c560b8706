import numpy as np
import pytest

from ablate.optim import SGD, AdaGrad, Adam, Momentum
from ablate.programs.surface import Surface


def test_gradient_descent_follows_its_closed_form(config):
    (run,) = Surface().run(config(optimizer=SGD(0.95)), [5])
    steps = np.arange(31)
    assert run.curves["path/x"].values == pytest.approx(-7.0 * (1 - 0.95 / 10) ** steps)
    assert run.curves["path/y"].values == pytest.approx(2.0 * (1 - 0.95 * 2) ** steps)
    assert run.metrics["final/distance"] == pytest.approx(np.hypot(7 * 0.905**30, 2 * 0.9**30))


def book(rule, steps=30):
    """The book's own loop (ch06/optimizer_compare_naive), with its optimizers' code (common/optimizer.py)."""
    x, y = -7.0, 2.0
    path = [(x, y)]
    m, v, h = np.zeros(2), np.zeros(2), np.zeros(2)
    for t in range(1, steps + 1):
        p, g = np.array([x, y]), np.array([x / 10.0, 2.0 * y])
        if rule == "momentum":
            v = 0.9 * v - 0.1 * g
            p = p + v
        elif rule == "adagrad":
            h = h + g * g
            p = p - 1.5 * g / (np.sqrt(h) + 1e-7)
        else:
            m, v = m + (1 - 0.9) * (g - m), v + (1 - 0.999) * (g**2 - v)
            p = p - 0.3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
        x, y = p
        path.append((x, y))
    return np.array(path)


@pytest.mark.parametrize(
    ("optimizer", "rule", "rel"),
    [(Momentum(0.1), "momentum", 1e-10), (AdaGrad(1.5), "adagrad", 1e-10), (Adam(0.3), "adam", 1e-4)],
)
def test_the_paths_are_the_books(config, optimizer, rule, rel):
    (run,) = Surface().run(config(optimizer=optimizer), [0])
    found = np.stack([run.curves["path/x"].values, run.curves["path/y"].values], axis=1)
    assert found == pytest.approx(book(rule), rel=rel, abs=rel)


def test_without_jitter_or_noise_every_seed_walks_the_same_path(config):
    runs = Surface().run(config(), [0, 1, 9])
    assert runs[0].metrics == runs[1].metrics == runs[2].metrics


def test_seed_0_keeps_the_books_start_and_others_move_it(config):
    zero, one = Surface(jitter=1.0).run(config(), [0, 1])
    assert (zero.curves["path/x"].values[0], zero.curves["path/y"].values[0]) == (-7.0, 2.0)
    assert one.curves["path/x"].values[0] != -7.0


def test_optimizers_of_one_seed_share_start_and_noise(config):
    a = Surface(jitter=1.0, noise=0.5).run(config(optimizer=SGD(0.1)), [3])[0]
    b = Surface(jitter=1.0, noise=0.5).run(config(optimizer=SGD(0.2)), [3])[0]
    step = [run.curves["path/x"].values[1] - run.curves["path/x"].values[0] for run in (a, b)]
    assert step[1] == pytest.approx(2 * step[0])


def test_a_diverging_seed_says_when_and_leaves_its_neighbours_alone(config):
    far = Surface(start=[-7.0, 2.0], coefficients=[0.05, 1.0])
    (run,) = far.run(config(optimizer=SGD(30.0), steps=2000), [0])
    assert run.outcome == "diverged"
    assert run.metrics == {}
    assert np.isnan(run.curves["train/loss"].values[run.first_nonfinite_step :]).all()
    (mild,) = far.run(config(optimizer=SGD(1.2), steps=30), [0])
    assert mild.outcome == "diverged"
    assert mild.first_nonfinite_step is None


def test_reaching_the_target_takes_two_steps_below_it(config):
    (run,) = Surface(target_loss=1.0).run(config(optimizer=SGD(0.4), steps=60), [0])
    below = run.curves["train/loss"].values <= 1.0
    assert run.outcome == "reached"
    assert run.metrics["ttt/steps"] == below.argmax()
    (short,) = Surface(target_loss=1e-9).run(config(optimizer=SGD(0.4), steps=5), [0])
    assert short.outcome == "censored"
    assert "ttt/steps" not in short.metrics
