"""The operations of a compiled training step, as numbers.

A program is a table of them: each row holds an operation, then where its operands lie and how long they are. Kept apart
from the kernels, so that a network can be translated without importing Numba.
"""

from __future__ import annotations

# Products, biases, masks: vectors lie a row per example, images with the batch last.
TURN, PRODUCT, BIAS_ROWS, BIAS_ROWS_BACK, MASK, COPY, ADD, FILL = range(8)
ACTIVATE, ACTIVATE_BACK = 10, 11
BATCH_ROWS, BATCH_ROWS_BACK, BATCH_RUNS, BATCH_RUNS_BACK = 20, 21, 22, 23
GROUP_ROWS, GROUP_ROWS_BACK, GROUP_RUNS, GROUP_RUNS_BACK = 30, 31, 32, 33
CONV, CONV_WEIGHTS, CONV_TURN, CONV_SPREAD, BIAS_RUNS, BIAS_RUNS_BACK = range(40, 46)
POOL, POOL_BACK, MEAN_PIXELS, MEAN_PIXELS_BACK = range(50, 54)
CROSS_ENTROPY, SQUARES = 60, 61

WORK, PARAMS, GRADS = range(3)
"""Where an operand of a product lies: in the block's work space, among its parameters, or among their gradients."""

(
    RELU, STEP, HARD_SIGMOID, LEAKY_RELU, SIGMOID, TANH, ELU, SOFTPLUS, GELU, SILU, STEP_STE, STEEP_SIGMOID,
    ZERO_CENTRED_SIGMOID,
) = range(13)  # fmt: skip

SGD, MOMENTUM, NESTEROV, ADAGRAD, RMSPROP, ADAM = range(6)

PASS, PREPARE, MOVE = 1, 2, 4
"""What is done of a step, as bits: both passes; what comes before an update (L2, clipping); the update."""
ALL = PASS | PREPARE | MOVE

COLUMNS, SCALARS = 16, 4
"""Whole numbers and broken numbers in a row of a program."""

PIECE = 2**16
"""Numbers of windows that are laid out at a time: they stay in the cache until they are multiplied."""
