"""A scikit-learn pipeline, each of whose steps can be left out.

ablate run examples/own_code/pipeline.py:fit scale=true,false select=true,false seeds=8 design=ofat
"""

from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import ablate


@ablate.experiment(metrics={"accuracy": {"better": "higher", "unit": "fraction"}})
def fit(scale: bool = True, select: bool = True, neighbors: int = 5, seed: int = 0) -> float:
    """Return the accuracy on a third of the examples."""
    steps = [StandardScaler()] if scale else []
    steps += [SelectKBest(k=10)] if select else []
    features, labels = load_breast_cancer(return_X_y=True)
    parts = train_test_split(features, labels, test_size=1 / 3, random_state=seed, stratify=labels)
    model = make_pipeline(*steps, KNeighborsClassifier(neighbors)).fit(parts[0], parts[2])
    return float(model.score(parts[1], parts[3]))
