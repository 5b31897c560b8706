"""Programs beside the NumPy trainer: a surface, scikit-learn's models, your own function, checks of theory.

Importing this package registers all of them; what is heavy (scikit-learn, your framework) is imported when it runs.
"""

from ablate.programs import classifiers, function, softmax_check, surface, theory_check

__all__ = ["classifiers", "function", "softmax_check", "surface", "theory_check"]
