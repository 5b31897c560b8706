"""Statistics over plain arrays: tests, intervals, power, corrections for many claims. Arrays in, numbers out.

Nothing here knows a study, a table or a language, and nothing but NumPy is loaded before a function needs SciPy.

>>> from ablate import stats
>>> effect = stats.paired([0.91, 0.92, 0.90, 0.93, 0.91, 0.94], [0.90, 0.90, 0.89, 0.90, 0.90, 0.91])
>>> effect.p_value, effect.outcome()
(0.03125, 'supported')
"""

from ablate.stats.anova import factorial_shares, importances
from ablate.stats.anytime import Anytime, anytime_mean, anytime_share
from ablate.stats.betting import betting_interval, betting_p
from ablate.stats.bootstrap import bootstrap_t
from ablate.stats.clustered import Clustered, clustered_mean
from ablate.stats.crossed import crossed_error, crossed_interval
from ablate.stats.datasets import NewDataSet, new_data_set
from ablate.stats.effects import Interval, Paired, paired
from ablate.stats.equivalence import tost_p
from ablate.stats.exchange import ExchangeRate, exchange_rate
from ablate.stats.joint import joint_level, simultaneous_intervals
from ablate.stats.looks import look_levels
from ablate.stats.mean import mean_interval, mean_p
from ablate.stats.multiplicity import holm, holm_levels
from ablate.stats.noise import NoiseFloor, noise_floor
from ablate.stats.power import detectable, pairs_to_decide, t_power
from ablate.stats.proportions import Proportion, clopper_pearson, partial_conjunction_p, proportion
from ablate.stats.signflip import least_pairs, sign_flip_interval, sign_flip_p
from ablate.stats.spending import next_level
from ablate.stats.spread import SpreadRatio, spread_ratio
from ablate.stats.student import t_interval
from ablate.stats.tuning_budget import expected_best

__all__ = [
    "Anytime", "Clustered",
    "ExchangeRate", "Interval", "NewDataSet", "NoiseFloor", "Paired", "Proportion", "SpreadRatio",
    "anytime_mean", "anytime_share", "betting_interval", "betting_p", "bootstrap_t", "clopper_pearson",
    "clustered_mean", "crossed_error", "crossed_interval",
    "detectable", "exchange_rate", "expected_best", "factorial_shares", "holm", "holm_levels", "importances",
    "joint_level",
    "least_pairs", "look_levels", "mean_interval", "mean_p", "new_data_set", "next_level", "noise_floor", "paired",
    "pairs_to_decide",
    "partial_conjunction_p", "proportion", "sign_flip_interval", "sign_flip_p",
    "simultaneous_intervals", "spread_ratio", "t_interval", "t_power", "tost_p",
]  # fmt: skip
