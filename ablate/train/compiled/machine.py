"""What is compiled: one function that runs programs, block after block, step after step.

A block does all its steps before the next begins: its parameters stay in the cache, and what it computes does not
depend on which other blocks there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ablate.train.compiled import codes, images, pooling, update, vectors
from ablate.train.compiled.activations import activate, chain
from ablate.train.compiled.blas import product
from ablate.train.compiled.convolution import convolve

TURN, PRODUCT, MASK, COPY, ADD = codes.TURN, codes.PRODUCT, codes.MASK, codes.COPY, codes.ADD
ACTIVATE, ACTIVATE_BACK = codes.ACTIVATE, codes.ACTIVATE_BACK
BIAS_ROWS, BIAS_ROWS_BACK = codes.BIAS_ROWS, codes.BIAS_ROWS_BACK
BIAS_RUNS, BIAS_RUNS_BACK = codes.BIAS_RUNS, codes.BIAS_RUNS_BACK
BATCH_ROWS, BATCH_ROWS_BACK = codes.BATCH_ROWS, codes.BATCH_ROWS_BACK
BATCH_RUNS, BATCH_RUNS_BACK = codes.BATCH_RUNS, codes.BATCH_RUNS_BACK
GROUP_ROWS, GROUP_ROWS_BACK = codes.GROUP_ROWS, codes.GROUP_ROWS_BACK
GROUP_RUNS, GROUP_RUNS_BACK = codes.GROUP_RUNS, codes.GROUP_RUNS_BACK
CONV, CONV_WEIGHTS, CONV_TURN, CONV_SPREAD = codes.CONV, codes.CONV_WEIGHTS, codes.CONV_TURN, codes.CONV_SPREAD
POOL, POOL_BACK = codes.POOL, codes.POOL_BACK
MEAN_PIXELS, MEAN_PIXELS_BACK = codes.MEAN_PIXELS, codes.MEAN_PIXELS_BACK
PASS, PREPARE, MOVE, ALL = codes.PASS, codes.PREPARE, codes.MOVE, codes.ALL
GRADS = codes.GRADS
loss = update.loss_and_gradient
CROSS_ENTROPY, SQUARES = codes.CROSS_ENTROPY, codes.SQUARES


def machine(version: int, *, with_images: bool) -> Callable[..., None]:
    """Return the function, marked with the version of what it is made of: another one is compiled anew.

    Without the kernels of images it is compiled in half the time.
    """

    def run(
        ops: Any, scalars: Any, address: int, letters: Any, sizes: Any, factors: Any, work: Any, spare: Any,
        examples: Any, positions: Any, given: Any, own: Any, other: Any, share: Any,
        all_params: Any, all_grads: Any, all_state: Any, masks: Any, first: Any, second: Any,
        phases: int, rule: int, numbers: Any, frozen: Any, decayed: int, losses: Any, at_once: int,
    ) -> None:  # fmt: skip
        if version < 0:
            return
        item = work.itemsize
        lanes = np.zeros(32, work.dtype)
        steps, blocks, batch = own.shape
        features = examples.shape[1]
        mixed = share.size > 0
        none = work.dtype.type(0)
        for at in range(blocks * steps):
            block, step = at // steps, at % steps
            params, grads, state = all_params[block], all_grads[block], all_state[block]
            c = numbers[step]
            # W -= lr xᵀ dy as one product; BLAS may skip one that is multiplied by 0, with the NaN in it.
            moved = (at_once > 0) & (phases == ALL) & (c[2] != none)
            factors[2] = -c[2]
            if phases & PASS:
                if given.size:
                    vectors.copy(given[block], work[: given.shape[1]])
                else:
                    for r in range(batch):
                        vectors.copy(examples[positions[step, block, r]], work[r * features : (r + 1) * features])
            for line in range(ops.shape[0] if phases & PASS else 0):
                op, s = ops[line], scalars[line]
                code, n, width = op[0], op[2], op[3]
                if code == PRODUCT:
                    weights = params.ctypes.data if moved else grads.ctypes.data
                    bases = (work.ctypes.data, params.ctypes.data, weights)
                    into = moved & (op[12] == GRADS)
                    product(
                        address,
                        letters,
                        sizes,
                        factors,
                        (op[1], op[2]),
                        (op[3], op[4], op[5]),
                        (bases[op[6]] + op[7] * item, op[8]),
                        (bases[op[9]] + op[10] * item, op[11]),
                        (bases[op[12]] + op[13] * item, op[14]),
                        1 if into else 0,
                        2 if into else 1,
                    )
                elif code == ACTIVATE:
                    activate(op[4], work[op[1] : op[1] + n], work[op[3] : op[3] + n], work[op[5] : op[5] + n], s[0])
                elif code == ACTIVATE_BACK:
                    chain(
                        op[4],
                        work[op[6] : op[6] + n],
                        work[op[1] : op[1] + n],
                        work[op[3] : op[3] + n],
                        work[op[5] : op[5] + n],
                        s[0],
                    )
                elif code == MASK:
                    vectors.multiply(
                        work[op[1] : op[1] + n], masks[step, block, op[4] : op[4] + n], work[op[3] : op[3] + n]
                    )
                elif code == TURN:
                    images.turn(work[op[1] : op[1] + op[3] * op[4]], work[op[2] : op[2] + op[3] * op[4]], op[3], op[4])
                elif code == BIAS_ROWS:
                    vectors.add_bias(work[op[1] : op[1] + n], params[op[4] : op[4] + width])
                elif code == BIAS_ROWS_BACK:
                    vectors.column_sums(work[op[1] : op[1] + n], grads[op[4] : op[4] + width])
                elif code == BATCH_ROWS:
                    vectors.batch_norm(
                        work[op[1] : op[1] + n],
                        work[op[6] : op[6] + n],
                        work[op[7] : op[7] + n],
                        work[op[8] : op[8] + 3 * width],
                        params[op[4] : op[4] + width],
                        params[op[5] : op[5] + width],
                        state[op[9] : op[9] + 2 * width + 1],
                        s[0],
                        s[1],
                        s[2],
                    )
                elif code == BATCH_ROWS_BACK:
                    vectors.batch_norm_back(
                        work[op[1] : op[1] + n],
                        work[op[6] : op[6] + n],
                        work[op[8] : op[8] + 3 * width],
                        grads[op[4] : op[4] + width],
                        grads[op[5] : op[5] + width],
                        s[0],
                        op[9] > 0,
                    )
                elif code == GROUP_ROWS:
                    vectors.group_norm(
                        work[op[1] : op[1] + n],
                        work[op[6] : op[6] + n],
                        work[op[7] : op[7] + n],
                        work[op[8] : op[8] + n // width * op[9]],
                        params[op[4] : op[4] + width],
                        params[op[5] : op[5] + width],
                        op[9],
                        s[0],
                        lanes,
                    )
                elif code == GROUP_ROWS_BACK:
                    vectors.group_norm_back(
                        work[op[1] : op[1] + n],
                        work[op[6] : op[6] + n],
                        work[op[8] : op[8] + n // width * op[9]],
                        params[op[4] : op[4] + width],
                        grads[op[4] : op[4] + width],
                        grads[op[5] : op[5] + width],
                        op[9],
                        op[10] > 0,
                        lanes,
                    )
                elif code in (CROSS_ENTROPY, SQUARES):
                    losses[step, block] = loss(
                        code == SQUARES,
                        work[op[1] : op[1] + n],
                        own[step, block],
                        other[step, block] if mixed else own[step, block],
                        share[block] if mixed else none,
                        width,
                        mixed,
                    )
                elif with_images:
                    if code in (CONV, CONV_WEIGHTS, CONV_SPREAD):
                        convolve(op, address, letters, sizes, factors, work, params, grads, spare)
                    elif code == CONV_TURN:
                        n = op[3] * op[4] * op[5] * op[5]
                        images.turn_weights(params[op[1] : op[1] + n], work[op[2] : op[2] + n], op[3], op[4], op[5])
                    elif code == COPY:
                        vectors.copy(work[op[1] : op[1] + n], work[op[3] : op[3] + n])
                    elif code == ADD:
                        vectors.add(work[op[1] : op[1] + n], work[op[3] : op[3] + n], work[op[4] : op[4] + n])
                    elif code == BIAS_RUNS:
                        images.add_bias(work[op[1] : op[1] + n], params[op[4] : op[4] + width])
                    elif code == BIAS_RUNS_BACK:
                        images.channel_sums(work[op[1] : op[1] + n], grads[op[4] : op[4] + width], lanes)
                    elif code == BATCH_RUNS:
                        images.batch_norm(
                            work[op[1] : op[1] + n],
                            work[op[6] : op[6] + n],
                            work[op[7] : op[7] + n],
                            work[op[8] : op[8] + 3 * width],
                            params[op[4] : op[4] + width],
                            params[op[5] : op[5] + width],
                            state[op[9] : op[9] + 2 * width + 1],
                            s[0],
                            s[1],
                            s[2],
                            lanes,
                        )
                    elif code == BATCH_RUNS_BACK:
                        images.batch_norm_back(
                            work[op[1] : op[1] + n],
                            work[op[6] : op[6] + n],
                            work[op[8] : op[8] + 3 * width],
                            grads[op[4] : op[4] + width],
                            grads[op[5] : op[5] + width],
                            s[0],
                            op[9] > 0,
                            lanes,
                        )
                    elif code == GROUP_RUNS:
                        images.group_norm(
                            work[op[1] : op[1] + n],
                            work[op[6] : op[6] + n],
                            work[op[7] : op[7] + n],
                            work[op[8] : op[8] + op[10] * op[9]],
                            params[op[4] : op[4] + width],
                            params[op[5] : op[5] + width],
                            op[9],
                            op[10],
                            s[0],
                        )
                    elif code == GROUP_RUNS_BACK:
                        images.group_norm_back(
                            work[op[1] : op[1] + n],
                            work[op[6] : op[6] + n],
                            work[op[8] : op[8] + op[10] * op[9]],
                            params[op[4] : op[4] + width],
                            grads[op[4] : op[4] + width],
                            grads[op[5] : op[5] + width],
                            op[9],
                            op[10],
                            op[11] > 0,
                            lanes,
                        )
                    elif code == MEAN_PIXELS:
                        images.mean_pixels(work[op[1] : op[1] + n], work[op[3] : op[3] + op[4] * op[5]], op[4], op[5])
                    elif code == MEAN_PIXELS_BACK:
                        images.mean_pixels_back(
                            work[op[3] : op[3] + op[4] * op[5]], work[op[1] : op[1] + n], op[4], op[5]
                        )
                    elif code in (POOL, POOL_BACK):
                        shape, out, window = (op[4], op[5], op[6], op[7]), (op[8], op[9]), (op[10], op[11], op[12])
                        before, after = op[4] * op[5] * op[6] * op[7], op[4] * op[8] * op[9] * op[7]
                        between = op[4] * op[5] * op[9] * op[7]
                        x, y = work[op[1] : op[1] + before], work[op[2] : op[2] + after]
                        rows = work[op[3] : op[3] + between]
                        if code == POOL:
                            pooling.pool(x, rows, y, shape, out, window, op[13] > 0)
                        else:
                            pooling.pool_back(
                                work[op[14] : op[14] + after],
                                y,
                                rows,
                                spare[:between],
                                x,
                                work[op[15] : op[15] + before],
                                shape,
                                out,
                                window,
                                op[13] > 0,
                                spare[between : between + op[9] * op[7]],
                            )
            if phases & PREPARE:
                update.prepare(grads, params, decayed, frozen, c[0], c[1], lanes)
            if phases & MOVE:
                rest = decayed if moved else 0
                update.move(
                    rule, grads[rest:], params[rest:], first[block], second[block], c[2:], decayed, frozen
                )  # fmt: skip

    return run
