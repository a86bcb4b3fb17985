"""Embeddings of new tokens from those of their parts.

A learned network is a callable of the caller's; built in are the mean of the parts and weighted
means. Start at `embed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from toksmith._native import InputError, VocabularyError, _pooled
from toksmith.byte_probs.checks import thread_limit
from toksmith.byte_probs.rows import to_array
from toksmith.dynamic.arrays import to_floats, to_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from toksmith.batch import Batch

    Floats = NDArray[np.float32] | NDArray[np.float64]
    Method = Callable[[object, Batch], object]


def mean_of_parts(
    embeddings: object, parts: Batch | Sequence[ArrayLike], *, num_threads: int | None = None
) -> Floats:
    """The mean of the embeddings of each token's parts: `(tokens, d)`.

        >>> import numpy as np, toksmith as ts
        >>> rows = np.array([[0, 0], [1, 2], [3, 6]], np.float32)
        >>> ts.dynamic.mean_of_parts(rows, [(1, 2), (1,)]).tolist()
        [[2.0, 4.0], [1.0, 2.0]]

    Args:
        embeddings: `(ids, d)`, float32, float64, float16 or bfloat16: numpy, or anything with
            `__array__` or `__dlpack__` in main memory. Of 16-bit numbers only the rows that are
            needed are widened.
        parts: A row of base ids a token, none of them empty.
        num_threads: Most threads.

    Returns:
        float64 for float64, else float32; summed in float64.

    Raises:
        VocabularyError: An id has no embedding.
        InputError: A token has no parts, or `embeddings` is not a matrix of numbers.
    """
    return _sums(embeddings, to_rows(parts, "parts"), None, num_threads)


def weighted_mean(
    embeddings: object,
    parts: Batch | Sequence[ArrayLike],
    weights: ArrayLike | None = None,
    *,
    rate: float | None = None,
    num_threads: int | None = None,
) -> Floats:
    """The weighted mean of the embeddings of each token's parts: `(tokens, d)`.

    Args:
        embeddings: As for `mean_of_parts`.
        parts: A row of base ids a token.
        weights: One a part, for all tokens end to end: `(parts.ids.size,)`, finite, not negative,
            with a sum above zero in each token.
        rate: In place of `weights`: part i of a token weighs exp(rate * i). Above zero the last
            parts weigh most, below zero the first.
        num_threads: Most threads.

    Raises:
        VocabularyError: An id has no embedding.
        InputError: Weights are missing, given twice or out of range; else as `mean_of_parts`.
    """
    rows = to_rows(parts, "parts")
    sizes = np.diff(rows.offsets)
    if (weights is None) == (rate is None):
        raise InputError("give either weights or rate")
    if (sizes == 0).any():
        raise InputError(f"row {int(sizes.argmin())}: a token without parts")
    starts = rows.offsets[:-1]
    if rate is not None:
        slope = float(rate)
        if not np.isfinite(slope):
            raise InputError(f"rate must be finite, not {rate}")
        place = np.arange(len(rows.ids)) - np.repeat(starts, sizes)
        # The largest exponent is zero, so that none overflows.
        top = np.repeat(sizes - 1, sizes) if slope > 0 else 0
        given: NDArray[Any] = np.exp(slope * (place - top))
    else:
        given = np.asarray(to_floats(weights, "weights", 1), np.float64)
        if given.shape != rows.ids.shape:
            raise InputError(f"{len(given)} weights for {len(rows.ids)} parts")
        if not (np.isfinite(given).all() and (given >= 0).all()):
            raise InputError("weights must be finite and not negative")
    if not len(sizes):
        return _sums(embeddings, rows, None, num_threads)
    totals = np.add.reduceat(given, starts)
    if not (np.isfinite(totals) & (totals > 0)).all():
        bad = int(np.argmin(np.isfinite(totals) & (totals > 0)))
        raise InputError(f"row {bad}: its weights sum to {totals[bad]}")
    return _sums(embeddings, rows, given / np.repeat(totals, sizes), num_threads)


def embed(method: Method, embeddings: object, parts: Batch | Sequence[ArrayLike]) -> NDArray[Any]:
    """Embeddings of new tokens by any function, checked: `(tokens, d)`.

    Args:
        method: Called with `embeddings` and the parts as a `Batch`; gives `(tokens, d)` numbers.
            `mean_of_parts` is one.
        embeddings: Passed on as it is.
        parts: A row of base ids a token.

    Raises:
        InputError: What came back has another shape, is no array of floats, or is not finite.
    """
    rows = to_rows(parts, "parts")
    made = to_floats(method(embeddings, rows), "embeddings of new tokens", 2)
    if len(made) != len(rows):
        raise InputError(f"{len(rows)} tokens got {len(made)} embeddings")
    if not np.isfinite(made).all():
        bad = int(np.argmin(np.isfinite(made).all(1)))
        raise InputError(f"the embedding of token {bad} is not finite")
    return made


def _sums(
    embeddings: object, rows: Batch, weights: NDArray[np.float64] | None, num_threads: int | None
) -> Floats:
    threads = thread_limit(num_threads)
    if isinstance(embeddings, (list, tuple)):
        embeddings = to_floats(embeddings, "embeddings", 2)
    table, kind = to_array(embeddings, "embeddings")
    if table.ndim != 2:
        raise InputError(f"embeddings: expected 2 dimensions, found shape {table.shape}")
    ids = rows.ids
    if kind not in ("float32", "float64") or not (table.flags.c_contiguous and table.flags.aligned):
        # Only the rows that are needed are copied and widened.
        used, back = np.unique(ids, return_inverse=True)
        if len(used) and used[-1] >= len(table):
            row = int(np.searchsorted(rows.offsets, np.argmax(ids >= len(table)), "right")) - 1
            raise VocabularyError(
                f"row {row}: there is no embedding {used[-1]}; there are {len(table)}"
            )
        needed = table[used]
        if kind == "bfloat16":
            needed = (needed.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        table = to_floats(needed, "embeddings", 2)
        ids = back.reshape(-1).astype(np.uint32)
    return _pooled(table, ids, rows.offsets, weights, threads)
