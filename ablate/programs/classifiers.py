"""Models of scikit-learn on the same splits as the nets: controls for claims about neural networks."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ablate.data.augment.base import Augmentation, MixedLabels
from ablate.data.augment.none import NoAugmentation
from ablate.data.base import Dataset, majority_rate, told_of
from ablate.errors import must, unknown
from ablate.nn.arrays import Floats
from ablate.programs.per_seed import PerSeed, option_name
from ablate.registry import register
from ablate.streams import stream
from ablate.train.metric import PARTS, Metric, accuracy, by_name, loss
from ablate.train.outcome import Outcome, decide, stall_threshold
from ablate.train.program import ProgramConfig, RunResult
from ablate.train.vouched import EVERYTHING, Fact


@dataclass(frozen=True)
class ClassifierConfig(ProgramConfig):
    """The data, and the target that says which runs have reached it."""

    dataset: Dataset
    augment: Augmentation
    target_accuracy: float
    target_split: str


@dataclass(frozen=True)
class Classifier(PerSeed):
    """A model that is fitted once, on flat images, in float64.

    It owns `dataset`, `augment`, `target_accuracy` and `target_split`: optimizer, net and epochs mean nothing to it.
    The split is each seed's own, the same as for the nets. The augmentation is
    baked: `copies` augmented copies of the training set, drawn from the seed's `augment` stream, are added to the
    originals (with `augment=none`, none are). Accuracies are measured on the originals.

    A run has `reached` the target where the fitted model's accuracy on `target_split` is at least
    `target_accuracy`: a fit has an end but no course. A solver that stopped at its limit of iterations logs
    `converged` = 0 instead of a warning.

    Attributes
    ----------
    copies
        Augmented copies of the training set, >= 0.
    """

    METRICS: ClassVar[Mapping[str, Metric]] = by_name([
        *(accuracy(f"final/{part}_accuracy") for part in PARTS),
        Metric("converged", failed_counts_as=0.0, summarised=False),
    ])  # fmt: skip
    config_class = ClassifierConfig
    vouches = EVERYTHING - {Fact.NETWORK, Fact.ENDINGS, Fact.STEPS}

    copies: int = 4

    def __post_init__(self) -> None:
        if self.copies < 0:
            raise must(f"{type(self).__name__}.copies", "be >= 0", self.copies)

    @abstractmethod
    def estimator(self, rng: np.random.Generator) -> Any:
        """Return an unfitted scikit-learn classifier; `rng` is the seed's `program` stream."""

    def loss(self, fitted: Any, images: Floats, labels: NDArray[np.int64]) -> float | None:
        """Return the loss the model minimises, without its penalty; None where it minimises none."""
        del fitted, images, labels
        return None

    def facts(self, config: ClassifierConfig) -> dict[str, Any]:
        """Return what is known before fitting; sizes do not depend on the seed.

        Raises
        ------
        UserError
            The augmentation gives an image two labels.
        """
        if config.augment.mixes_labels:
            raise must("augment", "give each image one label with a program that is not a net", config.augment)
        examples = config.dataset.examples()
        split = config.dataset.split(stream(0, "split"))
        return {
            "dataset": option_name(config.dataset),
            "fingerprint": examples.fingerprint,
            "majority_rate": majority_rate(examples.labels[split.train]),
            **{f"{part}_size": len(getattr(split, part)) for part in PARTS},
            "classes": examples.classes,
            "dtype": "float64",
            **told_of(examples),
        }

    def one(self, config: ClassifierConfig, seed: int) -> RunResult:
        """Fit and score one seed."""
        from sklearn.exceptions import ConvergenceWarning

        examples = config.dataset.examples()
        split = config.dataset.split(stream(seed, "split"))
        flat = examples.images.reshape(len(examples.images), -1).astype(np.float64)
        images, labels = self.training_set(config, seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted = self.estimator(stream(seed, "program")).fit(images, labels)
        converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        metrics, correct = {"converged": float(converged)}, {}
        for part in PARTS:
            where = getattr(split, part)
            correct[part] = np.asarray(fitted.predict(flat[where]) == examples.labels[where], np.bool_)
            metrics[f"final/{part}_accuracy"] = float(correct[part].mean())
            loss = self.loss(fitted, flat[where], examples.labels[where])
            if loss is not None:
                metrics[f"final/{part}_loss"] = loss
        accuracy = metrics[f"final/{config.target_split}_accuracy"]
        rate = majority_rate(examples.labels[split.train])
        outcome = decide(
            first_nonfinite_step=None if all(map(math.isfinite, metrics.values())) else 0,
            start_loss=1.0,  # a fit has no course that could diverge: only numbers that are not finite count
            final_loss=1.0,
            reached=accuracy >= config.target_accuracy,
            best_accuracy=accuracy,
            final_accuracy=accuracy,
            threshold=stall_threshold(rate, len(correct[config.target_split])),
        )
        kept = {
            name: value for name, value in metrics.items() if outcome is not Outcome.DIVERGED or name == "converged"
        }
        return RunResult(seed, outcome, kept, test_correct=correct["test"])

    def training_set(self, config: ClassifierConfig, seed: int) -> tuple[Floats, NDArray[np.int64]]:
        """Return the flat training images, float64 (examples · (1 + copies), features), and their labels."""
        examples = config.dataset.examples()
        train = config.dataset.split(stream(seed, "split")).train
        images, labels = examples.images[train][None], examples.labels[train][None]
        parts = [(images, labels)]
        if not isinstance(config.augment, NoAugmentation):
            rngs = [stream(seed, "augment")]
            augment = config.augment.prepared(images, labels, rngs, classes=examples.classes)
            for _ in range(self.copies):
                more, named = augment(images, labels, rngs)
                assert not isinstance(named, MixedLabels)  # refused by `facts`
                parts.append((more.astype(np.float32, copy=False), named))
        flat = np.concatenate([pictures[0].reshape(pictures.shape[1], -1) for pictures, _ in parts])
        return flat.astype(np.float64), np.concatenate([pictures[0] for _, pictures in parts])


@register("program", "knn")
@dataclass(frozen=True)
class NearestNeighbours(Classifier):
    """k-nearest neighbours, Euclidean (Cover & Hart 1967): the label most of the k nearest training images have.

    Attributes
    ----------
    n_neighbors
        k, >= 1.
    weights
        `uniform`: each neighbour one vote; `distance`: each by the inverse of its distance.
    """

    n_neighbors: int = 5
    weights: str = "uniform"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n_neighbors < 1:
            raise must("NearestNeighbours.n_neighbors", "be >= 1", self.n_neighbors)
        if self.weights not in ("uniform", "distance"):
            raise unknown("weights", self.weights, ("uniform", "distance"))

    def estimator(self, rng: np.random.Generator) -> Any:
        """Return the classifier; it draws nothing."""
        from sklearn.neighbors import KNeighborsClassifier

        del rng
        return KNeighborsClassifier(n_neighbors=self.n_neighbors, weights=self.weights, algorithm="brute", n_jobs=1)


@dataclass(frozen=True)
class _Penalised(Classifier):
    C: float = 1.0
    max_iter: int = 1000

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.C < math.inf:
            raise must(f"{type(self).__name__}.C", "be > 0", self.C)
        if self.max_iter < 1:
            raise must(f"{type(self).__name__}.max_iter", "be >= 1", self.max_iter)


@register("program", "linear_svm")
@dataclass(frozen=True)
class LinearSvm(_Penalised):
    """A linear support vector machine, one class against the rest (Cortes & Vapnik 1995; liblinear).

    Minimises ½ ‖w‖² + C Σ max(0, 1 - y w·x)².

    Attributes
    ----------
    C
        Weight of the data against the penalty, > 0.
    max_iter
        Limit of the solver's iterations.
    """

    def estimator(self, rng: np.random.Generator) -> Any:
        """Return the classifier; its dual solver visits the examples in an order drawn from `rng`."""
        from sklearn.svm import LinearSVC

        return LinearSVC(C=self.C, max_iter=self.max_iter, dual="auto", random_state=int(rng.integers(2**31)))


@register("program", "softmax_regression")
@dataclass(frozen=True)
class SoftmaxRegression(_Penalised):
    """Multinomial logistic regression: a net without hidden layers, fitted to its (convex) optimum by L-BFGS.

    Minimises ½ ‖W‖² + C Σ cross-entropy. The losses it logs are mean cross-entropies.

    Attributes
    ----------
    C
        Weight of the data against the penalty, > 0.
    max_iter
        Limit of the solver's iterations.
    """

    METRICS: ClassVar[Mapping[str, Metric]] = dict(Classifier.METRICS) | by_name(
        loss(f"final/{part}_loss") for part in PARTS
    )

    def estimator(self, rng: np.random.Generator) -> Any:
        """Return the classifier; it draws nothing."""
        from sklearn.linear_model import LogisticRegression

        del rng
        return LogisticRegression(C=self.C, max_iter=self.max_iter)

    def loss(self, fitted: Any, images: Floats, labels: NDArray[np.int64]) -> float:
        """Return the mean cross-entropy; from log-probabilities, so that none of it is log 0."""
        log_p = fitted.predict_log_proba(images)
        return float(-log_p[np.arange(len(labels)), np.searchsorted(fitted.classes_, labels)].mean())


@register("program", "decision_tree")
@dataclass(frozen=True)
class DecisionTree(Classifier):
    """A decision tree grown by Gini impurity (Breiman et al. 1984).

    Attributes
    ----------
    max_depth
        Largest depth, >= 1; null: until every leaf is pure.
    min_samples_leaf
        Fewest examples in a leaf, >= 1.
    """

    max_depth: int | None = None
    min_samples_leaf: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_depth is not None and self.max_depth < 1:
            raise must("DecisionTree.max_depth", "be >= 1, or null for no limit", self.max_depth)
        if self.min_samples_leaf < 1:
            raise must("DecisionTree.min_samples_leaf", "be >= 1", self.min_samples_leaf)

    def estimator(self, rng: np.random.Generator) -> Any:
        """Return the classifier; `rng` orders the features, which breaks ties between splits."""
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier(
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            random_state=int(rng.integers(2**31)),
        )
