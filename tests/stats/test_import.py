"""Statistics are a library of their own: what they load is NumPy, and SciPy where a function needs it."""

import subprocess
import sys

import pytest

HEAVY = (
    "ablate.nn",
    "ablate.train",
    "ablate.lang",
    "ablate.claims",
    "hydra",
    "omegaconf",
    "mlflow",
    "pandas",
    "pydantic",
)


def seen(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["ablate.stats", "ablate.stats.effects", "ablate.stats.bootstrap"])
def test_importing_statistics_loads_nothing_heavy(module):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert seen(code) == "[]"


def test_comparing_two_arrays_loads_nothing_heavy_either():
    code = (
        "import sys, ablate.stats as s; e = s.paired([1.0] * 7 + [2.0], [0.0] * 8, smallest_effect=0.5);"
        "[e.confidence_interval(method=m) for m in ('widened', 'sign-flip', 't', 'bootstrap-t')]; e.outcome();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert seen(code) == "[]"


def test_importing_statistics_takes_little_beyond_numpy_and_scipy():
    code = (
        "import numpy, scipy.special, scipy.optimize, scipy.interpolate, time; start = time.process_time();"
        "import ablate.stats; print(time.process_time() - start)"
    )
    assert min(float(seen(code)) for _ in range(3)) < 0.4
