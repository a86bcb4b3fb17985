"""Rows of new embeddings as weighted sums of old rows. Start at `gather_mean`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toksmith._native import InputError, _transfer_gather
from toksmith.byte_probs.checks import thread_limit
from toksmith.byte_probs.rows import read_rows
from toksmith.transfer.decomposition import Decomposition
from toksmith.transfer.plan import Plan

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import NDArray


def gather_mean(
    embeddings: object,
    plan: Plan | Decomposition,
    *,
    bits: Literal["float16", "bfloat16"] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]:
    """For each target id the weighted sum of the rows of its sources: copies and means.

    Sums are taken in float32, piece by piece, so that a row of one source is that row exactly and
    the result is the same for any number of threads. A row without sources is zeroes: `plan.rule`
    says which those are.

    Args:
        embeddings: `(source rows, width)`: a numpy array, or anything with `__array__` or
            `__dlpack__` in main memory; float32, float16 or bfloat16, read in place.
        plan: A `Plan`, or a `Decomposition`.
        bits: What the bits of uint16 or int16 are.
        num_threads: At most so many.

    Returns:
        float32 `(target rows, width)`.

    Raises:
        InputError: Another type or shape, or sources beyond the rows.
    """
    if not isinstance(plan, (Plan, Decomposition)):
        raise InputError(f"expected a Plan or a Decomposition, not {type(plan).__name__}")
    rows = read_rows(embeddings, bits)
    if rows.single:
        raise InputError("embeddings must have two dimensions, (rows, width)")
    array = rows.array
    if rows.kind == "float64":
        raise InputError("embeddings of float32, float16 or bfloat16 can be read, not of float64")
    if array.shape[0] < len(plan.source):
        raise InputError(f"embeddings have {array.shape[0]} rows, expected {len(plan.source)}")
    threads = thread_limit(num_threads)
    return _transfer_gather(array, rows.kind, plan.indptr, plan.ids, plan.weights, threads)
