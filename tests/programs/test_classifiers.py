import numpy as np
import pytest

from ablate.data.augment.shift import Shift
from ablate.programs.classifiers import DecisionTree, LinearSvm, NearestNeighbours, SoftmaxRegression
from ablate.streams import stream
from ablate.train.numpy_program import NumpyProgram


def test_one_nearest_neighbour_knows_its_training_set_and_matches_a_plain_search(config):
    at = config()
    (run,) = NearestNeighbours(n_neighbors=1).run(at, [2])
    examples, split = at.dataset.examples(), at.dataset.split(stream(2, "split"))
    flat = examples.images.reshape(240, -1).astype(np.float64)
    nearest = ((flat[split.test][:, None] - flat[split.train][None]) ** 2).sum(axis=-1).argmin(axis=1)
    right = examples.labels[split.train][nearest] == examples.labels[split.test]
    assert run.error is None
    assert run.metrics["final/train_accuracy"] == 1.0
    assert (run.test_correct == right).all()
    assert run.metrics["final/test_accuracy"] == right.mean()


def test_softmax_regression_is_at_the_optimum_of_its_loss(config):
    at = config()
    program = SoftmaxRegression(C=0.5)
    images, labels = program.training_set(at, 0)
    fitted = program.estimator(stream(0, "program")).fit(images, labels)
    y = np.exp(images @ fitted.coef_.T + fitted.intercept_)
    y /= y.sum(axis=1, keepdims=True)
    slope = fitted.coef_ + 0.5 * (y - np.eye(3)[labels]).T @ images
    assert np.abs(slope).max() < 0.05 * np.abs(0.5 * np.eye(3)[labels].T @ images).max()
    assert program.loss(fitted, images, labels) == pytest.approx(-np.log(y[np.arange(90), labels]).mean())


def test_augmented_copies_are_added_to_the_originals_and_drawn_from_their_own_stream(config):
    at = config(augment=Shift(1))
    images, labels = NearestNeighbours(copies=2).training_set(at, 0)
    plain, _ = NearestNeighbours(copies=0).training_set(at, 0)
    assert len(images) == len(labels) == 270
    assert (images[:90] == plain).all()
    assert (labels[:90] == labels[90:180]).all()
    assert not (images[90:180] == images[180:]).all()
    expected, _ = Shift(1)(
        at.dataset.examples().images[at.dataset.split(stream(0, "split")).train][None],
        labels[None, :90],
        [stream(0, "augment")],
    )
    assert (images[90:180] == expected[0].reshape(90, -1)).all()


def test_without_augmentation_there_are_no_copies(config):
    assert len(NearestNeighbours(copies=9).training_set(config(), 0)[0]) == 90


def test_splits_are_those_of_the_nets(config):
    at = config(epochs=1, steps=1, batch_size=30)
    net, knn = NumpyProgram().facts(at), NearestNeighbours().facts(at)
    for fact in ("fingerprint", "majority_rate", "train_size", "validation_size", "test_size"):
        assert net[fact] == knn[fact]


@pytest.mark.parametrize("program", [LinearSvm(max_iter=1, C=100.0), SoftmaxRegression(max_iter=1)])
def test_a_solver_that_did_not_converge_says_so_in_a_metric_and_not_in_a_warning(config, program):
    assert program.run(config(), [0])[0].metrics["converged"] == 0.0
    assert type(program)().run(config(), [0])[0].metrics["converged"] == 1.0


def test_the_outcome_follows_the_target(config):
    tree = DecisionTree()
    assert tree.run(config(target_accuracy=0.5), [0])[0].outcome == "reached"
    assert tree.run(config(target_accuracy=1.0), [0])[0].outcome == "censored"
    assert tree.run(config(target_accuracy=1.0, target_split="train"), [0])[0].outcome == "reached"


def test_an_augmentation_that_sees_the_training_set_is_prepared_with_it(config):
    from ablate.data.augment import Baked

    arm = config(augment=Baked(copies=2, of="none"))
    program = NearestNeighbours(copies=2)
    images, labels = program.training_set(arm, 0)
    plain, _ = program.training_set(config(), 0)
    # The originals, and two minibatches as large: one epoch over each image twice.
    rows, counts = np.unique(images, axis=0, return_counts=True)
    assert len(rows) == len(np.unique(plain, axis=0))
    assert len(images) == len(labels) == 3 * len(plain)
    assert counts.min() == counts.max() == 3


def test_labels_that_are_mixed_are_refused(config):
    from ablate.data.augment import Mixup
    from ablate.errors import UserError

    with pytest.raises(UserError, match=r"`augment` must give each image one label with a program that is not a net"):
        NearestNeighbours().facts(config(augment=Mixup()))
