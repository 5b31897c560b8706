"""`@ablate.experiment`: a function that says which metrics it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ablate.errors import UserError, unknown
from ablate.train.metric import Metric, metric_from

F = TypeVar("F", bound=Callable[..., Any])


def experiment(*, metrics: Mapping[str, Any] | Iterable[Metric], main: str | None = None) -> Callable[[F], F]:
    """Declare the metrics of a training function; the function itself is returned, and is called as before.

    Parameters
    ----------
    metrics
        Name -> `"higher"` or `"lower"`, or a mapping of what is known of the metric; or a list of `ablate.Metric`.
    main
        The metric that comes first in tables; by default the first of `metrics`.

    Raises
    ------
    UserError
        There are none, one is declared wrongly, or `main` is not among them.

    Examples
    --------
    >>> @experiment(metrics={"accuracy": "higher", "seconds": "lower"})
    ... def train(lr=0.1, seed=0):
    ...     return {"accuracy": 0.9, "seconds": 3.0}
    >>> train(lr=0.3), train.metrics["seconds"].better
    ({'accuracy': 0.9, 'seconds': 3.0}, 'lower')
    """
    listed = [] if callable(metrics) else list(metrics)
    if isinstance(metrics, Mapping):
        given = {str(name): said for name, said in metrics.items()}
    else:
        given = {one.name: one for one in listed if isinstance(one, Metric)}
    if not given or len(given) != len(listed):
        raise UserError('write `@ablate.experiment(metrics={"accuracy": "higher"})` above the function')
    declared = {name: metric_from(name, said, where="@ablate.experiment") for name, said in given.items()}
    if main is not None:
        if main not in declared:
            raise unknown("metric", main, declared)
        declared = {main: declared[main], **declared}

    def declare(train: F) -> F:
        train.metrics = declared  # type: ignore[attr-defined]
        return train

    return declare
