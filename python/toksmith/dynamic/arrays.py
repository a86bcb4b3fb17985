"""Arrays of numbers from whatever holds them, as the core reads them.

Start at `to_floats` and `to_rows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError
from toksmith.batch import Batch
from toksmith.byte_probs.rows import to_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


def to_floats(values: object, what: str, ndim: int) -> NDArray[np.float32] | NDArray[np.float64]:
    """Numbers as a C-contiguous array of float32 or float64, without a copy if they are that.

    Args:
        values: A numpy array, or anything with `__array__` or `__dlpack__` in main memory; nested
            lists of numbers too. float16 and bfloat16 become float32.
        what: What the numbers are, for errors.
        ndim: How many dimensions they must have.

    Raises:
        InputError: Another type or number of dimensions, or memory of a device.
    """
    if isinstance(values, (list, tuple)):
        try:
            values = np.asarray(values, np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{what}: expected numbers: {error}") from None
    array, kind = to_array(values, what)
    if kind == "bfloat16":
        array = (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    elif kind == "float16":
        array = array.astype(np.float32)
    elif kind not in ("float32", "float64"):
        raise InputError(
            f"{what}: expected float64, float32, float16 or bfloat16, found {array.dtype}"
        )
    if array.ndim != ndim:
        raise InputError(f"{what}: expected {ndim} dimensions, found shape {array.shape}")
    result: NDArray[Any] = np.require(array, requirements=["C", "A"])
    return result


def to_rows(rows: Batch | Sequence[ArrayLike], what: str) -> Batch:
    """Rows of ids as a batch of contiguous arrays, without a copy if they are that.

    Args:
        rows: A batch, or a list of sequences of ids.
        what: What the rows are, for errors.

    Raises:
        InputError: Something else.
        VocabularyError: An id is negative or does not fit 32 bits.
    """
    if isinstance(rows, Batch):
        if rows.ids.flags.c_contiguous and rows.offsets.flags.c_contiguous:
            return rows
        return Batch(np.ascontiguousarray(rows.ids), np.ascontiguousarray(rows.offsets))
    if isinstance(rows, (str, bytes)) or not hasattr(rows, "__iter__"):
        raise InputError(f"{what}: expected a Batch or rows of ids, not {type(rows).__name__}")
    return Batch.from_rows(rows)
