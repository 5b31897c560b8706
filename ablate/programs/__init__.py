"""Programs beside the NumPy trainer: a surface, scikit-learn's models, own functions and Hydra applications, checks.

Importing this package registers all of them; what is heavy (scikit-learn, your framework) is imported when it runs.
"""

from ablate.programs import classifiers, command, function, hydra_app, softmax_check, surface, theory_check

__all__ = ["classifiers", "command", "function", "hydra_app", "softmax_check", "surface", "theory_check"]
