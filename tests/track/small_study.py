"""A study of two arms that trains in a moment, run into whatever store is tried."""

from ablate.nn import ReLU, Tanh
from ablate.sweep.launch import Serial
from ablate.sweep.study_file import parse_study
from ablate.testing.material import small_config
from ablate.work.bench import Bench
from ablate.work.request import Request
from ablate.work.running import run_request

STUDY = {
    "title": "t",
    "factors": {"activation": ["relu", "tanh"]},
    "seeds": 6,
    "claims": [
        {
            "id": "c", "says": "s", "metric": "final/test_accuracy", "arm": {"activation": "tanh"},
            "against": {"activation": "relu"}, "by_at_least": 0.01,
        }
    ],
}  # fmt: skip


def compose(levels):
    return small_config(activation={"relu": ReLU(), "tanh": Tanh()}[levels["activation"]])


def run_small(store, folder, tell=lambda _: None, *, seeds=6):
    """Run it, and return the bench it was run at."""
    bench = Bench(folder, tell, given=store)
    request = Request("s", parse_study({**STUDY, "seeds": seeds}, where="x"), seeds, {}, "c")
    run_request(request, compose, bench, launcher=Serial(), report=False)
    return bench
