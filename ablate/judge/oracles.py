"""Agreement with independent implementations, run as part of every calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.stats.equivalence import tost_t_p
from ablate.stats.multiplicity import holm
from ablate.stats.power import t_power
from ablate.stats.proportions import clopper_pearson
from ablate.stats.signflip import sign_flip_p
from ablate.stats.student import t_interval


def oracle_rows(rng: np.random.Generator, *, cases: int = 20) -> list[dict[str, Any]]:
    """Return one row per quantity: whose oracle, how many cases, the largest difference."""
    from scipy.stats import binomtest, permutation_test, ttest_1samp
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.power import TTestPower
    from statsmodels.stats.weightstats import ttost_paired

    gaps: dict[tuple[str, str], list[float]] = {}

    def compare(what: str, oracle: str, ours: float, theirs: float) -> None:
        gaps.setdefault((what, oracle), []).append(abs(ours - theirs))

    for _ in range(cases):
        # Eighths, which binary holds exactly: ties are common, and scipy tells sums apart that rounding has parted.
        d = np.round(8.0 * rng.normal(0.3, 1.0, size=10)) / 8.0
        exact: Any = permutation_test([d], np.mean, permutation_type="samples", n_resamples=2**12)
        compare("sign-flip p", "scipy.stats.permutation_test", sign_flip_p(d), min(1.0, float(exact.pvalue)))
        interval = ttest_1samp(d, 0.0).confidence_interval(0.95)
        compare("t interval", "scipy.stats.ttest_1samp", t_interval(d)[0], float(interval.low))
        tost = float(ttost_paired(d, np.zeros(10), -1.0, 1.0)[0])
        compare("equivalence p by t", "statsmodels ttost_paired", tost_t_p(d, within=1.0), tost)
        p = rng.random(12) ** 3
        adjusted = multipletests(p, method="holm")[1]
        compare("Holm", "statsmodels multipletests", float(np.abs(holm(p) - adjusted).max()), 0.0)
        hits = int(rng.integers(0, 21))
        exact_ci = binomtest(hits, 20).proportion_ci(0.95, method="exact")
        compare("Clopper–Pearson", "scipy.stats.binomtest", clopper_pearson(hits, 20)[1], float(exact_ci.high))
        d_z = float(rng.uniform(0.3, 2.0))
        power = float(TTestPower().power(d_z, 12, 0.05))
        compare("power", "statsmodels TTestPower", t_power(d_z, 12, alpha=0.05), power)
    return [
        {"what": what, "oracle": oracle, "cases": len(g), "largest_difference": max(g), "met": max(g) < 1e-8}
        for (what, oracle), g in gaps.items()
    ]
