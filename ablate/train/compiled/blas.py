"""Products of matrices inside compiled code: SciPy's BLAS, by the address it publishes for Cython."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import get_cython_function_address, intrinsic

from ablate.train.compiled.kernel import kernel

LETTERS = np.frombuffer(b"NT", np.uint8)


def gemm_address(dtype: Any) -> int:
    """Return where the product of this dtype lies in this process."""
    name = "sgemm" if np.dtype(dtype) == np.float32 else "dgemm"
    address: int = get_cython_function_address("scipy.linalg.cython_blas", name)
    return address


@intrinsic  # type: ignore[untyped-decorator]
def _call(typing_context: Any, address: Any, arguments: Any) -> Any:  # noqa: ARG001
    """Call a C function of pointers that returns nothing; addresses are whole numbers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer] * len(arguments))
        function = builder.inttoptr(values[0], kind.as_pointer())
        parts = [builder.inttoptr(builder.extract_value(values[1], i), pointer) for i in range(len(arguments))]
        builder.call(function, parts)
        return context.get_dummy_value()

    return types.void(address, arguments), generate


@kernel
def product(
    address: Any, letters: Any, sizes: Any, factors: Any, turned: Any, shape: Any, a: Any, b: Any, c: Any, add: int,
    times: int = 1,
) -> None:  # fmt: skip
    """Write the product of two matrices in C order, (m, k) and (k, n), either of them turned in memory.

    Parameters
    ----------
    letters, sizes, factors
        `LETTERS`, room for 6 int32, and 0, 1 and one more number in the dtype.
    turned
        Whether a and b lie in memory as their transposes, 0 or 1 each.
    shape
        (m, n, k).
    a, b, c
        (address, numbers from one row in memory to the next).
    add
        1: add to c, 0: write over it.
    times
        Which of `factors` the product is multiplied by.
    """
    # BLAS counts along columns: the transposes, in the other order.
    sizes[0], sizes[1], sizes[2] = shape[1], shape[0], shape[2]
    sizes[3], sizes[4], sizes[5] = b[1], a[1], c[1]
    letter, size, factor = letters.ctypes.data, sizes.ctypes.data, factors.ctypes.data
    _call(
        address,
        (
            np.uintp(letter + turned[1]),
            np.uintp(letter + turned[0]),
            np.uintp(size),
            np.uintp(size + 4),
            np.uintp(size + 8),
            np.uintp(factor + factors.itemsize * times),
            np.uintp(b[0]),
            np.uintp(size + 12),
            np.uintp(a[0]),
            np.uintp(size + 16),
            np.uintp(factor + factors.itemsize * add),
            np.uintp(c[0]),
            np.uintp(size + 20),
        ),
    )
