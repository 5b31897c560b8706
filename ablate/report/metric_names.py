"""Names for metrics whose logged name says nothing to a reader."""

from __future__ import annotations

from ablate.lang import msg

NAMED = {
    "flips/count": msg("times the largest output moved"),
    "flips/high": msg("share of answers that change, upper bound"),
    "latency/share": msg("share of the latency that softmax takes"),
    "overflow/naive_rows": msg("rows that overflow without the shift"),
    "overflow/shifted_rows": msg("rows that overflow with the shift"),
    "sum/deviation": msg("deviation of the sum from 1, in ε × classes"),
    "sum/off": msg("deviation of the sum from 1"),
    "observe/hidden_moved": msg("change of the hidden weights"),
    "observe/saturated_share_start": msg("share of saturated outputs before training"),
    "observe/step_slope": msg("slope of the effective step"),
    "observe/unchanged_share": msg("share of weights an update leaves unchanged"),
}
