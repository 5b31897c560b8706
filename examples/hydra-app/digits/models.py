"""Models, as `_target_` names them in conf/model."""

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier


def logistic(C: float, scale: bool, random_state: int):
    """Return a logistic regression, on standardised pixels or on raw ones."""
    steps = [StandardScaler()] if scale else []
    return make_pipeline(*steps, LogisticRegression(C=C, max_iter=200, random_state=random_state))


def tree(max_depth: int | None, random_state: int):
    """Return a decision tree."""
    return DecisionTreeClassifier(max_depth=max_depth, random_state=random_state)
