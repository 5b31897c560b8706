"""Making compiled code ready before the first step, and saying in one line where that cannot be done.

Where it cannot, training by the NumPy form instead would be another set of bits than the plan announced, found by
whichever process failed: so nothing is trained, and the user decides.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ablate.errors import Failure
from ablate.train.compiled.build import StepTable

WAY_OUT = "`compiled=false` trains by NumPy instead, the same to rounding"


class NotCompiledError(Failure):
    """Numba cannot compile or load the training step here."""


def make_ready(program: StepTable, dtype: np.dtype[Any]) -> None:
    """Compile what a program needs, or load what was compiled; at once where this process has done so.

    Raises
    ------
    NotCompiledError
        Numba, or the BLAS it is to call, is missing, does not fit the other packages, or is switched off.
    """
    try:
        from numba import config

        switched_off = bool(config.DISABLE_JIT)
        if not switched_off:
            from ablate.train.compiled.blas import gemm_address
            from ablate.train.compiled.load import loaded

            gemm_address(dtype)
            loaded(dtype, with_images=program.images)
    except Exception as error:
        # Whatever it is: Numba's own errors, an import that fails, no room. Its first line says most.
        said = (str(error).strip().splitlines() or [""])[0]
        raise NotCompiledError(
            f"the training step cannot be compiled here ({type(error).__name__}: {said}); {WAY_OUT}"
        ) from error
    if switched_off:
        raise NotCompiledError(
            f"the training step cannot be compiled here: NUMBA_DISABLE_JIT switches Numba off; unset it, or {WAY_OUT}"
        )
