"""Numbers of positions to numbers of segments, and back.

Start at `segment_reduce`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from toksmith import _native
from toksmith._native import InputError
from toksmith.dynamic.arrays import to_floats
from toksmith.dynamic.patches import Patches, checked_threads, dimensions, to_offsets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = "NDArray[np.float32] | NDArray[np.float64]"


def segment_reduce(
    values: object,
    segments: Patches | ArrayLike,
    how: Literal["mean", "max", "sum", "first", "last"],
    *,
    empty: float = float("nan"),
    num_threads: int | None = None,
) -> Floats:
    """One vector a segment: the mean, the largest, the sum, the first or the last of its vectors.

    NaN goes through: a column with a NaN is NaN. float32 is summed in float32 for 64 vectors at a
    time and these sums in float64, so that errors do not grow with the length of a segment. The
    number of threads changes nothing.

    Args:
        values: `(positions, width)`, or `(positions,)` for vectors of one number; float32 or
            float64, read in place where contiguous, or what becomes that.
        segments: `Patches`, or offsets `(segments + 1,)` that rise from 0 to the number of
            positions; these may have empty segments.
        how: What becomes of the vectors.
        empty: What an empty segment is filled with, but for "sum", which is 0 there.
        num_threads: Threads, by default `TOKSMITH_NUM_THREADS`, else one a processor.

    Returns:
        `(segments, width)` or `(segments,)`, of the type of `values`.

    Raises:
        InputError: Another type or shape, vectors without numbers, or offsets that do not fit.
    """
    numbers, single = _vectors(values, "values")
    offsets = _offsets(segments, len(numbers))
    if isinstance(empty, bool) or not isinstance(empty, (int, float)):
        raise InputError(f"empty must be a number, not {type(empty).__name__}")
    threads = checked_threads(num_threads)
    reduced = _native._segment_reduce(numbers, offsets, how, float(empty), threads)
    return reduced[:, 0] if single else reduced


def segment_broadcast(
    values: object,
    segments: Patches | ArrayLike,
    *,
    causal: bool = False,
    null: object = None,
) -> Floats:
    """The vector of a segment at each of its positions.

    Args:
        values: `(segments, width)`, or `(segments,)` for vectors of one number; float32 or
            float64, or what becomes that.
        segments: `Patches`, or offsets `(segments + 1,)` that rise from 0; these are one row.
        causal: Each position gets the last segment of its row that is complete once the position
            is read: its own if it is the last there, else the one before. So what was made of a
            whole segment is never seen by positions inside it (dynamic pooling's shift).
        null: `(width,)`, what positions get before the first segment of their row is complete; by
            default zeros. Only if `causal`.

    Returns:
        `(positions, width)` or `(positions,)`, of the type of `values`.

    Raises:
        InputError: Another type or shape, not one vector a segment, or offsets that do not fit.

    Reference: Nawrot et al., "Efficient Transformers with Dynamic Token Pooling".
    """
    numbers, single = _vectors(values, "values")
    offsets = _offsets(segments, None)
    if not causal:
        if null is not None:
            raise InputError("null is for causal=True")
        spread = _native._segment_broadcast(numbers, offsets)
        return spread[:, 0] if single else spread
    rows = (
        segments.rows
        if isinstance(segments, Patches)
        else np.array([0, len(offsets) - 1], np.int64)
    )
    if null is None:
        first: NDArray[Any] = np.zeros(numbers.shape[1], numbers.dtype)
    else:
        null = [null] if single and isinstance(null, (int, float)) else null
        first = to_floats(null, "null", 1).astype(numbers.dtype)
    spread = _native._causal_broadcast(numbers, offsets, rows, first)
    return spread[:, 0] if single else spread


def _vectors(values: object, what: str) -> tuple[Floats, bool]:
    """Vectors, and whether they came as single numbers."""
    single = dimensions(values, what) == 1
    numbers = to_floats(values, what, 1 if single else 2)
    return (numbers[:, None] if single else numbers), single


def _offsets(segments: Patches | ArrayLike, end: int | None) -> NDArray[np.int64]:
    if isinstance(segments, Patches):
        return to_offsets(segments.offsets, end, "segments")
    return to_offsets(segments, end, "segments")
